/* SPDX-License-Identifier: MIT */
/* Whoever unlocks hands over to the first in the queue: to one writer, or to all readers in front
 * of the next writer. So no coroutine that was woken has to try again. */
#include "coro/rwmutex.h"

#include "coro/co.h"
#include "coro/ensure.h"
#include "coro/sched_private.h"

enum { READER, WRITER }; /* a waiter's index */

static void lock_as(struct rwmutex *rwmutex, int kind, const char *why)
{
    co_point();
    lock_take(&rwmutex->guard);
    bool taken = rwmutex->writing || rwmutex->waiters.first;
    if (kind == WRITER)
        taken = taken || rwmutex->readers > 0;
    if (taken) {
        struct waiter waiter = {.co = co_current(), .index = kind};
        waiters_push(&rwmutex->waiters, &waiter);
        co_park_with(why, &rwmutex->guard);
        co_tell(SCHEDULE_LOCKED, co_current(), why, &rwmutex->guard);
        return;
    }
    rwmutex->writing = kind == WRITER;
    rwmutex->readers += kind == READER;
    lock_drop(&rwmutex->guard);
    co_tell(SCHEDULE_LOCKED, co_current(), why, &rwmutex->guard);
}

/* Under guard: let in all that may come in now; they are in *woken then. */
static void let_in(struct rwmutex *rwmutex, struct waiters *woken)
{
    for (struct waiter *waiter; (waiter = rwmutex->waiters.first) && !rwmutex->writing;) {
        if (waiter->index == WRITER && rwmutex->readers > 0)
            break;
        waiters_remove(&rwmutex->waiters, waiter);
        rwmutex->writing = waiter->index == WRITER;
        rwmutex->readers += waiter->index == READER;
        waiters_push(woken, waiter);
    }
}

void rwmutex_read_lock(struct rwmutex *rwmutex)
{
    lock_as(rwmutex, READER, "rwmutex, to read");
}

void rwmutex_write_lock(struct rwmutex *rwmutex)
{
    lock_as(rwmutex, WRITER, "rwmutex, to write");
}

void rwmutex_read_unlock(struct rwmutex *rwmutex)
{
    struct waiters woken = {0};
    lock_take(&rwmutex->guard);
    ensure(rwmutex->readers > 0);
    rwmutex->readers--;
    let_in(rwmutex, &woken);
    lock_drop(&rwmutex->guard);
    co_tell(SCHEDULE_UNLOCKED, co_current(), NULL, &rwmutex->guard);
    waiters_ready_all(&woken);
}

void rwmutex_write_unlock(struct rwmutex *rwmutex)
{
    struct waiters woken = {0};
    lock_take(&rwmutex->guard);
    ensure(rwmutex->writing);
    rwmutex->writing = false;
    let_in(rwmutex, &woken);
    lock_drop(&rwmutex->guard);
    co_tell(SCHEDULE_UNLOCKED, co_current(), NULL, &rwmutex->guard);
    waiters_ready_all(&woken);
}
