/* SPDX-License-Identifier: MIT */
/* Short names: channels, select, and what is built of them. See short.h. */
#ifndef CORO_SHORT_CHANNELS_H
#define CORO_SHORT_CHANNELS_H

/* chan.h */
#define chan_status co_chan_status
#define CHAN_OK CO_CHAN_OK
#define CHAN_CLOSED CO_CHAN_CLOSED
#define CHAN_WOULD_BLOCK CO_CHAN_WOULD_BLOCK
#define CHAN_CANCELLED CO_CHAN_CANCELLED
#define chan_make co_chan_make
#define chan_free co_chan_free
#define chan_send co_chan_send
#define chan_recv co_chan_recv
#define chan_try_send co_chan_try_send
#define chan_try_recv co_chan_try_recv
#define chan_close co_chan_close
#define chan_len co_chan_len
#define chan_cap co_chan_cap

/* chan_context.h */
#define chan_context_send co_chan_context_send
#define chan_context_recv co_chan_context_recv

/* chan_view.h */
#define chan_sender co_chan_sender
#define chan_receiver co_chan_receiver
#define chan_sender_send co_chan_sender_send
#define chan_sender_close co_chan_sender_close
#define chan_receiver_recv co_chan_receiver_recv

/* select.h */
#define select_op co_select_op
#define SELECT_SEND CO_SELECT_SEND
#define SELECT_RECV CO_SELECT_RECV
#define select_case co_select_case
#define SELECT_NONE CO_SELECT_NONE
#define select_wait co_select_wait
#define select_try co_select_try
#define select_timeout co_select_timeout

/* fan.h */
#define fan_out co_fan_out
#define fan_in co_fan_in

/* topic.h */
#define topic_make co_topic_make
#define topic_free co_topic_free
#define topic_publish co_topic_publish
#define topic_publish_all co_topic_publish_all
#define topic_close co_topic_close
#define topic_subscribe co_topic_subscribe
#define topic_unsubscribe co_topic_unsubscribe
#define topic_chan co_topic_chan
#define topic_missed co_topic_missed

/* ticker.h */
#define ticker_make co_ticker_make
#define ticker_chan co_ticker_chan
#define ticker_free co_ticker_free

/* chan_of.h */
#ifndef __cplusplus
#define CHAN_OF CO_CHAN_OF
#define CHAN_OF_NAMED CO_CHAN_OF_NAMED
#define CHAN CO_CHAN
#define SENDER CO_SENDER
#define RECEIVER CO_RECEIVER
#define CHAN_MAKE CO_CHAN_MAKE
#define CHAN_IS_NULL CO_CHAN_IS_NULL
#define CHAN_FREE CO_CHAN_FREE
#define SENDER_OF CO_SENDER_OF
#define RECEIVER_OF CO_RECEIVER_OF
#define CHAN_CLOSE CO_CHAN_CLOSE
#define CHAN_SEND CO_CHAN_SEND
#define CHAN_TRY_SEND CO_CHAN_TRY_SEND
#define CHAN_RECV CO_CHAN_RECV
#define CHAN_TRY_RECV CO_CHAN_TRY_RECV
#define CHAN_RANGE CO_CHAN_RANGE
#define SEND_CASE CO_SEND_CASE
#define RECV_CASE CO_RECV_CASE
#define CASES CO_CASES
#endif

#endif
