/* SPDX-License-Identifier: MIT */
/*
 * A semaphore: at most a given number at a time; here, connections to something that bears only
 * four.
 *
 *     sem := make(chan struct{}, 4); sem <- struct{}{}; … ; <-sem       // or x/sync/semaphore
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/semaphore.h"
#include "coro/waitgroup.h"

enum { CALLERS = 20, PERMITS = 4 };

static struct co_semaphore permits;
static struct co_waitgroup all;
static atomic_int connected, too_many;

static void use_connection(void *arg)
{
    (void)arg;
    co_ensure(co_semaphore_acquire(co_context_background(), &permits, 1));
    if (atomic_fetch_add(&connected, 1) >= PERMITS)
        atomic_fetch_add(&too_many, 1);
    co_sleep(2 * CO_CLOCK_MS);
    atomic_fetch_sub(&connected, 1);
    co_semaphore_release(&permits, 1);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_semaphore_release(&permits, PERMITS);
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(use_connection, NULL));
    co_waitgroup_wait(&all);
    printf("%d served, %d times more than %d at once\n", CALLERS, atomic_load(&too_many), PERMITS);

    co_ensure(co_semaphore_try_acquire(&permits, PERMITS)); /* all of them: now nobody gets one */
    struct co_context *hasty = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    co_ensure(hasty);
    bool got = co_semaphore_acquire(hasty, &permits, 1);
    printf("one more within a millisecond: %s\n", got ? "yes" : "no");
    co_context_release(&hasty);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
