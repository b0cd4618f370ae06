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

struct subscription {
    struct subscription *next, *prev;
    struct chan *chan;
    unsigned holders; /* the subscriber, until it is gone, and the publishers that wait for it */
    bool gone;
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
        if (!one->gone && chan_try_send(one->chan, item) != CHAN_OK)
            atomic_fetch_add_explicit(&one->missed, 1, memory_order_relaxed);
    lock_drop(&topic->lock);
}

/* With the lock held: let it go. What is returned is out of the list, and to be discarded. */
static struct subscription *let_go(struct topic *topic, struct subscription *one)
{
    if (--one->holders > 0)
        return NULL;
    *(one->prev ? &one->prev->next : &topic->first) = one->next;
    if (one->next)
        one->next->prev = one->prev;
    return one;
}

static void discard(struct subscription *one)
{
    if (one)
        chan_free(&one->chan);
    free(one);
}

/* The next one that is still there, held; and `one`, if any, is let go. */
static struct subscription *next_held(struct topic *topic, struct subscription *one)
{
    lock_take(&topic->lock);
    struct subscription *next = one ? one->next : topic->first;
    while (next && next->gone)
        next = next->next;
    if (next)
        next->holders++;
    struct subscription *left = one ? let_go(topic, one) : NULL;
    lock_drop(&topic->lock);
    discard(left);
    return next;
}

static bool is_closed(struct topic *topic)
{
    lock_take(&topic->lock);
    bool closed = topic->closed;
    lock_drop(&topic->lock);
    return closed;
}

enum chan_status topic_publish_all(struct context *context, struct topic *topic, const void *item)
{
    enum chan_status status = CHAN_OK;
    for (struct subscription *one = NULL; (one = next_held(topic, one));)
        if (status != CHAN_CANCELLED)
            status = chan_context_send(context, one->chan, item);
    if (status == CHAN_CANCELLED)
        return status;
    return is_closed(topic) ? CHAN_CLOSED : CHAN_OK;
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
    one->holders = 1;

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
    one->gone = true;
    chan_close(one->chan); /* whoever waits for room in it goes on */
    struct subscription *left = let_go(topic, one);
    lock_drop(&topic->lock);
    discard(left);
}

struct chan *topic_chan(struct subscription *subscription)
{
    return subscription->chan;
}

uint64_t topic_missed(struct subscription *subscription)
{
    return atomic_exchange_explicit(&subscription->missed, 0, memory_order_relaxed);
}
