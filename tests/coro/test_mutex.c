/* SPDX-License-Identifier: MIT */
#include "coro/mutex.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

enum { EACH = 40, ROUNDS = 500 };

struct shared {
    struct co_mutex mutex;
    struct co_waitgroup group;
    long count;
    bool inside, stop;
    int hogged, got;
};

static void count_up(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < ROUNDS; i++) {
        co_mutex_lock(&shared->mutex);
        CU_ASSERT_FALSE(shared->inside);
        shared->inside = true;
        shared->count++;
        if (i % 16 == 0)
            co_yield(); /* others of this worker run into the lock */
        shared->inside = false;
        co_mutex_unlock(&shared->mutex);
    }
    co_waitgroup_done(&shared->group);
}

static void start_counters(int index, void *arg)
{
    (void)index;
    struct shared *shared = arg;
    for (int i = 0; i < EACH; i++) {
        co_waitgroup_add(&shared->group, 1);
        CU_ASSERT(co_spawn_local(count_up, shared));
    }
}

static void no_update_is_lost(void)
{
    struct shared shared = {0};
    co_worker_each(start_counters, &shared);
    co_waitgroup_wait(&shared.group);
    CU_ASSERT_EQUAL(shared.count, (long)co_worker_count() * EACH * ROUNDS);
    CU_ASSERT(co_mutex_try_lock(&shared.mutex));
    CU_ASSERT_FALSE(co_mutex_try_lock(&shared.mutex));
    co_mutex_unlock(&shared.mutex);
}

/* Locks again immediately, always; sleeps with the lock held, so a fair share needs the
 * hand-over. */
static void hog(void *arg)
{
    struct shared *shared = arg;
    co_mutex_lock(&shared->mutex);
    while (!shared->stop) {
        shared->hogged++;
        co_sleep(200 * CO_CLOCK_US);
        co_mutex_unlock(&shared->mutex);
        co_mutex_lock(&shared->mutex);
    }
    co_mutex_unlock(&shared->mutex);
    co_waitgroup_done(&shared->group);
}

static void wants_it_too(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < 5; i++) {
        co_mutex_lock(&shared->mutex);
        shared->got++;
        co_mutex_unlock(&shared->mutex);
    }
    co_mutex_lock(&shared->mutex);
    shared->stop = true;
    co_mutex_unlock(&shared->mutex);
    co_waitgroup_done(&shared->group);
}

static void nobody_starves(void)
{
    struct shared shared = {0};
    co_waitgroup_add(&shared.group, 2);
    CU_ASSERT(co_spawn(hog, &shared));
    co_sleep(CO_CLOCK_MS);
    CU_ASSERT(co_spawn(wants_it_too, &shared));
    co_waitgroup_wait(&shared.group);
    CU_ASSERT_EQUAL(shared.got, 5);
    CU_ASSERT(shared.hogged < 200); /* about 6 turns of 1 ms */
}

static const struct unit_test tests[] = {
    {"no_update_is_lost", no_update_is_lost},
    {"nobody_starves", nobody_starves},
    {NULL, NULL},
};

const struct unit_suite suite_mutex = {.name = "mutex", .tests = tests};
