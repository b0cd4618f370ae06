/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/sched_private.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

static void each_once(int index, void *arg)
{
    _Atomic int *calls = arg;
    CU_ASSERT_EQUAL(index, co_worker_index());
    CU_ASSERT_PTR_NULL(co_current());
    atomic_fetch_add(&calls[index], 1);
}

static void each_worker_is_called_once(void)
{
    _Atomic int calls[64] = {0};
    co_worker_each(each_once, calls);
    for (int i = 0; i < co_worker_count(); i++)
        CU_ASSERT_EQUAL(calls[i], 1);
}

static int fall(int depth) /* 1,000 deep it takes 2 MB, far more than a coroutine has */
{
    volatile char frame[2000];
    frame[0] = 1;
    return depth > 1 ? frame[0] + fall(depth - 1) : 1;
}

static void use_much_stack(void *arg)
{
    CU_ASSERT_PTR_NULL(co_current());
    *(int *)arg = fall(1000) == 1000;
}

static void call_on_the_big_stack(void)
{
    int done = 0, before = co_worker_index();
    co_worker_call(use_much_stack, &done);
    CU_ASSERT_EQUAL(done, 1);
    CU_ASSERT_EQUAL(co_worker_index(), before);
    CU_ASSERT_PTR_NOT_NULL(co_current());
}

/* What the HTTP server does: a watch's callback starts a coroutine, which parks, is woken, and
 * tells in the end. */
struct bell {
    struct co_worker_watch watch;
    int calls, started_parked, started_finished;
    struct co_chan *wake, *told;
};

static void parks_first(void *arg)
{
    struct bell *bell = arg;
    int item;
    CU_ASSERT_EQUAL(co_chan_recv(bell->wake, &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_send(bell->told, &item), CO_CHAN_OK);
}

static void ends_at_once(void *arg)
{
    ((struct bell *)arg)->calls++;
}

static void on_bell(void *arg)
{
    struct bell *bell = arg;
    uint64_t n;
    CU_ASSERT_EQUAL(read(bell->watch.fd, &n, sizeof n), sizeof n);
    bell->started_parked += co_start_now(parks_first, bell) == CO_PARKED;
    bell->started_finished += co_start_now(ends_at_once, bell) == CO_FINISHED;
}

static void watch_and_start_now(void)
{
    struct bell bell = {.wake = co_chan_make(sizeof(int), 0), .told = co_chan_make(sizeof(int), 0)};
    bell.watch =
        (struct co_worker_watch){.fd = eventfd(0, EFD_NONBLOCK), .fn = on_bell, .arg = &bell};
    CU_ASSERT_EQUAL_FATAL(co_worker_watch_start(&bell.watch), 0);
    enum { ROUNDS = 20 };
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t one = 1;
        int got = -1;
        CU_ASSERT_EQUAL(write(bell.watch.fd, &one, sizeof one), sizeof one);
        CU_ASSERT_EQUAL(co_chan_send(bell.wake, &i), CO_CHAN_OK);
        CU_ASSERT_EQUAL(co_chan_recv(bell.told, &got), CO_CHAN_OK);
        CU_ASSERT_EQUAL(got, i);
    }
    co_worker_watch_stop(&bell.watch); /* what its callback did is seen from here on */
    CU_ASSERT_EQUAL(bell.started_parked, ROUNDS);
    CU_ASSERT_EQUAL(bell.started_finished, ROUNDS);
    CU_ASSERT_EQUAL(bell.calls, ROUNDS);
    close(bell.watch.fd);
    co_chan_free(&bell.wake);
    co_chan_free(&bell.told);
}

static void on_bell_count(void *arg)
{
    struct bell *bell = arg;
    bell->calls++; /* it stays readable */
}

