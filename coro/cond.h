/* SPDX-License-Identifier: MIT */
/*
 * A condition that is guarded by a mutex, and on whose change coroutines wait. A channel or an
 * eventcount is mostly easier to get right. All zero is ready.
 *
 *     co_mutex_lock(&mutex);
 *     while (!condition)
 *         co_cond_wait(&cond, &mutex);
 *     ... co_mutex_unlock(&mutex);
 */
#ifndef CORO_COND_H
#define CORO_COND_H

#include "coro/language.h"
#include "coro/lock.h"
#include "coro/mutex.h"
#include "coro/wait.h"

CO_C_BEGIN

struct co_cond {
    struct co_lock guard;
    struct co_waiters waiters; /* under guard, first come, first served */
};

/* Unlock the mutex, park until woken, and lock it again. No wake after the unlock is missed. */
void co_cond_wait(struct co_cond *cond, struct co_mutex *mutex);

/* Wake the coroutine that has waited longest / all of them. Never parks; with or without the
 * mutex. */
void co_cond_signal(struct co_cond *cond);
void co_cond_broadcast(struct co_cond *cond);

CO_C_END

#endif
