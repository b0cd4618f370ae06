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
        context_cancel(wait->context);
    else if (!atomic_load(&wait->ended))
        timer_start(&wait->timer, clock_now_ns() + left_ns, look, wait);
}

bool lease_wait_begin(struct lease_wait *wait, struct context *context, struct lease *lease)
{
    *wait = (struct lease_wait){.context = context_with_cancel(context), .lease = lease};
    if (!wait->context)
        return false;
    timer_start(&wait->timer, clock_now_ns() + lease_left_ns(lease), look, wait);
    return true;
}

void lease_wait_end(struct lease_wait *wait)
{
    atomic_store(&wait->ended, true);
    timer_stop(&wait->timer);
    timer_stop(&wait->timer); /* it may have started itself again before it saw that */
    context_release(&wait->context);
}

void lease_wait_bind(struct lease_claim *claim, struct context *work)
{
    struct lease *lease = claim->lease;
    lock_take(&lease->lock);
    claim->work = work;
    /* It may have been lost before there was anything to cancel. */
    if (work && atomic_load(&claim->standing) >= LEASE_FENCED)
        context_cancel(work);
    lock_drop(&lease->lock);
}
