/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

struct end {
    struct co_chan *chan;
    struct co_waitgroup *group;
    int n, seen;
    enum co_chan_status status;
};

static void send_range(void *arg)
{
    struct end *end = arg;
    for (int i = 0; i < end->n; i++)
        CU_ASSERT_EQUAL(co_chan_send(end->chan, &i), CO_CHAN_OK);
    co_chan_close(end->chan);
    co_waitgroup_done(end->group);
}

static void in_order_through(size_t capacity)
{
    struct co_waitgroup group = {0};
    struct co_chan *chan = co_chan_make(sizeof(int), capacity);
    struct end sender = {.chan = chan, .group = &group, .n = 1000};
    co_waitgroup_add(&group, 1);
    CU_ASSERT(co_spawn(send_range, &sender));
    int item, expected = 0;
    while (co_chan_recv(chan, &item) == CO_CHAN_OK)
        CU_ASSERT_EQUAL(item, expected++);
    CU_ASSERT_EQUAL(expected, 1000);
    CU_ASSERT_EQUAL(item, 0); /* zeroed on CO_CHAN_CLOSED */
    co_waitgroup_wait(&group);
    co_chan_free(&chan);
    CU_ASSERT_PTR_NULL(chan);
}

static void items_pass_in_order(void)
{
    in_order_through(0);
    in_order_through(1);
    in_order_through(7);
    in_order_through(5000);
}

