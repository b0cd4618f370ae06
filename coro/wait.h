/* SPDX-License-Identifier: MIT */
/*
 * The one waiting mechanism. A coroutine that waits puts a waiter into the list of each thing it
 * waits for, parks, and takes those out again that are left when it wakes. Whoever can give it
 * what it waits for claims the waiter (once over all lists) and readies its coroutine.
 *
 * Lists are guarded by the lock of the thing they belong to. The waiting coroutine holds all those
 * locks until it has left its stack; so whoever sees a waiter may ready its coroutine.
 */
#ifndef CORO_WAIT_H
#define CORO_WAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/co.h"
#include "coro/language.h"

CO_C_BEGIN

/* One parking that several things can end. */
struct co_wait {
    CO_ATOMIC(int) taken; /* CO_WAIT_OPEN, or the index of the waiter that was claimed */
};
enum { CO_WAIT_OPEN = -1 };

struct co_waiter {
    struct co_waiter *next, *prev;
    struct co *co;
    struct co_wait *wait; /* NULL: this waiter is the only one */
    void *item;           /* what to pass over, if anything */
    int index;            /* among the waiters of `wait` */
    int status;           /* what came of it, for the thing it waits for to set */
    bool listed;
};

struct co_waiters {
    struct co_waiter *first, *last;
};

#ifndef __cplusplus
static inline void co_waiters_push(struct co_waiters *list, struct co_waiter *waiter)
{
    waiter->next = NULL;
    waiter->prev = list->last;
    waiter->listed = true;
    *(list->last ? &list->last->next : &list->first) = waiter;
    list->last = waiter;
}

static inline void co_waiters_push_front(struct co_waiters *list, struct co_waiter *waiter)
{
    waiter->next = list->first;
    waiter->prev = NULL;
    waiter->listed = true;
    *(list->first ? &list->first->prev : &list->last) = waiter;
    list->first = waiter;
}

/* `before` is listed and not the last. */
static inline void co_waiters_insert_after(struct co_waiter *before, struct co_waiter *waiter)
{
    waiter->next = before->next;
    waiter->prev = before;
    waiter->listed = true;
    before->next->prev = waiter;
    before->next = waiter;
}

static inline void co_waiters_remove(struct co_waiters *list, struct co_waiter *waiter)
{
    if (!waiter->listed)
        return;
    waiter->listed = false;
    *(waiter->prev ? &waiter->prev->next : &list->first) = waiter->next;
    *(waiter->next ? &waiter->next->prev : &list->last) = waiter->prev;
}

/* True for exactly one of all that try. */
static inline bool co_wait_claim(struct co_wait *wait, int index)
{
    int open = CO_WAIT_OPEN;
    return !wait || atomic_compare_exchange_strong_explicit(
                        &wait->taken, &open, index, memory_order_acq_rel, memory_order_acquire);
}

/* Take out the first waiter that nobody else has claimed; NULL if there is none. */
static inline struct co_waiter *co_waiters_claim(struct co_waiters *list)
{
    struct co_waiter *waiter;
    while ((waiter = list->first)) {
        co_waiters_remove(list, waiter);
        if (co_wait_claim(waiter->wait, waiter->index))
            return waiter;
    }
    return NULL;
}

/* Wake all of a private list of claimed waiters. A waiter's memory is its coroutine's, and gone
 * once that is ready: look at the next one first. */
static inline void co_waiters_ready_all(struct co_waiters *list)
{
    for (struct co_waiter *waiter = list->first, *next; waiter; waiter = next) {
        next = waiter->next;
        waiter->listed = false;
        co_ready(waiter->co);
    }
}
#endif

CO_C_END

#endif
