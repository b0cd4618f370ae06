/* SPDX-License-Identifier: MIT */
/* What the watchdog says, and of what it says nothing: each in a process of its own. */
#include "coro/watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/timer.h"
#include "tests/coro/suites.h"

enum { LIMIT_MS = 100 };

static _Atomic int reports;

static void tell(const struct co_watchdog_report *report, void *arg)
{
    (void)arg;
    reports++;
    co_watchdog_say(STDOUT_FILENO, report);
    fflush(stdout);
}

/* Until something is said, or in vain for half a minute of the processor's time. */
__attribute__((noinline)) static void compute_for_long(void)
{
    clock_t end = clock() + 30 * CLOCKS_PER_SEC;
    while (!reports && clock() < end)
        continue;
    reports += 0;
}

static void hog(void *arg)
{
    (void)arg;
    compute_for_long();
    int seen = reports;
    /* The same one is told once, however long it goes on. */
    for (clock_t end = clock() + CLOCKS_PER_SEC / 5; clock() < end;)
        continue;
    printf("%s\n", reports == seen ? "once" : "again");
}

static void hog_twice(void *arg)
{
    hog(arg);
    co_yield();
    reports = 0;
    hog(arg);
}

__attribute__((noinline)) static void sleep_in_the_system(void)
{
    struct timespec left = {.tv_sec = 30};
    while (!reports && left.tv_sec > 0) {
        struct timespec part = {.tv_sec = 1};
        if (nanosleep(&part, NULL) != 0)
            printf("interrupted\n"); /* a call is not to be disturbed */
        left.tv_sec--;
    }
}

static void block(void *arg)
{
    (void)arg;
    sleep_in_the_system();
}

static void callback(void *arg)
{
    (void)arg;
    compute_for_long();
}

static void by_callback(void *arg)
{
    (void)arg;
    static struct co_timer timer;
    co_timer_start(&timer, co_clock_now_ns(), callback, NULL);
    co_sleep(10 * CO_CLOCK_MS);
}

/* Busy, but polite; then parked for long; then all of the process stopped for long. */
static void behave(void *arg)
{
    (void)arg;
    for (clock_t end = clock() + CLOCKS_PER_SEC / 2; clock() < end;)
        co_yield();
    co_sleep(5 * LIMIT_MS * CO_CLOCK_MS);
    pid_t helper = fork(); /* wakes this one up again */
    if (helper == 0) {
        struct timespec pause = {.tv_nsec = 600 * CO_CLOCK_MS};
        nanosleep(&pause, NULL);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    kill(getpid(), SIGSTOP);
    for (clock_t end = clock() + LIMIT_MS / 4 * CLOCKS_PER_SEC / 1000; clock() < end;)
        continue;
    co_yield();
    printf("said %d\n", reports);
}

int watchdog_child(const char *scenario)
{
    static const struct {
        const char *name;
        void (*main)(void *arg);
    } scenarios[] = {{"hog", hog}, {"hog-twice", hog_twice}, {"block", block},
        {"callback", by_callback}, {"behave", behave}};
    const struct co_runtime_options options = {
        .workers = 2, .watchdog_ns = LIMIT_MS * CO_CLOCK_MS, .on_watchdog = tell};
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(scenario + strlen("watchdog-"), scenarios[i].name) == 0)
            return (int)co_runtime_run(&options, scenarios[i].main, NULL);
    return 99;
}

static void expect(const char *said, const char *text)
{
    bool found = strstr(said, text) != NULL;
    if (!found)
        printf("\nnot '%s', but:\n%s\n", text, said);
    CU_ASSERT(found);
}

static void a_hog_is_named(void)
{
    const char *said = report_said("watchdog-hog");
    expect(said, "coroutine #1 main, spawned at coro/runtime.c:");
    expect(said, " hogs worker 0: it has computed for ");
#if !defined(__SANITIZE_THREAD__) /* which lets a signal in at calls of its own only */
    expect(said, "        in compute_for_long+0x");
    expect(said, "        in hog+0x");
#endif
    expect(said, "once");
    said = report_said("watchdog-hog-twice");
    const char *first = strstr(said, " hogs worker");
    CU_ASSERT(first && strstr(first + 1, " hogs worker") && !strstr(said, "again"));
    expect(report_said("watchdog-callback"), "a callback hogs worker 0");
}

static void a_call_that_blocks_is_named(void)
{
    const char *said = report_said("watchdog-block");
    expect(said, " blocks worker 0 in system call ");
    expect(said, "        in sleep_in_the_system+0x");
    CU_ASSERT_PTR_NULL(strstr(said, " hogs "));
    CU_ASSERT_PTR_NULL(strstr(said, "interrupted"));
}

/* Yielding, parked, or stopped as a process. */
static void nothing_is_said_of_others(void)
{
    const char *said = report_said("watchdog-behave");
    expect(said, "said 0");
    CU_ASSERT_PTR_NULL(strstr(said, "worker"));
}

const struct unit_suite suite_watchdog = {"watchdog", 2,
    (const struct unit_test[]){{"a_hog_is_named", a_hog_is_named},
        {"a_call_that_blocks_is_named", a_call_that_blocks_is_named},
        {"nothing_is_said_of_others", nothing_is_said_of_others}, {0}}};
