#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/costs.sh [FILE]: what things cost on this machine, for loadtest/simulation, into FILE
# (build/costs). A service with a database of its own is put under loads that differ in rate and in
# the number of ledgers; what a commit, a ledger in it and an entry cost is fitted to that by least
# squares, relative to each run, none of them negative.
#     COSTS_SECONDS  of one run (5)       COSTS_PROGRAM  (build/teller)
#     TMPDIR         where the database is
set -euo pipefail
cd "$(dirname "$0")/.."
file=${1:-build/costs}
program=${COSTS_PROGRAM:-build/teller} seconds=${COSTS_SECONDS:-5}
ledgers=128 accounts=100 many=100000
export PATH=$PATH:/usr/sbin

. loadtest/bench_common.sh
bench_begin

start_teller() {
    pids=()
    bench_serve data
    teller=${pids[0]}
    postmaster=$(head -1 "$dir/data/postgres/postmaster.pid")
}

# --- figures --------------------------------------------------------------------------------------

# Microseconds that these processes have run.
ran() { cat "${@/%//schedstat}" 2>/dev/null | awk '{ t += $1 } END { printf "%.0f", t / 1000 }'; }
threads_of() { # PID: a process runs in its threads
    local all=("/proc/$1/task/"*)
    ran "${all[@]}"
}
database_ran() {
    local all=("/proc/$postmaster") pid
    for pid in $(pgrep -P "$postmaster"); do all+=("/proc/$pid"); done
    ran "${all[@]}"
}
sql() { psql -qXAt -v ON_ERROR_STOP=1 -h "$dir/data/postgres" -U postgres -d postgres -c "$1"; }
figure() { # NAME: of all ledgers together
    curl -sS "${url%/}/metrics" |
        awk -v name="$1{" 'index($1, name) == 1 { t += $2 } END { printf "%.6f", t }'
}
resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$teller/status"; }
written() { sql "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"; }
entries() { sql "SELECT sum(s) FROM (SELECT max(last_seq) s FROM teller.batch GROUP BY ledger) t"; }
minus() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }

# idle: microseconds of PostgreSQL a beat, of which there are two a second.
idle() {
    local before
    before=$(database_ran)
    sleep 10
    awk -v us="$(minus "$(database_ran)" "$before")" 'BEGIN { print us / 20 }'
}

# put LEDGERS CLIENTS [URL]: a load, and a line of what it took: commits, ledgers in them, entries,
# us of PostgreSQL, us of the service, WAL, ms of commits, seconds, us of the proxy.
put() {
    local at=${3:-$url} from to
    look() {
        echo "$(sql 'SELECT count(DISTINCT xmin::text) FROM teller.batch')" \
            "$(sql 'SELECT count(*) FROM teller.batch')" "$(entries)" "$(database_ran)" \
            "$(threads_of "$teller")" "$(written)" \
            "$(figure teller_commit_duration_seconds_sum)" \
            "$([ -z "${proxy-}" ] || threads_of "$proxy")"
    }
    from=$(look)
    TOKEN=$token ACCOUNTS=$accounts LEDGERS=$1 wrk -t1 -c"$2" -d"$seconds" --timeout 30 \
        -s loadtest/bench.lua "$at" >/dev/null
    to=$(look)
    awk -v from="$from" -v to="$to" -v seconds="$seconds" 'BEGIN {
        split(from, a); split(to, b)
        for (i = 1; i <= 6; i++) printf "%.0f ", b[i] - a[i]
        printf "%.6f %d %.0f\n", (b[7] - a[7]) * 1000, seconds, b[8] - a[8]
    }'
}

# --- what is measured -----------------------------------------------------------------------------

start_teller
bench_ledger bench-1 $accounts
sleep 11 # the first look of the auditor, 10 s after a ledger was opened, is not what is measured
beat=$(idle)
resident_one=$(resident)
for ((i = 2; i <= ledgers; i++)); do bench_ledger "bench-$i" $accounts; done
sleep 11
beat_all=$(idle)
resident_all=$(resident)
for run in 1:128 1:1 1:8 8:128 32:128 32:8 128:128 128:32; do
    put "${run%:*}" "${run#*:}" >>"$dir/runs"
done

