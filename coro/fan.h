/* SPDX-License-Identifier: MIT */
/* Many coroutines on one stream, and many streams into one. */
#ifndef CORO_FAN_H
#define CORO_FAN_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/chan.h"
#include "coro/language.h"
#include "coro/waitgroup.h"

CO_C_BEGIN

/*
 * Fan out: start n coroutines, each of which calls fn(item, arg) for items of `in` until it is
 * closed and drained. `done` is raised by n, and lowered as they end. False: not all could be
 * started; those that were go on.
 */
CO_MUST_CHECK bool co_fan_out(struct co_chan *in, size_t n, void (*fn)(void *item, void *arg),
    void *arg, struct co_waitgroup *done);

/*
 * Fan in: a channel (of the given capacity, the caller's to free) that gets the items of all n
 * channels, which have one item size, and is closed when all of them are. NULL: memory or
 * coroutines ran out; nothing was received then.
 */
CO_MUST_CHECK struct co_chan *co_fan_in(struct co_chan *const *ins, size_t n, size_t capacity);

CO_C_END

#endif
