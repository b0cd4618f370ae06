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

CORO_C_BEGIN

/* One parking that several things can end. */
struct wait {
    CORO_ATOMIC(int) taken; /* WAIT_OPEN, or the index of the waiter that was claimed */
};
enum { WAIT_OPEN = -1 };

struct waiter {
    struct waiter *next, *prev;
    struct co *co;
    struct wait *wait; /* NULL: this waiter is the only one */
    void *item;        /* what to pass over, if anything */
    int index;         /* among the waiters of `wait` */
    int status;        /* what came of it, for the thing it waits for to set */
    bool listed;
};

struct waiters {
    struct waiter *first, *last;
};

#ifndef __cplusplus
static inline void waiters_push(struct waiters *list, struct waiter *waiter)
{
    waiter->next = NULL;
    waiter->prev = list->last;
    waiter->listed = true;
    *(list->last ? &list->last->next : &list->first) = waiter;
    list->last = waiter;
}

static inline void waiters_push_front(struct waiters *list, struct waiter *waiter)
{
    waiter->next = list->first;
    waiter->prev = NULL;
    waiter->listed = true;
    *(list->first ? &list->first->prev : &list->last) = waiter;
    list->first = waiter;
}

/* `before` is listed and not the last. */
static inline void waiters_insert_after(struct waiter *before, struct waiter *waiter)
{
    waiter->next = before->next;
    waiter->prev = before;
    waiter->listed = true;
    before->next->prev = waiter;
    before->next = waiter;
}

static inline void waiters_remove(struct waiters *list, struct waiter *waiter)
{
    if (!waiter->listed)
        return;
    waiter->listed = false;
    *(waiter->prev ? &waiter->prev->next : &list->first) = waiter->next;
    *(waiter->next ? &waiter->next->prev : &list->last) = waiter->prev;
}

/* True for exactly one of all that try. */
static inline bool wait_claim(struct wait *wait, int index)
{
    int open = WAIT_OPEN;
    return !wait || atomic_compare_exchange_strong_explicit(
                        &wait->taken, &open, index, memory_order_acq_rel, memory_order_acquire);
}

/* Take out the first waiter that nobody else has claimed; NULL if there is none. */
static inline struct waiter *waiters_claim(struct waiters *list)
{
    struct waiter *waiter;
    while ((waiter = list->first)) {
        waiters_remove(list, waiter);
        if (wait_claim(waiter->wait, waiter->index))
            return waiter;
    }
    return NULL;
}

/* Wake all of a private list of claimed waiters. A waiter's memory is its coroutine's, and gone
 * once that is ready: look at the next one first. */
static inline void waiters_ready_all(struct waiters *list)
{
    for (struct waiter *waiter = list->first, *next; waiter; waiter = next) {
        next = waiter->next;
        waiter->listed = false;
        co_ready(waiter->co);
    }
}
#endif

CORO_C_END

#endif
