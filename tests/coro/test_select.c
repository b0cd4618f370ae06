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
    struct chan *chan = chan_make(sizeof(int), 0);
    int item = 1;
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = chan, .item = &item},
        {.op = SELECT_SEND, .chan = chan, .item = &item},
        {.op = SELECT_RECV, .chan = NULL},
    };
    CU_ASSERT_EQUAL(select_try(cases, 3), SELECT_NONE);
    int64_t from = clock_now_ns();
    CU_ASSERT_EQUAL(select_timeout(cases, 3, 2 * CLOCK_MS), SELECT_NONE);
    CU_ASSERT(clock_now_ns() - from >= 2 * CLOCK_MS);
    CU_ASSERT_EQUAL(select_timeout(cases, 3, 0), SELECT_NONE);
    CU_ASSERT_EQUAL(select_timeout(NULL, 0, CLOCK_MS), SELECT_NONE);
    chan_free(&chan); /* and no waiter was left behind: chan_free() ensures it */
}

static void the_ready_one_is_taken(void)
{
    struct chan *full = chan_make(sizeof(int), 1), *empty = chan_make(sizeof(int), 1);
    int five = 5, seven = 7, got = 0;
    CU_ASSERT_EQUAL(chan_send(full, &five), CHAN_OK);
    struct select_case cases[] = {
        {.op = SELECT_SEND, .chan = full, .item = &seven},
        {.op = SELECT_RECV, .chan = empty, .item = &got},
        {.op = SELECT_RECV, .chan = full, .item = &got},
    };
    CU_ASSERT_EQUAL(select_wait(cases, 3), 2);
    CU_ASSERT_EQUAL(cases[2].status, CHAN_OK);
    CU_ASSERT_EQUAL(got, 5);
    CU_ASSERT_EQUAL(select_wait(cases, 2), 0);
    CU_ASSERT_EQUAL(chan_len(full), 1);
    chan_close(empty);
    CU_ASSERT_EQUAL(select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(cases[1].status, CHAN_CLOSED);
    chan_free(&full);
    chan_free(&empty);
}

static void ready_ones_are_taken_evenly(void)
{
    enum { CASES = 4, ROUNDS = 4000 };
    struct chan *chans[CASES];
    struct select_case cases[CASES];
    int taken[CASES] = {0};
    for (int i = 0; i < CASES; i++) {
        chans[i] = chan_make(0, 1);
        chan_close(chans[i]);
        cases[i] = (struct select_case){.op = SELECT_RECV, .chan = chans[i]};
    }
    for (int i = 0; i < ROUNDS; i++)
        taken[select_wait(cases, CASES)]++;
    for (int i = 0; i < CASES; i++) {
        CU_ASSERT(taken[i] > ROUNDS / CASES / 2); /* 16 standard deviations below the mean */
        chan_free(&chans[i]);
    }
}

struct pair {
    struct chan *a, *b, *quit;
    struct waitgroup group;
    int from_a, from_b;
};

static void offer_both(void *arg)
{
    struct pair *pair = arg;
    int one = 1, two = 2;
    struct select_case cases[] = {
        {.op = SELECT_SEND, .chan = pair->a, .item = &one},
        {.op = SELECT_SEND, .chan = pair->b, .item = &two},
        {.op = SELECT_RECV, .chan = pair->quit},
    };
    while (select_wait(cases, 3) != 2)
        continue;
    waitgroup_done(&pair->group);
}

/* Both sides select, on two workers if there are two: each item comes from one case only. */
static void select_meets_select(void)
{
    struct pair pair = {.a = chan_make(sizeof(int), 0)};
    pair.b = chan_make(sizeof(int), 0);
    pair.quit = chan_make(0, 0);
    int got;
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = pair.a, .item = &got},
        {.op = SELECT_RECV, .chan = pair.b, .item = &got},
    };
    waitgroup_add(&pair.group, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(co_spawn(offer_both, &pair));
    for (int i = 0; i < 3000; i++) {
        int taken = select_wait(cases, 2);
        CU_ASSERT_EQUAL(got, taken + 1);
        *(taken ? &pair.from_b : &pair.from_a) += 1;
        if (i % 100 == 0)
            co_sleep(CLOCK_US);
    }
    CU_ASSERT(pair.from_a > 500 && pair.from_b > 500);
    chan_close(pair.quit);
    waitgroup_wait(&pair.group);
    chan_free(&pair.a);
    chan_free(&pair.b);
    chan_free(&pair.quit);
}

