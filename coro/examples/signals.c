/* SPDX-License-Identifier: MIT */
/*
 * Signals as a channel: the program ends when it is asked to, and not in the middle of something.
 *
 *     stop := make(chan os.Signal, 1)
 *     signal.Notify(stop, syscall.SIGTERM)
 *     for { select { case <-stop: return; case <-time.After(…): work() } }
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/signals.h"

static void program(void *arg)
{
    (void)arg;
    const int wanted[] = {SIGTERM, SIGHUP};
    struct co_signals *signals = co_signals_open(wanted, 2);
    co_ensure(signals);
    int number, pieces = 0;
    struct co_select_case stop = {
        .op = CO_SELECT_RECV, .chan = co_signals_chan(signals), .item = &number};
    while (co_select_timeout(&stop, 1, CO_CLOCK_MS) == CO_SELECT_NONE)
        if (++pieces == 5)
            kill(getpid(), SIGTERM); /* as an operator would, from elsewhere */
    printf("asked to stop: %s\n", number == SIGTERM ? "SIGTERM" : "another signal");
    printf("at least five pieces of work done: %s\n", pieces >= 5 ? "yes" : "no");
    co_signals_close(&signals);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
