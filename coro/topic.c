/* SPDX-License-Identifier: MIT */
/*
 * A mutex would make the publisher park; so a lock guards the list, and publishing is short: one
 * try for each subscriber. A publisher that waits for a subscriber holds it: one that unsubscribes
 * meanwhile is marked as gone, and freed by whoever lets it go last. Until then it stays in its
 * place, so the publisher finds the next one. Lock order: the topic's, then a channel's.
 */
#include "coro/topic.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "coro/chan_context.h"
#include "coro/lock.h"

struct co_subscription {
    struct co_subscription *next, *prev;
    struct co_chan *chan;
    unsigned holders; /* the subscriber, until it is gone, and the publishers that wait for it */
    bool gone;
    _Atomic uint64_t missed;
};

struct co_topic {
    struct co_lock lock;
    size_t item_size;
    bool closed;
    struct co_subscription *first;
};

struct co_topic *co_topic_make(size_t item_size)
{
    struct co_topic *topic = calloc(1, sizeof *topic);
    if (topic)
        topic->item_size = item_size;
    return topic;
}

void co_topic_free(struct co_topic **topic)
{
    co_ensure(!*topic || !(*topic)->first);
    free(*topic);
    *topic = NULL;
}

void co_topic_publish(struct co_topic *topic, const void *item)
{
    co_lock_take(&topic->lock);
    for (struct co_subscription *one = topic->first; one; one = one->next)
        if (!one->gone && co_chan_try_send(one->chan, item) != CO_CHAN_OK)
            atomic_fetch_add_explicit(&one->missed, 1, memory_order_relaxed);
    co_lock_drop(&topic->lock);
}

/* With the lock held: let it go. What is returned is out of the list, and to be discarded. */
static struct co_subscription *let_go(struct co_topic *topic, struct co_subscription *one)
{
    if (--one->holders > 0)
        return NULL;
    *(one->prev ? &one->prev->next : &topic->first) = one->next;
    if (one->next)
        one->next->prev = one->prev;
    return one;
}

static void discard(struct co_subscription *one)
{
    if (one)
        co_chan_free(&one->chan);
    free(one);
}

/* The next one that is still there, held; and `one`, if any, is let go. */
static struct co_subscription *next_held(struct co_topic *topic, struct co_subscription *one)
{
    co_lock_take(&topic->lock);
    struct co_subscription *next = one ? one->next : topic->first;
    while (next && next->gone)
        next = next->next;
    if (next)
        next->holders++;
    struct co_subscription *left = one ? let_go(topic, one) : NULL;
    co_lock_drop(&topic->lock);
    discard(left);
    return next;
}

static bool is_closed(struct co_topic *topic)
{
    co_lock_take(&topic->lock);
    bool closed = topic->closed;
    co_lock_drop(&topic->lock);
    return closed;
}

enum co_chan_status co_topic_publish_all(
    struct co_context *context, struct co_topic *topic, const void *item)
{
    enum co_chan_status status = CO_CHAN_OK;
    for (struct co_subscription *one = NULL; (one = next_held(topic, one));)
        if (status != CO_CHAN_CANCELLED)
            status = co_chan_context_send(context, one->chan, item);
    if (status == CO_CHAN_CANCELLED)
        return status;
    return is_closed(topic) ? CO_CHAN_CLOSED : CO_CHAN_OK;
}

void co_topic_close(struct co_topic *topic)
{
    co_lock_take(&topic->lock);
    topic->closed = true;
    for (struct co_subscription *one = topic->first; one; one = one->next)
        co_chan_close(one->chan);
    co_lock_drop(&topic->lock);
}

struct co_subscription *co_topic_subscribe(struct co_topic *topic, size_t capacity)
{
    co_ensure(capacity > 0);
    struct co_subscription *one = calloc(1, sizeof *one);
    struct co_chan *chan = co_chan_make(topic->item_size, capacity);
    if (!one || !chan) {
        free(one);
        co_chan_free(&chan);
        return NULL;
    }
    one->chan = chan;
    one->holders = 1;

    /* The queue of a topic that is closed is closed, too. */
    co_lock_take(&topic->lock);
    one->next = topic->first;
    if (one->next)
        one->next->prev = one;
    topic->first = one;
    if (topic->closed)
        co_chan_close(chan);
    co_lock_drop(&topic->lock);
    return one;
}

void co_topic_unsubscribe(struct co_topic *topic, struct co_subscription **subscription)
{
    struct co_subscription *one = *subscription;
    *subscription = NULL;
    co_lock_take(&topic->lock);
    one->gone = true;
    co_chan_close(one->chan); /* whoever waits for room in it goes on */
    struct co_subscription *left = let_go(topic, one);
    co_lock_drop(&topic->lock);
    discard(left);
}

struct co_chan *co_topic_chan(struct co_subscription *subscription)
{
    return subscription->chan;
}

uint64_t co_topic_missed(struct co_subscription *subscription)
{
    return atomic_exchange_explicit(&subscription->missed, 0, memory_order_relaxed);
}
