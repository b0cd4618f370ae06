/* SPDX-License-Identifier: MIT */
/* What is built of the primitives: group, ticker, pool, fan, topic, signals, views, typed spawn. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "coro/chan_view.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/fan.h"
#include "coro/group.h"
#include "coro/pool.h"
#include "coro/select.h"
#include "coro/signals.h"
#include "coro/ticker.h"
#include "coro/topic.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

/* --- group ------------------------------------------------------------------------------------ */

static int until_cancelled(struct co_context *context, void *arg)
{
    (void)arg;
    CU_ASSERT_EQUAL(co_chan_recv(co_context_done(context), NULL), CO_CHAN_CLOSED);
    return 99; /* not the first error */
}

static int fail_soon(struct co_context *context, void *arg)
{
    (void)context;
    co_sleep(CO_CLOCK_MS);
    return *(int *)arg;
}

static void first_error_cancels_the_rest(void)
{
    int error = 7, none = 0;
    struct co_group *group = co_group_make(co_context_background());
    for (int i = 0; i < 10; i++)
        CU_ASSERT(co_group_spawn(group, until_cancelled, NULL));
    CU_ASSERT(co_group_spawn(group, fail_soon, &error));
    CU_ASSERT_EQUAL(co_group_wait(&group), 7);
    CU_ASSERT_PTR_NULL(group);
    group = co_group_make(co_context_background());
    for (int i = 0; i < 10; i++)
        CU_ASSERT(co_group_spawn(group, fail_soon, &none));
    CU_ASSERT_EQUAL(co_group_wait(&group), 0);
}

/* --- ticker ----------------------------------------------------------------------------------- */

static void ticks_keep_their_times(void)
{
    int64_t from = co_clock_now_ns(), at = 0;
    struct co_ticker *ticker = co_ticker_make(CO_CLOCK_MS, 2 * CO_CLOCK_MS);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(co_chan_recv(co_ticker_chan(ticker), &at), CO_CHAN_OK);
        CU_ASSERT(at >= from + CO_CLOCK_MS + i * 2 * CO_CLOCK_MS);
    }
    co_sleep(7 * CO_CLOCK_MS); /* several ticks, of which one is kept */
    CU_ASSERT_EQUAL(co_chan_len(co_ticker_chan(ticker)), 1);
    co_ticker_free(&ticker);
    for (int i = 0; i < 200; i++) {
        ticker = co_ticker_make(i % 7 * CO_CLOCK_US, 5 * CO_CLOCK_US);
        co_sleep(i % 5 * 3 * CO_CLOCK_US);
        co_ticker_free(&ticker);
    }
}

static void after_a_while_in_a_select(void)
{
    struct co_chan *never = co_chan_make(0, 0);
    struct co_ticker *after = co_ticker_make(CO_CLOCK_MS, 0);
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = never},
        {.op = CO_SELECT_RECV, .chan = co_ticker_chan(after)},
    };
    CU_ASSERT_EQUAL(co_select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(co_select_timeout(cases, 2, 2 * CO_CLOCK_MS), CO_SELECT_NONE); /* once only */
    co_ticker_free(&after);
    co_chan_free(&never);
}

/* --- pool ------------------------------------------------------------------------------------- */

struct tally {
    _Atomic int done, running, most;
    struct co_chan *hold;
};

static void work(void *arg)
{
    struct tally *tally = arg;
    int running = atomic_fetch_add(&tally->running, 1) + 1;
    if (running > tally->most)
        tally->most = running;
    if (tally->hold)
        CU_ASSERT_EQUAL(co_chan_recv(tally->hold, NULL), CO_CHAN_CLOSED);
    co_yield();
    atomic_fetch_sub(&tally->running, 1);
    atomic_fetch_add(&tally->done, 1);
}

static void a_pool_is_bounded(void)
{
    struct tally tally = {0};
    struct co_pool *pool = co_pool_make(4, 8);
    for (int i = 0; i < 500; i++)
        co_pool_submit(pool, work, &tally);
    co_pool_close(&pool);
    CU_ASSERT_EQUAL(tally.done, 500);
    CU_ASSERT(tally.most <= 4 && tally.most > 1);

    tally.hold = co_chan_make(0, 0);
    pool = co_pool_make(2, 3);
    int taken = 0;
    for (int i = 0; i < 20; i++, co_sleep(50 * CO_CLOCK_US))
        taken += co_pool_try_submit(pool, work, &tally);
    CU_ASSERT_EQUAL(taken, 2 + 3);
    co_chan_close(tally.hold);
    co_pool_close(&pool);
    CU_ASSERT_EQUAL(tally.done, 505);
    co_chan_free(&tally.hold);
}

/* --- fan -------------------------------------------------------------------------------------- */

static void square(void *item, void *arg)
{
    int n = *(int *)item;
    n *= n;
    CU_ASSERT_EQUAL(co_chan_send(arg, &n), CO_CHAN_OK);
}

struct stage {
    struct co_waitgroup done;
    struct co_chan *out;
};

static void close_when_done(void *arg)
{
    struct stage *stage = arg;
    co_waitgroup_wait(&stage->done);
    co_chan_close(stage->out);
}

static void number(void *arg)
{
    for (int i = 1; i <= 100; i++)
        CU_ASSERT_EQUAL(co_chan_send(arg, &i), CO_CHAN_OK);
    co_chan_close(arg);
}

