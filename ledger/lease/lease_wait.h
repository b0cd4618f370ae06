/* SPDX-License-Identifier: MIT */
/*
 * A wait that lasts no longer than the lease: its context ends with the one that it is made from,
 * or as soon as the lease is over. What is waited for could not be told then, and whoever asked
 * learns that immediately.
 */
#ifndef LEDGER_LEASE_LEASE_WAIT_H
#define LEDGER_LEASE_LEASE_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "coro/context.h"
#include "coro/timer.h"
#include "ledger/lease/lease.h"

/* Lies in the waiting caller's memory, and must not move meanwhile. */
struct lease_wait {
    struct co_context *context; /* what to wait with */
    struct lease *lease;
    struct co_timer timer;
    _Atomic bool ended;
};

/* False: memory is short, and there is nothing to end. Neither of them parks. */
CO_MUST_CHECK bool lease_wait_begin(
    struct lease_wait *wait, struct co_context *context, struct lease *lease);
void lease_wait_end(struct lease_wait *wait);

/* From now on, call this when the claim's standing gets worse, and now if it is not OURS. It is
 * called under the lease's lock: it must neither park nor call anything of the lease. NULL: nothing
 * any more, and no such call is under way. Never parks. */
void lease_wait_bind(
    struct lease_claim *claim, void (*heed)(void *arg, enum lease_standing standing), void *arg);

#endif
