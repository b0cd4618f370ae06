/* SPDX-License-Identifier: MIT */
/* Turns at a bounded part of a worker's time. */
#include <stdatomic.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "server/http/share.h"
#include "tests/server/suites.h"

enum { PERCENT = 20, TAKERS = 50, TURNS = 20 };

static const int64_t turn_ns = 200 * CO_CLOCK_US;

struct crowd {
    struct share share;
    struct co_waitgroup running;
    int begun, next; /* takers that have begun; whose turn it is, in the first round */
    bool in_order, in_turn, overlap, pressed;
    int64_t spent_ns;
};

static void spin(int64_t until_ns)
{
    while (co_clock_now_ns() < until_ns)
        ;
}

static void take_turns(void *arg)
{
    struct crowd *crowd = arg;
    int me = crowd->begun++;
    for (int i = 0; i < TURNS; i++) {
        if (crowd->pressed)
            share_press(&crowd->share, co_clock_now_ns());
        int64_t since_ns = share_begin(&crowd->share);
        crowd->overlap |= crowd->in_turn;
        crowd->in_turn = true;
        if (i == 0)
            crowd->in_order &= crowd->next++ == me;
        spin(since_ns + turn_ns);
        crowd->spent_ns += co_clock_now_ns() - since_ns;
        crowd->in_turn = false;
        share_end(&crowd->share, since_ns);
    }
    co_waitgroup_done(&crowd->running);
}

static void run_crowd(struct crowd *crowd)
{
    co_waitgroup_add(&crowd->running, TAKERS);
    for (int i = 0; i < TAKERS; i++)
        co_ensure(co_spawn_local(take_turns, crowd));
    co_waitgroup_wait(&crowd->running);
}

/* However many want it, all get their turns in order, and the whole takes at least as long as the
 * part allows: what is charged for a turn is bounded, so a slow machine only adds to that. */
static void test_bounded_and_in_order(void)
{
    static struct crowd crowd;
    crowd = (struct crowd){.in_order = true};
    share_init(&crowd.share, PERCENT, PERCENT);
    int64_t from_ns = co_clock_now_ns();
    run_crowd(&crowd);
    int64_t took_ns = co_clock_now_ns() - from_ns;
    CU_ASSERT_TRUE(crowd.in_order);
    CU_ASSERT_FALSE(crowd.overlap);
    CU_ASSERT_TRUE(took_ns >= TAKERS * TURNS * turn_ns * 100 / PERCENT - 20 * CO_CLOCK_MS);
    CU_ASSERT_TRUE(crowd.share.used_ns >= (uint64_t)(TAKERS * TURNS * turn_ns));
    share_end_all(&crowd.share);
}

/* A taker that is alone and wants little never waits. */
static void test_little_is_had_at_once(void)
{
    struct share share;
    share_init(&share, PERCENT, PERCENT);
    for (int i = 0; i < 5; i++) {
        int64_t since_ns = share_begin(&share);
        share_end(&share, since_ns);
        CU_ASSERT_FALSE(share.timer_started);
    }
    share_end_all(&share);
}

/* What nobody else wants is more; what is pressed gets its smaller part, for a while. */
static void test_pressed_is_less(void)
{
    enum { ALONE = 100, PRESSED = 10 };
    int64_t took_ns[2];
    for (int pressed = 0; pressed < 2; pressed++) {
        static struct crowd crowd;
        crowd = (struct crowd){.in_order = true};
        share_init(&crowd.share, PRESSED, ALONE);
        crowd.pressed = pressed;
        int64_t from_ns = co_clock_now_ns();
        run_crowd(&crowd);
        took_ns[pressed] = co_clock_now_ns() - from_ns;
        share_end_all(&crowd.share);
    }
    int64_t least_ns = TAKERS * TURNS * turn_ns;
    CU_ASSERT_TRUE(took_ns[0] >= least_ns);
    CU_ASSERT_TRUE(took_ns[1] >= least_ns * 100 / PRESSED - 20 * CO_CLOCK_MS);
}

static const struct unit_test tests[] = {{"bounded_and_in_order", test_bounded_and_in_order},
    {"little_is_had_at_once", test_little_is_had_at_once},
    {"pressed_is_less", test_pressed_is_less}, {0}};
const struct unit_suite share_suite = {"share", 1, tests};
