/* SPDX-License-Identifier: MIT */
/*
 * Ticks keep to the times first + n * every, however late one is delivered. The timer is started
 * again by its own callback, always on the worker that made the ticker, and under `lock`, so that
 * ticker_free() on another worker cannot come between.
 */
#include "coro/ticker.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/lock.h"
#include "coro/timer.h"

struct ticker {
    struct timer timer;
    struct chan *chan;
    int64_t next_ns, every_ns;
    struct lock lock;
    bool stopped; /* under lock */
};

static void tick(void *arg)
{
    struct ticker *ticker = arg;
    int64_t now = clock_now_ns();
    enum chan_status full_is_fine = chan_try_send(ticker->chan, &now);
    (void)full_is_fine;
    if (ticker->every_ns == 0)
        return;
    while (ticker->next_ns <= now)
        ticker->next_ns += ticker->every_ns;
    lock_take(&ticker->lock);
    if (!ticker->stopped)
        timer_start(&ticker->timer, ticker->next_ns, tick, ticker);
    lock_drop(&ticker->lock);
}

struct ticker *ticker_make(int64_t first_ns, int64_t every_ns)
{
    ensure(every_ns >= 0);
    struct ticker *ticker = calloc(1, sizeof *ticker);
    struct chan *chan = chan_make(sizeof(int64_t), 1);
    if (!ticker || !chan) {
        free(ticker);
        chan_free(&chan);
        return NULL;
    }
    ticker->chan = chan;
    ticker->every_ns = every_ns;
    ticker->next_ns = clock_now_ns() + (first_ns > 0 ? first_ns : 0);
    timer_start(&ticker->timer, ticker->next_ns, tick, ticker);
    return ticker;
}

struct chan *ticker_chan(struct ticker *ticker)
{
    return ticker->chan;
}

void ticker_free(struct ticker **ticker)
{
    struct ticker *it = *ticker;
    *ticker = NULL;
    if (!it)
        return;
    lock_take(&it->lock);
    it->stopped = true;
    lock_drop(&it->lock);
    timer_stop(&it->timer); /* with no lock held: it waits for a tick that is under way */
    chan_free(&it->chan);
    free(it);
}
