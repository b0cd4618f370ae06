/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

static void nothing_is_ready(void)
{
    struct co_chan *chan = co_chan_make(sizeof(int), 0);
    int item = 1;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = chan, .item = &item},
        {.op = CO_SELECT_SEND, .chan = chan, .item = &item},
        {.op = CO_SELECT_RECV, .chan = NULL},
    };
    CU_ASSERT_EQUAL(co_select_try(cases, 3), CO_SELECT_NONE);
    int64_t from = co_clock_now_ns();
    CU_ASSERT_EQUAL(co_select_timeout(cases, 3, 2 * CO_CLOCK_MS), CO_SELECT_NONE);
    CU_ASSERT(co_clock_now_ns() - from >= 2 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_select_timeout(cases, 3, 0), CO_SELECT_NONE);
    CU_ASSERT_EQUAL(co_select_timeout(NULL, 0, CO_CLOCK_MS), CO_SELECT_NONE);
    co_chan_free(&chan); /* and no waiter was left behind: co_chan_free() ensures it */
}

static void the_ready_one_is_taken(void)
{
    struct co_chan *full = co_chan_make(sizeof(int), 1), *empty = co_chan_make(sizeof(int), 1);
    int five = 5, seven = 7, got = 0;
    CU_ASSERT_EQUAL(co_chan_send(full, &five), CO_CHAN_OK);
    struct co_select_case cases[] = {
        {.op = CO_SELECT_SEND, .chan = full, .item = &seven},
        {.op = CO_SELECT_RECV, .chan = empty, .item = &got},
        {.op = CO_SELECT_RECV, .chan = full, .item = &got},
    };
    CU_ASSERT_EQUAL(co_select_wait(cases, 3), 2);
    CU_ASSERT_EQUAL(cases[2].status, CO_CHAN_OK);
    CU_ASSERT_EQUAL(got, 5);
    CU_ASSERT_EQUAL(co_select_wait(cases, 2), 0);
    CU_ASSERT_EQUAL(co_chan_len(full), 1);
    co_chan_close(empty);
    CU_ASSERT_EQUAL(co_select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(cases[1].status, CO_CHAN_CLOSED);
    co_chan_free(&full);
    co_chan_free(&empty);
}

static void ready_ones_are_taken_evenly(void)
{
    enum { CO_CASES = 4, ROUNDS = 4000 };
    struct co_chan *chans[CO_CASES];
    struct co_select_case cases[CO_CASES];
    int taken[CO_CASES] = {0};
    for (int i = 0; i < CO_CASES; i++) {
        chans[i] = co_chan_make(0, 1);
        co_chan_close(chans[i]);
        cases[i] = (struct co_select_case){.op = CO_SELECT_RECV, .chan = chans[i]};
    }
    for (int i = 0; i < ROUNDS; i++)
        taken[co_select_wait(cases, CO_CASES)]++;
    for (int i = 0; i < CO_CASES; i++) {
        CU_ASSERT(taken[i] > ROUNDS / CO_CASES / 2); /* 16 standard deviations below the mean */
        co_chan_free(&chans[i]);
    }
}

struct pair {
    struct co_chan *a, *b, *quit;
    struct co_waitgroup group;
    int from_a, from_b;
};

static void offer_both(void *arg)
{
    struct pair *pair = arg;
    int one = 1, two = 2;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_SEND, .chan = pair->a, .item = &one},
        {.op = CO_SELECT_SEND, .chan = pair->b, .item = &two},
        {.op = CO_SELECT_RECV, .chan = pair->quit},
    };
    while (co_select_wait(cases, 3) != 2)
        continue;
    co_waitgroup_done(&pair->group);
}

/* Both sides select, on two workers if there are two: each item comes from one case only. */
static void select_meets_select(void)
{
    struct pair pair = {.a = co_chan_make(sizeof(int), 0)};
    pair.b = co_chan_make(sizeof(int), 0);
    pair.quit = co_chan_make(0, 0);
    int got;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = pair.a, .item = &got},
        {.op = CO_SELECT_RECV, .chan = pair.b, .item = &got},
    };
    co_waitgroup_add(&pair.group, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(co_spawn(offer_both, &pair));
    for (int i = 0; i < 3000; i++) {
        int taken = co_select_wait(cases, 2);
        CU_ASSERT_EQUAL(got, taken + 1);
        *(taken ? &pair.from_b : &pair.from_a) += 1;
        if (i % 100 == 0)
            co_sleep(CO_CLOCK_US);
    }
    CU_ASSERT(pair.from_a > 500 && pair.from_b > 500);
    co_chan_close(pair.quit);
    co_waitgroup_wait(&pair.group);
    co_chan_free(&pair.a);
    co_chan_free(&pair.b);
    co_chan_free(&pair.quit);
}

