/* SPDX-License-Identifier: MIT */
/*
 * Start coroutines, and wait until all have finished.
 *
 *     var wg sync.WaitGroup
 *     for i := range squares {
 *         wg.Go(func() { squares[i] = i * i })
 *     }
 *     wg.Wait()
 *
 * They run on all processors and in no defined order; so each leaves its result in a place
 * of its own, and they are printed when all are there.
 */
#include <stdio.h>

#include "coro/go.h"
#include "coro/runtime.h"

enum { COUNT = 5 };

CO_GO_FUNCTION(square, (int, number), (int *, result))
{
    *result = number * number;
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup all = {0};
    int squares[COUNT];
    for (int i = 0; i < COUNT; i++)
        co_ensure(co_waitgroup_go(&all, square, i, &squares[i]));
    co_waitgroup_wait(&all);
    for (int i = 0; i < COUNT; i++)
        printf("%d squared is %d\n", i, squares[i]);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
