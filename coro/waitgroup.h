/* SPDX-License-Identifier: MIT */
/* Wait until a number of coroutines have finished (Go's sync.WaitGroup). All zero is ready. */
#ifndef CORO_WAITGROUP_H
#define CORO_WAITGROUP_H

#include <stdint.h>

#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CORO_C_BEGIN

struct waitgroup {
    CORO_ATOMIC(uint64_t) state; /* twice the count, plus 1 while there are waiters */
    struct lock guard;
    struct waiters waiters; /* under guard */
};

void waitgroup_add(struct waitgroup *group, int64_t n); /* ensures that the count stays >= 0 */
void waitgroup_done(struct waitgroup *group);           /* add(-1) */
void waitgroup_wait(struct waitgroup *group);           /* parks until the count is 0 */

CORO_C_END

#endif
