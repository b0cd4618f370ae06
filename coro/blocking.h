/* SPDX-License-Identifier: MIT */
/* A small pool of threads for calls that block and cannot park: getaddrinfo, fsync, waitpid. */
#ifndef CORO_BLOCKING_H
#define CORO_BLOCKING_H

#include "coro/language.h"

CO_C_BEGIN

/* Run fn(arg) on a thread of the pool and park until it has returned. If the system gives no thread
 * at all, it runs on the caller's worker, which waits for it. */
void co_blocking_call(void (*fn)(void *arg), void *arg);

CO_C_END

#endif
