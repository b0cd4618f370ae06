/* SPDX-License-Identifier: MIT */
/* Something that is done once, by whoever comes first; the others wait for it. All zero: not yet.
 */
#ifndef CORO_ONCE_H
#define CORO_ONCE_H

#include "coro/language.h"
#include "coro/mutex.h"

CO_C_BEGIN

struct co_once {
    CO_ATOMIC(bool) done;
    struct co_mutex mutex;
};

/* Call fn(arg) if no call on this once has before; return when fn has returned. fn may park, but
 * not come back to this once. */
void co_once_do(struct co_once *once, void (*fn)(void *arg), void *arg);

CO_C_END

#endif
