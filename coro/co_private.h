/* SPDX-License-Identifier: MIT */
/* A coroutine as the scheduler sees it, and queues of them. For the files of coro/ only. */
#ifndef CORO_CO_PRIVATE_H
#define CORO_CO_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/co.h"
#include "coro/sanitize.h"

struct co_worker;

/* A stack that can be left and come back to. */
struct co_strand {
    void *sp; /* while it is left */
    struct co_sanitize sanitize;
};

enum co_state { CO_FREE, CO_FRESH, CO_IS_READY, CO_RUNNING, CO_WAITING };

/*
 *   FREE -> FRESH (spawn) -> RUNNING (begin) -> WAITING (park) -> READY (co_ready) -> RUNNING ...
 *                            RUNNING -> READY (yield)     RUNNING -> FREE (retire)
 * Written by the worker it is on, except FRESH, of which a thief may become the worker, and
 * WAITING -> READY. The atomic fields are what a report from another thread reads.
 */
struct co {
    /* What a switch and a wake touch: one cache line. */
    _Alignas(128) struct co_strand strand;
    struct co *link; /* in the one queue it is in */
    struct co_worker *worker;
    uint32_t stack; /* CO_INDEX_NONE until it first runs */
    int saved_errno;
    _Atomic int state;
    bool pinned;               /* never moved, not even by forced migration */
    _Atomic(const char *) why; /* it waits */
    _Atomic int64_t since_ns;  /* it waits; by the worker's coarse clock */
    /* The rest. */
    void (*fn)(void *arg);
    void *arg;
    _Atomic(const struct co_site *) site;
    _Atomic uint64_t id;
    struct co_worker *came_from; /* from whose queue it was taken, until it is woken there again */
    uint64_t priority;           /* in a seeded run */
    const struct co_site *at;    /* the same: the last mark that it passed */
    uint32_t kept_stack_1;       /* under ThreadSanitizer: 1 + the stack of this descriptor */
};

struct co_queue {
    struct co *first, *last;
};

CO_UNSANITIZED static inline void co_queue_push(struct co_queue *queue, struct co *co)
{
    co->link = NULL;
    *(queue->first ? &queue->last->link : &queue->first) = co;
    queue->last = co;
}

CO_UNSANITIZED static inline struct co *co_queue_pop(struct co_queue *queue)
{
    struct co *co = queue->first;
    if (co)
        queue->first = co->link;
    return co;
}

#endif
