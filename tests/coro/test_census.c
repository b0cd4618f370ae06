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

static struct mutex mutex;
static struct chan *chan;
static struct waitgroup all;

static void lock_it(void *arg)
{
    (void)arg;
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
    waitgroup_done(&all);
}

static void receive(void *arg)
{
    (void)arg;
    CU_ASSERT_EQUAL(chan_recv(chan, NULL), CHAN_CLOSED);
    waitgroup_done(&all);
}

static const struct census_group *find(
    const struct census *census, const char *name, const char *why)
{
    for (size_t i = 0; i < census->count; i++)
        if (strcmp(census->groups[i].name, name) == 0 && strcmp(census->groups[i].why, why) == 0)
            return &census->groups[i];
    return NULL;
}

static uint32_t count_of(const struct census *census, const char *name, const char *why)
{
    const struct census_group *group = find(census, name, why);
    return group ? group->count : 0;
}

/* Until that many wait: they begin on either worker. */
static void take_until(struct census *census, uint32_t waiting)
{
    int64_t end_ns = clock_now_ns() + SOON_S * CLOCK_S;
    do {
        co_sleep(CLOCK_MS);
        census_take(census);
    } while (census->waiting != waiting && clock_now_ns() < end_ns);
}

static void test_by_name_and_reason(void)
{
    static struct census census;
    chan = chan_make(0, 0);
    mutex_lock(&mutex);
    CU_ASSERT_EQUAL(mutex_waiting(&mutex), 0);
    CU_ASSERT_TRUE(mutex_is_held(&mutex));
    waitgroup_add(&all, LOCKERS + RECEIVERS);
    for (int i = 0; i < LOCKERS; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn_named("locker", lock_it, NULL));
    for (int i = 0; i < RECEIVERS; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn(receive, NULL));
    take_until(&census, LOCKERS + RECEIVERS);
    CU_ASSERT_EQUAL(census.waiting, LOCKERS + RECEIVERS);
    CU_ASSERT_EQUAL(census.running, 1);
    CU_ASSERT_EQUAL(census.alive, census.waiting + census.running);
    CU_ASSERT_EQUAL(census.alive, runtime_alive());
    CU_ASSERT_EQUAL(count_of(&census, "locker", "mutex"), LOCKERS);
    CU_ASSERT_EQUAL(count_of(&census, "receive", "channel receive"), RECEIVERS);
    CU_ASSERT_EQUAL(census.others, 0);
    /* The largest comes first. */
    CU_ASSERT_PTR_EQUAL(find(&census, "locker", "mutex"), &census.groups[0]);
    CU_ASSERT_EQUAL(mutex_waiting(&mutex), LOCKERS);
    mutex_unlock(&mutex);
    CU_ASSERT_TRUE(chan_close(chan));
    waitgroup_wait(&all);
    CU_ASSERT_FALSE(mutex_is_held(&mutex));
    chan_free(&chan);
}

static void pass_by(void *arg)
{
    (void)arg;
    co_yield();
    waitgroup_done(&all);
}

/* Others come and go meanwhile; nothing is read that is not there. */
static void test_while_they_go_on(void)
{
    static struct census census;
    waitgroup_add(&all, CROWD);
    for (int i = 0; i < CROWD; i++) {
        while (!co_spawn(pass_by, NULL))
            co_sleep(CLOCK_MS);
        if (i % 1000 == 0) {
            census_take(&census);
            CU_ASSERT_EQUAL(
                census.alive, census.fresh + census.ready + census.running + census.waiting);
            CU_ASSERT_TRUE(census.alive >= 1);
        }
    }
    waitgroup_wait(&all);
}

const struct unit_suite suite_census = {"census", 2,
    (const struct unit_test[]){{"by_name_and_reason", test_by_name_and_reason},
        {"while_they_go_on", test_while_they_go_on}, {0}}};
