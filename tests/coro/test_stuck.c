/* SPDX-License-Identifier: MIT */
/* Coroutines that have waited for long, by where they were spawned and where they wait. */
#include "coro/stuck.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

enum { FIRST = 30, SECOND = 5, LOCKED = 3, CROWD = CO_SANITIZED ? 300 : 2000, SOON_S = 30 };

static struct co_chan *chan;
static struct co_mutex mutex;
static struct co_waitgroup all;
static struct co_stuck stuck;

/* Two places of the code that wait on the same; not inlined, so that they have names. */
__attribute__((noinline)) static void wait_here(void)
{
    CU_ASSERT_EQUAL(co_chan_recv(chan, NULL), CO_CHAN_CLOSED);
    co_waitgroup_done(&all);
}

__attribute__((noinline)) static void wait_there(void)
{
    CU_ASSERT_EQUAL(co_chan_recv(chan, NULL), CO_CHAN_CLOSED);
    co_waitgroup_done(&all);
}

static void waiter(void *arg)
{
    if (arg)
        wait_there();
    else
        wait_here();
}

static void locker(void *arg)
{
    (void)arg;
    co_mutex_lock(&mutex);
    co_mutex_unlock(&mutex);
    co_waitgroup_done(&all);
}

/* A function of that name is among the frames. */
static bool is_in(const struct co_stuck_group *group, const char *function)
{
    char text[CO_STUCK_FRAME_TEXT];
    for (int i = 0; i < group->depth; i++)
        if (strstr(co_stuck_frame(group, i, text), function))
            return true;
    return false;
}

static const struct co_stuck_group *find(const char *name, const char *why, const char *function)
{
    for (size_t i = 0; i < stuck.count; i++)
        if (strcmp(stuck.groups[i].spawned->name, name) == 0 &&
            strcmp(stuck.groups[i].why, why) == 0 && is_in(&stuck.groups[i], function))
            return &stuck.groups[i];
    return NULL;
}

static void take_until(uint32_t waiting)
{
    int64_t end_ns = co_clock_now_ns() + SOON_S * CO_CLOCK_S;
    do {
        co_sleep(CO_CLOCK_MS);
        co_stuck_take(&stuck, 0);
    } while (stuck.waiting != waiting && co_clock_now_ns() < end_ns);
}

static void check_groups(void)
{
    const struct co_stuck_group *here = find("waiter", "channel receive", "wait_here");
    const struct co_stuck_group *there = find("waiter", "channel receive", "wait_there");
    const struct co_stuck_group *locks = find("locker", "mutex", "locker");
    CU_ASSERT_FATAL(here && there && locks);
    CU_ASSERT_EQUAL(here->count, FIRST);
    CU_ASSERT_EQUAL(there->count, SECOND);
    CU_ASSERT_EQUAL(locks->count, LOCKED);
    CU_ASSERT_EQUAL(stuck.waiting, FIRST + SECOND + LOCKED);
    CU_ASSERT_EQUAL(stuck.others, 0);
    CU_ASSERT_TRUE(stuck.alive > stuck.waiting); /* this one runs */
    CU_ASSERT_PTR_EQUAL(here, &stuck.groups[0]);
    CU_ASSERT_TRUE(here->longest_ns >= here->shortest_ns && here->shortest_ns >= 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(here->spawned->file, "test_stuck.c"));
    CU_ASSERT_TRUE(here->spawned->line > 0 && here->id > 0);
}

/* Nobody has waited for an hour, and what has is of one moment. */
static void check_ages(void)
{
    co_stuck_take(&stuck, 3600 * CO_CLOCK_S);
    CU_ASSERT_EQUAL(stuck.waiting, 0);
    CU_ASSERT_EQUAL(stuck.count, 0);
    co_sleep(20 * CO_CLOCK_MS);
    co_stuck_take(&stuck, 10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(stuck.waiting, FIRST + SECOND + LOCKED);
}

static void check_dump(void)
{
    static char text[8192];
    char path[] = "/tmp/test-coro-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    unlink(path);
    co_stuck_dump(fd, 0);
    CU_ASSERT(pread(fd, text, sizeof text - 1, 0) > 0);
    close(fd);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "38 of 39 coroutines wait, by where:\n30 waiter on"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "        in wait_there+0x"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "spawned at tests/coro/test_stuck.c:"));
}

static void test_by_place(void)
{
    chan = co_chan_make(0, 0);
    co_mutex_lock(&mutex);
    co_waitgroup_add(&all, FIRST + SECOND + LOCKED);
    for (int i = 0; i < FIRST + SECOND; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn(waiter, i < FIRST ? NULL : &all));
    for (int i = 0; i < LOCKED; i++)
        CU_ASSERT_TRUE_FATAL(co_spawn(locker, NULL));
    take_until(FIRST + SECOND + LOCKED);
    check_groups();
    check_ages();
    check_dump();
    co_mutex_unlock(&mutex);
    CU_ASSERT_TRUE(co_chan_close(chan));
    co_waitgroup_wait(&all);
    co_chan_free(&chan);
}

static void come_and_go(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) {
        co_mutex_lock(&mutex);
        co_yield();
        co_mutex_unlock(&mutex);
    }
    co_waitgroup_done(&all);
}

/* Stacks are read while their coroutines go on, end, and others take them. */
static void test_while_they_go_on(void)
{
    co_waitgroup_add(&all, CROWD);
    for (int i = 0; i < CROWD; i++) {
        while (!co_spawn(come_and_go, NULL))
            co_sleep(CO_CLOCK_MS);
        if (i % 50 == 0) {
            co_yield();
            co_stuck_take(&stuck, 0);
            CU_ASSERT_TRUE(stuck.waiting <= stuck.alive);
        }
    }
    co_waitgroup_wait(&all);
}

const struct unit_suite suite_stuck = {"stuck", 2,
    (const struct unit_test[]){
        {"by_place", test_by_place}, {"while_they_go_on", test_while_they_go_on}, {0}}};
