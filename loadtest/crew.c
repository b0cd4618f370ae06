/* SPDX-License-Identifier: MIT */
/* Members are told apart by the order in which they start, which is all that their callers need. */
#include "loadtest/crew.h"

#include <stdatomic.h>
#include <stdint.h>

#include "coro/co.h"
#include "coro/waitgroup.h"

struct crew {
    void (*fn)(size_t index, void *arg);
    void *arg;
    _Atomic size_t started;
    struct co_waitgroup running;
};

static void member(void *arg)
{
    struct crew *crew = arg;
    crew->fn(atomic_fetch_add(&crew->started, 1), crew->arg);
    co_waitgroup_done(&crew->running);
}

void crew_run(size_t n, void (*fn)(size_t index, void *arg), void *arg)
{
    struct crew crew = {.fn = fn, .arg = arg};
    co_waitgroup_add(&crew.running, (int64_t)n);
    for (size_t i = 0; i < n; i++)
        /* A crew with a member missing would wait at its gates forever. */
        co_ensure(co_spawn_named("crew", member, &crew));
    co_waitgroup_wait(&crew.running);
}
