/* SPDX-License-Identifier: MIT */
/*
 * The deadlock: two locks, taken in opposite order. When all coroutines wait and nothing can wake
 * them, the runtime says which waits for what and where it was spawned, and exits with status 2.
 *
 *     go func() { a.Lock(); runtime.Gosched(); b.Lock() }()
 *     go func() { b.Lock(); runtime.Gosched(); a.Lock() }()
 *     fatal error: all goroutines are asleep - deadlock!
 *
 * The cure: everybody takes them in the same order (by address, or by account number).
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/clock.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

struct philosopher {
    struct mutex *left, *right;
    struct waitgroup *all;
};

static void dine(void *arg)
{
    struct philosopher *self = arg;
    mutex_lock(self->left);
    co_sleep(10 * CLOCK_MS); /* now the other one has its left fork, too */
    mutex_lock(self->right);
    mutex_unlock(self->right);
    mutex_unlock(self->left);
    waitgroup_done(self->all);
}

static void program(void *arg)
{
    (void)arg;
    struct mutex a = {0}, b = {0};
    struct waitgroup all = {0};
    struct philosopher kant = {&a, &b, &all}, hume = {&b, &a, &all};
    waitgroup_add(&all, 2);
    ensure(co_spawn_named("Kant", dine, &kant));
    ensure(co_spawn_named("Hume", dine, &hume));
    puts("both reach for their forks");
    fflush(stdout);
    waitgroup_wait(&all);
    puts("both have eaten");
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
