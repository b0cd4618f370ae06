/* SPDX-License-Identifier: MIT */
#include "coro/eventcount.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/timer.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

struct visitor {
    struct co_eventcount *count;
    struct co_context *context;
    struct co_waitgroup *group;
    uint64_t value;
    enum co_eventcount_status status;
};

static void visit(void *arg)
{
    struct visitor *visitor = arg;
    visitor->status = co_eventcount_await(visitor->context, visitor->count, visitor->value);
    if (visitor->status == CO_EVENTCOUNT_REACHED)
        CU_ASSERT(co_eventcount_read(visitor->count) >= visitor->value);
    co_waitgroup_done(visitor->group);
}

enum { VISITORS = 200 };

/* Values in any order, the count goes up in steps, and everyone comes through. */
static void waiters_of_any_order(void)
{
    static struct visitor visitors[VISITORS];
    struct co_eventcount count = {0};
    struct co_waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    co_waitgroup_add(&group, VISITORS);
    for (int i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){.count = &count,
            .context = co_context_background(),
            .group = &group,
            .value = (uint64_t)rand_r(&seed) % 1000};
        CU_ASSERT(co_spawn(visit, &visitors[i]));
    }
    for (uint64_t value = 0; value <= 1000; value += 50) {
        co_eventcount_advance(&count, value);
        co_eventcount_advance(&count, value / 2); /* no effect */
        CU_ASSERT_EQUAL(co_eventcount_read(&count), value);
        co_sleep(20 * CO_CLOCK_US);
    }
    co_waitgroup_wait(&group);
    for (int i = 0; i < VISITORS; i++)
        CU_ASSERT_EQUAL(visitors[i].status, CO_EVENTCOUNT_REACHED);
}

/* The first and the last have ended before it is closed: in a seeded run no sleep would see to
 * that, as time may pass before they run. */
static void cancelled_and_closed(void)
{
    struct co_eventcount count = {0};
    struct co_waitgroup cancelled = {0}, closed = {0};
    struct co_context *context = co_context_with_cancel(co_context_background());
    struct visitor visitors[] = {
        {.count = &count, .context = context, .group = &cancelled, .value = 10},
        {.count = &count, .context = co_context_background(), .group = &closed, .value = 20},
        {.count = &count, .context = context, .group = &cancelled, .value = 5},
    };
    co_waitgroup_add(&cancelled, 2);
    co_waitgroup_add(&closed, 1);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(co_spawn(visit, &visitors[i]));
    co_sleep(CO_CLOCK_MS);
    co_eventcount_advance(&count, 7);
    co_sleep(CO_CLOCK_MS);
    co_context_cancel(context);
    co_waitgroup_wait(&cancelled);
    co_eventcount_close(&count);
    co_waitgroup_wait(&closed);
    CU_ASSERT_EQUAL(visitors[0].status, CO_EVENTCOUNT_CANCELLED);
    CU_ASSERT_EQUAL(visitors[1].status, CO_EVENTCOUNT_CLOSED);
    CU_ASSERT_EQUAL(visitors[2].status, CO_EVENTCOUNT_REACHED);
    CU_ASSERT_EQUAL(co_eventcount_await(context, &count, 7), CO_EVENTCOUNT_REACHED);
    CU_ASSERT_EQUAL(co_eventcount_await(co_context_background(), &count, 8), CO_EVENTCOUNT_CLOSED);
    co_context_release(&context);
}

/* A deadline that races with the advance: one of the two ends each wait, and both cases occur. */
static void advance_later(void *arg)
{
    struct visitor *visitor = arg;
    for (uint64_t i = 1; i <= 200; i++) {
        co_sleep(30 * CO_CLOCK_US);
        co_eventcount_advance(visitor->count, i);
    }
    co_waitgroup_done(visitor->group);
}

static void deadlines_race_with_advances(void)
{
    struct co_eventcount count = {0};
    struct co_waitgroup group = {0};
    struct visitor visitor = {.count = &count, .group = &group};
    co_waitgroup_add(&group, 1);
    CU_ASSERT(co_spawn(advance_later, &visitor));
    for (uint64_t next = 1; next <= 200;) {
        struct co_context *context =
            co_context_with_timeout(co_context_background(), 30 * CO_CLOCK_US);
        enum co_eventcount_status status = co_eventcount_await(context, &count, next);
        CU_ASSERT(status != CO_EVENTCOUNT_CLOSED);
        CU_ASSERT(
            status == CO_EVENTCOUNT_REACHED || co_context_err(context) == CO_CONTEXT_DEADLINE);
        next += status == CO_EVENTCOUNT_REACHED;
        co_context_release(&context);
    }
    co_waitgroup_wait(&group);
}

/* What is reached need not be waited for, but a loop of that leaves the others a turn. */
static void stand_by(void *arg)
{
    bool *seen = arg;
    *seen = true;
}

static void reached_starves_nobody(void)
{
    enum { TIMES = 1000 };
    struct co_eventcount count = {0};
    bool seen = false, woken = false;
    struct co_timer timer = {0};
    CU_ASSERT(co_spawn_local(stand_by, &seen));
    for (int i = 0; i < TIMES && !seen; i++)
        CU_ASSERT_EQUAL(
            co_eventcount_await(co_context_background(), &count, 0), CO_EVENTCOUNT_REACHED);
    CU_ASSERT_TRUE(seen);
    co_timer_start(&timer, co_clock_now_ns(), stand_by, &woken);
    for (int i = 0; i < 100 * TIMES && !woken; i++)
        CU_ASSERT_EQUAL(
            co_eventcount_await(co_context_background(), &count, 0), CO_EVENTCOUNT_REACHED);
    CU_ASSERT_TRUE(woken); /* nor does a timer wait forever */
    co_timer_stop(&timer);
}

static const struct unit_test tests[] = {
    {"reached_starves_nobody", reached_starves_nobody},
    {"waiters_of_any_order", waiters_of_any_order},
    {"cancelled_and_closed", cancelled_and_closed},
    {"deadlines_race_with_advances", deadlines_race_with_advances},
    {NULL, NULL},
};

const struct unit_suite suite_eventcount = {.name = "eventcount", .tests = tests};
