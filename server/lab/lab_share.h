/* SPDX-License-Identifier: MIT */
/*
 * How much of the machine experiments may take. While the service has little to do: whatever is
 * idle. While it is busy, all of them together get LAB_SHARE_PERMILLE of the service's processors:
 * even with the lowest priority they would run in each gap between two requests, and what they do
 * to caches and to sibling processors would cost the ledgers a third of their rate.
 *
 * The service is busy if it used more than LAB_SHARE_BUSY_PERMILLE of one processor a moment ago.
 */
#ifndef SERVER_LAB_LAB_SHARE_H
#define SERVER_LAB_LAB_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/mutex.h"

enum { LAB_SHARE_PERMILLE = 20, LAB_SHARE_BUSY_PERMILLE = 100 };

/* All zero: ready for use. */
struct lab_share {
    struct co_mutex mutex;     /* taken last; nothing parks under it */
    int64_t budget_ns;         /* processor time that may be used; below 0: it has been already */
    int64_t refilled_ns;       /* when that was so */
    int64_t looked_ns, own_ns; /* when the service's own processor time was so much */
    int64_t busy_until_ns;
};

/* So much was used. False: rest, and ask again a moment later. */
CO_MUST_CHECK bool lab_share_charge(struct lab_share *share, int64_t used_ns);

#endif
