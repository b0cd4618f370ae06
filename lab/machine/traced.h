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

#define co_mutex_lock(mutex) TRACED(co_mutex_lock, mutex)
#define co_mutex_unlock(mutex) TRACED(co_mutex_unlock, mutex)
#define co_rwmutex_read_lock(rwmutex) TRACED(co_rwmutex_read_lock, rwmutex)
#define co_rwmutex_read_unlock(rwmutex) TRACED(co_rwmutex_read_unlock, rwmutex)
#define co_rwmutex_write_lock(rwmutex) TRACED(co_rwmutex_write_lock, rwmutex)
#define co_rwmutex_write_unlock(rwmutex) TRACED(co_rwmutex_write_unlock, rwmutex)
#define co_chan_send(...) TRACED(co_chan_send, __VA_ARGS__)
#define co_chan_recv(...) TRACED(co_chan_recv, __VA_ARGS__)
#define co_select_wait(...) TRACED(co_select_wait, __VA_ARGS__)
#define co_select_timeout(...) TRACED(co_select_timeout, __VA_ARGS__)

#define TRACED(function, ...)                                                                      \
    ({                                                                                             \
        co_schedule_mark(#function);                                                               \
        (function)(__VA_ARGS__);                                                                   \
    })

#endif