static void send_many(void *arg)
{
    struct co_chan *chan = arg;
    for (int i = 0; i < 2000; i++)
        if (co_chan_send(chan, &i) != CO_CHAN_OK)
            CU_FAIL("closed early");
    co_chan_close(chan);
}

static void start_sender(int index, void *arg)
{
    struct co_chan **chans = arg;
    CU_ASSERT(co_spawn_local(send_many, chans[index]));
}

/* One select per item from each worker's channel; in the order in which each was sent. */
static void many_channels_many_workers(void)
{
    struct co_chan *chans[64];
    struct co_select_case cases[64];
    int n = co_worker_count(), next[64] = {0}, item, open = n;
    for (int i = 0; i < n; i++) {
        chans[i] = co_chan_make(sizeof(int), i % 2);
        cases[i] = (struct co_select_case){.op = CO_SELECT_RECV, .chan = chans[i], .item = &item};
    }
    co_worker_each(start_sender, chans);
    while (open > 0) {
        int taken = co_select_wait(cases, (size_t)n);
        if (cases[taken].status == CO_CHAN_OK) {
            CU_ASSERT_EQUAL(item, next[taken]++);
        } else {
            cases[taken].chan = NULL;
            open--;
        }
    }
    for (int i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(next[i], 2000);
        co_chan_free(&chans[i]);
    }
}

static void more_cases_than_fit_the_stack(void)
{
    enum { N = 40 };
    struct co_chan *chans[N];
    struct co_select_case cases[N];
    int item = 3, got = 0;
    for (int i = 0; i < N; i++) {
        chans[i] = co_chan_make(sizeof(int), 1);
        cases[i] = (struct co_select_case){.op = CO_SELECT_RECV, .chan = chans[i], .item = &got};
    }
    CU_ASSERT_EQUAL(co_select_timeout(cases, N, CO_CLOCK_MS), CO_SELECT_NONE);
    CU_ASSERT_EQUAL(co_chan_send(chans[27], &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_select_wait(cases, N), 27);
    CU_ASSERT_EQUAL(got, 3);
    for (int i = 0; i < N; i++)
        co_chan_free(&chans[i]);
}

/* The same channel in two cases; and a timeout that races with a sender. */
static void late_sender(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < 200; i++) {
        co_sleep(20 * CO_CLOCK_US);
        CU_ASSERT_EQUAL(co_chan_send(pair->a, &i), CO_CHAN_OK);
    }
    co_waitgroup_done(&pair->group);
}

static void timeouts_lose_nothing(void)
{
    struct pair pair = {.a = co_chan_make(sizeof(int), 0)};
    int got, next = 0;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = pair.a, .item = &got},
        {.op = CO_SELECT_RECV, .chan = pair.a, .item = &got},
    };
    co_waitgroup_add(&pair.group, 1);
    CU_ASSERT(co_spawn(late_sender, &pair));
    while (next < 200)
        if (co_select_timeout(cases, 2, 20 * CO_CLOCK_US) != CO_SELECT_NONE)
            CU_ASSERT_EQUAL(got, next++);
    co_waitgroup_wait(&pair.group);
    co_chan_free(&pair.a);
}

static void a_context_in_a_select(void)
{
    struct co_context *context = co_context_with_timeout(co_context_background(), 2 * CO_CLOCK_MS);
    struct co_chan *chan = co_chan_make(0, 0);
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = chan},
        {.op = CO_SELECT_RECV, .chan = co_context_done(context)},
    };
    CU_ASSERT_EQUAL(co_select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(co_context_err(context), CO_CONTEXT_DEADLINE);
    co_context_release(&context);
    co_chan_free(&chan);
}

static const struct unit_test tests[] = {
    {"nothing_is_ready", nothing_is_ready},
    {"the_ready_one_is_taken", the_ready_one_is_taken},
    {"ready_ones_are_taken_evenly", ready_ones_are_taken_evenly},
    {"select_meets_select", select_meets_select},
    {"many_channels_many_workers", many_channels_many_workers},
    {"more_cases_than_fit_the_stack", more_cases_than_fit_the_stack},
    {"timeouts_lose_nothing", timeouts_lose_nothing},
    {"a_context_in_a_select", a_context_in_a_select},
    {NULL, NULL},
};

const struct unit_suite suite_select = {.name = "select", .tests = tests};
