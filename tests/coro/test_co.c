/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/sanitize.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

static struct co_waitgroup group;
static _Atomic int count;

static void count_up(void *arg)
{
    atomic_fetch_add(&count, *(int *)arg);
    co_waitgroup_done(&group);
}

static void spawned_ones_all_run(void)
{
    enum { N = 2000 };
    int one = 1;
    count = 0;
    for (int i = 0; i < N; i++) {
        co_waitgroup_add(&group, 1);
        CU_ASSERT_FATAL(co_spawn(count_up, &one));
    }
    co_waitgroup_wait(&group);
    CU_ASSERT_EQUAL(count, N);
}

static void note_identity(void *arg)
{
    uint64_t *id = arg;
    *id = co_id(co_current());
    CU_ASSERT_STRING_EQUAL(co_name(co_current()), "note_identity");
    co_waitgroup_done(&group);
}

static void note_name(void *arg)
{
    (void)arg;
    CU_ASSERT_STRING_EQUAL(co_name(co_current()), "teller");
    co_waitgroup_done(&group);
}

static void names_and_ids(void)
{
    uint64_t a = 0, b = 0;
    co_waitgroup_add(&group, 3);
    CU_ASSERT(co_spawn(note_identity, &a));
    CU_ASSERT(co_spawn(note_identity, &b));
    CU_ASSERT(co_spawn_named("teller", note_name, NULL));
    co_waitgroup_wait(&group);
    CU_ASSERT(a != 0 && b != 0 && a != b && a != co_id(co_current()));
    CU_ASSERT_STRING_EQUAL(co_name(NULL), "-");
}

static char trace[64];

static void trace_thrice(void *arg)
{
    for (int i = 0; i < 3; i++) {
        strncat(trace, arg, 1);
        co_yield();
    }
    co_waitgroup_done(&group);
}

static void yield_takes_turns(void)
{
    trace[0] = '\0';
    char a[] = "a", b[] = "b", c[] = "c";
    co_waitgroup_add(&group, 3);
    CU_ASSERT(co_spawn_local(trace_thrice, a));
    CU_ASSERT(co_spawn_local(trace_thrice, b));
    CU_ASSERT(co_spawn_local(trace_thrice, c));
    co_waitgroup_wait(&group);
    CU_ASSERT_STRING_EQUAL(trace, "abcabcabc");
}

static void sleep_lasts(void)
{
    int64_t from = co_clock_now_ns();
    co_sleep(3 * CO_CLOCK_MS);
    int64_t took = co_clock_now_ns() - from;
    CU_ASSERT(took >= 3 * CO_CLOCK_MS);
    from = co_clock_now_ns();
    co_sleep(300 * CO_CLOCK_US); /* well below what a clock of milliseconds could do */
    took = co_clock_now_ns() - from;
    CU_ASSERT(took >= 300 * CO_CLOCK_US);
    co_sleep(0);
    co_sleep(-5);
}

static void keep_errno(void *arg)
{
    int mine = *(int *)arg;
    for (int i = 0; i < 100; i++) {
        errno = mine;
        co_yield();
        CU_ASSERT_EQUAL_FATAL(errno, mine);
    }
    co_waitgroup_done(&group);
}

static void errno_is_each_ones_own(void)
{
    int a = EPERM, b = EDOM;
    co_waitgroup_add(&group, 2);
    CU_ASSERT(co_spawn_local(keep_errno, &a));
    CU_ASSERT(co_spawn_local(keep_errno, &b));
    co_waitgroup_wait(&group);
}

/* Two pass a token back and forth with nothing but park and ready, on whatever workers they are. */
struct baton {
    _Atomic(struct co *) parked;
    int turns;
};

static bool publish(struct co *co, void *arg)
{
    struct baton *baton = arg;
    struct co *other = atomic_exchange(&baton->parked, co);
    if (other)
        co_ready(other);
    return true;
}

static void pass_baton(void *arg)
{
    struct baton *baton = arg;
    for (int i = 0; i < 5000; i++)
        co_park("baton", publish, baton);
    struct co *other = atomic_exchange(&baton->parked, NULL);
    if (other)
        co_ready(other);
    co_waitgroup_done(&group);
}

static void start_two(int index, void *arg)
{
    (void)index;
    CU_ASSERT(co_spawn_local(pass_baton, arg));
}

static void parking_storm(void)
{
    struct baton baton = {0};
    co_waitgroup_add(&group, co_worker_count());
    co_worker_each(start_two, &baton);
    co_waitgroup_wait(&group);
}

static bool stay(struct co *co, void *arg)
{
    (void)co;
    ++*(int *)arg;
    return false;
}

static void commit_can_refuse_to_park(void)
{
    int called = 0;
    co_park("nothing", stay, &called);
    CU_ASSERT_EQUAL(called, 1);
}

static void wait_for_end(void *arg)
{
    co_waitgroup_wait(arg);
}

static void come_and_wait(void *arg)
{
    co_waitgroup_done(&group);
    co_waitgroup_wait(arg);
}

static long resident_pages(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CU_ASSERT(statm && fscanf(statm, "%*d %ld", &pages) == 1);
    fclose(statm);
    return pages;
}

/* A crowd has come and gone: its memory is given back once there is nothing else to do. */
static void unused_stacks_are_given_back(void)
{
    enum { N = CO_SANITIZED ? 1500 : 8000 };
    struct co_waitgroup end = {0};
    co_waitgroup_add(&end, 1);
    co_waitgroup_add(&group, N);
    for (int i = 0; i < N; i++)
        CU_ASSERT(co_spawn(come_and_wait, &end));
    co_waitgroup_wait(&group);
    long crowded = resident_pages();
    co_waitgroup_done(&end);
    while (co_runtime_alive() > 1)
        co_sleep(CO_CLOCK_MS);
    for (int i = 0; i < 1000 && crowded - resident_pages() <= N - 2000; i++)
        co_sleep(CO_CLOCK_MS);
    CU_ASSERT(CO_SANITIZED || crowded - resident_pages() > N - 2000);
}

static bool refused;

static void spawn_until_refused(void *arg)
{
    (void)arg;
    struct co_waitgroup end = {0};
    co_waitgroup_add(&end, 1);
    int n = 0;
    while (n < 1000 && co_spawn(wait_for_end, &end))
        n++;
    refused = n >= 90 && n < 100;
    co_waitgroup_done(&end);
    while (co_runtime_alive() > 1)
        co_sleep(CO_CLOCK_MS / 10);
    refused = refused && co_spawn(wait_for_end, &end); /* one that waits for nothing */
    while (co_runtime_alive() > 1)
        co_sleep(CO_CLOCK_MS / 10);
}

int report_limit(void)
{
    const struct co_runtime_options options = {.workers = 1, .max_coroutines = 100};
    return co_runtime_run(&options, spawn_until_refused, NULL) == 0 && refused ? 0 : 1;
}

static const struct unit_test tests[] = {
    {"spawned_ones_all_run", spawned_ones_all_run},
    {"names_and_ids", names_and_ids},
    {"yield_takes_turns", yield_takes_turns},
    {"sleep_lasts", sleep_lasts},
    {"errno_is_each_ones_own", errno_is_each_ones_own},
    {"parking_storm", parking_storm},
    {"commit_can_refuse_to_park", commit_can_refuse_to_park},
    {"unused_stacks_are_given_back", unused_stacks_are_given_back},
    {NULL, NULL},
};

const struct unit_suite suite_co = {.name = "co", .tests = tests};
