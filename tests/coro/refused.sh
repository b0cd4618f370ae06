#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/coro/refused.sh: what has the wrong type does not compile, in gcc and in clang, without any
# warning switched on; and the same with the right type does. Ends with "refused: N passed, ...".
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0

compiles() { # COMPILER STATEMENT
    "$1" -std=gnu17 -w -I. -D_GNU_SOURCE -fsyntax-only -x c - 2>/dev/null <<EOF
#include "coro/chan_of.h"
#include "coro/go.h"
CO_CHAN_OF(int)
CO_CHAN_OF(long)
CO_CHAN_OF(unsigned)
CO_CHAN_OF_NAMED(text, const char *)
CO_GO_FUNCTION(serve, (int, fd), (const char *, name), (CO_SENDER(int), out))
{ (void)fd, (void)name, (void)out; }
struct other { int x; };
void test(CO_CHAN(int) ch, CO_CHAN(long) longs, CO_CHAN(unsigned) counts, CO_CHAN(text) texts,
    CO_SENDER(int) in, CO_RECEIVER(int) out, int i, long l, double d, char *word,
    struct other other, struct co_waitgroup *all)
{
    (void)ch, (void)longs, (void)counts, (void)texts, (void)in, (void)out;
    (void)i, (void)l, (void)d, (void)word, (void)other, (void)all;
    $2;
}
EOF
}

check() { # WANTED STATEMENT, in both compilers
    local compiler got
    for compiler in gcc clang; do
        got=refused
        compiles "$compiler" "$2" && got=taken
        if [ "$got" = "$1" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAILED: $compiler: $2: $got"
        fi
    done
}

check taken '(void)CO_CHAN_SEND(ch, i)'
check taken '(void)CO_CHAN_SEND(ch, 3)'
check refused '(void)CO_CHAN_SEND(ch, 3.0)'
check refused '(void)CO_CHAN_SEND(ch, d)'
check refused '(void)CO_CHAN_SEND(ch, l)'
check refused '(void)CO_CHAN_SEND(ch, word)'
check refused '(void)CO_CHAN_SEND(ch, other)'
check refused '(void)CO_CHAN_TRY_SEND(ch, d)'
check taken '(void)CO_CHAN_SEND(longs, i)'
check taken '(void)CO_CHAN_SEND(counts, 3)'
check refused '(void)CO_CHAN_SEND(counts, i)'
check taken '(void)CO_CHAN_SEND(texts, "a")'
check taken '(void)CO_CHAN_SEND(texts, word)'
check refused '(void)CO_CHAN_SEND(texts, i)'

check taken '(void)CO_CHAN_RECV(ch, &i)'
check refused '(void)CO_CHAN_RECV(ch, &d)'
check refused '(void)CO_CHAN_RECV(ch, &l)'
check refused '(void)CO_CHAN_RECV(longs, &i)'
check refused '(void)CO_CHAN_TRY_RECV(ch, &d)'
check refused '(void)CO_CHAN_RECV(ch, i)'
check taken 'CO_CHAN_RANGE (int, item, ch) (void)item'
check refused 'CO_CHAN_RANGE (double, item, ch) (void)item'

check taken 'co_select_wait(CO_CASES(CO_RECV_CASE(ch, &i), CO_SEND_CASE(longs, &l)))'
check refused 'co_select_wait(CO_CASES(CO_RECV_CASE(ch, &d)))'
check refused 'co_select_wait(CO_CASES(CO_SEND_CASE(ch, &d)))'
check refused 'co_select_wait(CO_CASES(CO_RECV_CASE(in, &i)))'
check refused 'co_select_wait(CO_CASES(CO_SEND_CASE(out, &i)))'

check taken 'in = CO_SENDER_OF(int, ch)'
check taken 'out = CO_RECEIVER_OF(int, ch)'
check refused 'in = CO_SENDER_OF(int, longs)'
check refused 'out = CO_RECEIVER_OF(int, longs)'
check refused 'out = CO_RECEIVER_OF(int, in)'
check refused 'in = ch'
check refused 'ch = longs'
check refused '(void)CO_CHAN_RECV(in, &i)'
check refused '(void)CO_CHAN_SEND(out, i)'
check refused 'CO_CHAN_CLOSE(out)'
check taken 'CO_CHAN_CLOSE(in)'

check taken '(void)co_go(serve, i, word, in)'
check taken '(void)co_waitgroup_go(all, serve, i, "name", in)'
check refused '(void)co_go(serve, i, word)'
check refused '(void)co_go(serve, i, word, in, 1)'
check refused '(void)co_go(serve, other, word, in)'
check refused '(void)co_go(serve, i, word, ch)'
check refused '(void)co_waitgroup_go(all, serve, i, word, out)'

echo "refused: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
