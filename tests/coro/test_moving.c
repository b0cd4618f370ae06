/* SPDX-License-Identifier: MIT */
/* Started coroutines that leave a worker which another one keeps busy: a suite that runs in a
 * process of its own, with CORO_MOVE=1, and others that run there, too. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

enum { PATIENCE_S = 30, CROWD = 100, ROUNDS = 40 };

static struct co_waitgroup all;
static struct co_chan *wake;
static _Atomic bool ran, hogging;
static _Atomic int parked_on;
static int went_on_on;

static void compute_until(_Atomic bool *flag)
{
    int64_t end_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (!atomic_load(flag) && co_clock_now_ns() < end_ns)
        continue;
}

static void parks(void *arg)
{
    (void)arg;
    atomic_store(&parked_on, co_worker_index());
    CU_ASSERT_EQUAL(co_chan_recv(wake, NULL), CO_CHAN_OK);
    went_on_on = co_worker_index();
    atomic_store(&ran, true);
    co_waitgroup_done(&all);
}

/* Wakes one of its own worker, and keeps that worker busy until it has run. */
static void hogs(void *arg)
{
    (void)arg;
    CU_ASSERT_EQUAL(co_worker_index(), parked_on);
    CU_ASSERT_EQUAL(co_chan_send(wake, NULL), CO_CHAN_OK);
    compute_until(&ran);
    CU_ASSERT(atomic_load(&ran));
    co_waitgroup_done(&all);
}

static void a_ready_one_leaves_a_busy_worker(void)
{
    wake = co_chan_make(0, 0);
    atomic_store(&ran, false);
    co_waitgroup_add(&all, 2);
    CU_ASSERT_FATAL(co_spawn_local(parks, NULL)); /* so that it is on this worker ... */
    co_yield();
    co_waitgroup_done(&all);
    CU_ASSERT_EQUAL(co_chan_send(wake, NULL), CO_CHAN_OK);
    while (!atomic_load(&ran))
        co_yield();
    CU_ASSERT_EQUAL(went_on_on, parked_on); /* ... and stays there */

    /* One that is not local: it has started here, too, since the other worker has nothing to take
     * before a millisecond has passed; if it has been taken all the same, try again. */
    for (int i = 0; i < 1000; i++) {
        atomic_store(&ran, false);
        co_waitgroup_add(&all, 1);
        atomic_store(&parked_on, -1);
        CU_ASSERT_FATAL(co_spawn(parks, NULL));
        while (atomic_load(&parked_on) < 0)
            co_yield();
        if (parked_on == co_worker_index())
            break;
        CU_ASSERT_EQUAL(co_chan_send(wake, NULL), CO_CHAN_OK);
        while (!atomic_load(&ran))
            co_yield();
    }
    co_waitgroup_add(&all, 1);
    CU_ASSERT_FATAL(co_spawn_local(hogs, NULL));
    co_waitgroup_wait(&all);
    CU_ASSERT_NOT_EQUAL(went_on_on, parked_on);
    co_chan_free(&wake);
}

/* Wakes a local one and another one, and is busy until the other has run: then the local one has
 * had every opportunity to be taken. */
static void hogs_both(void *arg)
{
    struct co_chan **gates = arg;
    CU_ASSERT_EQUAL(co_chan_send(gates[0], NULL), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_send(gates[1], NULL), CO_CHAN_OK);
    compute_until(&ran);
    atomic_store(&hogging, false);
    co_waitgroup_done(&all);
}

static void local_waits(void *arg)
{
    int before = co_worker_index();
    CU_ASSERT_EQUAL(co_chan_recv(arg, NULL), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_worker_index(), before);
    CU_ASSERT(!atomic_load(&hogging));
    co_waitgroup_done(&all);
}

static void other_waits(void *arg)
{
    CU_ASSERT_EQUAL(co_chan_recv(arg, NULL), CO_CHAN_OK);
    atomic_store(&ran, true);
    co_waitgroup_done(&all);
}

static void a_local_one_stays(void)
{
    struct co_chan *gates[] = {co_chan_make(0, 0), co_chan_make(0, 0)};
    atomic_store(&ran, false);
    atomic_store(&hogging, true);
    co_waitgroup_add(&all, 3);
    CU_ASSERT_FATAL(co_spawn_local(local_waits, gates[0]));
    CU_ASSERT_FATAL(co_spawn(other_waits, gates[1]));
    co_sleep(CO_CLOCK_MS);
    CU_ASSERT_FATAL(co_spawn_local(hogs_both, gates));
    co_waitgroup_wait(&all);
    co_chan_free(&gates[0]);
    co_chan_free(&gates[1]);
}

/* Many that compute now and then, wake each other, yield and end, while they are taken to and fro:
 * none is lost, and none runs twice at one time. */
struct runner {
    struct co_chan *turn;
    struct runner *next;
    _Atomic int inside;
    int rounds;
};

static void runs(void *arg)
{
    struct runner *self = arg;
    while (self->rounds < ROUNDS) {
        CU_ASSERT_EQUAL(co_chan_recv(self->turn, NULL), CO_CHAN_OK);
        CU_ASSERT_EQUAL(atomic_fetch_add(&self->inside, 1), 0);
        if ((self->rounds + (int)(uintptr_t)self / 64) % 20 == 0)
            for (int64_t end_ns = co_clock_now_ns() + 2 * CO_CLOCK_MS; co_clock_now_ns() < end_ns;)
                continue;
        self->rounds++;
        co_yield();
        CU_ASSERT_EQUAL(atomic_fetch_sub(&self->inside, 1), 1);
        CU_ASSERT_EQUAL(co_chan_send(self->next->turn, NULL), CO_CHAN_OK);
    }
    co_waitgroup_done(&all);
}

static void none_is_lost(void)
{
    static struct runner runners[CROWD];
    for (int i = 0; i < CROWD; i++) {
        runners[i] = (struct runner){.turn = co_chan_make(0, 2), .next = &runners[(i + 1) % CROWD]};
        CU_ASSERT_EQUAL(co_chan_send(runners[i].turn, NULL), CO_CHAN_OK);
    }
    co_waitgroup_add(&all, CROWD);
    for (int i = 0; i < CROWD; i++)
        CU_ASSERT_FATAL(co_spawn(runs, &runners[i]));
    co_waitgroup_wait(&all);
    for (int i = 0; i < CROWD; i++) {
        CU_ASSERT_EQUAL(runners[i].rounds, ROUNDS);
        co_chan_free(&runners[i].turn);
    }
}

static void run_line(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

/* They are taken rarely, and at any moment. */
static void suites_with_moves(void)
{
    char self[200] = "", line[600];
    CU_ASSERT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(line, sizeof line,
        "said=$(CORO_MOVE=1 %s moving co chan select mutex waitgroup context eventcount poller "
        "sync flow timer 2>&1) || { echo \"$said\"; exit 1; }",
        self);
    co_blocking_call(run_line, line);
}

static const struct unit_test tests[] = {
    {"a_ready_one_leaves_a_busy_worker", a_ready_one_leaves_a_busy_worker},
    {"a_local_one_stays", a_local_one_stays},
    {"none_is_lost", none_is_lost},
    {0},
};
const struct unit_suite suite_moving = {.name = "moving", .tests = tests};

static const struct unit_test in_others[] = {
    {"suites_with_moves", suites_with_moves},
    {0},
};
const struct unit_suite suite_moves = {.name = "moves", .tests = in_others};
