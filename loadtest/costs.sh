#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/costs.sh [FILE]: what things cost on this machine, for loadtest/simulation, into FILE
# (build/costs). A server on a database is put under loads that differ in rate and in the number of
# ledgers; what a commit, a ledger in it and an entry cost is fitted to that by least squares,
# relative to each run, none of them negative. Then a second server passes requests on to it, and
# follows it.
#     COSTS_SECONDS  of one run (5)       COSTS_PROGRAM  (build/teller)
#     TMPDIR         where the database is
set -euo pipefail
cd "$(dirname "$0")/.."
file=${1:-build/costs}
program=${COSTS_PROGRAM:-build/teller} seconds=${COSTS_SECONDS:-5}
ledgers=128 accounts=100 many=100000 few=2000 more=20000 opened=200 peers=200
export PATH=$PATH:/usr/sbin

. loadtest/bench_common.sh
bench_begin

# The first lends its PostgreSQL: the others use a database in it that it does not.
bench_serve host
postmaster=$(head -1 "$dir/host/postgres/postmaster.pid")
bank="host=$dir/host/postgres user=postgres dbname=bank"

# start NAME FLAGS...: a server of the bank; its process is in $server.
start() {
    : >"$dir/$1.out"
    bench_serve "$1" --database "$bank" "${@:2}"
    server=${pids[-1]}
}

stop() { # the server that was started last
    kill "${pids[-1]}"
    wait "${pids[-1]}" || true
    unset 'pids[-1]'
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
sql() { psql -qXAt -v ON_ERROR_STOP=1 -d "$bank" "$@"; }
figure() { # NAME: of all ledgers together
    curl -sS "${url%/}/metrics" |
        awk -v name="$1{" 'index($1, name) == 1 { t += $2 } END { printf "%.6f", t }'
}
resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$1/status"; } # PID
written() { sql -c "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"; }
entries() {
    sql -c "SELECT sum(s) FROM (SELECT max(last_seq) s FROM teller.batch GROUP BY ledger) t"
}
minus() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }

# idle: microseconds of PostgreSQL a second.
idle() {
    local before
    before=$(database_ran)
    sleep 10
    awk -v us="$(minus "$(database_ran)" "$before")" 'BEGIN { print us / 10 }'
}

