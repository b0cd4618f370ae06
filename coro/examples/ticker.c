/* SPDX-License-Identifier: MIT */
/*
 * A ticker sends the time repeatedly: here it limits the rate of requests, until a second
 * one, which ticks only once, says that the time is over.
 *
 *     limiter, over := time.Tick(10*time.Millisecond), time.After(405*time.Millisecond)
 *     for { select { case <-limiter: request(); case <-over: return } }
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/ticker.h"

static void program(void *arg)
{
    (void)arg;
    struct co_ticker *limiter = co_ticker_make(10 * CO_CLOCK_MS, 10 * CO_CLOCK_MS);
    struct co_ticker *over = co_ticker_make(405 * CO_CLOCK_MS, 0);
    co_ensure(limiter && over);
    int64_t start_ns = co_clock_now_ns(), sent_ns = 0;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = co_ticker_chan(limiter), .item = &sent_ns},
        {.op = CO_SELECT_RECV, .chan = co_ticker_chan(over)},
    };
    int requests = 0;
    while (co_select_wait(cases, 2) == 0)
        if (++requests == 1)
            printf(
                "the first after %s\n", sent_ns - start_ns >= 10 * CO_CLOCK_MS ? "10 ms" : "less");
    printf("at most 40 requests in 405 ms: %s\n", requests <= 40 ? "yes" : "no");
    printf("several of them: %s\n", requests >= 3 ? "yes" : "no");
    co_ticker_free(&over);
    co_ticker_free(&limiter);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
