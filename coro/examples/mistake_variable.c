/* SPDX-License-Identifier: MIT */
/*
 * The mistake: to give every coroutine a pointer to the loop's one variable. When they look, it has
 * moved on. (Go had it in every closure of a loop, until 1.22 made a variable for each turn.)
 *
 *     for i := 0; i < 3; i++ { go func() { fmt.Println(i) }() }        // before Go 1.22: 3 3 3
 *
 * co_go() copies its arguments when it is called: pass the value, not its address.
 */
#include <stdio.h>

#include "coro/go.h"
#include "coro/runtime.h"

enum { COUNT = 3 };

CO_GO_FUNCTION(look_at, (_Atomic int *, shared), (int *, seen))
{
    *seen = *shared;
}

CO_GO_FUNCTION(keep, (int, own), (int *, seen))
{
    *seen = own;
}

static void say(const char *what, const int seen[COUNT])
{
    printf("%s: %d %d %d\n", what, seen[0], seen[1], seen[2]);
}

static void program(void *arg)
{
    (void)arg;
    int seen[COUNT];
    _Atomic int i; /* or a race detector would tell */
    struct co_waitgroup all = {0};
    for (i = 0; i < COUNT; i++)
        co_ensure(co_waitgroup_go(&all, look_at, &i, &seen[i]));
    co_waitgroup_wait(&all);
    say("by its address", seen);
    for (i = 0; i < COUNT; i++)
        co_ensure(co_waitgroup_go(&all, keep, i, &seen[i]));
    co_waitgroup_wait(&all);
    say("by its value", seen);
}

int main(void)
{
    const struct co_runtime_options options = {.workers = 1}; /* so that it happens each time */
    return co_runtime_run(&options, program, NULL) == 0 ? 0 : 1;
}
