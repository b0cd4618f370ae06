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

. loadtest/bench_common.sh
bench_begin
bench_serve data
teller=${pids[0]}
for ((i = 1; i <= most; i++)); do bench_ledger "bench-$i" $accounts; done
sleep 12 # the first look of the auditors, 10 s after a ledger was opened, is not what is measured

postmaster=$(head -1 "$dir/data/postgres/postmaster.pid")
of_database() {
    local all=("/proc/$postmaster") pid
    for pid in $(pgrep -P "$postmaster"); do all+=("/proc/$pid"); done
    bench_ticks "${all[@]}"
}

# measure LEDGERS: one run; adds to a file the rate, the 99th percentile in ms, what an entry costs
# PostgreSQL and the service in us, and how many requests failed.
measure() {
    local database service sent rate p99 failed
    database=$(of_database) service=$(bench_ticks "/proc/$teller")
    read -r sent rate _ p99 failed < <(bench_wrk "$url" "$1")
    database=$(($(of_database) - database)) service=$(($(bench_ticks "/proc/$teller") - service))
    echo "$rate $p99 $(bench_each $database "$sent") $(bench_each $service "$sent") $failed" \
        >>"$dir/run.$1"
}

median() { bench_median "$dir/run.$1" "$2"; }

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
