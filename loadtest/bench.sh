#!/bin/bash
# SPDX-License-Identifier: MIT
# loadtest/bench.sh: durable transfers a second over HTTP, one a request, beside a peer: the same
# machine, the same run, the same load generator (wrk), the same PostgreSQL settings, alternately.
# The peer is peers/gobank: Go's net/http and lib/pq, a PostgreSQL transaction for each transfer.
#     BENCH_SECONDS  of one run (8)      BENCH_RUNS  of which the median counts (3)
#     BENCH_CLIENTS  connections (256)   TMPDIR      where the databases are
set -euo pipefail
cd "$(dirname "$0")/.."
peer=loadtest/peers/gobank
seconds=${BENCH_SECONDS:-8} runs=${BENCH_RUNS:-3} clients=${BENCH_CLIENTS:-256}
accounts=10000 peer_port=${BENCH_PEER_PORT:-18098}
strategies=(owner sharded)
declare -A url token

dir=$(mktemp -d "${TMPDIR:-/tmp}/teller-bench-XXXXXX")
chmod 711 "$dir"
as=()
[ "$(id -u)" = 0 ] && as=(setpriv --reuid=postgres --regid=postgres --init-groups)
pids=()
# Of the peer's cluster: a program of PostgreSQL's, as an account that it accepts.
postgres() { (cd "$dir/peer" && "${as[@]}" "/usr/lib/postgresql/15/bin/$1" -D data "${@:2}"); }
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    [ ! -d "$dir/peer/data" ] || postgres pg_ctl stop -m fast >/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# await SECONDS COMMAND...: until it succeeds.
await() {
    local tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

start_teller() {
    local strategy=$1 out=$dir/$1.out
    build/teller serve --listen 127.0.0.1:0 --data "$dir/$strategy" --strategy "$strategy" \
        >"$out" 2>&1 &
    pids+=($!)
    await 60 grep -q 'listening on' "$out" || { cat "$out" >&2; exit 1; }
    url[$strategy]=$(sed -n 's/^teller: listening on //p' "$out")
    token[$strategy]=$(cat "$dir/$strategy/admin.token")
    build/teller-load transfers --url "${url[$strategy]}" --token "${token[$strategy]}" \
        --accounts $accounts --duration 0 >/dev/null
}

# The peer's cluster runs with the settings that teller gave its own.
start_peer() {
    local settings
    settings=$(grep -o '"-c" "[^"]*"' "$dir/owner/postgres/postmaster.opts" |
        grep -Ev 'cluster_name|unix_socket' | tr -d '"' | tr '\n' ' ')
    mkdir "$dir/peer"
    [ ${#as[@]} = 0 ] || chown postgres "$dir/peer"
    settings+="-c unix_socket_directories='$dir/peer' -c unix_socket_permissions=0777"
    { postgres initdb -U bench -A trust -k -E UTF8 --locale=C.UTF-8 &&
        postgres pg_ctl start -w -l log -o "$settings"; } >"$dir/peer.out" 2>&1 ||
        { cat "$dir/peer.out" >&2; exit 1; }
    (cd "$peer" && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$dir/go" \
        go build -o "$dir/gobank" .)
    "$dir/gobank" -listen 127.0.0.1:"$peer_port" -accounts $accounts \
        -database "host=$dir/peer user=bench dbname=postgres sslmode=disable" &
    pids+=($!)
    await 60 bash -c "exec 3<>/dev/tcp/127.0.0.1/$peer_port"
}

# measure WHO uniform|hot: one run of wrk; adds "rate p50_ms p99_ms failed" to a file.
measure() {
    local who=$1 load=$2 script=loadtest/bench.lua to=${url[$1]:-} hot=0
    [ "$load" = hot ] && hot=1
    [ "$who" = peer ] && script=$peer/bench.lua to=http://127.0.0.1:$peer_port/
    TOKEN=${token[$who]:-} ACCOUNTS=$accounts HOT=$hot \
        wrk -t1 -c"$clients" -d"$seconds" --timeout 30 --latency -s "$script" "$to" >"$dir/wrk"
    awk '
        function ms(text) {
            if (text ~ /us$/) return text / 1000
            if (text ~ /ms$/) return text + 0
            if (text ~ /m$/) return text * 60000
            return text * 1000
        }
        $1 == "50%" { p50 = ms($2) }
        $1 == "99%" { p99 = ms($2) }
        $1 == "Requests/sec:" { rate = $2 }
        /Non-2xx/ { failed = $NF }
        /Socket errors/ { gsub(",", ""); failed += $4 + $6 + $8 + $10 }
        END { print rate, p50, p99, failed + 0 }' "$dir/wrk" >>"$dir/$who.$load"
}

# median WHO LOAD COLUMN
median() { cut -d' ' -f"$3" "$dir/$1.$2" | sort -n | sed -n "$(((runs + 1) / 2))p"; }

for strategy in "${strategies[@]}"; do start_teller "$strategy"; done
start_peer
who=(peer "${strategies[@]}")

echo "durable transfers over HTTP, one a request: $clients connections, $(nproc) processors," \
    "median of $runs runs of $seconds s"
printf '%-8s %-14s %10s %10s %10s %8s %8s\n' load who rate/s 'p50 ms' 'p99 ms' failed ratio
for load in uniform hot; do
    for ((run = 0; run < runs; run++)); do
        for w in "${who[@]}"; do measure "$w" $load; done
    done
    for w in "${who[@]}"; do
        ratio=$(awk -v a="$(median "$w" $load 1)" -v b="$(median peer $load 1)" \
            'BEGIN { printf "%.1f", a / b }')
        name="teller $w"
        [ "$w" = peer ] && name=gobank
        printf '%-8s %-14s %10.0f %10.2f %10.2f %8.0f %8s\n' $load "$name" \
            "$(median "$w" $load 1)" "$(median "$w" $load 2)" "$(median "$w" $load 3)" \
            "$(median "$w" $load 4)" "$ratio"
        printf '%s %s %s\n' $load "$w" "$ratio" >>"$dir/ratios"
    done
done

echo
echo "open loop at half of that rate, latency from the intended time of sending (teller-load)"
for strategy in "${strategies[@]}"; do
    rate=$(awk -v r="$(median "$strategy" uniform 1)" 'BEGIN { print int(r / 2) }')
    build/teller-load transfers --url "${url[$strategy]}" --token "${token[$strategy]}" \
        --accounts $accounts --clients "$clients" --rate "$rate" --duration "$seconds" |
        sed "1s/.*/teller $strategy, $rate\/s due/"
done

echo
while read -r load w ratio; do
    [ "$w" = peer ] || echo "ratio $load $w: $ratio times gobank"
done <"$dir/ratios"
