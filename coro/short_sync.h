/* SPDX-License-Identifier: MIT */
/* Short names: starting, waiting for each other, contexts and time. See short.h. */
#ifndef CORO_SHORT_SYNC_H
#define CORO_SHORT_SYNC_H

/* mutex.h */
#define mutex_lock co_mutex_lock
#define mutex_try_lock co_mutex_try_lock
#define mutex_unlock co_mutex_unlock
#define mutex_waiting co_mutex_waiting
#define mutex_is_held co_mutex_is_held

/* rwmutex.h */
#define rwmutex_read_lock co_rwmutex_read_lock
#define rwmutex_read_unlock co_rwmutex_read_unlock
#define rwmutex_write_lock co_rwmutex_write_lock
#define rwmutex_write_unlock co_rwmutex_write_unlock

/* waitgroup.h */
#define waitgroup_add co_waitgroup_add
#define waitgroup_count co_waitgroup_count
#define waitgroup_done co_waitgroup_done
#define waitgroup_wait co_waitgroup_wait

/* once.h */
#define once_do co_once_do

/* cond.h */
#define cond_wait co_cond_wait
#define cond_signal co_cond_signal
#define cond_broadcast co_cond_broadcast

/* semaphore.h */
#define semaphore_acquire co_semaphore_acquire
#define semaphore_try_acquire co_semaphore_try_acquire
#define semaphore_release co_semaphore_release

/* eventcount.h */
#define eventcount_status co_eventcount_status
#define EVENTCOUNT_REACHED CO_EVENTCOUNT_REACHED
#define EVENTCOUNT_CANCELLED CO_EVENTCOUNT_CANCELLED
#define EVENTCOUNT_CLOSED CO_EVENTCOUNT_CLOSED
#define eventcount_read co_eventcount_read
#define eventcount_await co_eventcount_await
#define eventcount_advance co_eventcount_advance
#define eventcount_close co_eventcount_close

/* context.h */
#define context_status co_context_status
#define CONTEXT_OK CO_CONTEXT_OK
#define CONTEXT_CANCELLED CO_CONTEXT_CANCELLED
#define CONTEXT_DEADLINE CO_CONTEXT_DEADLINE
#define context_background co_context_background
#define context_with_cancel co_context_with_cancel
#define context_with_timeout co_context_with_timeout
#define context_with_deadline co_context_with_deadline
#define context_cancel co_context_cancel
#define context_release co_context_release
#define context_err co_context_err
#define context_done co_context_done
#define context_deadline co_context_deadline

/* group.h */
#define group_make co_group_make
#define group_spawn co_group_spawn
#define GROUP_NOT_STARTED CO_GROUP_NOT_STARTED
#define group_wait co_group_wait

/* pool.h */
#define pool_make co_pool_make
#define pool_submit co_pool_submit
#define pool_try_submit co_pool_try_submit
#define pool_close co_pool_close

/* duty.h */
#define duty_start co_duty_start
#define duty_rest co_duty_rest
#define duty_stop co_duty_stop

/* rota.h */
#define ROTA_NEVER CO_ROTA_NEVER
#define rota_start co_rota_start
#define rota_stop co_rota_stop
#define rota_enter co_rota_enter
#define rota_leave co_rota_leave
#define rota_rest co_rota_rest
#define rota_place co_rota_place

/* timer.h */
#define timer_start co_timer_start
#define timer_stop co_timer_stop

/* clock.h */
#define CLOCK_US CO_CLOCK_US
#define CLOCK_MS CO_CLOCK_MS
#define CLOCK_S CO_CLOCK_S
#define clock_now_ns co_clock_now_ns
#define clock_boot_ns co_clock_boot_ns
#define clock_wall_us co_clock_wall_us

/* go.h */
#ifndef __cplusplus
#define go co_go
#define waitgroup_go co_waitgroup_go
#define GO_FUNCTION CO_GO_FUNCTION
#endif

#endif
