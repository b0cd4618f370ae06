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

static struct semaphore permits;
static struct waitgroup all;
static atomic_int connected, too_many;

static void use_connection(void *arg)
{
    (void)arg;
    ensure(semaphore_acquire(context_background(), &permits, 1));
    if (atomic_fetch_add(&connected, 1) >= PERMITS)
        atomic_fetch_add(&too_many, 1);
    co_sleep(2 * CLOCK_MS);
    atomic_fetch_sub(&connected, 1);
    semaphore_release(&permits, 1);
    waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    semaphore_release(&permits, PERMITS);
    waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        ensure(co_spawn(use_connection, NULL));
    waitgroup_wait(&all);
    printf("%d served, %d times more than %d at once\n", CALLERS, atomic_load(&too_many), PERMITS);

    ensure(semaphore_try_acquire(&permits, PERMITS)); /* all of them: now nobody gets one */
    struct context *hasty = context_with_timeout(context_background(), CLOCK_MS);
    ensure(hasty);
    bool got = semaphore_acquire(hasty, &permits, 1);
    printf("one more within a millisecond: %s\n", got ? "yes" : "no");
    context_release(&hasty);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
