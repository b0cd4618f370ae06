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
    struct timer timer;
    struct waitgroup *group;
    int64_t fired_ns;
    int place;
};

static int fired;

static void fire(void *arg)
{
    struct shot *shot = arg;
    shot->fired_ns = clock_now_ns();
    shot->place = fired++;
    waitgroup_done(shot->group);
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
    struct waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    int64_t now = clock_now_ns();
    fired = 0;
    waitgroup_add(&group, TIMERS);
    for (int i = 0; i < TIMERS; i++) {
        shots[i] = (struct shot){.group = &group};
        sorted[i] = &shots[i];
        int64_t at = now + rand_r(&seed) % 10000 * 1000 + i; /* no two at the same time */
        timer_start(&shots[i].timer, at, fire, &shots[i]);
    }
    waitgroup_wait(&group);
    qsort(sorted, TIMERS, sizeof *sorted, by_time);
    for (int i = 0; i < TIMERS; i++) {
        CU_ASSERT_EQUAL(sorted[i]->place, i);
        CU_ASSERT(sorted[i]->fired_ns >= sorted[i]->timer.at_ns);
        CU_ASSERT_FALSE(timer_stop(&sorted[i]->timer));
    }
}

static void stopped_ones_do_not_fire(void)
{
    static struct shot shots[TIMERS];
    struct waitgroup group = {0};
    unsigned seed = (unsigned)unit_seed();
    int64_t now = clock_now_ns();
    for (int i = 0; i < TIMERS; i++) {
        shots[i] = (struct shot){.group = &group};
        waitgroup_add(&group, 1);
        int64_t at = now + 20 * CLOCK_MS + rand_r(&seed) % (5 * CLOCK_MS);
        timer_start(&shots[i].timer, at, fire, &shots[i]);
    }
    for (int i = 0; i < TIMERS; i++)
        if (i % 3 != 0) {
            CU_ASSERT(timer_stop(&shots[i].timer));
            CU_ASSERT_FALSE(timer_stop(&shots[i].timer));
            waitgroup_done(&group);
        }
    waitgroup_wait(&group);
    for (int i = 0; i < TIMERS; i++)
        CU_ASSERT_EQUAL(shots[i].fired_ns != 0, i % 3 == 0);
}

static void never_started_can_be_stopped(void)
{
    struct timer timer = {0};
    CU_ASSERT_FALSE(timer_stop(&timer));
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
    struct chan **ends = arg;
    struct timer *timer;
    while (chan_recv(ends[0], &timer) == CHAN_OK) {
        bool stopped = timer_stop(timer);
        CU_ASSERT_EQUAL(chan_send(ends[1], &stopped), CHAN_OK);
    }
}

static void start_stopper(int index, void *arg)
{
    if (index == (worker_count() > 1 ? 1 : 0))
        CU_ASSERT(co_spawn_local(stop_it, arg));
}

static void stop_from_another_worker(void)
{
    struct chan *ends[2] = {chan_make(sizeof(struct timer *), 0), chan_make(sizeof(bool), 0)};
    worker_each(start_stopper, ends);
    for (int i = 0; i < 300; i++) {
        struct rung rung = {0};
        struct timer timer = {0}, *it = &timer;
        bool stopped = false;
        timer_start(&timer, clock_now_ns() + i % 50 * CLOCK_US, ring, &rung);
        CU_ASSERT_EQUAL(chan_send(ends[0], &it), CHAN_OK);
        CU_ASSERT_EQUAL(chan_recv(ends[1], &stopped), CHAN_OK);
        CU_ASSERT_EQUAL(rung.times, stopped ? 0 : 1);
    }
    chan_close(ends[0]);
    co_sleep(CLOCK_MS);
    chan_free(&ends[0]);
    chan_free(&ends[1]);
}

static const struct unit_test tests[] = {
    {"fire_in_order_of_time", fire_in_order_of_time},
    {"stopped_ones_do_not_fire", stopped_ones_do_not_fire},
    {"never_started_can_be_stopped", never_started_can_be_stopped},
    {"stop_from_another_worker", stop_from_another_worker},
    {NULL, NULL},
};

const struct unit_suite suite_timer = {.name = "timer", .tests = tests};
