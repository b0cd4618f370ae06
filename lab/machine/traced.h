/* SPDX-License-Identifier: MIT */
/* Included last by a strategy: from here on each call of the runtime that can wait says first at
 * which line it stands, so that the lanes can show it beside the code. */
#ifndef LAB_MACHINE_TRACED_H
#define LAB_MACHINE_TRACED_H

#include "coro/chan.h"
#include "coro/mutex.h"
#include "coro/rwmutex.h"
#include "coro/schedule.h"
#include "coro/select.h"
#include "coro/waitgroup.h"

#define mutex_lock(mutex) TRACED(mutex_lock, mutex)
#define mutex_unlock(mutex) TRACED(mutex_unlock, mutex)
#define rwmutex_read_lock(rwmutex) TRACED(rwmutex_read_lock, rwmutex)
#define rwmutex_read_unlock(rwmutex) TRACED(rwmutex_read_unlock, rwmutex)
#define rwmutex_write_lock(rwmutex) TRACED(rwmutex_write_lock, rwmutex)
#define rwmutex_write_unlock(rwmutex) TRACED(rwmutex_write_unlock, rwmutex)
#define chan_send(...) TRACED(chan_send, __VA_ARGS__)
#define chan_recv(...) TRACED(chan_recv, __VA_ARGS__)
#define select_wait(...) TRACED(select_wait, __VA_ARGS__)
#define select_timeout(...) TRACED(select_timeout, __VA_ARGS__)

#define TRACED(function, ...)                                                                      \
    ({                                                                                             \
        schedule_mark(#function);                                                                  \
        (function)(__VA_ARGS__);                                                                   \
    })

#endif
