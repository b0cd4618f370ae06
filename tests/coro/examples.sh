#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/coro/examples.sh [NAME...]: run the examples of build/$MODE, or these, and compare what
# each says, and its exit status, with the NAME.expected beside it.
#     --update    write what they say now into the NAME.expected; then read the difference
# Those that the program carries in itself are run there, too (teller lab --example NAME).
# What differs from run to run is written N: the numbers of coroutines, how long things took.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
mode=${MODE:-release}
examples=coro/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The output of a program of examples/NAME.c, errors included, and its exit status unless that is 0.
output_of() {
    local name=$1 options=${ASAN_OPTIONS:-}
    shift
    # A coroutine that is left behind holds memory that nobody gives back: that is its point.
    grep -qs 'still alive at the end' "$examples/$name.expected" && options+=:detect_leaks=0
    ASAN_OPTIONS=$options timeout 300 "$@" 2>&1
    local status=$?
    [ "$status" -eq 0 ] || echo "exit status $status"
}

without_numbers() {
    sed -E 's/^(  #)[0-9]+ /\1N /; s/ for [0-9]+ ms,/ for N ms,/; s/(runtime\.c:)[0-9]+$/\1N/
        s/ in [0-9]+ ms$/ in N ms/; s/ take [0-9]+\.[0-9] times/ take N times/g'
}

update=
[ "${1:-}" = --update ] && update=yes && shift
names=("$@")
[ ${#names[@]} -gt 0 ] ||
    mapfile -t names < <(grep -l '^int main(' "$examples"/*.c | sed 's|.*/||; s|\.c$||')

passed=0 failed=0
compare() {
    if [ "$mode" = tsan ] && [ "$1" = race ]; then # it is one: that is to be reported
        output_of "$@" | grep -o -m1 'WARNING: ThreadSanitizer: data race' >"$work/said"
        echo 'WARNING: ThreadSanitizer: data race' >"$work/expected"
    else
        output_of "$@" | without_numbers >"$work/said"
        cp "$examples/$1.expected" "$work/expected"
    fi
    [ -z "$update" ] || cp "$work/said" "$examples/$1.expected"
    if diff -u --label expected --label said "$work/expected" "$work/said"; then
        passed=$((passed + 1))
    else
        echo "$*: does not say what it should"
        failed=$((failed + 1))
    fi
}

for name in "${names[@]}"; do
    if [ "$mode" = tsan ] && [ "$name" = million ]; then
        echo "$name: SKIPPED: ThreadSanitizer knows 8,128 threads and fibers at most"
        continue
    fi
    compare "$name" "build/$mode/examples/$name"
    # Inside the program, too. The crowd is smaller there, and what opens a socket is not there. Of
    # what is installed, only the examples were built.
    case $mode/$name in
    installed/* | */million | */fetch | */fetch_timeout) ;;
    *) compare "$name" "build/$mode/teller" lab --example "$name" ;;
    esac
done
echo "examples: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
