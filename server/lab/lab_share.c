/* SPDX-License-Identifier: MIT */
/* A bucket of processor time that fills while the service is busy, and is full when it is not. */
#include "server/lab/lab_share.h"

#include <sys/resource.h>

#include "coro/clock.h"
#include "coro/worker.h"

/* What is short is not stopped for; what follows pays for it. */
static const int64_t full_ns = 100 * CO_CLOCK_MS, look_every_ns = 100 * CO_CLOCK_MS;
static const int64_t stays_busy_ns = CO_CLOCK_S;

/* Of our own threads, and of no child. */
static int64_t own_ns(void)
{
    struct rusage usage;
    co_ensure(getrusage(RUSAGE_SELF, &usage) == 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CO_CLOCK_S +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * CO_CLOCK_US;
}

/* Was much used since the last look? Then it counts as busy for a while, so that a pause is not
 * taken for the end. */
static void look(struct lab_share *share, int64_t now_ns)
{
    int64_t passed_ns = now_ns - share->looked_ns;
    if (passed_ns < look_every_ns)
        return;
    int64_t own = own_ns();
    if ((own - share->own_ns) * 1000 > passed_ns * LAB_SHARE_BUSY_PERMILLE && share->looked_ns)
        share->busy_until_ns = now_ns + stays_busy_ns;
    share->own_ns = own;
    share->looked_ns = now_ns;
}

static void refill(struct lab_share *share, int64_t now_ns)
{
    int64_t processors = co_worker_count();
    int64_t passed_ns = now_ns - share->refilled_ns;
    bool is_busy = now_ns < share->busy_until_ns;
    share->refilled_ns = now_ns;
    /* Longer ago than any run: it is full, and the product stays small. */
    if (!is_busy || passed_ns > 100 * CO_CLOCK_S)
        share->budget_ns = full_ns;
    else
        share->budget_ns += passed_ns * LAB_SHARE_PERMILLE / 1000 * processors;
    if (share->budget_ns > full_ns)
        share->budget_ns = full_ns;
}

bool lab_share_charge(struct lab_share *share, int64_t used_ns)
{
    co_mutex_lock(&share->mutex);
    int64_t now_ns = co_clock_now_ns();
    look(share, now_ns);
    /* In this order: what was used while the service was not busy is given. */
    share->budget_ns -= used_ns;
    refill(share, now_ns);
    bool may_go_on = share->budget_ns > 0;
    co_mutex_unlock(&share->mutex);
    return may_go_on;
}
