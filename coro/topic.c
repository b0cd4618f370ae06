/* SPDX-License-Identifier: MIT */
/* A mutex would make the publisher park; so a lock guards the list, and publishing is short: one
 * try for each subscriber. Lock order: the topic's, then a channel's. */
#include "coro/topic.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "coro/lock.h"

struct subscription {
    struct subscription *next, *prev;
    struct chan *chan;
    _Atomic uint64_t missed;
};

struct topic {
    struct lock lock;
    size_t item_size;
    bool closed;
    struct subscription *first;
};

struct topic *topic_make(size_t item_size)
{
    struct topic *topic = calloc(1, sizeof *topic);
    if (topic)
        topic->item_size = item_size;
    return topic;
}

void topic_free(struct topic **topic)
{
    ensure(!*topic || !(*topic)->first);
    free(*topic);
    *topic = NULL;
}

void topic_publish(struct topic *topic, const void *item)
{
    lock_take(&topic->lock);
    for (struct subscription *one = topic->first; one; one = one->next)
        if (chan_try_send(one->chan, item) != CHAN_OK)
            atomic_fetch_add_explicit(&one->missed, 1, memory_order_relaxed);
    lock_drop(&topic->lock);
}

void topic_close(struct topic *topic)
{
    lock_take(&topic->lock);
    topic->closed = true;
    for (struct subscription *one = topic->first; one; one = one->next)
        chan_close(one->chan);
    lock_drop(&topic->lock);
}

struct subscription *topic_subscribe(struct topic *topic, size_t capacity)
{
    ensure(capacity > 0);
    struct subscription *one = calloc(1, sizeof *one);
    struct chan *chan = chan_make(topic->item_size, capacity);
    if (!one || !chan) {
        free(one);
        chan_free(&chan);
        return NULL;
    }
    one->chan = chan;

    /* The queue of a topic that is closed is closed, too. */
    lock_take(&topic->lock);
    one->next = topic->first;
    if (one->next)
        one->next->prev = one;
    topic->first = one;
    if (topic->closed)
        chan_close(chan);
    lock_drop(&topic->lock);
    return one;
}

void topic_unsubscribe(struct topic *topic, struct subscription **subscription)
{
    struct subscription *one = *subscription;
    *subscription = NULL;
    lock_take(&topic->lock);
    *(one->prev ? &one->prev->next : &topic->first) = one->next;
    if (one->next)
        one->next->prev = one->prev;
    lock_drop(&topic->lock);
    chan_free(&one->chan);
    free(one);
}

struct chan *topic_chan(struct subscription *subscription)
{
    return subscription->chan;
}

uint64_t topic_missed(struct subscription *subscription)
{
    return atomic_exchange_explicit(&subscription->missed, 0, memory_order_relaxed);
}
