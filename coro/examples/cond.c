/* SPDX-License-Identifier: MIT */
/*
 * A condition: wait until what a mutex guards has become so. The runners wait for the shot, and the
 * starter waits until all of them are in their blocks.
 *
 *     mu.Lock(); for !ready { cond.Wait() }; mu.Unlock()
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/cond.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { RUNNERS = 8 };

static struct {
    struct co_mutex mutex; /* guards the rest */
    struct co_cond changed;
    int in_blocks, early, running;
    bool fired;
} race;
static struct co_waitgroup all;

static void run(void *arg)
{
    (void)arg;
    co_mutex_lock(&race.mutex);
    race.in_blocks++;
    co_cond_broadcast(&race.changed);
    while (!race.fired)
        co_cond_wait(&race.changed, &race.mutex);
    race.running++;
    co_mutex_unlock(&race.mutex);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, RUNNERS);
    for (int i = 0; i < RUNNERS; i++)
        co_ensure(co_spawn(run, NULL));
    co_mutex_lock(&race.mutex);
    while (race.in_blocks < RUNNERS)
        co_cond_wait(&race.changed, &race.mutex);
    race.early = race.running;
    race.fired = true;
    co_cond_broadcast(&race.changed);
    co_mutex_unlock(&race.mutex);
    co_waitgroup_wait(&all);
    printf(
        "%d in their blocks, %d too early, %d running\n", race.in_blocks, race.early, race.running);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
