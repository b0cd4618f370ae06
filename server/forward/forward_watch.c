/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_watch.h"

#include "coro/clock.h"

enum { LOOK_MS = 100 };

static bool has_ended(const struct forward_watch *watch, struct forward_waiter *waiter)
{
    int64_t until_ns = atomic_load_explicit(&waiter->until_ns, memory_order_relaxed);
    bool (*is_over)(void *arg, uint64_t server) =
        waiter->only_reads ? watch->is_silent : watch->is_gone;
    return (until_ns && co_clock_now_ns() >= until_ns) || is_over(watch->arg, waiter->server);
}

static void look(void *arg)
{
    struct forward_watch *watch = arg;
    while (co_duty_rest(&watch->looking, LOOK_MS * CO_CLOCK_MS)) {
        co_lock_take(&watch->lock);
        for (struct forward_waiter *at = watch->first; at; at = at->next)
            if (has_ended(watch, at))
                co_context_cancel(at->context);
        co_lock_drop(&watch->lock);
    }
}

bool forward_watch_begin(struct forward_watch *watch)
{
    return co_duty_start("forward watch", &watch->looking, look, watch);
}

void forward_watch_end(struct forward_watch *watch)
{
    co_duty_stop(&watch->looking);
    co_ensure(!watch->first);
}

void forward_watch_add(struct forward_watch *watch, struct forward_waiter *waiter)
{
    co_lock_take(&watch->lock);
    waiter->next = watch->first;
    waiter->previous = &watch->first;
    if (watch->first)
        watch->first->previous = &waiter->next;
    watch->first = waiter;
    co_lock_drop(&watch->lock);
}

void forward_watch_remove(struct forward_watch *watch, struct forward_waiter *waiter)
{
    co_lock_take(&watch->lock);
    *waiter->previous = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    co_lock_drop(&watch->lock);
}
