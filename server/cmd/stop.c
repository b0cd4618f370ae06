/* SPDX-License-Identifier: MIT */
#include "server/cmd/stop.h"

#include <signal.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/text/log.h"
#include "server/cmd/stop_signals.h"
#include "server/process/supervisor.h"

static const int64_t one_wish_ns = CO_CLOCK_S;

/* A wish that it end; what else is asked for meanwhile is done. */
static int next_signal(struct stop *stop, struct co_context *until)
{
    int number;
    while ((number = stop_signals_wait(until)) == SIGHUP && stop->reload)
        stop->reload(stop->reload_arg);
    return number;
}

/* A second wish until then. A terminal, make and timeout(1) each pass a signal on to the whole
 * group, so that one wish can arrive twice: only what comes a while later is meant as another. */
static int second_signal(struct stop *stop, struct co_context *until, int64_t first_ns)
{
    int number;
    do
        number = next_signal(stop, until);
    while (number && co_clock_now_ns() - first_ns < one_wish_ns);
    return number;
}

static int second_within(struct stop *stop, int64_t time_ns, int64_t first_ns)
{
    struct co_context *until = co_context_with_timeout(stop->watch, time_ns);
    if (!until) /* memory is short: without a limit, then */
        return second_signal(stop, stop->watch, first_ns);
    int number = second_signal(stop, until, first_ns);
    co_context_release(&until);
    return number;
}

static void drain(struct stop *stop, int number)
{
    int64_t first_ns = co_clock_now_ns();
    log_info("signal %d: stopping; a second one ends at once", number);
    atomic_store(stop->stopping, true);
    supervisor_stopping();
    /* /readyz says "stopping" this long before the port is closed. */
    number = stop->delay_ns > 0 ? second_within(stop, stop->delay_ns, first_ns) : 0;
    /* From here on the service ends in order; this coroutine only bounds how long that takes. */
    co_context_cancel(stop->life);
    if (!number)
        number = second_within(stop, stop->limit_ns, first_ns);
    if (number) {
        log_error("signal %d: ended at once", number);
        _exit(1);
    }
    /* Neither a second signal nor the end: it was the limit. */
    if (co_context_err(stop->watch) == CO_CONTEXT_OK) {
        log_error("the stop has taken longer than --stop-timeout allows: cut off");
        _exit(STOP_CUT_OFF);
    }
}

static void watch_signals(void *arg)
{
    struct stop *stop = arg;
    int number = next_signal(stop, stop->watch);
    if (number)
        drain(stop, number);
    co_waitgroup_done(&stop->watching);
}

void stop_begin(struct stop *stop)
{
    stop->life = co_context_with_cancel(co_context_background());
    stop->watch = co_context_with_cancel(co_context_background());
    co_ensure(stop->life && stop->watch);
    co_waitgroup_add(&stop->watching, 1);
    co_ensure(co_spawn(watch_signals, stop));
}

void stop_end(struct stop *stop)
{
    co_context_cancel(stop->watch);
    co_waitgroup_wait(&stop->watching);
    co_context_release(&stop->watch);
    co_context_release(&stop->life);
}
