/* SPDX-License-Identifier: MIT */
/*
 * Start coroutines, and wait until all have finished.
 *
 *     var wg sync.WaitGroup
 *     for i := range squares {
 *         wg.Add(1)
 *         go func() { defer wg.Done(); squares[i] = i * i }()
 *     }
 *     wg.Wait()
 *
 * They run on all processors and in no defined order; so each leaves its result in a place
 * of its own, and they are printed when all are there.
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { COUNT = 5 };

struct task {
    int number, square;
    struct waitgroup *all;
};

static void square(void *arg)
{
    struct task *task = arg;
    task->square = task->number * task->number;
    waitgroup_done(task->all);
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup all = {0};
    struct task tasks[COUNT];
    waitgroup_add(&all, COUNT);
    for (int i = 0; i < COUNT; i++) {
        tasks[i] = (struct task){.number = i, .all = &all};
        ensure(co_spawn(square, &tasks[i]));
    }
    waitgroup_wait(&all);
    for (int i = 0; i < COUNT; i++)
        printf("%d squared is %d\n", tasks[i].number, tasks[i].square);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
