/* SPDX-License-Identifier: MIT */
/*
 * co_ensure(): an invariant of ours that must hold. It stays on in production builds: a bank would
 * rather stop than go on wrong. It prints the condition, the place and the coroutine, and aborts.
 * Whatever a user or a peer can cause is never an co_ensure(), but a status marked CO_MUST_CHECK.
 */
#ifndef CORO_ENSURE_H
#define CORO_ENSURE_H

#include "coro/language.h"

CO_C_BEGIN

#define CO_MUST_CHECK __attribute__((warn_unused_result))

#define co_ensure(condition)                                                                       \
    ((condition) ? (void)0 : co_ensure_failed(#condition, __FILE__, __LINE__, __func__))

/* Prints to stderr and aborts. Callable from any thread, in or out of a coroutine. */
CO_NORETURN void co_ensure_failed(
    const char *condition, const char *file, int line, const char *func);

CO_C_END

#endif
