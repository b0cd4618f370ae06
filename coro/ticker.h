/* SPDX-License-Identifier: MIT */
/*
 * Time as a channel, for select: once after a while (Go's time.After), or repeatedly (Go's
 * Ticker). An item is the co_clock_now_ns() at which it was sent; a tick that nobody has taken yet
 * is not sent twice. Nothing is left behind after co_ticker_free().
 */
#ifndef CORO_TICKER_H
#define CORO_TICKER_H

#include <stdint.h>

#include "coro/chan.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_ticker;

/* The first tick after first_ns, then one every every_ns; 0: only the first. NULL when memory is
 * short. */
CO_MUST_CHECK struct co_ticker *co_ticker_make(int64_t first_ns, int64_t every_ns);

/* Items are int64_t. The ticker's own; never closed. */
struct co_chan *co_ticker_chan(struct co_ticker *ticker);

/* Stop it, free it and its channel, and null the caller's pointer. Nobody may be receiving. */
void co_ticker_free(struct co_ticker **ticker);

CO_C_END

#endif
