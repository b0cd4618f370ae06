/* SPDX-License-Identifier: MIT */
/* Counting coroutines by what they wait on, while they go on. */
#include "coro/census.h"

#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

enum { LOCKERS = 40, RECEIVERS = 7, CROWD = 10000, SOON_S = 30 };

static struct co_mutex mutex;
static struct co_chan *chan;
static struct co_waitgroup all;

static void lock_it(void *arg)
{
    (void)arg;
    co_mutex_lock(&mutex);
    co_mutex_unlock(&mutex);
    co_waitgroup_done(&all);
}

static void receive(void *arg)
{
    (void)arg;
    CU_ASSERT_EQUAL(co_chan_recv(chan, NULL), CO_CHAN_CLOSED);
    co_waitgroup_done(&all);
}

static const struct co_census_group *find(
    const struct co_census *census, const char *name, const char *why)
{
    for (size_t i = 0; i < census->count; i++)
        if (strcmp(census->groups[i].name, name) == 0 && strcmp(census->groups[i].why, why) == 0)
            return &census->groups[i];
    return NULL;
}

static uint32_t count_of(const struct co_census *census, const char *name, const char *why)
{
    const struct co_census_group *group = find(census, name, why);
    return group ? group->count : 0;
}

/* Until that many wait: they begin on either worker. */
static void take_until(struct co_census *census, uint32_t waiting)
{
    int64_t end_ns = co_clock_now_ns() + SOON_S * CO_CLOCK_S;
    do {
        co_sleep(CO_CLOCK_MS);
        co_census_take(census);
    } while (census->waiting != waiting && co_clock_now_ns() < end_ns);
}

static void test_by_name_and_reason(void)
{
    static struct co_census census;
    chan = co_chan_make(0, 0);
    co_mutex_lock(&mutex);
    CU_ASSERT_EQUAL(co_mutex_waiting(&mutex), 0);
    CU_ASSERT_TRUE(co_mutex_is_held(&mutex));
    co_waitgroup_add(&all, LOCKERS + RECEIVERS);
    for (int i = 0; i < LOCKERS; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn_named("locker", lock_it, NULL));
    for (int i = 0; i < RECEIVERS; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn(receive, NULL));
    take_until(&census, LOCKERS + RECEIVERS);
    CU_ASSERT_EQUAL(census.waiting, LOCKERS + RECEIVERS);
    CU_ASSERT_EQUAL(census.running, 1);
    CU_ASSERT_EQUAL(census.alive, census.waiting + census.running);
    CU_ASSERT_EQUAL(census.alive, co_runtime_alive());
    CU_ASSERT_EQUAL(count_of(&census, "locker", "mutex"), LOCKERS);
    CU_ASSERT_EQUAL(count_of(&census, "receive", "channel receive"), RECEIVERS);
    CU_ASSERT_EQUAL(census.others, 0);
    /* The largest comes first. */
    CU_ASSERT_PTR_EQUAL(find(&census, "locker", "mutex"), &census.groups[0]);
    CU_ASSERT_EQUAL(co_mutex_waiting(&mutex), LOCKERS);
    co_mutex_unlock(&mutex);
    CU_ASSERT_TRUE(co_chan_close(chan));
    co_waitgroup_wait(&all);
    CU_ASSERT_FALSE(co_mutex_is_held(&mutex));
    co_chan_free(&chan);
}

static void pass_by(void *arg)
{
    (void)arg;
    co_yield();
    co_waitgroup_done(&all);
}

/* Others come and go meanwhile; nothing is read that is not there. */
static void test_while_they_go_on(void)
{
    static struct co_census census;
    co_waitgroup_add(&all, CROWD);
    for (int i = 0; i < CROWD; i++) {
        while (!co_spawn(pass_by, NULL))
            co_sleep(CO_CLOCK_MS);
        if (i % 1000 == 0) {
            co_census_take(&census);
            CU_ASSERT_EQUAL(
                census.alive, census.fresh + census.ready + census.running + census.waiting);
            CU_ASSERT_TRUE(census.alive >= 1);
        }
    }
    co_waitgroup_wait(&all);
}

const struct unit_suite suite_census = {"census", 2,
    (const struct unit_test[]){{"by_name_and_reason", test_by_name_and_reason},
        {"while_they_go_on", test_while_they_go_on}, {0}}};
