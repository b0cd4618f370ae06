/* SPDX-License-Identifier: MIT */
/*
 * Ticks keep to the times first + n * every, however late one is delivered. The timer is started
 * again by its own callback, always on the worker that made the ticker, and under `lock`, so that
 * co_ticker_free() on another worker cannot come between.
 */
#include "coro/ticker.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/lock.h"
#include "coro/timer.h"

struct co_ticker {
    struct co_timer timer;
    struct co_chan *chan;
    int64_t next_ns, every_ns;
    struct co_lock lock;
    bool stopped; /* under lock */
};

static void tick(void *arg)
{
    struct co_ticker *ticker = arg;
    int64_t now = co_clock_now_ns();
    enum co_chan_status full_is_fine = co_chan_try_send(ticker->chan, &now);
    (void)full_is_fine;
    if (ticker->every_ns == 0)
        return;
    while (ticker->next_ns <= now)
        ticker->next_ns += ticker->every_ns;
    co_lock_take(&ticker->lock);
    if (!ticker->stopped)
        co_timer_start(&ticker->timer, ticker->next_ns, tick, ticker);
    co_lock_drop(&ticker->lock);
}

struct co_ticker *co_ticker_make(int64_t first_ns, int64_t every_ns)
{
    co_ensure(every_ns >= 0);
    struct co_ticker *ticker = calloc(1, sizeof *ticker);
    struct co_chan *chan = co_chan_make(sizeof(int64_t), 1);
    if (!ticker || !chan) {
        free(ticker);
        co_chan_free(&chan);
        return NULL;
    }
    ticker->chan = chan;
    ticker->every_ns = every_ns;
    ticker->next_ns = co_clock_now_ns() + (first_ns > 0 ? first_ns : 0);
    co_timer_start(&ticker->timer, ticker->next_ns, tick, ticker);
    return ticker;
}

struct co_chan *co_ticker_chan(struct co_ticker *ticker)
{
    return ticker->chan;
}

void co_ticker_free(struct co_ticker **ticker)
{
    struct co_ticker *it = *ticker;
    *ticker = NULL;
    if (!it)
        return;
    co_lock_take(&it->lock);
    it->stopped = true;
    co_lock_drop(&it->lock);
    co_timer_stop(&it->timer); /* with no lock held: it waits for a tick that is under way */
    co_chan_free(&it->chan);
    free(it);
}
