#!/bin/bash
# SPDX-License-Identifier: MIT
# Each primitive beside Go's, on this machine, in turns: prints medians, the ratio and the goal.
#   coro/bench/bench.sh [ROUNDS]        PEERS=folder that holds goroutines/b_test.go
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
peers=${PEERS:-../shared/peers}
command -v go > /dev/null || { apt-get update -qq && apt-get install -y -qq golang-go; } > /dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$peers"/goroutines/* "$work"
(cd "$work" && chmod u+w ./* && GOFLAGS=-mod=mod go test -c -o go-bench . 2> /dev/null)

make -s MODE=release build/release/bench-coro

# row | Go's name | goal: at most this share of Go's time
rows='spawn SpawnJoin 0.30
pingpong PingPongUnbuf 0.35
buffered Buf128SPSC 0.40
many_to_one MPSC64 0.50
yield Gosched 0.25
select Select2 0.40
owner OwnerRPC64 0.40
mutex MutexContended 0.60
context CtxTimeout 0.30
million million 0.30'

# Go prints "spawn wall 6.7s" and "wake+exit 1M: 878.9ms": the sum, in nanoseconds.
go_million() {
    "$work/go-bench" -test.run TestMem -test.v | awk '
        function ns(text) {
            return text * (text ~ /ms$/ ? 1e6 : text ~ /µs$/ ? 1e3 : 1e9)
        }
        /spawn wall/ || /wake\+exit/ { sum += ns($NF) }
        END { print "go million", sum }'
}

go_rows() {
    "$work/go-bench" -test.run '^$' -test.bench . -test.benchtime 0.4s | awk '
        /^Benchmark/ { sub(/^Benchmark/, "", $1); sub(/-[0-9]+$/, "", $1); print "go", $1, $3 }'
}

for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    go_rows
    build/release/bench-coro $(cut -d' ' -f1 <<< "$rows" | grep -v million) | sed 's/^/c /'
    if ((round <= 3)); then
        go_million
        build/release/bench-coro million | sed 's/^/c /'
    fi
done > "$work/times"

awk -v table="$rows" '
    { times[$1, $2] = times[$1, $2] " " $3 }
    function sorted(text, list,    n, i, k, swap) {
        n = split(text, list, " ")
        for (i = 2; i <= n; i++)
            for (k = i; k > 1 && list[k - 1] + 0 > list[k] + 0; k--) {
                swap = list[k]; list[k] = list[k - 1]; list[k - 1] = swap
            }
        return n
    }
    function median(text,    list, n) {
        n = sorted(text, list)
        return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    }
    function best(text,    list) {
        sorted(text, list)
        return list[1]
    }
    END {
        printf "%-12s %14s %14s %7s %6s %-7s %14s %14s\n", "median of", "coro ns", "Go ns",
            "ratio", "goal", "", "best coro", "best Go"
        count = split(table, lines, "\n")
        for (i = 1; i <= count; i++) {
            split(lines[i], field, " ")
            c = times["c", field[1]]; go = times["go", field[2]]; ratio = median(c) / median(go)
            printf "%-12s %14.1f %14.1f %7.2f %6.2f %-7s %14.1f %14.1f\n", field[1], median(c),
                median(go), ratio, field[3], ratio <= field[3] ? "met" : "missed", best(c), best(go)
        }
        printf "a million parked: %.2f GB resident\n", median(times["c", "million_gb"])
    }' "$work/times"
