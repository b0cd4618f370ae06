/* SPDX-License-Identifier: MIT */
/*
 * Finding a fault by seeds. The two philosophers of deadlock.c do not wait here until each has a
 * fork: mostly, both get to eat. But in a seeded run every choice of the scheduler comes from the
 * seed; so we try seeds until one shows the fault, and that one shows it every time.
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/schedule.h"
#include "coro/waitgroup.h"

enum { SEEDS = 1000 };

struct philosopher {
    struct co_mutex *left, *right;
    struct co_waitgroup *all;
};

static void dine(void *arg)
{
    struct philosopher *self = arg;
    co_mutex_lock(self->left);
    co_mutex_lock(self->right);
    co_mutex_unlock(self->right);
    co_mutex_unlock(self->left);
    co_waitgroup_done(self->all);
}

static void program(void *arg)
{
    (void)arg;
    struct co_mutex a = {0}, b = {0};
    struct co_waitgroup all = {0};
    struct philosopher kant = {&a, &b, &all}, hume = {&b, &a, &all};
    co_waitgroup_add(&all, 2);
    co_ensure(co_spawn(dine, &kant) && co_spawn(dine, &hume));
    co_waitgroup_wait(&all);
}

static struct co_schedule run_with(uint64_t seed)
{
    struct co_schedule schedule = {.strategy = CO_SCHEDULE_RANDOM, .seed = seed, .quiet = true};
    const struct co_runtime_options options = {.schedule = &schedule};
    size_t left = co_runtime_run(&options, program, NULL);
    co_ensure((left > 0) == schedule.deadlocked);
    return schedule;
}

int main(void)
{
    uint64_t seed = 1;
    struct co_schedule found = run_with(seed);
    while (!found.deadlocked && seed < SEEDS)
        found = run_with(++seed);
    printf("a deadlock within %d seeds: %s\n", SEEDS, found.deadlocked ? "yes" : "no");

    struct co_schedule again = run_with(seed);
    printf("the same seed once more: %s\n", again.deadlocked ? "a deadlock" : "none");
    printf("by the same choices: %s\n", again.hash == found.hash ? "yes" : "no");
    return 0;
}
