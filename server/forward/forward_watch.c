/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_watch.h"

#include "coro/clock.h"

enum { LOOK_MS = 100 };

static bool is_among(const uint64_t *servers, size_t count, uint64_t server)
{
    for (size_t i = 0; i < count; i++)
        if (servers[i] == server)
            return true;
    return false;
}

static void look(void *arg)
{
    struct forward_watch *watch = arg;
    uint64_t servers[FORWARD_SERVERS];
    while (co_duty_rest(&watch->looking, LOOK_MS * CO_CLOCK_MS)) {
        size_t count = watch->living(watch->arg, servers);
        if (count == 0 || count == FORWARD_SERVERS)
            continue; /* none is known, or there may be more */
        co_lock_take(&watch->lock);
        for (struct forward_waiter *at = watch->first; at; at = at->next)
            if (!is_among(servers, count, at->server))
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
