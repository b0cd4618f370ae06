/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *  - A context with an end of its own (all but the background) is in its parent's list of children
 *    from making to release, unless the parent is the background, which keeps no list.
 *  - Under a context's lock: once status is not OK, the done channel is closed, nobody is in
 *    waiters, and all descendants have ended too.
 *
 * Lock order: parent's lock, child's lock, a channel's.
 */
#include "coro/context.h"

#include <stdlib.h>

#include "coro/chan_private.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context_private.h"
#include "coro/lock.h"
#include "coro/timer.h"

struct co_context {
    struct co_lock lock;
    _Atomic int status;
    bool has_deadline;
    int64_t deadline_ns;
    struct co_context *parent;
    struct co_context *first_child, *next, *prev; /* siblings: under the parent's lock */
    struct co_waiters waiters;
    struct co_timer timer;
    bool has_done;       /* asked for; it lies here, so that asking cannot fail */
    struct co_chan done; /* of no items */
};

static struct co_context background = {.status = CO_CONTEXT_OK};

struct co_context *co_context_background(void)
{
    return &background;
}

static enum co_context_status status_of(struct co_context *context)
{
    return (enum co_context_status)atomic_load_explicit(&context->status, memory_order_acquire);
}

enum co_context_status co_context_err(struct co_context *context)
{
    return status_of(context);
}

bool co_context_deadline(struct co_context *context, int64_t *deadline_ns)
{
    if (context->has_deadline)
        *deadline_ns = context->deadline_ns;
    return context->has_deadline;
}

/* --- ending ----------------------------------------------------------------------------------- */

static void end_one(
    struct co_context *context, enum co_context_status status, struct co_waiters *woken)
{
    atomic_store_explicit(&context->status, status, memory_order_release);
    if (context->has_done)
        co_chan_close(&context->done);
    for (struct co_waiter *waiter; (waiter = co_waiters_claim(&context->waiters));)
        co_waiters_push(woken, waiter);
}

/* The first of the siblings that is still going. */
static struct co_context *going(struct co_context *sibling)
{
    while (sibling && status_of(sibling) != CO_CONTEXT_OK)
        sibling = sibling->next;
    return sibling;
}

/* End it and all below: down to the first child, on to the next sibling, up when there is none.
 * The locks from `context` down to the one in hand are held. */
static void end(struct co_context *context, enum co_context_status status)
{
    struct co_waiters woken = {0};
    co_lock_take(&context->lock);
    if (status_of(context) != CO_CONTEXT_OK) {
        co_lock_drop(&context->lock);
        return;
    }
    end_one(context, status, &woken);

    /* Down, sideways, up: no recursion, since a tree may be deeper than a stack. */
    struct co_context *at = context, *child = going(at->first_child);
    for (;;) {
        if (child) {
            co_lock_take(&child->lock);
            if (status_of(child) == CO_CONTEXT_OK)
                end_one(child, status, &woken);
            at = child;
            child = going(at->first_child);
        } else if (at == context) {
            break;
        } else {
            struct co_context *ended = at;
            at = ended->parent;
            child = going(ended->next);
            co_lock_drop(&ended->lock);
        }
    }
    co_lock_drop(&context->lock);
    co_waiters_ready_all(&woken);
}

static void deadline_is_over(void *arg)
{
    end(arg, CO_CONTEXT_DEADLINE);
}

void co_context_cancel(struct co_context *context)
{
    if (context != &background)
        end(context, CO_CONTEXT_CANCELLED);
}

/* --- making and releasing --------------------------------------------------------------------- */

static void link_to_parent(struct co_context *context, struct co_context *parent)
{
    context->parent = parent;
    if (parent == &background)
        return;
    co_lock_take(&parent->lock);
    atomic_store_explicit(&context->status, status_of(parent), memory_order_release);
    context->next = parent->first_child;
    if (context->next)
        context->next->prev = context;
    parent->first_child = context;
    co_lock_drop(&parent->lock);
}

static void unlink_from_parent(struct co_context *context)
{
    struct co_context *parent = context->parent;
    if (parent == &background)
        return;
    co_lock_take(&parent->lock);
    *(context->prev ? &context->prev->next : &parent->first_child) = context->next;
    if (context->next)
        context->next->prev = context->prev;
    co_lock_drop(&parent->lock);
}

struct co_context *co_context_with_cancel(struct co_context *parent)
{
    struct co_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->has_deadline = parent->has_deadline;
    context->deadline_ns = parent->deadline_ns;
    link_to_parent(context, parent);
    return context;
}

/* If the parent's deadline is not later, the parent's timer serves for both. */
struct co_context *co_context_with_deadline(struct co_context *parent, int64_t deadline_ns)
{
    struct co_context *context = co_context_with_cancel(parent);
    if (!context || (parent->has_deadline && parent->deadline_ns <= deadline_ns))
        return context;
    context->has_deadline = true;
    context->deadline_ns = deadline_ns;
    co_timer_start(&context->timer, deadline_ns, deadline_is_over, context);
    return context;
}

struct co_context *co_context_with_timeout(struct co_context *parent, int64_t timeout_ns)
{
    return co_context_with_deadline(parent, co_clock_now_ns() + timeout_ns);
}

void co_context_release(struct co_context **context)
{
    struct co_context *it = *context;
    *context = NULL;
    if (!it)
        return;
    co_ensure(it != &background);
    if (it->timer.fn)
        co_timer_stop(
            &it->timer); /* with no lock held: it waits for a firing one, which takes it */
    end(it, CO_CONTEXT_CANCELLED);
    co_ensure(!it->first_child && !it->waiters.first);
    unlink_from_parent(it);
    if (it->has_done)
        co_chan_term(&it->done);
    free(it);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* The background's is NULL: a case that is never ready. */
struct co_chan *co_context_done(struct co_context *context)
{
    if (context == &background)
        return NULL;
    co_lock_take(&context->lock);
    if (!context->has_done) {
        co_chan_init(&context->done, 0, 0);
        context->has_done = true;
        if (status_of(context) != CO_CONTEXT_OK)
            co_chan_close(&context->done);
    }
    co_lock_drop(&context->lock);
    return &context->done;
}

bool co_context_enlist(struct co_context *context, struct co_waiter *waiter)
{
    if (context == &background)
        return true;
    co_lock_take(&context->lock);
    if (status_of(context) != CO_CONTEXT_OK) {
        co_lock_drop(&context->lock);
        return false;
    }
    co_waiters_push(&context->waiters, waiter);
    co_sanitize_release(&context->lock);
    return true;
}

CO_UNSANITIZED void co_context_enlisted(struct co_context *context)
{
    if (context != &background)
        co_lock_drop_unseen(&context->lock);
}

void co_context_delist(struct co_context *context, struct co_waiter *waiter)
{
    if (context == &background)
        return;
    co_lock_take(&context->lock);
    co_waiters_remove(&context->waiters, waiter);
    co_lock_drop(&context->lock);
}
