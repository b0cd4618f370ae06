#!/bin/bash
# SPDX-License-Identifier: MIT
# Each primitive beside Go's, on this machine, in turns: prints medians, the ratio and the goal.
#   coro/bench/bench.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd coro/bench/go && GOCACHE=$work/cache go test -c -o "$work/go-bench" .)

# row | Go's name | goal: at most this share of Go's time
rows='spawn Spawn 0.30
pingpong PingPong 0.35
buffered Buffered 0.40
many_to_one ManyToOne 0.40
yield Yield 0.25
select Select 0.40
owner Owner 0.40
mutex Mutex 0.40
context Context 0.30
uneven_moves Uneven 1.00
uneven Uneven 2.00
million Million 0.50'

# go_rows NAMES TIME: "go NAME NANOSECONDS", a line each.
go_rows() {
    "$work/go-bench" -test.run '^$' -test.bench "Benchmark($1)\$" -test.benchtime "$2" | awk '
        /^Benchmark/ { sub(/^Benchmark/, "", $1); sub(/-[0-9]+$/, "", $1); print "go", $1, $3 }
        $6 == "GB" { print "go million_gb", $5 }'
}

echo "beside Go: $(go version)"
quick=$(grep -v million <<< "$rows")
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    go_rows "$(cut -d' ' -f2 <<< "$quick" | sort -u | paste -sd'|')" 0.4s
    # shellcheck disable=SC2046 # a word a row
    build/release/bench-coro $(cut -d' ' -f1 <<< "$quick") | sed 's/^/c /'
    if ((round <= 3)); then
        go_rows Million 1x
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
        printf "a million parked: %.2f GB here, page tables included; %.2f GB in Go\n",
            median(times["c", "million_gb"]), median(times["go", "million_gb"])
    }' "$work/times"
