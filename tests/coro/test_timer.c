/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/timer.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

enum { TIMERS = 500 };

struct shot {
    struct co_timer timer;
    struct co_waitgroup *group;
    int64_t fired_ns;
    int place;
};

static int fired;

static void fire(void *arg)
{
    struct shot *shot = arg;
    shot->fired_ns = co_clock_now_ns();
    shot->place = fired++;
    co_waitgroup_done(shot->group);
}

static int by_time(const void *a, const void *b)
{
    const struct shot *x = *(struct shot *const *)a, *y = *(struct shot *const *)b;
    return x->timer.at_ns < y->timer.at_ns ? -1 : x->timer.at_ns > y->timer.at_ns;
}

static void fire_in_order_of_time(void)
{
    static struct shot shots[TIMERS];
    static struct shot *sorted[TIMERS];
    struct co_waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    int64_t now = co_clock_now_ns();
    fired = 0;
    co_waitgroup_add(&group, TIMERS);
    for (int i = 0; i < TIMERS; i++) {
        shots[i] = (struct shot){.group = &group};
        sorted[i] = &shots[i];
        int64_t at = now + rand_r(&seed) % 10000 * 1000 + i; /* no two at the same time */
        co_timer_start(&shots[i].timer, at, fire, &shots[i]);
    }
    co_waitgroup_wait(&group);
    qsort(sorted, TIMERS, sizeof *sorted, by_time);
    for (int i = 0; i < TIMERS; i++) {
        CU_ASSERT_EQUAL(sorted[i]->place, i);
        CU_ASSERT(sorted[i]->fired_ns >= sorted[i]->timer.at_ns);
        CU_ASSERT_FALSE(co_timer_stop(&sorted[i]->timer));
    }
}

static void stopped_ones_do_not_fire(void)
{
    static struct shot shots[TIMERS];
    struct co_waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    int64_t now = co_clock_now_ns();
    for (int i = 0; i < TIMERS; i++) {
        shots[i] = (struct shot){.group = &group};
        co_waitgroup_add(&group, 1);
        int64_t at = now + 20 * CO_CLOCK_MS + rand_r(&seed) % (5 * CO_CLOCK_MS);
        co_timer_start(&shots[i].timer, at, fire, &shots[i]);
    }
    for (int i = 0; i < TIMERS; i++)
        if (i % 3 != 0) {
            CU_ASSERT(co_timer_stop(&shots[i].timer));
            CU_ASSERT_FALSE(co_timer_stop(&shots[i].timer));
            co_waitgroup_done(&group);
        }
    co_waitgroup_wait(&group);
    for (int i = 0; i < TIMERS; i++)
        CU_ASSERT_EQUAL(shots[i].fired_ns != 0, i % 3 == 0);
}

static void never_started_can_be_stopped(void)
{
    struct co_timer timer = {0};
    CU_ASSERT_FALSE(co_timer_stop(&timer));
}

/* A timer that is stopped from another worker while it may be firing: afterwards it is quiet. */
struct rung {
    _Atomic int times;
};

static void ring(void *arg)
{
    atomic_fetch_add(&((struct rung *)arg)->times, 1);
}

static void stop_it(void *arg)
{
    struct co_chan **ends = arg;
    struct co_timer *timer;
    while (co_chan_recv(ends[0], &timer) == CO_CHAN_OK) {
        bool stopped = co_timer_stop(timer);
        CU_ASSERT_EQUAL(co_chan_send(ends[1], &stopped), CO_CHAN_OK);
    }
}

static void start_stopper(int index, void *arg)
{
    if (index == (co_worker_count() > 1 ? 1 : 0))
        CU_ASSERT(co_spawn_local(stop_it, arg));
}

static void stop_from_another_worker(void)
{
    struct co_chan *ends[2] = {
        co_chan_make(sizeof(struct co_timer *), 0), co_chan_make(sizeof(bool), 0)};
    co_worker_each(start_stopper, ends);
    for (int i = 0; i < 300; i++) {
        struct rung rung = {0};
        struct co_timer timer = {0}, *it = &timer;
        bool stopped = false;
        co_timer_start(&timer, co_clock_now_ns() + i % 50 * CO_CLOCK_US, ring, &rung);
        CU_ASSERT_EQUAL(co_chan_send(ends[0], &it), CO_CHAN_OK);
        CU_ASSERT_EQUAL(co_chan_recv(ends[1], &stopped), CO_CHAN_OK);
        CU_ASSERT_EQUAL(rung.times, stopped ? 0 : 1);
    }
    co_chan_close(ends[0]);
    co_sleep(CO_CLOCK_MS);
    co_chan_free(&ends[0]);
    co_chan_free(&ends[1]);
}

static const struct unit_test tests[] = {
    {"fire_in_order_of_time", fire_in_order_of_time},
    {"stopped_ones_do_not_fire", stopped_ones_do_not_fire},
    {"never_started_can_be_stopped", never_started_can_be_stopped},
    {"stop_from_another_worker", stop_from_another_worker},
    {NULL, NULL},
};

const struct unit_suite suite_timer = {.name = "timer", .tests = tests};
