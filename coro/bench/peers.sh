#!/bin/bash
# SPDX-License-Identifier: MIT
# The same rows on other libraries for C and C++, on this machine, in turns: a table of medians.
#   coro/bench/peers.sh [ROUNDS]
# Boost.Fiber is Debian's libboost-fiber-dev. The two others are no packages; they are built from
# where NECO and DILL point to, or else from build/peers/neco and build/peers/libdill:
#   git clone https://github.com/tidwall/neco build/peers/neco
#   git clone https://github.com/sustrik/libdill build/peers/libdill
# One that is not there is left out, with a sentence. Nothing of theirs is part of this tree.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
neco=${NECO:-build/peers/neco}
dill=${DILL:-build/peers/libdill}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=coro/bench/peers
flags=(-O2 -w -D_GNU_SOURCE -I. -pthread)
peers=()

if [ -f "$neco/neco.c" ]; then
    gcc "${flags[@]}" "-I$neco" -o "$work/neco" $here/peer_neco.c "$neco/neco.c" -lm
    peers+=(neco)
else
    echo "neco is left out: there is no $neco/neco.c" >&2
fi

if [ -f "$dill/libdill.h" ]; then
    # What its configure finds on Linux; without its sockets and TLS.
    have=(-DDILL_THREADS -DDILL_PTHREAD -DDILL_SOCKETS -DHAVE_POSIX_MEMALIGN -DHAVE_MPROTECT
        -DHAVE_EPOLL -DHAVE_CLOCK_GETTIME)
    parts=()
    for part in bsock chan cr ctx fd handle iol ipc msock now pollset rbtree stack utils; do
        parts+=("$dill/$part.c")
    done
    gcc "${flags[@]}" "${have[@]}" "-I$dill" -o "$work/libdill" $here/peer_dill.c "${parts[@]}" \
        "$dill/libdill.c"
    peers+=(libdill)
else
    echo "libdill is left out: there is no $dill/libdill.h" >&2
fi

if [ -f /usr/include/boost/fiber/all.hpp ]; then
    g++ "${flags[@]}" -std=c++17 -o "$work/boost" $here/peer_fiber.cc -lboost_fiber -lboost_context
    peers+=(boost)
else
    echo "Boost.Fiber is left out: libboost-fiber-dev is not installed" >&2
fi

rows='spawn pingpong buffered many_to_one yield select owner mutex'
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    # shellcheck disable=SC2086 # a word a row
    build/release/bench-coro $rows | sed 's/^/coro /'
    for peer in "${peers[@]}"; do
        # shellcheck disable=SC2086
        "$work/$peer" $rows | sed "s/^/$peer /"
    done
done > "$work/times"
# Once: some need half a minute, some end early and say so.
for peer in "${peers[@]}"; do
    timeout 120 "$work/$peer" million | sed "s/^/$peer /"
done >> "$work/times"
build/release/bench-coro million | sed 's/^/coro /' >> "$work/times"

awk -v rows="$rows million million_gb" -v peers="coro ${peers[*]}" '
    $2 == "#" { sub(/^[^ ]* # /, $1 ": "); said[$0]; next }
    { times[$1, $2] = times[$1, $2] " " $3 }
    function median(text,    list, n, i, k, swap) {
        n = split(text, list, " ")
        for (i = 2; i <= n; i++)
            for (k = i; k > 1 && list[k - 1] + 0 > list[k] + 0; k--) {
                swap = list[k]; list[k] = list[k - 1]; list[k - 1] = swap
            }
        return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    }
    END {
        count = split(rows, row, " ")
        columns = split(peers, peer, " ")
        printf "%-22s", "median ns"
        for (k = 1; k <= columns; k++)
            printf " %14s", peer[k]
        for (i = 1; i <= count; i++) {
            printf "\n%-22s", row[i]
            for (k = 1; k <= columns; k++)
                if ((peer[k], row[i]) in times)
                    printf " %14.*f", row[i] ~ /_gb/ ? 2 : 1, median(times[peer[k], row[i]])
                else
                    printf " %14s", "-"
        }
        print ""
        for (line in said)
            print line
    }' "$work/times"
