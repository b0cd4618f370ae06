/* SPDX-License-Identifier: MIT */
/* The timer fires when the lease would be over, and starts itself again if it was renewed. */
#include "ledger/lease/lease_wait.h"

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"

static void look(void *arg)
{
    struct lease_wait *wait = arg;
    int64_t left_ns = lease_left_ns(wait->lease);
    if (left_ns <= 0)
        co_context_cancel(wait->context);
    else if (!atomic_load(&wait->ended))
        co_timer_start(&wait->timer, co_clock_now_ns() + left_ns, look, wait);
}

bool lease_wait_begin(struct lease_wait *wait, struct co_context *context, struct lease *lease)
{
    *wait = (struct lease_wait){.context = co_context_with_cancel(context), .lease = lease};
    if (!wait->context)
        return false;
    co_timer_start(&wait->timer, co_clock_now_ns() + lease_left_ns(lease), look, wait);
    return true;
}

void lease_wait_end(struct lease_wait *wait)
{
    atomic_store(&wait->ended, true);
    co_timer_stop(&wait->timer);
    co_timer_stop(&wait->timer); /* it may have started itself again before it saw that */
    co_context_release(&wait->context);
}

void lease_wait_bind(
    struct lease_claim *claim, void (*heed)(void *arg, enum lease_standing standing), void *arg)
{
    struct lease *lease = claim->lease;
    co_lock_take(&lease->lock);
    claim->heed = heed;
    claim->heed_arg = arg;
    /* It may have got worse before there was anybody to tell. */
    enum lease_standing standing = atomic_load(&claim->standing);
    if (heed && standing != LEASE_OURS)
        heed(arg, standing);
    co_lock_drop(&lease->lock);
}
