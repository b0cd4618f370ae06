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

CO_C_BEGIN

struct co_duty {
    struct co_context *running; /* ends when it is to stop: for all that it waits for */
    struct co_waitgroup done;
    void (*work)(void *arg);
    void *arg;
};

/* Run work(arg), under a name for reports, until it returns or is told to stop. False: memory or
 * coroutines are short, and nothing was started. Never parks. */
#define co_duty_start(name, duty, work, arg) co_duty_start_at(CO_SITE(name), (duty), (work), (arg))
CO_MUST_CHECK bool co_duty_start_at(
    const struct co_site *site, struct co_duty *duty, void (*work)(void *arg), void *arg);

/* Called by the work alone: park that long. False, immediately, if it is to stop. */
CO_MUST_CHECK bool co_duty_rest(struct co_duty *duty, int64_t ns);

/* Tell it to stop and park until it has. One that has ended, or was not started, is fine. */
void co_duty_stop(struct co_duty *duty);

CO_C_END

#endif
