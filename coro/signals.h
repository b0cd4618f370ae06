/* SPDX-License-Identifier: MIT */
/* Signals of the operating system as a channel (Go's signal.Notify). */
#ifndef CORO_SIGNALS_H
#define CORO_SIGNALS_H

#include <stddef.h>

#include "coro/chan.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_signals;

/* Take over the n signals; NULL: one of them cannot be, or memory or descriptors are short (errno).
 * At most one at a time for each signal. The caller's worker watches for them. */
CO_MUST_CHECK struct co_signals *co_signals_open(const int *numbers, size_t n);

/* Items are int: the signal's number. One that comes while 16 wait is dropped. */
struct co_chan *co_signals_chan(struct co_signals *signals);

/* Restore the handlers from before; on the worker that opened. Nulls the pointer. */
void co_signals_close(struct co_signals **signals);

CO_C_END

#endif
