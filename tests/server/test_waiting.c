/* SPDX-License-Identifier: MIT */
/* What waits for other servers: for how long, and how many may. */
#include "coro/clock.h"
#include "coro/co.h"
#include "server/forward/forward_quota.h"
#include "server/forward/forward_watch.h"
#include "tests/server/suites.h"

enum { LOOKS = 100, GONE = 7, LIVES = 8, SILENT = 9 };

static bool is_gone(void *arg, uint64_t server)
{
    (void)arg;
    return server == GONE;
}

static bool is_silent(void *arg, uint64_t server)
{
    return server == SILENT || is_gone(arg, server);
}

/* Within ten seconds, or within a few looks of 100 ms: not at all. */
static bool ends(const struct forward_waiter *waiter, int looks)
{
    for (int i = 0; i < looks && co_context_err(waiter->context) == CO_CONTEXT_OK; i++)
        co_sleep(100 * CO_CLOCK_MS);
    return co_context_err(waiter->context) != CO_CONTEXT_OK;
}

static void waiting_ends(void)
{
    struct forward_watch watch = {.is_gone = is_gone, .is_silent = is_silent};
    struct forward_waiter gone = {.server = GONE}, silent = {.server = LIVES}, other = silent;
    struct forward_waiter reads = {.server = SILENT, .only_reads = true}, pays = {.server = SILENT};
    struct forward_waiter *all[] = {&gone, &silent, &other, &reads, &pays};
    enum { ALL = sizeof all / sizeof all[0] };
    CU_ASSERT_FATAL(forward_watch_begin(&watch));
    for (int i = 0; i < ALL; i++) {
        all[i]->context = co_context_with_cancel(co_context_background());
        CU_ASSERT_PTR_NOT_NULL_FATAL(all[i]->context);
        forward_watch_add(&watch, all[i]);
    }
    CU_ASSERT(ends(&gone, LOOKS));
    CU_ASSERT(ends(&reads, LOOKS));
    CU_ASSERT_FALSE(ends(&pays, 3));
    CU_ASSERT_FALSE(ends(&silent, 3));
    atomic_store(&silent.until_ns, co_clock_now_ns() + 10 * CO_CLOCK_MS);
    CU_ASSERT(ends(&silent, LOOKS));
    CU_ASSERT_FALSE(ends(&other, 3));
    for (int i = 0; i < ALL; i++) {
        forward_watch_remove(&watch, all[i]);
        co_context_release(&all[i]->context);
    }
    forward_watch_end(&watch);
}

/* One server has half of the places at most, and two have all of them. */
static void a_server_has_half(void)
{
    struct forward_quota quota = {.most = 10};
    for (int i = 0; i < 5; i++)
        CU_ASSERT(forward_quota_enter(&quota, GONE));
    CU_ASSERT_FALSE(forward_quota_enter(&quota, GONE));
    for (int i = 0; i < 5; i++)
        CU_ASSERT(forward_quota_enter(&quota, LIVES));
    CU_ASSERT_FALSE(forward_quota_enter(&quota, LIVES + 1));
    forward_quota_leave(&quota, LIVES);
    CU_ASSERT_FALSE(forward_quota_enter(&quota, GONE));
    CU_ASSERT(forward_quota_enter(&quota, LIVES + 1));
    CU_ASSERT_EQUAL(forward_quota_open(&quota), 10);
    for (int i = 0; i < 5; i++)
        forward_quota_leave(&quota, GONE);
    for (int i = 0; i < 4; i++)
        forward_quota_leave(&quota, LIVES);
    forward_quota_leave(&quota, LIVES + 1);
    CU_ASSERT_EQUAL(forward_quota_open(&quota), 0);

    /* Without a number there is none; and of very many servers each gets in. */
    struct forward_quota any = {.most = 0}, many = {.most = 1000};
    for (uint64_t i = 0; i < 2 * FORWARD_QUOTA_SERVERS; i++)
        CU_ASSERT(forward_quota_enter(&any, 1) && forward_quota_enter(&many, i));
    for (uint64_t i = 2 * FORWARD_QUOTA_SERVERS; i-- > 0;) {
        forward_quota_leave(&any, 1);
        forward_quota_leave(&many, i);
    }
    CU_ASSERT(forward_quota_open(&any) == 0 && forward_quota_open(&many) == 0);
}

const struct unit_suite waiting_suite = {"waiting", 1,
    (const struct unit_test[]){
        {"waiting_ends", waiting_ends}, {"a_server_has_half", a_server_has_half}, {0}}};
