#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/bench-ledgers.sh: durable transfers a second over HTTP, one a request, when the same
# clients spread them over 1, 8, 32 and 256 ledgers of one service; and what an entry costs in
# processor time, in PostgreSQL and in the service.
#     BENCH_SECONDS  of one run (6)       BENCH_RUNS     of which the median counts (3)
#     BENCH_CLIENTS  connections (128)    BENCH_LEDGERS  how many ("1 8 32 256")
#     BENCH_PROGRAM  (build/teller)       TMPDIR         where the database is
set -euo pipefail
cd "$(dirname "$0")/.."
program=${BENCH_PROGRAM:-build/teller}
seconds=${BENCH_SECONDS:-6} runs=${BENCH_RUNS:-3} clients=${BENCH_CLIENTS:-128}
read -ra counts <<<"${BENCH_LEDGERS:-1 8 32 256}"
accounts=100
most=$(printf '%s\n' "${counts[@]}" | sort -n | tail -1)

dir=$(mktemp -d "${TMPDIR:-/tmp}/teller-bench-XXXXXX")
chmod 711 "$dir"
teller=
finish() {
    [ -z "$teller" ] || { kill "$teller" 2>/dev/null && wait "$teller"; } || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$program" serve --listen 127.0.0.1:0 --data "$dir/data" >"$dir/out" 2>&1 &
teller=$!
for ((tries = 600; tries > 0; tries--)); do
    grep -q 'listening on' "$dir/out" && break
    sleep 0.1
done
url=$(sed -n 's/^teller: listening on //p' "$dir/out")
[ -n "$url" ] || { cat "$dir/out" >&2; exit 1; }
token=$(cat "$dir/data/admin.token")

for ((i = 1; i <= most; i++)); do
    { curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
        -d "{\"name\":\"bench-$i\"}" "${url%/}/v1/ledgers" &&
        "$(dirname "$program")/teller-load" transfers --url "$url" --token "$token" \
            --ledger "bench-$i" --accounts $accounts --clients 8 --duration 0
    } >"$dir/answer" || { cat "$dir/answer" >&2; exit 1; }
done

sleep 12 # the first look of the auditors, 10 s after a ledger was opened, is not what is measured

# Clock ticks that these processes have used.
ticks() {
    cat "${@/%//stat}" 2>/dev/null | sed 's/.*) //' | awk '{ t += $12 + $13 } END { print t + 0 }'
}
postmaster=$(head -1 "$dir/data/postgres/postmaster.pid")
of_database() {
    local all=("/proc/$postmaster") pid
    for pid in $(pgrep -P "$postmaster"); do all+=("/proc/$pid"); done
    ticks "${all[@]}"
}

# measure LEDGERS: one run; adds to a file the rate, the 99th percentile in ms, what an entry costs
# PostgreSQL and the service in us, and how many requests failed.
measure() {
    local database service
    database=$(of_database) service=$(ticks "/proc/$teller")
    TOKEN=$token ACCOUNTS=$accounts LEDGERS=$1 wrk -t1 -c"$clients" -d"$seconds" --timeout 30 \
        --latency -s loadtest/bench.lua "$url" >"$dir/wrk"
    database=$(($(of_database) - database)) service=$(($(ticks "/proc/$teller") - service))
    awk -v database="$database" -v service="$service" -v tick="$(getconf CLK_TCK)" '
        function ms(text) {
            if (text ~ /us$/) return text / 1000
            if (text ~ /ms$/) return text + 0
            return text * 1000
        }
        $1 == "99%" { p99 = ms($2) }
        $2 == "requests" { sent = $1 }
        $1 == "Requests/sec:" { rate = $2 }
        /Non-2xx/ { failed = $NF }
        /Socket errors/ { gsub(",", ""); failed += $4 + $6 + $8 + $10 }
        END {
            us = 1e6 / tick / sent
            print rate, p99, database * us, service * us, failed + 0
        }
    ' "$dir/wrk" >>"$dir/run.$1"
}

median() { cut -d' ' -f"$2" "$dir/run.$1" | sort -n | sed -n "$(((runs + 1) / 2))p"; }

for ((run = 0; run < runs; run++)); do
    for count in "${counts[@]}"; do measure "$count"; done
done
echo "durable transfers over HTTP, one a request: $clients connections, $(nproc) processors," \
    "median of $runs runs of $seconds s; us: processor time an entry"
printf "%8s %10s %8s %10s %14s %14s %8s\n" \
    ledgers rate/s ratio "p99 ms" "postgres us" "service us" failed
for count in "${counts[@]}"; do
    printf '%8d %10.0f %8s %10.2f %14.1f %14.1f %8.0f\n' "$count" "$(median "$count" 1)" \
        "$(awk -v a="$(median "$count" 1)" -v b="$(median "${counts[0]}" 1)" \
            'BEGIN { printf "%.2f", a / b }')" \
        "$(median "$count" 2)" "$(median "$count" 3)" "$(median "$count" 4)" \
        "$(median "$count" 5)"
done
