/* SPDX-License-Identifier: MIT */
#include "coro/eventcount.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/timer.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

struct visitor {
    struct eventcount *count;
    struct context *context;
    struct waitgroup *group;
    uint64_t value;
    enum eventcount_status status;
};

static void visit(void *arg)
{
    struct visitor *visitor = arg;
    visitor->status = eventcount_await(visitor->context, visitor->count, visitor->value);
    if (visitor->status == EVENTCOUNT_REACHED)
        CU_ASSERT(eventcount_read(visitor->count) >= visitor->value);
    waitgroup_done(visitor->group);
}

enum { VISITORS = 200 };

/* Values in any order, the count goes up in steps, and everyone comes through. */
static void waiters_of_any_order(void)
{
    static struct visitor visitors[VISITORS];
    struct eventcount count = {0};
    struct waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    waitgroup_add(&group, VISITORS);
    for (int i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){.count = &count,
            .context = context_background(),
            .group = &group,
            .value = (uint64_t)rand_r(&seed) % 1000};
        CU_ASSERT(co_spawn(visit, &visitors[i]));
    }
    for (uint64_t value = 0; value <= 1000; value += 50) {
        eventcount_advance(&count, value);
        eventcount_advance(&count, value / 2); /* no effect */
        CU_ASSERT_EQUAL(eventcount_read(&count), value);
        co_sleep(20 * CLOCK_US);
    }
    waitgroup_wait(&group);
    for (int i = 0; i < VISITORS; i++)
        CU_ASSERT_EQUAL(visitors[i].status, EVENTCOUNT_REACHED);
}

static void cancelled_and_closed(void)
{
    struct eventcount count = {0};
    struct waitgroup group = {0};
    struct context *context = context_with_cancel(context_background());
    struct visitor visitors[] = {
        {.count = &count, .context = context, .group = &group, .value = 10},
        {.count = &count, .context = context_background(), .group = &group, .value = 20},
        {.count = &count, .context = context, .group = &group, .value = 5},
    };
    waitgroup_add(&group, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(co_spawn(visit, &visitors[i]));
    co_sleep(CLOCK_MS);
    eventcount_advance(&count, 7);
    co_sleep(CLOCK_MS);
    context_cancel(context);
    co_sleep(CLOCK_MS);
    eventcount_close(&count);
    waitgroup_wait(&group);
    CU_ASSERT_EQUAL(visitors[0].status, EVENTCOUNT_CANCELLED);
    CU_ASSERT_EQUAL(visitors[1].status, EVENTCOUNT_CLOSED);
    CU_ASSERT_EQUAL(visitors[2].status, EVENTCOUNT_REACHED);
    CU_ASSERT_EQUAL(eventcount_await(context, &count, 7), EVENTCOUNT_REACHED);
    CU_ASSERT_EQUAL(eventcount_await(context_background(), &count, 8), EVENTCOUNT_CLOSED);
    context_release(&context);
}

/* A deadline that races with the advance: one of the two ends each wait, and both cases occur. */
static void advance_later(void *arg)
{
    struct visitor *visitor = arg;
    for (uint64_t i = 1; i <= 200; i++) {
        co_sleep(30 * CLOCK_US);
        eventcount_advance(visitor->count, i);
    }
    waitgroup_done(visitor->group);
}

static void deadlines_race_with_advances(void)
{
    struct eventcount count = {0};
    struct waitgroup group = {0};
    struct visitor visitor = {.count = &count, .group = &group};
    waitgroup_add(&group, 1);
    CU_ASSERT(co_spawn(advance_later, &visitor));
    for (uint64_t next = 1; next <= 200;) {
        struct context *context = context_with_timeout(context_background(), 30 * CLOCK_US);
        enum eventcount_status status = eventcount_await(context, &count, next);
        CU_ASSERT(status != EVENTCOUNT_CLOSED);
        CU_ASSERT(status == EVENTCOUNT_REACHED || context_err(context) == CONTEXT_DEADLINE);
        next += status == EVENTCOUNT_REACHED;
        context_release(&context);
    }
    waitgroup_wait(&group);
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
    struct eventcount count = {0};
    bool seen = false, woken = false;
    struct timer timer = {0};
    CU_ASSERT(co_spawn_local(stand_by, &seen));
    for (int i = 0; i < TIMES && !seen; i++)
        CU_ASSERT_EQUAL(eventcount_await(context_background(), &count, 0), EVENTCOUNT_REACHED);
    CU_ASSERT_TRUE(seen);
    timer_start(&timer, clock_now_ns(), stand_by, &woken);
    for (int i = 0; i < 100 * TIMES && !woken; i++)
        CU_ASSERT_EQUAL(eventcount_await(context_background(), &count, 0), EVENTCOUNT_REACHED);
    CU_ASSERT_TRUE(woken); /* nor does a timer wait forever */
    timer_stop(&timer);
}

static const struct unit_test tests[] = {
    {"reached_starves_nobody", reached_starves_nobody},
    {"waiters_of_any_order", waiters_of_any_order},
    {"cancelled_and_closed", cancelled_and_closed},
    {"deadlines_race_with_advances", deadlines_race_with_advances},
    {NULL, NULL},
};

const struct unit_suite suite_eventcount = {.name = "eventcount", .tests = tests};