# put LEDGERS CLIENTS [URL]: a load, and a line of what it took: commits, ledgers in them, entries,
# us of PostgreSQL, us of the owner, WAL, ms of commits, seconds, us of the other server.
put() {
    local at=${3:-$url} from to
    look() {
        echo "$(sql -c 'SELECT count(DISTINCT xmin::text) FROM teller.batch')" \
            "$(sql -c 'SELECT count(*) FROM teller.batch')" "$(entries)" "$(database_ran)" \
            "$(threads_of "$owner")" "$(written)" \
            "$(figure teller_commit_duration_seconds_sum)" \
            "$([ -z "${other-}" ] || threads_of "$other")"
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

await() { # COMMAND...
    local tries
    for ((tries = 300; tries > 0; tries--)); do
        "$@" && return
        sleep 0.1
    done
    exit 1
}
answers() { curl -sf -o "$dir/answer" -H "Authorization: Bearer $token" "$1"; } # URL
follows() { # URL LEDGERS
    curl -sS "${1%/}/metrics" |
        awk -v n="$2" '/^teller_followed_ledgers/ { t += $2 } END { exit t < n }'
}

# start_other FLAGS...: a second server, which has no ledger of its own: $other, at $other_url.
start_other() {
    local at=$url
    start other "$@"
    other=$server other_url=$url url=$at
    await answers "${other_url%/}/v1/ledgers/bench-1"
}

# rest_ledgers FROM TO: that many more, and all are at rest but "main".
rest_ledgers() {
    sql -q -c "SET search_path = teller;
        INSERT INTO ledger (name, strategy)
            SELECT 'r' || i, 'owner' FROM generate_series($1, $2) i;
        INSERT INTO writer (ledger) SELECT no FROM ledger EXCEPT SELECT ledger FROM writer;
        INSERT INTO checkpoint (ledger) SELECT no FROM ledger EXCEPT SELECT ledger FROM checkpoint;
        UPDATE writer SET opens_at = NULL, changed = DEFAULT
            WHERE ledger <> (SELECT no FROM ledger WHERE name = 'main')" -c "VACUUM ANALYZE"
}

# asks_peers SERVERS: microseconds of PostgreSQL for what each look asks about all servers, as
# lease_look.c asks it.
asks_peers() {
    local i
    {
        echo '\o /dev/null'
        for ((i = 0; i < 500; i++)); do
            echo "SELECT no, url, (extract(epoch FROM entered_at) * 1000000)::bigint, beat, load," \
                "pg_try_advisory_xact_lock(731029589, (no & 2147483647)::int)" \
                "FROM teller.server WHERE left_at IS NULL ORDER BY no LIMIT $1;"
        done
        echo "SELECT pg_backend_pid() AS pid \\gset"
        echo '\setenv BACKEND :pid'
        echo "\! cat /proc/\$BACKEND/schedstat"
    } >"$dir/peers.sql"
    sql -f "$dir/peers.sql" | awk '{ print $1 / 1000 / 500 }'
}

# --- what is measured -----------------------------------------------------------------------------

psql -qX -d "host=$dir/host/postgres user=postgres dbname=postgres" -c 'CREATE DATABASE bank'
sleep 11 # the first look of the auditor, 10 s after a ledger was opened, is not what is measured
idle_none=$(idle)
start owner
owner=$server
mkdir -m 700 "$dir/other"
install -m 600 "$dir/owner/admin.token" "$dir/other/admin.token"
bench_ledger bench-1 $accounts
sleep 11
idle_one=$(idle)
resident_one=$(resident "$owner")
for ((i = 2; i <= ledgers; i++)); do bench_ledger "bench-$i" $accounts; done
sleep 11
idle_all=$(idle)
resident_all=$(resident "$owner")
start_other --follow none
sleep 3
idle_two=$(idle)
stop
other=
for run in 1:128 1:1 1:8 8:128 32:128 32:8 128:128 128:32; do
    put "${run%:*}" "${run#*:}" >>"$dir/runs"
done

start_other --follow none
put 1 128 >"$dir/direct"
put 1 128 "$other_url" >"$dir/hop"
stop
sleep 2
start_other --follow all
await follows "$other_url" $((ledgers + 1))
sleep 3
put 1 128 >"$dir/followed"
stop

resident_before=$(resident "$owner")
bench_ledger many $many
account_bytes=$(awk -v a="$(resident "$owner")" -v b="$resident_before" -v n=$many \
    'BEGIN { printf "%.0f", (a > b ? (a - b) / n : 0) }')
stop
start owner
fold=$(threads_of "$server")
stop
rest_ledgers 1 $few
start owner
resident_before=$(resident "$server")
stop
rest_ledgers $((few + 1)) $more
# No more open than there is room for: each that is opened closes another one.
start owner --open-ledgers 16
known_bytes=$(awk -v a="$(resident "$server")" -v b="$resident_before" -v n=$((more - few)) \
    'BEGIN { printf "%.0f", (a > b ? (a - b) / n : 0) }')
opening="$(threads_of "$server") $(database_ran)"
curl -sS -o "$dir/answer" -H "Authorization: Bearer $token" \
    "$url/v1/ledgers/r[1-$opened]/accounts/none"
opening="$opening $(threads_of "$server") $(database_ran)"
stop
sql -c "SELECT teller.server_enter('http://127.0.0.1:1/' || i, 'p' || i)
    FROM generate_series(1, $peers) i; ANALYZE teller.server" >"$dir/answer"
peers_few=$(asks_peers 2) peers_many=$(asks_peers $peers)

# --- the fit --------------------------------------------------------------------------------------

mkdir -p "$(dirname "$file")"
awk -v none="$idle_none" -v one="$idle_one" -v all="$idle_all" -v two="$idle_two" \
    -v ledgers=$ledgers -v accounts=$accounts -v peers=$peers -v many=$many \
    -v resident_one="$resident_one" -v resident_all="$resident_all" -v opened=$opened \
    -v account_bytes="$account_bytes" -v known_bytes="$known_bytes" -v fold="$fold" \
    -v hop="$(<"$dir/hop")" -v direct="$(<"$dir/direct")" -v followed="$(<"$dir/followed")" \
    -v opening="$opening" -v peers_few="$peers_few" -v peers_many="$peers_many" \
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
    function say(name, value, what) {
        printf "%-17s %12.4f  # %s\n", name, (value > 0 ? value : 0), what
    }
    END {
        split(hop, h); split(direct, d); split(followed, f); split(opening, o)
        print "# make costs: " machine
        say("teller_us", y[1, 5] / y[1, 3], "of the service, a transfer on one ledger")
        say("hop_us", (h[5] + h[9]) / h[3] - d[5] / d[3], "of two, what is passed on: beyond that")
        fit(4)
        say("commit_us", x[1], "of PostgreSQL")
        say("part_us", x[2], "a ledger in a commit")
        say("entry_us", x[3], "an entry")
        fit(6)
        say("wal_commit_bytes", x[1], "a commit")
        say("wal_part_bytes", x[2], "a ledger in it")
        say("wal_entry_bytes", x[3], "an entry")
        # One server: 2 turns a second, each with its ledgers and itself. Two: 10 turns each, each
        # with both servers, of which 2 beat, and those of one with its ledgers. "main" is one.
        claim = (all - one) / 2 / (ledgers - 1)
        peer = (peers_many - peers_few) / (peers - 2)
        beat = (one - none) / 2 - 2 * claim - peer
        look = (two - none - 4 * beat - 2 * (ledgers + 1) * claim - 40 * peer) / 16
        say("beat_us", beat, "of PostgreSQL, idle: a turn that beats")
        say("look_us", look, "one that only looks")
        say("claim_us", claim, "with a beat for each open ledger, a look for each followed")
        say("peer_us", peer, "for each server, in a turn")
        say("follow_us", f[9] / f[3], "of the service, an entry that is followed")
        say("read_us", f[4] / f[3] - d[4] / d[3], "of PostgreSQL, an entry that is followed")
        say("open_us", (o[3] - o[1]) / opened, "of the service, a ledger opened, another closed")
        say("load_us", (o[4] - o[2]) / opened, "of PostgreSQL, the same")
        say("commit_ms", y[1, 7] / y[1, 1], "how long one lasts, on one ledger")
        # All ledgers and accounts, less what the others have.
        say("fold_us", fold / (many + ledgers * accounts), "of the service at a start, an account")
        say("account_bytes", account_bytes, "of memory")
        bytes = (resident_all - resident_one) / (ledgers - 1) - accounts * account_bytes
        say("ledger_bytes", bytes, "of memory, open")
        say("known_bytes", known_bytes, "of memory, at rest")
        say("hot_rate", y[1, 3] / y[1, 8], "a second on one ledger, all on this machine")
    }' "$dir/runs" >"$file"
cat "$file"
