#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/bench-forward.sh: what a hop costs: durable transfers a second over HTTP, one a request,
# asked of the server that has the ledger, and of another one that passes them on; and processor
# time of each server a request. Both servers, PostgreSQL and the clients share this machine.
#     BENCH_SECONDS  of one run (6)       BENCH_RUNS     of which the median counts (3)
#     BENCH_CLIENTS  connections (128)    BENCH_PROGRAM  (build/teller)
#     TMPDIR         where the database is
set -euo pipefail
cd "$(dirname "$0")/.."
program=${BENCH_PROGRAM:-build/teller}
seconds=${BENCH_SECONDS:-6} runs=${BENCH_RUNS:-3} clients=${BENCH_CLIENTS:-128}
accounts=100

dir=$(mktemp -d "${TMPDIR:-/tmp}/teller-bench-XXXXXX")
chmod 711 "$dir"
pids=()
finish() {
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# start NAME FLAGS...: a server with a folder of its own, and where it listens, in $url.
start() {
    local name=$1
    shift
    "$program" serve --listen 127.0.0.1:0 --data "$dir/$name" "$@" >"$dir/$name.out" 2>&1 &
    pids+=($!)
    for ((tries = 600; tries > 0; tries--)); do
        grep -q 'listening on' "$dir/$name.out" && break
        sleep 0.1
    done
    url=$(sed -n 's/^teller: listening on //p' "$dir/$name.out")
    [ -n "$url" ] || { cat "$dir/$name.out" >&2; exit 1; }
}

# The first lends its PostgreSQL: the two use a database in it that it does not.
start host
database="host=$dir/host/postgres user=postgres dbname=template1"
start owner --database "$database"
owner=$url
token=$(cat "$dir/owner/admin.token")
mkdir -m 700 "$dir/other"
install -m 600 "$dir/owner/admin.token" "$dir/other/admin.token"
start other --database "$database"
other=$url
for ((tries = 100; tries > 0; tries--)); do
    curl -sf -H "Authorization: Bearer $token" "$other/v1/ledgers/main" >"$dir/answer" && break
    sleep 0.1
done
{ curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"name":"bench-1"}' "$owner/v1/ledgers" &&
    "$(dirname "$program")/teller-load" transfers --url "$owner" --token "$token" \
        --ledger bench-1 --accounts $accounts --clients 8 --duration 0
} >"$dir/answer" || { cat "$dir/answer" >&2; exit 1; }
sleep 12 # the first look of the auditor, 10 s after a ledger was opened, is not what is measured

# Clock ticks that a process has used.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# measure WHERE URL: one run; adds to a file the rate, the median and the 99th percentile in ms, the
# processor time a request of both servers in us, and how many requests failed.
measure() {
    local a b
    a=$(ticks "${pids[1]}") b=$(ticks "${pids[2]}")
    TOKEN=$token ACCOUNTS=$accounts LEDGERS=1 wrk -t1 -c"$clients" -d"$seconds" --timeout 30 \
        --latency -s loadtest/bench.lua "$2" >"$dir/wrk"
    a=$(($(ticks "${pids[1]}") - a)) b=$(($(ticks "${pids[2]}") - b))
    awk -v a="$a" -v b="$b" -v tick="$(getconf CLK_TCK)" '
        function ms(text) {
            if (text ~ /us$/) return text / 1000
            if (text ~ /ms$/) return text + 0
            return text * 1000
        }
        $1 == "50%" { p50 = ms($2) }
        $1 == "99%" { p99 = ms($2) }
        $2 == "requests" { sent = $1 }
        $1 == "Requests/sec:" { rate = $2 }
        /Non-2xx/ { failed = $NF }
        /Socket errors/ { gsub(",", ""); failed += $4 + $6 + $8 + $10 }
        END { us = 1e6 / tick / sent; print rate, p50, p99, a * us, b * us, failed + 0 }
    ' "$dir/wrk" >>"$dir/run.$1"
}

median() { cut -d' ' -f"$2" "$dir/run.$1" | sort -n | sed -n "$(((runs + 1) / 2))p"; }

for ((run = 0; run < runs; run++)); do
    measure direct "$owner"
    measure passed "$other"
done
echo "durable transfers over HTTP, one a request: $clients connections, $(nproc) processors," \
    "median of $runs runs of $seconds s; us: processor time a request"
printf '%8s %10s %8s %8s %10s %10s %8s\n' \
    asked rate/s "p50 ms" "p99 ms" "owner us" "other us" failed
for where in direct passed; do
    printf '%8s %10.0f %8.2f %8.2f %10.1f %10.1f %8.0f\n' "$where" "$(median $where 1)" \
        "$(median $where 2)" "$(median $where 3)" "$(median $where 4)" "$(median $where 5)" \
        "$(median $where 6)"
done
