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

static int until_cancelled(struct context *context, void *arg)
{
    (void)arg;
    CU_ASSERT_EQUAL(chan_recv(context_done(context), NULL), CHAN_CLOSED);
    return 99; /* not the first error */
}

static int fail_soon(struct context *context, void *arg)
{
    (void)context;
    co_sleep(CLOCK_MS);
    return *(int *)arg;
}

static void first_error_cancels_the_rest(void)
{
    int error = 7, none = 0;
    struct group *group = group_make(context_background());
    for (int i = 0; i < 10; i++)
        CU_ASSERT(group_spawn(group, until_cancelled, NULL));
    CU_ASSERT(group_spawn(group, fail_soon, &error));
    CU_ASSERT_EQUAL(group_wait(&group), 7);
    CU_ASSERT_PTR_NULL(group);
    group = group_make(context_background());
    for (int i = 0; i < 10; i++)
        CU_ASSERT(group_spawn(group, fail_soon, &none));
    CU_ASSERT_EQUAL(group_wait(&group), 0);
}

/* --- ticker ----------------------------------------------------------------------------------- */

static void ticks_keep_their_times(void)
{
    int64_t from = clock_now_ns(), at = 0;
    struct ticker *ticker = ticker_make(CLOCK_MS, 2 * CLOCK_MS);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(chan_recv(ticker_chan(ticker), &at), CHAN_OK);
        CU_ASSERT(at >= from + CLOCK_MS + i * 2 * CLOCK_MS);
    }
    co_sleep(7 * CLOCK_MS); /* several ticks, of which one is kept */
    CU_ASSERT_EQUAL(chan_len(ticker_chan(ticker)), 1);
    ticker_free(&ticker);
    for (int i = 0; i < 200; i++) {
        ticker = ticker_make(i % 7 * CLOCK_US, 5 * CLOCK_US);
        co_sleep(i % 5 * 3 * CLOCK_US);
        ticker_free(&ticker);
    }
}

static void after_a_while_in_a_select(void)
{
    struct chan *never = chan_make(0, 0);
    struct ticker *after = ticker_make(CLOCK_MS, 0);
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = never},
        {.op = SELECT_RECV, .chan = ticker_chan(after)},
    };
    CU_ASSERT_EQUAL(select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(select_timeout(cases, 2, 2 * CLOCK_MS), SELECT_NONE); /* once only */
    ticker_free(&after);
    chan_free(&never);
}

/* --- pool ------------------------------------------------------------------------------------- */

struct tally {
    _Atomic int done, running, most;
    struct chan *hold;
};

static void work(void *arg)
{
    struct tally *tally = arg;
    int running = atomic_fetch_add(&tally->running, 1) + 1;
    if (running > tally->most)
        tally->most = running;
    if (tally->hold)
        CU_ASSERT_EQUAL(chan_recv(tally->hold, NULL), CHAN_CLOSED);
    co_yield();
    atomic_fetch_sub(&tally->running, 1);
    atomic_fetch_add(&tally->done, 1);
}

static void a_pool_is_bounded(void)
{
    struct tally tally = {0};
    struct pool *pool = pool_make(4, 8);
    for (int i = 0; i < 500; i++)
        pool_submit(pool, work, &tally);
    pool_close(&pool);
    CU_ASSERT_EQUAL(tally.done, 500);
    CU_ASSERT(tally.most <= 4 && tally.most > 1);

    tally.hold = chan_make(0, 0);
    pool = pool_make(2, 3);
    int taken = 0;
    for (int i = 0; i < 20; i++, co_sleep(50 * CLOCK_US))
        taken += pool_try_submit(pool, work, &tally);
    CU_ASSERT_EQUAL(taken, 2 + 3);
    chan_close(tally.hold);
    pool_close(&pool);
    CU_ASSERT_EQUAL(tally.done, 505);
    chan_free(&tally.hold);
}

/* --- fan -------------------------------------------------------------------------------------- */

static void square(void *item, void *arg)
{
    int n = *(int *)item;
    n *= n;
    CU_ASSERT_EQUAL(chan_send(arg, &n), CHAN_OK);
}

struct stage {
    struct waitgroup done;
    struct chan *out;
};

static void close_when_done(void *arg)
{
    struct stage *stage = arg;
    waitgroup_wait(&stage->done);
    chan_close(stage->out);
}

static void number(void *arg)
{
    for (int i = 1; i <= 100; i++)
        CU_ASSERT_EQUAL(chan_send(arg, &i), CHAN_OK);
    chan_close(arg);
}

