/* SPDX-License-Identifier: MIT */
/* Whoever unlocks hands over to the first in the queue: to one writer, or to all readers in front
 * of the next writer. So no coroutine that was woken has to try again. */
#include "coro/rwmutex.h"

#include "coro/co.h"
#include "coro/ensure.h"
#include "coro/sched_private.h"

enum { READER, WRITER }; /* a waiter's index */

static void lock_as(struct co_rwmutex *rwmutex, int kind, const char *why)
{
    co_point();
    co_lock_take(&rwmutex->guard);
    bool taken = rwmutex->writing || rwmutex->waiters.first;
    if (kind == WRITER)
        taken = taken || rwmutex->readers > 0;
    if (taken) {
        struct co_waiter waiter = {.co = co_current(), .index = kind};
        co_waiters_push(&rwmutex->waiters, &waiter);
        co_park_with(why, &rwmutex->guard);
        co_tell(CO_SCHEDULE_LOCKED, co_current(), why, &rwmutex->guard);
        return;
    }
    rwmutex->writing = kind == WRITER;
    rwmutex->readers += kind == READER;
    co_lock_drop(&rwmutex->guard);
    co_tell(CO_SCHEDULE_LOCKED, co_current(), why, &rwmutex->guard);
}

/* Under guard: let in all that may come in now; they are in *woken then. */
static void let_in(struct co_rwmutex *rwmutex, struct co_waiters *woken)
{
    for (struct co_waiter *waiter; (waiter = rwmutex->waiters.first) && !rwmutex->writing;) {
        if (waiter->index == WRITER && rwmutex->readers > 0)
            break;
        co_waiters_remove(&rwmutex->waiters, waiter);
        rwmutex->writing = waiter->index == WRITER;
        rwmutex->readers += waiter->index == READER;
        co_waiters_push(woken, waiter);
    }
}

void co_rwmutex_read_lock(struct co_rwmutex *rwmutex)
{
    lock_as(rwmutex, READER, "rwmutex, to read");
}

void co_rwmutex_write_lock(struct co_rwmutex *rwmutex)
{
    lock_as(rwmutex, WRITER, "rwmutex, to write");
}

void co_rwmutex_read_unlock(struct co_rwmutex *rwmutex)
{
    struct co_waiters woken = {0};
    co_lock_take(&rwmutex->guard);
    co_ensure(rwmutex->readers > 0);
    rwmutex->readers--;
    let_in(rwmutex, &woken);
    co_lock_drop(&rwmutex->guard);
    co_tell(CO_SCHEDULE_UNLOCKED, co_current(), NULL, &rwmutex->guard);
    co_waiters_ready_all(&woken);
}

void co_rwmutex_write_unlock(struct co_rwmutex *rwmutex)
{
    struct co_waiters woken = {0};
    co_lock_take(&rwmutex->guard);
    co_ensure(rwmutex->writing);
    rwmutex->writing = false;
    let_in(rwmutex, &woken);
    co_lock_drop(&rwmutex->guard);
    co_tell(CO_SCHEDULE_UNLOCKED, co_current(), NULL, &rwmutex->guard);
    co_waiters_ready_all(&woken);
}