port=$((20000 + RANDOM % 12000))
cat >"$dir/haproxy.cfg" <<CFG
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen bank
    bind 127.0.0.1:$port
    server teller ${url#http://}
CFG
haproxy -db -f "$dir/haproxy.cfg" >"$dir/haproxy.out" 2>&1 &
proxy=$!
pids+=("$proxy")
sleep 1
put 1 128 "http://127.0.0.1:$port" >"$dir/hop"

resident_before=$(resident)
bench_ledger many $many
account_bytes=$(awk -v a="$(resident)" -v b="$resident_before" -v n=$many \
    'BEGIN { printf "%.0f", (a > b ? (a - b) / n : 0) }')
kill "$proxy" "$teller"
for pid in "${pids[@]}"; do wait "$pid" || true; done
start_teller
fold=$(threads_of "$teller")

# --- the fit --------------------------------------------------------------------------------------

mkdir -p "$(dirname "$file")"
awk -v beat="$beat" -v beat_all="$beat_all" -v ledgers=$ledgers -v accounts=$accounts \
    -v resident_one="$resident_one" -v resident_all="$resident_all" -v many=$many \
    -v account_bytes="$account_bytes" -v fold="$fold" -v hop="$(cat "$dir/hop")" \
    -v machine="$(nproc) processors, $(date +%F)" '
    # The columns of `used` that are fitted, by normal equations; a negative one is left out.
    function solve(column,   i, j, k, r, f, changed) {
        do {
            for (i = 1; i <= 3; i++) {
                for (j = 1; j <= 4; j++) m[i, j] = 0
                for (r = 1; r <= NR; r++)
                    for (j = 1; j <= 4; j++)
                        m[i, j] += at(r, i) / y[r, column] * (j < 4 ? at(r, j) / y[r, column] : 1)
                if (!used[i]) {
                    for (j = 1; j <= 4; j++) m[i, j] = 0
                    m[i, i] = 1
                }
            }
            for (i = 1; i <= 3; i++)
                for (k = 1; k <= 3; k++) {
                    if (k == i || m[i, i] == 0) continue
                    f = m[k, i] / m[i, i]
                    for (j = 1; j <= 4; j++) m[k, j] -= f * m[i, j]
                }
            changed = 0
            for (i = 1; i <= 3; i++) {
                x[i] = m[i, i] ? m[i, 4] / m[i, i] : 0
                if (x[i] < 0) { used[i] = 0; changed = 1 }
            }
        } while (changed)
    }
    function at(r, i) { return used[i] ? y[r, i] : 0 }
    function fit(column) { used[1] = used[2] = used[3] = 1; solve(column) }
    { for (i = 1; i <= 9; i++) y[NR, i] = $i }
    function say(name, value, what) { printf "%-17s %12.4f  # %s\n", name, value, what }
    END {
        split(hop, h)
        print "# make costs: " machine
        say("teller_us", y[1, 5] / y[1, 3], "of the service, a transfer on one ledger")
        say("hop_us", h[9] / h[3], "of haproxy, a request: what a good hop costs")
        fit(4)
        say("commit_us", x[1], "of PostgreSQL")
        say("part_us", x[2], "a ledger in a commit")
        say("entry_us", x[3], "an entry")
        fit(6)
        say("wal_commit_bytes", x[1], "a commit")
        say("wal_part_bytes", x[2], "a ledger in it")
        say("wal_entry_bytes", x[3], "an entry")
        look = (beat_all - beat) / (ledgers - 1)
        say("beat_us", beat, "of PostgreSQL, idle, a beat")
        say("look_us", look > 0 ? look : 0, "for each further ledger")
        say("commit_ms", y[1, 7] / y[1, 1], "how long one lasts, on one ledger")
        # All ledgers and accounts, less what the others have.
        say("fold_us", fold / (many + ledgers * accounts), "of the service at a start, an account")
        say("account_bytes", account_bytes, "of memory")
        bytes = (resident_all - resident_one) / (ledgers - 1) - accounts * account_bytes
        say("ledger_bytes", bytes > 0 ? bytes : 0, "of memory, open")
        say("hot_rate", y[1, 3] / y[1, 8], "a second on one ledger, all on this machine")
    }' "$dir/runs" >"$file"
cat "$file"