static void out_to_many_and_in_again(void)
{
    enum { STAGES = 3, WORKERS = 4 };
    struct chan *numbers = chan_make(sizeof(int), 0), *outs[STAGES];
    struct stage stages[STAGES];
    for (int i = 0; i < STAGES; i++) {
        outs[i] = chan_make(sizeof(int), 2);
        stages[i] = (struct stage){.out = outs[i]};
        CU_ASSERT(fan_out(numbers, WORKERS, square, outs[i], &stages[i].done));
        CU_ASSERT(co_spawn(close_when_done, &stages[i]));
    }
    struct chan *merged = fan_in(outs, STAGES, 4);
    CU_ASSERT(co_spawn(number, numbers));
    long sum = 0;
    int item;
    while (chan_recv(merged, &item) == CHAN_OK)
        sum += item;
    CU_ASSERT_EQUAL(sum, 100L * 101 * 201 / 6);
    co_sleep(2 * CLOCK_MS); /* the last helpers end */
    for (int i = 0; i < STAGES; i++)
        chan_free(&outs[i]);
    chan_free(&merged);
    chan_free(&numbers);
}

/* --- topic ------------------------------------------------------------------------------------ */

static void a_slow_subscriber_misses_visibly(void)
{
    struct topic *topic = topic_make(sizeof(int));
    struct subscription *slow = topic_subscribe(topic, 2), *quick = topic_subscribe(topic, 100);
    for (int i = 0; i < 10; i++)
        topic_publish(topic, &i);
    CU_ASSERT_EQUAL(topic_missed(slow), 8);
    CU_ASSERT_EQUAL(topic_missed(slow), 0);
    CU_ASSERT_EQUAL(topic_missed(quick), 0);
    for (int i = 0, item; i < 10; i++) {
        CU_ASSERT_EQUAL(chan_recv(topic_chan(quick), &item), CHAN_OK);
        CU_ASSERT_EQUAL(item, i);
    }
    topic_close(topic);
    CU_ASSERT_EQUAL(chan_recv(topic_chan(quick), NULL), CHAN_CLOSED);
    CU_ASSERT_EQUAL(chan_len(topic_chan(slow)), 2);
    struct subscription *late = topic_subscribe(topic, 1);
    CU_ASSERT_EQUAL(chan_recv(topic_chan(late), NULL), CHAN_CLOSED);
    topic_unsubscribe(topic, &slow);
    topic_unsubscribe(topic, &quick);
    topic_unsubscribe(topic, &late);
    topic_free(&topic);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void signals_come_as_items(void)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2}, bad[] = {SIGUSR1, SIGKILL};
    struct signals *signals = signals_open(numbers, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(signals);
    CU_ASSERT_PTR_NULL(signals_open(bad, 1)); /* it is taken */
    CU_ASSERT_EQUAL(errno, EBUSY);
    int got = 0;
    kill(getpid(), SIGUSR2);
    CU_ASSERT_EQUAL(chan_recv(signals_chan(signals), &got), CHAN_OK);
    CU_ASSERT_EQUAL(got, SIGUSR2);
    kill(getpid(), SIGUSR1);
    CU_ASSERT_EQUAL(chan_recv(signals_chan(signals), &got), CHAN_OK);
    CU_ASSERT_EQUAL(got, SIGUSR1);
    signals_close(&signals);
    CU_ASSERT_PTR_NULL(signals_open(bad, 2));
    signals = signals_open(numbers, 1); /* and nothing was kept of the failed try */
    CU_ASSERT_PTR_NOT_NULL_FATAL(signals);
    signals_close(&signals);
}

/* --- views and typed spawn -------------------------------------------------------------------- */

struct errand {
    struct chan_sender to;
    int item;
};

CO_FUNCTION(run_errand, struct errand *, errand)
{
    CU_ASSERT_EQUAL(chan_sender_send(errand->to, &errand->item), CHAN_OK);
    CU_ASSERT(chan_sender_close(errand->to));
}

static void one_end_of_a_channel(void)
{
    struct chan *chan = chan_make(sizeof(int), 0);
    struct chan_receiver from = chan_receiver(chan);
    struct errand errand = {chan_sender(chan), 5};
    int item = 0;
    CU_ASSERT(co_spawn_typed(run_errand, &errand));
    CU_ASSERT_EQUAL(chan_receiver_recv(from, &item), CHAN_OK);
    CU_ASSERT_EQUAL(item, 5);
    CU_ASSERT_EQUAL(chan_receiver_recv(from, &item), CHAN_CLOSED);
    chan_free(&chan);
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
