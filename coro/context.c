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

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context_private.h"
#include "coro/lock.h"
#include "coro/timer.h"

struct context {
    struct lock lock;
    _Atomic int status;
    bool has_deadline;
    int64_t deadline_ns;
    struct context *parent;
    struct context *first_child, *next, *prev; /* siblings: under the parent's lock */
    struct waiters waiters;
    struct chan *done; /* made when first asked for */
    struct timer timer;
};

static struct context background = {.status = CONTEXT_OK};

struct context *context_background(void)
{
    return &background;
}

static enum context_status status_of(struct context *context)
{
    return (enum context_status)atomic_load_explicit(&context->status, memory_order_acquire);
}

enum context_status context_err(struct context *context)
{
    return status_of(context);
}

bool context_deadline(struct context *context, int64_t *deadline_ns)
{
    if (context->has_deadline)
        *deadline_ns = context->deadline_ns;
    return context->has_deadline;
}

/* --- ending ----------------------------------------------------------------------------------- */

static void end_one(struct context *context, enum context_status status, struct waiters *woken)
{
    atomic_store_explicit(&context->status, status, memory_order_release);
    if (context->done)
        chan_close(context->done);
    for (struct waiter *waiter; (waiter = waiters_claim(&context->waiters));)
        waiters_push(woken, waiter);
}

/* The first of the siblings that is still going. */
static struct context *going(struct context *sibling)
{
    while (sibling && status_of(sibling) != CONTEXT_OK)
        sibling = sibling->next;
    return sibling;
}

/* End it and all below: down to the first child, on to the next sibling, up when there is none.
 * The locks from `context` down to the one in hand are held. */
static void end(struct context *context, enum context_status status)
{
    struct waiters woken = {0};
    lock_take(&context->lock);
    if (status_of(context) != CONTEXT_OK) {
        lock_drop(&context->lock);
        return;
    }
    end_one(context, status, &woken);

    /* Down, sideways, up: no recursion, since a tree may be deeper than a stack. */
    struct context *at = context, *child = going(at->first_child);
    for (;;) {
        if (child) {
            lock_take(&child->lock);
            if (status_of(child) == CONTEXT_OK)
                end_one(child, status, &woken);
            at = child;
            child = going(at->first_child);
        } else if (at == context) {
            break;
        } else {
            struct context *ended = at;
            at = ended->parent;
            child = going(ended->next);
            lock_drop(&ended->lock);
        }
    }
    lock_drop(&context->lock);
    waiters_ready_all(&woken);
}

static void deadline_is_over(void *arg)
{
    end(arg, CONTEXT_DEADLINE);
}

void context_cancel(struct context *context)
{
    if (context != &background)
        end(context, CONTEXT_CANCELLED);
}

/* --- making and releasing --------------------------------------------------------------------- */

static void link_to_parent(struct context *context, struct context *parent)
{
    context->parent = parent;
    if (parent == &background)
        return;
    lock_take(&parent->lock);
    atomic_store_explicit(&context->status, status_of(parent), memory_order_release);
    context->next = parent->first_child;
    if (context->next)
        context->next->prev = context;
    parent->first_child = context;
    lock_drop(&parent->lock);
}

static void unlink_from_parent(struct context *context)
{
    struct context *parent = context->parent;
    if (parent == &background)
        return;
    lock_take(&parent->lock);
    *(context->prev ? &context->prev->next : &parent->first_child) = context->next;
    if (context->next)
        context->next->prev = context->prev;
    lock_drop(&parent->lock);
}

struct context *context_with_cancel(struct context *parent)
{
    struct context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->has_deadline = parent->has_deadline;
    context->deadline_ns = parent->deadline_ns;
    link_to_parent(context, parent);
    return context;
}

/* If the parent's deadline is not later, the parent's timer serves for both. */
struct context *context_with_deadline(struct context *parent, int64_t deadline_ns)
{
    struct context *context = context_with_cancel(parent);
    if (!context || (parent->has_deadline && parent->deadline_ns <= deadline_ns))
        return context;
    context->has_deadline = true;
    context->deadline_ns = deadline_ns;
    timer_start(&context->timer, deadline_ns, deadline_is_over, context);
    return context;
}

struct context *context_with_timeout(struct context *parent, int64_t timeout_ns)
{
    return context_with_deadline(parent, clock_now_ns() + timeout_ns);
}

void context_release(struct context **context)
{
    struct context *it = *context;
    *context = NULL;
    if (!it)
        return;
    ensure(it != &background);
    if (it->timer.fn)
        timer_stop(&it->timer); /* with no lock held: it waits for a firing one, which takes it */
    end(it, CONTEXT_CANCELLED);
    ensure(!it->first_child && !it->waiters.first);
    unlink_from_parent(it);
    chan_free(&it->done);
    free(it);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* The background's is NULL: a case that is never ready. */
struct chan *context_done(struct context *context)
{
    if (context == &background)
        return NULL;
    lock_take(&context->lock);
    if (!context->done) {
        context->done = chan_make(0, 0);
        ensure(context->done);
        if (status_of(context) != CONTEXT_OK)
            chan_close(context->done);
    }
    struct chan *done = context->done;
    lock_drop(&context->lock);
    return done;
}

bool context_enlist(struct context *context, struct waiter *waiter)
{
    if (context == &background)
        return true;
    lock_take(&context->lock);
    if (status_of(context) != CONTEXT_OK) {
        lock_drop(&context->lock);
        return false;
    }
    waiters_push(&context->waiters, waiter);
    sanitize_release(&context->lock);
    return true;
}

UNSANITIZED void context_enlisted(struct context *context)
{
    if (context != &background)
        lock_drop_unseen(&context->lock);
}

void context_delist(struct context *context, struct waiter *waiter)
{
    if (context == &background)
        return;
    lock_take(&context->lock);
    waiters_remove(&context->waiters, waiter);
    lock_drop(&context->lock);
}
