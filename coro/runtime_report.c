/* SPDX-License-Identifier: MIT */
/* What can be said about all coroutines: the dump, the leaks, the deadlock. Reads other workers'
 * coroutines while they run: each field by itself is right, two of them may be of two moments. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/marks_private.h"
#include "coro/say.h"
#include "coro/sched_private.h"
#include "coro/stuck_private.h"
#include "coro/trace_events_private.h"

enum { QUIT_LISTED = 1000 };

static const char *const state_names[] = {
    [CO_FREE] = "free",
    [CO_FRESH] = "not started",
    [CO_IS_READY] = "ready",
    [CO_RUNNING] = "running",
    [CO_WAITING] = "waiting",
};

static void describe(const struct co *co, int state, int64_t now_ns, char *line, size_t size)
{
    const struct co_site *site = atomic_load_explicit(&co->site, memory_order_relaxed);
    char waits[80] = "";
    if (state == CO_WAITING) {
        int64_t ms =
            (now_ns - atomic_load_explicit(&co->since_ns, memory_order_relaxed)) / CO_CLOCK_MS;
        snprintf(waits, sizeof waits, " on %s for %lld ms",
            atomic_load_explicit(&co->why, memory_order_relaxed), (long long)ms);
    }
    snprintf(line, size, "  #%llu %s: %s%s, spawned at %s:%d\n", (unsigned long long)co_id(co),
        site->name, state_names[state], waits, site->file, site->line);
}

/* Print all that are alive, at most `limit` of them; how many there are. */
static size_t list_all(int fd, size_t limit)
{
    size_t alive = 0;
    int64_t now_ns = co_clock_now_ns();
    uint32_t used = atomic_load_explicit(&co_runtime.cos_pool.used, memory_order_acquire);
    for (uint32_t i = 0; i < used; i++) {
        const struct co *co = &co_runtime.cos[i];
        int state = atomic_load_explicit(&co->state, memory_order_relaxed);
        if (state == CO_FREE)
            continue;
        char line[400];
        if (alive++ < limit) {
            describe(co, state, now_ns, line, sizeof line);
            if (write(fd, line, strlen(line)) < 0)
                break;
        }
    }
    if (alive > limit)
        co_say_line(fd, "  ... and %zu more\n", alive - limit);
    return alive;
}

static void dump_some(int fd, size_t most)
{
    co_say_line(fd, "%zu coroutines on %d workers\n", co_runtime_alive(), co_runtime.worker_count);
    list_all(fd, most);
    co_marks_list(fd);
}

static void dump(void *arg)
{
    dump_some(*(int *)arg, SIZE_MAX);
}

/* Printing wants more stack than a coroutine should have to spare. */
void co_runtime_dump(int fd)
{
    co_worker_call(dump, &fd);
}

static void on_quit(int number)
{
    (void)number;
    int saved = errno;
    co_stuck_dump_now(STDERR_FILENO, 0);
    dump_some(STDERR_FILENO, QUIT_LISTED);
    errno = saved;
}

void co_runtime_dump_on_quit(void)
{
    struct sigaction action = {.sa_handler = on_quit, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    co_ensure(sigaction(SIGQUIT, &action, NULL) == 0);
}

enum { LEAKS_LISTED = 100, DEADLOCK_EXIT = 2 };

size_t co_runtime_report_leaks(void)
{
    if (co_runtime_alive() == 0)
        return 0;
    if ((co_runtime.schedule && co_runtime.schedule->quiet) || co_runtime.deadlocked)
        return co_runtime_alive();
    co_say_line(STDERR_FILENO, "coroutines still alive at the end:\n");
    return list_all(STDERR_FILENO, LEAKS_LISTED);
}

/*
 * Called by a worker that goes to sleep. The others may have been woken since: then there is
 * something in an inbox; or may have been awake and gone to sleep again: then co_runtime.sleep is
 * not what it was.
 */
bool co_runtime_report_deadlocked(uint64_t sleep)
{
    if ((int)(uint32_t)sleep < co_runtime.worker_count || atomic_load(&co_runtime.stopping))
        return false;
    int outside = 0;
    for (int i = 0; i < co_runtime.worker_count; i++) {
        struct co_worker *worker = &co_runtime.workers[i];
        outside += atomic_load(&worker->outside);
        if (atomic_load(&worker->inbox) || atomic_load(&worker->fresh.count) ||
            atomic_load(&worker->timers.due_ns) != INT64_MAX)
            return false;
    }
    return outside == 0 && atomic_load(&co_runtime.sleep) == sleep;
}

/* The caller of co_runtime_run() wants to go on: all workers, which sleep, shall end. */
static void end_run(void)
{
    *co_runtime.deadlocked = true;
    atomic_store(&co_runtime.stopping, true);
    for (int i = 0; i < co_runtime.worker_count; i++)
        co_worker_ring(&co_runtime.workers[i]);
}

/* A seeded run ends, so that the next seed can be tried, and one whose caller asks for that; a real
 * program exits. */
void co_runtime_report_deadlock(void)
{
    struct co_schedule *schedule = co_runtime.schedule;
    if (!schedule && co_runtime.deadlocked) {
        end_run();
        return;
    }
    if (schedule) {
        schedule->deadlocked = true;
        atomic_store(&co_runtime.stopping, true);
        if (!schedule->quiet)
            co_say_line(STDERR_FILENO, "with seed %llu: ", (unsigned long long)schedule->seed);
        else
            return;
    }
    /* Two workers may see it at the same time: one of them tells, and ends the process. */
    static atomic_flag told = ATOMIC_FLAG_INIT;
    while (!schedule && atomic_flag_test_and_set(&told))
        pause();
    co_say_line(STDERR_FILENO, "deadlock: all coroutines wait, and nothing can wake them:\n");
    list_all(STDERR_FILENO, SIZE_MAX);
    co_trace_finish();
    if (!schedule)
        _exit(DEADLOCK_EXIT);
}