static void an_edge_is_told_once(void)
{
    struct bell bell = {0};
    bell.watch = (struct co_worker_watch){
        .fd = eventfd(0, EFD_NONBLOCK), .fn = on_bell_count, .arg = &bell, .edge = true};
    CU_ASSERT_EQUAL_FATAL(co_worker_watch_start(&bell.watch), 0);
    for (int i = 1; i <= 3; i++) {
        uint64_t one = 1;
        CU_ASSERT_EQUAL(write(bell.watch.fd, &one, sizeof one), sizeof one);
        while (bell.calls < i)
            co_yield();
        co_sleep(2 * CO_CLOCK_MS);
        CU_ASSERT_EQUAL(bell.calls, i);
    }
    co_worker_watch_stop(&bell.watch);
    close(bell.watch.fd);
}

static _Atomic bool stop_busy;

static void busy(void *arg)
{
    while (!stop_busy)
        co_yield();
    co_waitgroup_done(arg);
}

static void on_bell_stop(void *arg)
{
    struct bell *bell = arg;
    if (++bell->calls == 50) /* level-triggered: never read, so it is called repeatedly */
        stop_busy = true;
}

static void busy_coroutines_do_not_starve_a_watch(void)
{
    struct co_waitgroup group = {0};
    struct bell bell = {0};
    stop_busy = false;
    bell.watch =
        (struct co_worker_watch){.fd = eventfd(1, EFD_NONBLOCK), .fn = on_bell_stop, .arg = &bell};
    CU_ASSERT_EQUAL_FATAL(co_worker_watch_start(&bell.watch), 0);
    co_waitgroup_add(&group, 2);
    CU_ASSERT(co_spawn_local(busy, &group));
    CU_ASSERT(co_spawn_local(busy, &group));
    co_waitgroup_wait(&group);
    co_worker_watch_stop(&bell.watch);
    CU_ASSERT(bell.calls >= 50);
    close(bell.watch.fd);
}

/* A parent that computes and never parks: an idle worker must come for its children. */
struct place {
    _Atomic int worker;
};

static void note_worker(void *arg)
{
    atomic_store(&((struct place *)arg)->worker, co_worker_index());
}

static void an_idle_worker_takes_children(void)
{
    struct place where = {-1};
    int64_t until = co_clock_now_ns() + 5 * CO_CLOCK_S;
    CU_ASSERT(co_spawn(note_worker, &where));
    while (atomic_load(&where.worker) < 0 && co_clock_now_ns() < until)
        continue;
    CU_ASSERT(where.worker >= 0 && where.worker != co_worker_index());
}

static void ends(void *arg)
{
    co_waitgroup_done(arg);
}

/* For a while the worker that it is on is behind, but not for long enough to lose the child. */
static void has_a_child(void *arg)
{
    CU_ASSERT(co_spawn(ends, arg));
    int64_t until = co_clock_now_ns() + CO_CLOCK_MS;
    while (co_clock_now_ns() < until)
        continue;
    co_waitgroup_done(arg);
}

/* This worker goes to sleep as the watcher of the other one, and then gets work of its own. */
static void a_watcher_that_has_work_is_watched(void)
{
    struct co_waitgroup group = {0};
    for (int i = 0; i < 20; i++) {
        co_waitgroup_add(&group, 2);
        CU_ASSERT(co_spawn_on(&co_runtime.workers[1 - co_worker_index()], CO_SITE("has_a_child"),
            has_a_child, &group));
        co_sleep(CO_CLOCK_MS / 4);
        an_idle_worker_takes_children();
        co_waitgroup_wait(&group);
    }
}

static const struct unit_test tests[] = {
    {"each_worker_is_called_once", each_worker_is_called_once},
    {"call_on_the_big_stack", call_on_the_big_stack},
    {"watch_and_start_now", watch_and_start_now},
    {"an_edge_is_told_once", an_edge_is_told_once},
    {"busy_coroutines_do_not_starve_a_watch", busy_coroutines_do_not_starve_a_watch},
    {"an_idle_worker_takes_children", an_idle_worker_takes_children},
    {"a_watcher_that_has_work_is_watched", a_watcher_that_has_work_is_watched},
    {NULL, NULL},
};

const struct unit_suite suite_worker = {.name = "worker", .tests = tests};
