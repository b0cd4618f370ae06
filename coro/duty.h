/* SPDX-License-Identifier: MIT */
/*
 * A duty: something that is done in the background, in a coroutine of its own, until it is
 * told to stop. It lies in the struct of whatever has it; all zero is one that was not started.
 */
#ifndef CORO_DUTY_H
#define CORO_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/co.h"
#include "coro/context.h"
#include "coro/language.h"
#include "coro/waitgroup.h"

CORO_C_BEGIN

struct duty {
    struct context *running; /* ends when it is to stop: for all that it waits for */
    struct waitgroup done;
    void (*work)(void *arg);
    void *arg;
};

/* Run work(arg), under a name for reports, until it returns or is told to stop. False: memory or
 * coroutines are short, and nothing was started. Never parks. */
#define duty_start(name, duty, work, arg) duty_start_at(CO_SITE(name), (duty), (work), (arg))
MUST_CHECK bool duty_start_at(
    const struct co_site *site, struct duty *duty, void (*work)(void *arg), void *arg);

/* Called by the work alone: park that long. False, immediately, if it is to stop. */
MUST_CHECK bool duty_rest(struct duty *duty, int64_t ns);

/* Tell it to stop and park until it has. One that has ended, or was not started, is fine. */
void duty_stop(struct duty *duty);

CORO_C_END

#endif
