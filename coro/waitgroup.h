/* SPDX-License-Identifier: MIT */
/* Wait until a number of coroutines have finished (Go's sync.WaitGroup). All zero is ready. */
#ifndef CORO_WAITGROUP_H
#define CORO_WAITGROUP_H

#include <stdatomic.h>
#include <stdint.h>

struct waitgroup {
    _Atomic int64_t count;
    _Atomic uint32_t guard;
    void *first; /* the waiters, under guard */
};

void waitgroup_add(struct waitgroup *group, int64_t n); /* ensures that the count stays >= 0 */
void waitgroup_done(struct waitgroup *group);           /* add(-1) */
void waitgroup_wait(struct waitgroup *group);           /* parks until the count is 0 */

#endif
