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

. loadtest/bench_common.sh
bench_begin

# The first lends its PostgreSQL: the two use a database in it that it does not.
bench_serve host
database="host=$dir/host/postgres user=postgres dbname=template1"
bench_serve owner --database "$database"
owner=$url
mkdir -m 700 "$dir/other"
install -m 600 "$dir/owner/admin.token" "$dir/other/admin.token"
bench_serve other --database "$database"
other=$url
for ((tries = 100; tries > 0; tries--)); do
    curl -sf -H "Authorization: Bearer $token" "$other/v1/ledgers/main" >"$dir/answer" && break
    sleep 0.1
done
url=$owner
bench_ledger bench-1 $accounts
sleep 12 # the first look of the auditor, 10 s after a ledger was opened, is not what is measured

# measure WHERE URL: one run; adds to a file the rate, the median and the 99th percentile in ms, the
# processor time a request of both servers in us, and how many requests failed.
measure() {
    local a b sent rate p50 p99 failed
    a=$(bench_ticks "/proc/${pids[1]}") b=$(bench_ticks "/proc/${pids[2]}")
    read -r sent rate p50 p99 failed < <(bench_wrk "$2" 1)
    a=$(($(bench_ticks "/proc/${pids[1]}") - a)) b=$(($(bench_ticks "/proc/${pids[2]}") - b))
    echo "$rate $p50 $p99 $(bench_each $a "$sent") $(bench_each $b "$sent") $failed" >>"$dir/run.$1"
}

for ((run = 0; run < runs; run++)); do
    measure direct "$owner"
    measure passed "$other"
done
echo "durable transfers over HTTP, one a request: $clients connections, $(nproc) processors," \
    "median of $runs runs of $seconds s; us: processor time a request"
printf '%8s %10s %8s %8s %10s %10s %8s\n' \
    asked rate/s "p50 ms" "p99 ms" "owner us" "other us" failed
for where in direct passed; do
    figures=()
    for column in 1 2 3 4 5 6; do figures+=("$(bench_median "$dir/run.$where" $column)"); done
    printf '%8s %10.0f %8.2f %8.2f %10.1f %10.1f %8.0f\n' $where "${figures[@]}"
done
