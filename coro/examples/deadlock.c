/* SPDX-License-Identifier: MIT */
/*
 * The deadlock: two locks, taken in opposite order. When all coroutines wait and nothing can wake
 * them, the runtime says which waits for what and where it was spawned, and exits with status 2.
 *
 *     go func() { a.Lock(); holdOne.Done(); holdOne.Wait(); b.Lock() }()
 *     go func() { b.Lock(); holdOne.Done(); holdOne.Wait(); a.Lock() }()
 *     fatal error: all goroutines are asleep - deadlock!
 *
 * The cure: everybody takes them in the same order (by address, or by account number).
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

struct philosopher {
    struct co_mutex *left, *right;
    struct co_waitgroup *hold_one, *all;
};

static void dine(void *arg)
{
    struct philosopher *self = arg;
    co_mutex_lock(self->left);
    co_waitgroup_done(self->hold_one);
    co_waitgroup_wait(self->hold_one); /* now the other one has its left fork, too */
    co_mutex_lock(self->right);
    co_mutex_unlock(self->right);
    co_mutex_unlock(self->left);
    co_waitgroup_done(self->all);
}

static void program(void *arg)
{
    (void)arg;
    struct co_mutex a = {0}, b = {0};
    struct co_waitgroup hold_one = {0}, all = {0};
    struct philosopher kant = {&a, &b, &hold_one, &all}, hume = {&b, &a, &hold_one, &all};
    co_waitgroup_add(&hold_one, 2);
    co_waitgroup_add(&all, 2);
    co_ensure(co_spawn_named("Kant", dine, &kant));
    co_ensure(co_spawn_named("Hume", dine, &hume));
    puts("both reach for their forks");
    fflush(stdout);
    co_waitgroup_wait(&all);
    puts("both have eaten");
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