static void out_to_many_and_in_again(void)
{
    enum { STAGES = 3, WORKERS = 4 };
    struct co_chan *numbers = co_chan_make(sizeof(int), 0), *outs[STAGES];
    struct stage stages[STAGES];
    for (int i = 0; i < STAGES; i++) {
        outs[i] = co_chan_make(sizeof(int), 2);
        stages[i] = (struct stage){.out = outs[i]};
        CU_ASSERT(co_fan_out(numbers, WORKERS, square, outs[i], &stages[i].done));
        CU_ASSERT(co_spawn(close_when_done, &stages[i]));
    }
    struct co_chan *merged = co_fan_in(outs, STAGES, 4);
    CU_ASSERT(co_spawn(number, numbers));
    long sum = 0;
    int item;
    while (co_chan_recv(merged, &item) == CO_CHAN_OK)
        sum += item;
    CU_ASSERT_EQUAL(sum, 100L * 101 * 201 / 6);
    co_sleep(2 * CO_CLOCK_MS); /* the last helpers end */
    for (int i = 0; i < STAGES; i++)
        co_chan_free(&outs[i]);
    co_chan_free(&merged);
    co_chan_free(&numbers);
}

/* --- topic ------------------------------------------------------------------------------------ */

static void a_slow_subscriber_misses_visibly(void)
{
    struct co_topic *topic = co_topic_make(sizeof(int));
    struct co_subscription *slow = co_topic_subscribe(topic, 2),
                           *quick = co_topic_subscribe(topic, 100);
    for (int i = 0; i < 10; i++)
        co_topic_publish(topic, &i);
    CU_ASSERT_EQUAL(co_topic_missed(slow), 8);
    CU_ASSERT_EQUAL(co_topic_missed(slow), 0);
    CU_ASSERT_EQUAL(co_topic_missed(quick), 0);
    for (int i = 0, item; i < 10; i++) {
        CU_ASSERT_EQUAL(co_chan_recv(co_topic_chan(quick), &item), CO_CHAN_OK);
        CU_ASSERT_EQUAL(item, i);
    }
    co_topic_close(topic);
    CU_ASSERT_EQUAL(co_chan_recv(co_topic_chan(quick), NULL), CO_CHAN_CLOSED);
    CU_ASSERT_EQUAL(co_chan_len(co_topic_chan(slow)), 2);
    struct co_subscription *late = co_topic_subscribe(topic, 1);
    CU_ASSERT_EQUAL(co_chan_recv(co_topic_chan(late), NULL), CO_CHAN_CLOSED);
    co_topic_unsubscribe(topic, &slow);
    co_topic_unsubscribe(topic, &quick);
    co_topic_unsubscribe(topic, &late);
    co_topic_free(&topic);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void signals_come_as_items(void)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2}, bad[] = {SIGUSR1, SIGKILL};
    struct co_signals *signals = co_signals_open(numbers, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(signals);
    CU_ASSERT_PTR_NULL(co_signals_open(bad, 1)); /* it is taken */
    CU_ASSERT_EQUAL(errno, EBUSY);
    int got = 0;
    kill(getpid(), SIGUSR2);
    CU_ASSERT_EQUAL(co_chan_recv(co_signals_chan(signals), &got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(got, SIGUSR2);
    kill(getpid(), SIGUSR1);
    CU_ASSERT_EQUAL(co_chan_recv(co_signals_chan(signals), &got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(got, SIGUSR1);
    co_signals_close(&signals);
    CU_ASSERT_PTR_NULL(co_signals_open(bad, 2));
    signals = co_signals_open(numbers, 1); /* and nothing was kept of the failed try */
    CU_ASSERT_PTR_NOT_NULL_FATAL(signals);
    co_signals_close(&signals);
}

/* --- views and typed spawn -------------------------------------------------------------------- */

struct errand {
    struct co_chan_sender to;
    int item;
};

CO_FUNCTION(run_errand, struct errand *, errand)
{
    CU_ASSERT_EQUAL(co_chan_sender_send(errand->to, &errand->item), CO_CHAN_OK);
    CU_ASSERT(co_chan_sender_close(errand->to));
}

static void one_end_of_a_channel(void)
{
    struct co_chan *chan = co_chan_make(sizeof(int), 0);
    struct co_chan_receiver from = co_chan_receiver(chan);
    struct errand errand = {co_chan_sender(chan), 5};
    int item = 0;
    CU_ASSERT(co_spawn_typed(run_errand, &errand));
    CU_ASSERT_EQUAL(co_chan_receiver_recv(from, &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(item, 5);
    CU_ASSERT_EQUAL(co_chan_receiver_recv(from, &item), CO_CHAN_CLOSED);
    co_chan_free(&chan);
}

static const struct unit_test tests[] = {
    {"first_error_cancels_the_rest", first_error_cancels_the_rest},
    {"ticks_keep_their_times", ticks_keep_their_times},
    {"after_a_while_in_a_select", after_a_while_in_a_select},
    {"a_pool_is_bounded", a_pool_is_bounded},
    {"out_to_many_and_in_again", out_to_many_and_in_again},
    {"a_slow_subscriber_misses_visibly", a_slow_subscriber_misses_visibly},
    {"signals_come_as_items", signals_come_as_items},
    {"one_end_of_a_channel", one_end_of_a_channel},
    {NULL, NULL},
};

const struct unit_suite suite_flow = {.name = "flow", .tests = tests};
