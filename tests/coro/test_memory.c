/* SPDX-License-Identifier: MIT */
/* What goes on when there is no memory any more: all that has no status for it. In a process of its
 * own, whose address space is filled up after the first preparations. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/context.h"
#include "coro/fan.h"
#include "coro/sanitize.h"
#include "coro/select.h"
#include "coro/timer.h"
#include "tests/coro/suites.h"

enum { TIMERS = 300, CHANNELS = 20, LARGEST = 1 << 24, SMALLEST = 16, STATUS_FINE = 0 };

static void fill_the_memory(void)
{
    const struct rlimit none = {1, 1};
    setrlimit(RLIMIT_AS, &none);
    for (size_t size = LARGEST; size >= SMALLEST; size /= 2)
        while (malloc(size))
            atomic_signal_fence(memory_order_seq_cst); /* it is not left out */
}

static int fired;
static int64_t last_ns;

static void fire(void *arg)
{
    const struct co_timer *timer = arg;
    fired += timer->at_ns >= last_ns; /* in order */
    last_ns = timer->at_ns;
}

/* More than there is room for, some of them stopped again. */
static bool timers_fire(void)
{
    static struct co_timer timers[TIMERS];
    int64_t now = co_clock_now_ns();
    for (int i = 0; i < TIMERS; i++)
        co_timer_start(&timers[i], now + (1 + i * 7 % 10) * CO_CLOCK_MS, fire, &timers[i]);
    int stopped = 0;
    for (int i = 0; i < TIMERS; i += 3)
        stopped += co_timer_stop(&timers[i]);
    co_sleep(30 * CO_CLOCK_MS);
    return stopped == TIMERS / 3 && fired == TIMERS - stopped;
}

static void set(void *arg)
{
    *(bool *)arg = true;
}

static void send_late(void *arg)
{
    co_sleep(20 * CO_CLOCK_MS);
    if (co_chan_send(arg, NULL) == CO_CHAN_OK)
        co_sleep(0);
}

static void add(void *item, void *arg)
{
    *(int *)arg += *(int *)item;
}

/* Says what went wrong, in words. */
void memory_is_short(void *arg)
{
    (void)arg;
    struct co_select_case cases[CHANNELS];
    for (int i = 0; i < CHANNELS; i++)
        cases[i] =
            (struct co_select_case){.op = CO_SELECT_RECV, .chan = co_chan_make(0, 0), .item = NULL};
    struct co_context *context = co_context_with_cancel(co_context_background());
    struct co_chan *numbers = co_chan_make(sizeof(int), 0);
    struct co_waitgroup adders = {0};
    int sum = 0;
    bool called = false, ready = context && numbers && cases[CHANNELS - 1].chan &&
                                 co_spawn(send_late, cases[CHANNELS - 1].chan) &&
                                 co_fan_out(numbers, 3, add, &sum, &adders);
    fill_the_memory();

    bool done = co_chan_try_recv(co_context_done(context), NULL) == CO_CHAN_WOULD_BLOCK;
    co_context_cancel(context);
    done = done && co_chan_recv(co_context_done(context), NULL) == CO_CHAN_CLOSED;
    int none = co_select_timeout(cases, CHANNELS, CO_CLOCK_MS);
    int taken = co_select_wait(cases, CHANNELS);
    co_blocking_call(set, &called);
    for (int i = 1; i <= 10; i++)
        ready = ready && co_chan_send(numbers, &i) == CO_CHAN_OK;
    co_chan_close(numbers);
    co_waitgroup_wait(&adders);
    bool fires = timers_fire();
    if (!ready || !done || none != CO_SELECT_NONE || taken != CHANNELS - 1 || !called ||
        sum != 55 || !fires)
        _exit(1 + (int)done + 2 * (taken == CHANNELS - 1) + 4 * (int)called + 8 * (sum == 55) +
              16 * (int)fires);
    _exit(STATUS_FINE);
}

static void run_child(void *arg)
{
    char self[200] = "", line[300];
    CU_ASSERT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(line, sizeof line, "exec '%s' --child short", self);
    *(int *)arg = system(line);
}

static void what_has_no_status_goes_on(void)
{
    if (CO_SANITIZED)
        return; /* their own memory is needed, too */
    int status = -1;
    co_blocking_call(run_child, &status);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), STATUS_FINE);
}

static const struct unit_test tests[] = {
    {"what_has_no_status_goes_on", what_has_no_status_goes_on},
    {NULL, NULL},
};

const struct unit_suite suite_memory = {.name = "memory", .tests = tests};
