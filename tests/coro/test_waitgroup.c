/* SPDX-License-Identifier: MIT */
#include "coro/waitgroup.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/coro/suites.h"

static void nap_and_finish(void *arg)
{
    co_sleep(20 * CO_CLOCK_US);
    co_waitgroup_done(arg);
}

static void waits_for_all(void)
{
    struct co_waitgroup group = {0};
    co_waitgroup_wait(&group); /* nothing to wait for */
    for (int round = 0; round < 200; round++) {
        co_waitgroup_add(&group, 3);
        for (int i = 0; i < 3; i++)
            CU_ASSERT(co_spawn(nap_and_finish, &group));
        co_waitgroup_wait(&group);
    }
}

struct crowd {
    struct co_waitgroup gate, all;
    _Atomic int through;
};

static void pass_gate(void *arg)
{
    struct crowd *crowd = arg;
    co_waitgroup_wait(&crowd->gate);
    atomic_fetch_add(&crowd->through, 1);
    co_waitgroup_done(&crowd->all);
}

static void many_may_wait(void)
{
    enum { N = 300 };
    struct crowd crowd = {0};
    co_waitgroup_add(&crowd.gate, 1);
    co_waitgroup_add(&crowd.all, N);
    for (int i = 0; i < N; i++)
        CU_ASSERT(co_spawn(pass_gate, &crowd));
    co_sleep(2 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(crowd.through, 0);
    co_waitgroup_done(&crowd.gate);
    co_waitgroup_wait(&crowd.all);
    CU_ASSERT_EQUAL(crowd.through, N);
}

/* The group lies in a frame that is gone as soon as wait returns: done() must not touch it then. */
static void use_a_group_of_my_own(void *arg)
{
    for (int i = 0; i < 500; i++) {
        struct co_waitgroup group = {0};
        co_waitgroup_add(&group, 1);
        CU_ASSERT(co_spawn(nap_and_finish, &group));
        co_waitgroup_wait(&group);
    }
    co_waitgroup_done(arg);
}

static void short_lived_groups(void)
{
    struct co_waitgroup all = {0};
    co_waitgroup_add(&all, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT(co_spawn(use_a_group_of_my_own, &all));
    co_waitgroup_wait(&all);
}

static const struct unit_test tests[] = {
    {"waits_for_all", waits_for_all},
    {"many_may_wait", many_may_wait},
    {"short_lived_groups", short_lived_groups},
    {NULL, NULL},
};

const struct unit_suite suite_waitgroup = {.name = "waitgroup", .tests = tests};
