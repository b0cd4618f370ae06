/* SPDX-License-Identifier: MIT */
/* Short names: the runtime, its workers, and the outside world. See short.h. */
#ifndef CORO_SHORT_RUNTIME_H
#define CORO_SHORT_RUNTIME_H

/* blocking.h */
#define blocking_call co_blocking_call

/* census.h */
#define CENSUS_GROUPS CO_CENSUS_GROUPS
#define census_group co_census_group
#define census_take co_census_take

/* ensure.h */
#define MUST_CHECK CO_MUST_CHECK
#define ensure co_ensure

/* net.h */
#define net_dial co_net_dial
#define net_listen co_net_listen
#define net_port co_net_port
#define net_accept co_net_accept
#define net_read co_net_read
#define net_write co_net_write
#define net_end co_net_end
#define net_close co_net_close
#define net_dial_from co_net_dial_from
#define net_write_pieces co_net_write_pieces
#define net_wait co_net_wait
#define net_check co_net_check

/* stream.h */
#define stream_of co_stream_of
#define stream_read co_stream_read
#define stream_write co_stream_write
#define stream_await co_stream_await
#define stream_is_quiet co_stream_is_quiet
#define stream_close co_stream_close
#define stream_why co_stream_why
#define stream_dialer co_stream_dialer
#define stream_kind co_stream_kind

/* file.h */
#define file_open co_file_open
#define file_close co_file_close
#define file_read co_file_read
#define file_write co_file_write
#define file_sync co_file_sync
#define file_read_all co_file_read_all
#define file_replace co_file_replace

/* poller.h */
#define poller_events co_poller_events
#define POLLER_READ CO_POLLER_READ
#define POLLER_WRITE CO_POLLER_WRITE
#define poller_status co_poller_status
#define POLLER_READY CO_POLLER_READY
#define POLLER_CANCELLED CO_POLLER_CANCELLED
#define POLLER_FAILED CO_POLLER_FAILED
#define poller_wait co_poller_wait
#define poller_forget co_poller_forget

/* processors.h */
#define processors_available co_processors_available
#define processors_of_groups co_processors_of_groups

/* random.h */
#define random_next co_random_next
#define random_of co_random_of
#define random_below co_random_below

/* runtime.h */
#define runtime_options co_runtime_options
#define runtime_run co_runtime_run
#define RUNTIME_NOT_STARTED CO_RUNTIME_NOT_STARTED
#define runtime_alive co_runtime_alive
#define runtime_dump co_runtime_dump
#define runtime_dump_on_quit co_runtime_dump_on_quit

/* say.h */
#define say_line co_say_line

/* schedule.h */
#define schedule_strategy co_schedule_strategy
#define SCHEDULE_RANDOM CO_SCHEDULE_RANDOM
#define SCHEDULE_PCT CO_SCHEDULE_PCT
#define SCHEDULE_REPLAY CO_SCHEDULE_REPLAY
#define schedule_choice co_schedule_choice
#define SCHEDULE_TIME CO_SCHEDULE_TIME
#define schedule_kind co_schedule_kind
#define SCHEDULE_SPAWNED CO_SCHEDULE_SPAWNED
#define SCHEDULE_RUNS CO_SCHEDULE_RUNS
#define SCHEDULE_PARKS CO_SCHEDULE_PARKS
#define SCHEDULE_READIED CO_SCHEDULE_READIED
#define SCHEDULE_ENDED CO_SCHEDULE_ENDED
#define SCHEDULE_LOCKED CO_SCHEDULE_LOCKED
#define SCHEDULE_UNLOCKED CO_SCHEDULE_UNLOCKED
#define SCHEDULE_SENT CO_SCHEDULE_SENT
#define SCHEDULE_RECEIVED CO_SCHEDULE_RECEIVED
#define schedule_event co_schedule_event
#define schedule_point co_schedule_point
#define schedule_mark co_schedule_mark
#define schedule_number co_schedule_number

/* signals.h */
#define signals_open co_signals_open
#define signals_chan co_signals_chan
#define signals_close co_signals_close

/* stuck.h */
#define STUCK_GROUPS CO_STUCK_GROUPS
#define STUCK_FRAMES CO_STUCK_FRAMES
#define STUCK_FRAME_TEXT CO_STUCK_FRAME_TEXT
#define stuck_group co_stuck_group
#define stuck_take co_stuck_take
#define stuck_frame co_stuck_frame
#define stuck_dump co_stuck_dump

/* trace.h */
#define TRACE_EVENTS CO_TRACE_EVENTS
#define TRACE_EVENTS_MAX CO_TRACE_EVENTS_MAX
#define trace_start co_trace_start
#define trace_is_on co_trace_is_on
#define trace_mark co_trace_mark
#define trace_stop co_trace_stop
#define trace_write co_trace_write

/* watchdog.h */
#define WATCHDOG_FRAMES CO_WATCHDOG_FRAMES
#define WATCHDOG_FRAME_TEXT CO_WATCHDOG_FRAME_TEXT
#define watchdog_report co_watchdog_report
#define watchdog_frame co_watchdog_frame
#define watchdog_say co_watchdog_say

/* worker.h */
#define worker_count co_worker_count
#define worker_index co_worker_index
#define worker_call co_worker_call
#define worker_each co_worker_each
#define worker_watch co_worker_watch
#define worker_watch_start co_worker_watch_start
#define worker_watch_stop co_worker_watch_stop

#endif
