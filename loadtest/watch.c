/* SPDX-License-Identifier: MIT */
/* One coroutine beside the run: it shows progress on a terminal, and turns a signal into an end in
 * order. */
#include "loadtest/watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "coro/signals.h"
#include "coro/waitgroup.h"

enum { EXIT_AT_ONCE = 130 };

struct watch {
    struct report *report;
    struct co_chan *stop; /* closed: the run is over */
    struct co_signals *signals;
    struct co_waitgroup ended;
    int64_t started_ns;
    uint64_t seen; /* requests at the last line */
    bool shows;
};

static void show(struct watch *watch)
{
    uint64_t requests = stats_requests(watch->report->stats);
    /* Over itself, on standard error: standard output is the report's. */
    fprintf(stderr,
        "\r%4" PRId64 " s  %" PRIu64 " requests, %" PRIu64 "/s, %" PRIu64 " violations ",
        (co_clock_now_ns() - watch->started_ns) / CO_CLOCK_S, requests, requests - watch->seen,
        watch->report->violations.count);
    watch->seen = requests;
}

static void hear(struct watch *watch)
{
    /* A second signal means: now. */
    if (atomic_exchange(&watch->report->interrupted, true))
        _exit(EXIT_AT_ONCE);
    fprintf(stderr, "%steller-load: interrupted; waiting for what is under way (again: end now)\n",
        watch->shows ? "\n" : "");
}

static void look(void *arg)
{
    struct watch *watch = arg;
    for (;;) {
        int number;
        struct co_select_case cases[] = {
            {.op = CO_SELECT_RECV, .chan = watch->stop},
            {.op = CO_SELECT_RECV, .chan = co_signals_chan(watch->signals), .item = &number},
        };
        /* A closed channel is ready at all times, so the end is not missed. */
        int taken = co_select_timeout(cases, 2, CO_CLOCK_S);
        if (taken == 0)
            break;
        if (taken == 1)
            hear(watch);
        else if (watch->shows)
            show(watch);
    }
    if (watch->shows)
        fputc('\n', stderr);
    co_waitgroup_done(&watch->ended);
}

static void release(struct watch *watch)
{
    if (watch->signals)
        co_signals_close(&watch->signals);
    if (watch->stop)
        co_chan_free(&watch->stop);
    free(watch);
}

struct watch *watch_start(struct report *report)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->report = report;
    watch->started_ns = co_clock_now_ns();
    watch->shows = isatty(STDERR_FILENO);
    watch->stop = co_chan_make(1, 0);
    watch->signals = co_signals_open(numbers, 2);
    co_waitgroup_add(&watch->ended, 1);
    /* Without it a signal would end the program in mid-race. */
    if (!watch->stop || !watch->signals || !co_spawn_named("watch", look, watch)) {
        release(watch);
        return NULL;
    }
    return watch;
}

void watch_stop(struct watch **watch)
{
    struct watch *stopped = *watch;
    *watch = NULL;
    if (!stopped)
        return;
    co_chan_close(stopped->stop);
    /* It may be printing, and uses the report. */
    co_waitgroup_wait(&stopped->ended);
    release(stopped);
}
