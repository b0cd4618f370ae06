/* SPDX-License-Identifier: MIT */
#include "coro/blocking.h"

#include <stdatomic.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

static _Atomic int inside, most_inside;

static void block(void *arg)
{
    CU_ASSERT_PTR_NULL(co_current());
    int now = atomic_fetch_add(&inside, 1) + 1;
    if (now > most_inside)
        most_inside = now;
    usleep(5000);
    atomic_fetch_sub(&inside, 1);
    ++*(int *)arg;
}

struct count {
    _Atomic int ticks;
};

static void tick(void *arg)
{
    co_sleep(CO_CLOCK_MS);
    atomic_fetch_add(&((struct count *)arg)->ticks, 1);
}

static void others_go_on_meanwhile(void)
{
    int blocked = 0;
    struct count count = {0};
    CU_ASSERT(co_spawn_local(tick, &count));
    co_blocking_call(block, &blocked);
    CU_ASSERT_EQUAL(blocked, 1);
    CU_ASSERT_EQUAL(count.ticks, 1);
}

struct call {
    struct co_waitgroup *group;
    int done;
};

static void call_blocking(void *arg)
{
    struct call *call = arg;
    co_blocking_call(block, &call->done);
    co_waitgroup_done(call->group);
}

static void more_calls_than_threads(void)
{
    enum { N = 100 };
    struct co_waitgroup group = {0};
    struct call calls[N];
    co_waitgroup_add(&group, N);
    for (int i = 0; i < N; i++) {
        calls[i] = (struct call){.group = &group};
        CU_ASSERT(co_spawn(call_blocking, &calls[i]));
    }
    co_waitgroup_wait(&group);
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(calls[i].done, 1);
    CU_ASSERT(most_inside > 1 && most_inside <= 16);
}

static const struct unit_test tests[] = {
    {"others_go_on_meanwhile", others_go_on_meanwhile},
    {"more_calls_than_threads", more_calls_than_threads},
    {NULL, NULL},
};

const struct unit_suite suite_blocking = {.name = "blocking", .tests = tests};