static void try_never_parks(void)
{
    struct co_chan *chan = co_chan_make(sizeof(int), 2);
    int item = 0;
    CU_ASSERT_EQUAL(co_chan_try_recv(chan, &item), CO_CHAN_WOULD_BLOCK);
    for (int i = 1; i <= 2; i++)
        CU_ASSERT_EQUAL(co_chan_try_send(chan, &i), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_try_send(chan, &item), CO_CHAN_WOULD_BLOCK);
    CU_ASSERT_EQUAL(co_chan_len(chan), 2);
    CU_ASSERT_EQUAL(co_chan_cap(chan), 2);
    CU_ASSERT(co_chan_close(chan));
    CU_ASSERT_FALSE(co_chan_close(chan));
    CU_ASSERT_EQUAL(co_chan_try_send(chan, &item), CO_CHAN_CLOSED);
    CU_ASSERT_EQUAL(co_chan_send(chan, &item), CO_CHAN_CLOSED);
    CU_ASSERT_EQUAL(co_chan_recv(chan, &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(item, 1);
    CU_ASSERT_EQUAL(co_chan_try_recv(chan, NULL), CO_CHAN_OK); /* dropped */
    CU_ASSERT_EQUAL(co_chan_recv(chan, &item), CO_CHAN_CLOSED);
    CU_ASSERT_EQUAL(co_chan_try_recv(chan, &item), CO_CHAN_CLOSED);
    co_chan_free(&chan);
    CU_ASSERT_EQUAL(co_chan_try_recv(NULL, &item), CO_CHAN_WOULD_BLOCK);
    CU_ASSERT_EQUAL(co_chan_len(NULL) + co_chan_cap(NULL), 0);
}

static void any_item_size(void)
{
    struct big {
        char text[300];
    } in, out;
    memset(&in, 'x', sizeof in);
    struct co_chan *big = co_chan_make(sizeof in, 3), *signal = co_chan_make(0, 1);
    CU_ASSERT_EQUAL(co_chan_send(big, &in), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_recv(big, &out), CO_CHAN_OK);
    CU_ASSERT_EQUAL(memcmp(&in, &out, sizeof in), 0);
    CU_ASSERT_EQUAL(co_chan_send(signal, NULL), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_recv(signal, NULL), CO_CHAN_OK);
    CU_ASSERT_PTR_NULL(co_chan_make(SIZE_MAX / 2, 4));
    co_chan_free(&big);
    co_chan_free(&signal);
}

static void recv_one(void *arg)
{
    struct end *end = arg;
    end->seen = -1;
    end->status = co_chan_recv(end->chan, &end->seen);
    co_waitgroup_done(end->group);
}

static void send_one(void *arg)
{
    struct end *end = arg;
    end->status = co_chan_send(end->chan, &end->n);
    co_waitgroup_done(end->group);
}

static void close_wakes(void (*end_main)(void *arg), bool receives)
{
    enum { N = 5 };
    struct co_waitgroup group = {0};
    struct co_chan *chan = co_chan_make(sizeof(int), 0);
    struct end ends[N];
    co_waitgroup_add(&group, N);
    for (int i = 0; i < N; i++) {
        ends[i] = (struct end){.chan = chan, .group = &group, .n = i};
        CU_ASSERT(co_spawn(end_main, &ends[i]));
    }
    co_sleep(2 * CO_CLOCK_MS);
    co_chan_close(chan);
    co_waitgroup_wait(&group);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(ends[i].status, CO_CHAN_CLOSED);
        CU_ASSERT(!receives || ends[i].seen == 0);
    }
    co_chan_free(&chan);
}

static void close_wakes_everyone(void)
{
    close_wakes(recv_one, true);
    close_wakes(send_one, false);
}

/* Waiters are served first come, first served. */
static void receivers_queue_in_order(void)
{
    enum { N = 8 };
    if (getenv("CORO_SEED"))
        return; /* it relies on a yield running the others */
    struct co_waitgroup group = {0};
    struct co_chan *chan = co_chan_make(sizeof(int), 0);
    struct end ends[N];
    co_waitgroup_add(&group, N);
    for (int i = 0; i < N; i++) {
        ends[i] = (struct end){.chan = chan, .group = &group};
        CU_ASSERT(co_spawn_local(recv_one, &ends[i]));
        co_yield();
    }
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(co_chan_send(chan, &i), CO_CHAN_OK);
    co_waitgroup_wait(&group);
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(ends[i].seen, i);
    co_chan_free(&chan);
}

/* Many senders and receivers on all workers: each item arrives once, and none is lost. */
enum { PER_SENDER = 400, SENDERS = 10 };

struct storm {
    struct co_chan *chan;
    struct co_waitgroup senders, receivers;
    _Atomic int next;
    _Atomic unsigned char seen[SENDERS * PER_SENDER * 2];
};

static void storm_send(void *arg)
{
    struct storm *storm = arg;
    for (int i = 0; i < PER_SENDER; i++) {
        int item = atomic_fetch_add(&storm->next, 1);
        CU_ASSERT_EQUAL(co_chan_send(storm->chan, &item), CO_CHAN_OK);
    }
    co_waitgroup_done(&storm->senders);
}

static void storm_recv(void *arg)
{
    struct storm *storm = arg;
    int item;
    while (co_chan_recv(storm->chan, &item) == CO_CHAN_OK)
        atomic_fetch_add(&storm->seen[item], 1);
    co_waitgroup_done(&storm->receivers);
}

static void storm_start(int index, void *arg)
{
    (void)index;
    struct storm *storm = arg;
    for (int i = 0; i < SENDERS / 2; i++) {
        co_waitgroup_add(&storm->senders, 1);
        CU_ASSERT(co_spawn_local(storm_send, storm));
    }
    for (int i = 0; i < 3; i++) {
        co_waitgroup_add(&storm->receivers, 1);
        CU_ASSERT(co_spawn_local(storm_recv, storm));
    }
}

static void storm_through(size_t capacity)
{
    static struct storm storm;
    memset(&storm, 0, sizeof storm);
    storm.chan = co_chan_make(sizeof(int), capacity);
    co_worker_each(storm_start, &storm);
    co_waitgroup_wait(&storm.senders);
    co_chan_close(storm.chan);
    co_waitgroup_wait(&storm.receivers);
    for (int i = 0; i < storm.next; i++)
        CU_ASSERT_EQUAL_FATAL(storm.seen[i], 1);
    CU_ASSERT_EQUAL(storm.next, co_worker_count() * (SENDERS / 2) * PER_SENDER);
    co_chan_free(&storm.chan);
}

static void storm_across_workers(void)
{
    storm_through(0);
    storm_through(4);
    storm_through(256);
}

static const struct unit_test tests[] = {
    {"items_pass_in_order", items_pass_in_order},
    {"try_never_parks", try_never_parks},
    {"any_item_size", any_item_size},
    {"close_wakes_everyone", close_wakes_everyone},
    {"receivers_queue_in_order", receivers_queue_in_order},
    {"storm_across_workers", storm_across_workers},
    {NULL, NULL},
};

const struct unit_suite suite_chan = {.name = "chan", .tests = tests};
