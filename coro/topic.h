/* SPDX-License-Identifier: MIT */
/*
 * Publish and subscribe. Each subscriber has a bounded queue. topic_publish() never parks: a
 * subscriber whose queue is full misses the item, and can see how many it has missed.
 * topic_publish_all() waits instead, and nobody misses anything.
 */
#ifndef CORO_TOPIC_H
#define CORO_TOPIC_H

#include <stdint.h>

#include "coro/chan.h"
#include "coro/language.h"

CORO_C_BEGIN

struct context;
struct topic;
struct subscription;

MUST_CHECK struct topic *topic_make(size_t item_size);

/* Free it and null the caller's pointer. All subscriptions must have ended. */
void topic_free(struct topic **topic);

/* Give the item to every subscriber that has room. From any coroutine or worker callback. */
void topic_publish(struct topic *topic, const void *item);

/*
 * Give the item to every subscriber, and park while the queue of one is full. Whoever subscribes
 * meanwhile does not get it. CHAN_OK: all that stayed have it; CHAN_CLOSED: the topic was closed;
 * CHAN_CANCELLED: the context ended; in both cases some may have it. When several publish so
 * simultaneously, two subscribers may get their items in different order.
 */
MUST_CHECK enum chan_status topic_publish_all(
    struct context *context, struct topic *topic, const void *item);

/* No more items: the subscribers' channels are closed. */
void topic_close(struct topic *topic);

/* A queue of `capacity` items, at least 1, that gets what is published from now on. NULL when
 * memory is short. */
MUST_CHECK struct subscription *topic_subscribe(struct topic *topic, size_t capacity);

/* Its channel is gone then, a publisher that waits for it goes on. Nulls the caller's pointer. */
void topic_unsubscribe(struct topic *topic, struct subscription **subscription);

/* To receive from, also in a select. The subscription's own. */
struct chan *topic_chan(struct subscription *subscription);

/* Items missed since the last call. */
uint64_t topic_missed(struct subscription *subscription);

CORO_C_END

#endif
