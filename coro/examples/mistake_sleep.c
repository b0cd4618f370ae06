/* SPDX-License-Identifier: MIT */
/*
 * The mistake: to sleep, and hope that the others have finished. It works on a quiet machine and
 * with little to do, and on no other. hello.c waits for them instead.
 *
 *     for i := range results { go func() { results[i] = slow(i) }() }
 *     time.Sleep(150 * time.Millisecond)      // long enough, surely
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { COUNT = 5 };

CO_GO_FUNCTION(compute, (int, number), (_Atomic int *, done))
{
    co_sleep(number * 200 * CO_CLOCK_MS); /* the later ones take longer than was hoped */
    ++*done;
}

static void program(void *arg)
{
    (void)arg;
    _Atomic int done = 0;
    struct co_waitgroup all = {0};
    for (int i = 0; i < COUNT; i++)
        co_ensure(co_waitgroup_go(&all, compute, i, &done));
    co_sleep(150 * CO_CLOCK_MS);
    printf("after a sleep: %s\n", done < COUNT ? "not all are done" : "all are done, by luck");
    co_waitgroup_wait(&all);
    printf("after waiting for them: %d of %d are done\n", done, COUNT);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
