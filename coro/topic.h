/* SPDX-License-Identifier: MIT */
/*
 * Publish and subscribe. Each subscriber has a bounded queue. co_topic_publish() never parks: a
 * subscriber whose queue is full misses the item, and can see how many it has missed.
 * co_topic_publish_all() waits instead, and nobody misses anything.
 */
#ifndef CORO_TOPIC_H
#define CORO_TOPIC_H

#include <stdint.h>

#include "coro/chan.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_context;
struct co_topic;
struct co_subscription;

CO_MUST_CHECK struct co_topic *co_topic_make(size_t item_size);

/* Free it and null the caller's pointer. All subscriptions must have ended. */
void co_topic_free(struct co_topic **topic);

/* Give the item to every subscriber that has room. From any coroutine or worker callback. */
void co_topic_publish(struct co_topic *topic, const void *item);

/*
 * Give the item to every subscriber, and park while the queue of one is full. Whoever subscribes
 * meanwhile does not get it. CO_CHAN_OK: all that stayed have it; CO_CHAN_CLOSED: the topic was
 * closed; CO_CHAN_CANCELLED: the context ended; in both cases some may have it. When several
 * publish so simultaneously, two subscribers may get their items in different order.
 */
CO_MUST_CHECK enum co_chan_status co_topic_publish_all(
    struct co_context *context, struct co_topic *topic, const void *item);

/* No more items: the subscribers' channels are closed. */
void co_topic_close(struct co_topic *topic);

/* A queue of `capacity` items, at least 1, that gets what is published from now on. NULL when
 * memory is short. */
CO_MUST_CHECK struct co_subscription *co_topic_subscribe(struct co_topic *topic, size_t capacity);

/* Its channel is gone then, a publisher that waits for it goes on. Nulls the caller's pointer. */
void co_topic_unsubscribe(struct co_topic *topic, struct co_subscription **subscription);

/* To receive from, also in a select. The subscription's own. */
struct co_chan *co_topic_chan(struct co_subscription *subscription);

/* Items missed since the last call. */
uint64_t co_topic_missed(struct co_subscription *subscription);

CO_C_END

#endif
