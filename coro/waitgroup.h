/* SPDX-License-Identifier: MIT */
/* Wait until a number of coroutines have finished (Go's sync.WaitGroup). All zero is ready. */
#ifndef CORO_WAITGROUP_H
#define CORO_WAITGROUP_H

#include <stdint.h>

#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CO_C_BEGIN

struct co_waitgroup {
    CO_ATOMIC(uint64_t) state; /* twice the count, plus 1 while there are waiters */
    struct co_lock guard;
    struct co_waiters waiters; /* under guard */
};

void co_waitgroup_add(
    struct co_waitgroup *group, int64_t n);         /* ensures that the count stays >= 0 */
void co_waitgroup_done(struct co_waitgroup *group); /* add(-1) */
uint64_t co_waitgroup_count(const struct co_waitgroup *group); /* as it is at that moment */
void co_waitgroup_wait(struct co_waitgroup *group);            /* parks until the count is 0 */

CO_C_END

#endif
