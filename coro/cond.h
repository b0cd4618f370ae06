/* SPDX-License-Identifier: MIT */
/*
 * A condition that is guarded by a mutex, and on whose change coroutines wait. A channel or an
 * eventcount is mostly easier to get right. All zero is ready.
 *
 *     mutex_lock(&mutex);
 *     while (!condition)
 *         cond_wait(&cond, &mutex);
 *     ... mutex_unlock(&mutex);
 */
#ifndef CORO_COND_H
#define CORO_COND_H

#include "coro/language.h"
#include "coro/lock.h"
#include "coro/mutex.h"
#include "coro/wait.h"

CORO_C_BEGIN

struct cond {
    struct lock guard;
    struct waiters waiters; /* under guard, first come, first served */
};

/* Unlock the mutex, park until woken, and lock it again. No wake after the unlock is missed. */
void cond_wait(struct cond *cond, struct mutex *mutex);

/* Wake the coroutine that has waited longest / all of them. Never parks; with or without the
 * mutex. */
void cond_signal(struct cond *cond);
void cond_broadcast(struct cond *cond);

CORO_C_END

#endif