static void send_many(void *arg)
{
    struct chan *chan = arg;
    for (int i = 0; i < 2000; i++)
        if (chan_send(chan, &i) != CHAN_OK)
            CU_FAIL("closed early");
    chan_close(chan);
}

static void start_sender(int index, void *arg)
{
    struct chan **chans = arg;
    CU_ASSERT(co_spawn_local(send_many, chans[index]));
}

/* One select per item from each worker's channel; in the order in which each was sent. */
static void many_channels_many_workers(void)
{
    struct chan *chans[64];
    struct select_case cases[64];
    int n = worker_count(), next[64] = {0}, item, open = n;
    for (int i = 0; i < n; i++) {
        chans[i] = chan_make(sizeof(int), i % 2);
        cases[i] = (struct select_case){.op = SELECT_RECV, .chan = chans[i], .item = &item};
    }
    worker_each(start_sender, chans);
    while (open > 0) {
        int taken = select_wait(cases, (size_t)n);
        if (cases[taken].status == CHAN_OK) {
            CU_ASSERT_EQUAL(item, next[taken]++);
        } else {
            cases[taken].chan = NULL;
            open--;
        }
    }
    for (int i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(next[i], 2000);
        chan_free(&chans[i]);
    }
}

static void more_cases_than_fit_the_stack(void)
{
    enum { N = 40 };
    struct chan *chans[N];
    struct select_case cases[N];
    int item = 3, got = 0;
    for (int i = 0; i < N; i++) {
        chans[i] = chan_make(sizeof(int), 1);
        cases[i] = (struct select_case){.op = SELECT_RECV, .chan = chans[i], .item = &got};
    }
    CU_ASSERT_EQUAL(select_timeout(cases, N, CLOCK_MS), SELECT_NONE);
    CU_ASSERT_EQUAL(chan_send(chans[27], &item), CHAN_OK);
    CU_ASSERT_EQUAL(select_wait(cases, N), 27);
    CU_ASSERT_EQUAL(got, 3);
    for (int i = 0; i < N; i++)
        chan_free(&chans[i]);
}

/* The same channel in two cases; and a timeout that races with a sender. */
static void late_sender(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < 200; i++) {
        co_sleep(20 * CLOCK_US);
        CU_ASSERT_EQUAL(chan_send(pair->a, &i), CHAN_OK);
    }
    waitgroup_done(&pair->group);
}

static void timeouts_lose_nothing(void)
{
    struct pair pair = {.a = chan_make(sizeof(int), 0)};
    int got, next = 0;
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = pair.a, .item = &got},
        {.op = SELECT_RECV, .chan = pair.a, .item = &got},
    };
    waitgroup_add(&pair.group, 1);
    CU_ASSERT(co_spawn(late_sender, &pair));
    while (next < 200)
        if (select_timeout(cases, 2, 20 * CLOCK_US) != SELECT_NONE)
            CU_ASSERT_EQUAL(got, next++);
    waitgroup_wait(&pair.group);
    chan_free(&pair.a);
}

static void a_context_in_a_select(void)
{
    struct context *context = context_with_timeout(context_background(), 2 * CLOCK_MS);
    struct chan *chan = chan_make(0, 0);
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = chan},
        {.op = SELECT_RECV, .chan = context_done(context)},
    };
    CU_ASSERT_EQUAL(select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(context_err(context), CONTEXT_DEADLINE);
    context_release(&context);
    chan_free(&chan);
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
