#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/bench_common.sh, for the benchmarks here to source: servers that end with the script, in
# a folder that goes with it, and what wrk says of a load. They set $program (teller), and for loads
# $seconds, $clients, $accounts and $runs.
# shellcheck disable=SC2154

# bench_begin: $dir, for as long as the script runs; $pids, which end with it, the last one first.
bench_begin() {
    dir=$(mktemp -d "${TMPDIR:-/tmp}/teller-bench-XXXXXX")
    chmod 711 "$dir"
    pids=()
    trap bench_end EXIT
    trap 'exit 130' INT TERM
}

bench_end() {
    local i
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$dir"
}

# bench_serve NAME FLAGS...: a server with the folder NAME; where it listens is in $url, its token
# in $token.
bench_serve() {
    local out=$dir/$1.out tries
    "$program" serve --listen 127.0.0.1:0 --data "$dir/$1" "${@:2}" >"$out" 2>&1 &
    pids+=("$!")
    for ((tries = 600; tries > 0; tries--)); do
        grep -q 'listening on' "$out" && break
        sleep 0.1
    done
    url=$(sed -n 's/^teller: listening on //p' "$out")
    [ -n "$url" ] || { cat "$out" >&2; exit 1; }
    token=$(cat "$dir/$1/admin.token")
}

# bench_ledger NAME ACCOUNTS: one more ledger, with so many accounts, of the server at $url.
bench_ledger() {
    { curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
        -d "{\"name\":\"$1\"}" "${url%/}/v1/ledgers" &&
        "$(dirname "$program")/teller-load" transfers --url "$url" --token "$token" \
            --ledger "$1" --accounts "$2" --clients 8 --duration 0
    } >"$dir/answer" || { cat "$dir/answer" >&2; exit 1; }
}

# bench_ticks PROC...: clock ticks that these processes (/proc/N) have used.
bench_ticks() {
    cat "${@/%//stat}" 2>/dev/null | sed 's/.*) //' | awk '{ t += $12 + $13 } END { print t + 0 }'
}

# bench_wrk URL LEDGERS: a load of transfers over these ledgers: how many requests were sent, how
# many a second, the median and the 99th percentile in ms, and how many failed.
bench_wrk() {
    TOKEN=$token ACCOUNTS=$accounts LEDGERS=$2 wrk -t1 -c"$clients" -d"$seconds" --timeout 30 \
        --latency -s loadtest/bench.lua "$1" | awk '
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
        END { print sent, rate, p50, p99, failed + 0 }'
}

# bench_each TICKS SENT: in us.
bench_each() {
    awk -v ticks="$1" -v sent="$2" -v a_second="$(getconf CLK_TCK)" \
        'BEGIN { print 1e6 * ticks / a_second / sent }'
}

# bench_median FILE COLUMN
bench_median() {
    cut -d' ' -f"$2" "$1" | sort -n | sed -n "$(((runs + 1) / 2))p"
}
