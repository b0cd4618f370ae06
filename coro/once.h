/* SPDX-License-Identifier: MIT */
/* Something that is done once, by whoever comes first; the others wait for it. All zero: not yet.
 */
#ifndef CORO_ONCE_H
#define CORO_ONCE_H

#include "coro/language.h"
#include "coro/mutex.h"

CORO_C_BEGIN

struct once {
    CORO_ATOMIC(bool) done;
    struct mutex mutex;
};

/* Call fn(arg) if no call on this once has before; return when fn has returned. fn may park, but
 * not come back to this once. */
void once_do(struct once *once, void (*fn)(void *arg), void *arg);

CORO_C_END

#endif
