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
    struct mutex mutex; /* guards the rest */
    struct cond changed;
    int in_blocks, early, running;
    bool fired;
} race;
static struct waitgroup all;

static void run(void *arg)
{
    (void)arg;
    mutex_lock(&race.mutex);
    race.in_blocks++;
    cond_broadcast(&race.changed);
    while (!race.fired)
        cond_wait(&race.changed, &race.mutex);
    race.running++;
    mutex_unlock(&race.mutex);
    waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    waitgroup_add(&all, RUNNERS);
    for (int i = 0; i < RUNNERS; i++)
        ensure(co_spawn(run, NULL));
    mutex_lock(&race.mutex);
    while (race.in_blocks < RUNNERS)
        cond_wait(&race.changed, &race.mutex);
    race.early = race.running;
    race.fired = true;
    cond_broadcast(&race.changed);
    mutex_unlock(&race.mutex);
    waitgroup_wait(&all);
    printf(
        "%d in their blocks, %d too early, %d running\n", race.in_blocks, race.early, race.running);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
