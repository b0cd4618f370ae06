/* SPDX-License-Identifier: MIT */
/*
 * Whoever ends a turn wakes the next, if there is credit left; if not, a timer does. So while
 * somebody waits, either a woken coroutine is on its way to its turn, or the timer is started.
 */
#include "server/http/share.h"

#include <stddef.h>

#include "coro/clock.h"

/* What is saved up while nobody wants it; what a turn is charged at most, so that one which was
 * interrupted by the system does not stop all for long; what must be there before a queue goes on,
 * so that the timer serves several; how long others are thought to be about. */
static const int64_t saved_ns = CO_CLOCK_MS, turn_max_ns = 2 * CO_CLOCK_MS,
                     resume_ns = CO_CLOCK_MS / 10, pressed_for_ns = 100 * CO_CLOCK_MS;

void share_init(struct share *share, int percent, int alone_percent)
{
    *share = (struct share){.per_mille = percent * 10,
        .alone_per_mille = alone_percent * 10,
        .credit_ns = saved_ns,
        .counted_ns = co_clock_now_ns(),
        .pressed_ns = INT64_MIN / 2};
    share->last = &share->first;
}

void share_end_all(struct share *share)
{
    co_ensure(!share->first);
    if (share->timer_started)
        (void)co_timer_stop(&share->timer);
    share->timer_started = false;
}

/* While no requests come, streams may have the time that nobody else wants. */
static int64_t per_mille(const struct share *share, int64_t now_ns)
{
    return now_ns - share->pressed_ns < pressed_for_ns ? share->per_mille : share->alone_per_mille;
}

void share_press(struct share *share, int64_t now_ns)
{
    share->pressed_ns = now_ns;
}

static void count(struct share *share, int64_t now_ns)
{
    /* Credit grows with the time that passes, not with turns: a busy worker cannot starve it. */
    share->credit_ns += (now_ns - share->counted_ns) * per_mille(share, now_ns) / 1000;
    share->counted_ns = now_ns;
    if (share->credit_ns > saved_ns)
        share->credit_ns = saved_ns;
}

static void wake_first(struct share *share)
{
    struct share_waiter *waiter = share->first;
    if (!waiter)
        return;
    share->first = waiter->next;
    if (!share->first)
        share->last = &share->first;
    co_ready(waiter->co);
}

static void credit_is_there(void *arg)
{
    struct share *share = arg;
    share->timer_started = false;
    count(share, co_clock_now_ns());
    wake_first(share);
}

static void await_credit(struct share *share, int64_t now_ns)
{
    if (share->timer_started)
        return;
    share->timer_started = true;
    int64_t missing_ns = (resume_ns - share->credit_ns) * 1000 / per_mille(share, now_ns);
    co_timer_start(&share->timer, now_ns + missing_ns, credit_is_there, share);
}

static bool queue_up(struct co *co, void *arg)
{
    struct share_waiter *waiter = arg;
    waiter->co = co;
    return true;
}

int64_t share_begin(struct share *share)
{
    int64_t now_ns = co_clock_now_ns();
    count(share, now_ns);
    /* First come, first served: credit does not let anyone jump the queue. */
    if (!share->first && share->credit_ns > 0)
        return now_ns;
    /* Only this worker wakes, and it does not before the coroutine has left its stack. */
    struct share_waiter waiter = {.next = NULL};
    *share->last = &waiter;
    share->last = &waiter.next;
    await_credit(share, now_ns);
    co_park("share of time", queue_up, &waiter);
    return co_clock_now_ns();
}

void share_end(struct share *share, int64_t since_ns)
{
    int64_t now_ns = co_clock_now_ns(), took_ns = now_ns - since_ns;
    count(share, now_ns);
    /* The last turn may overdraw; the debt delays the next. */
    share->credit_ns -= took_ns < turn_max_ns ? took_ns : turn_max_ns;
    share->used_ns += (uint64_t)took_ns;
    /* Exactly one of the two keeps the queue moving. */
    if (share->first && !share->timer_started) {
        if (share->credit_ns > 0)
            wake_first(share);
        else
            await_credit(share, now_ns);
    }
}
