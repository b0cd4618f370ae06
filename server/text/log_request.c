/* SPDX-License-Identifier: MIT */
#include "server/text/log_request.h"

#include <stdio.h>

#include "coro/co.h"
#include "coro/lock.h"

enum { BUCKETS = 512 };

/* Numbers of coroutines follow each other, so they spread by themselves. */
static struct bucket {
    struct co_lock lock;
    struct log_request *first;
} buckets[BUCKETS];

static struct bucket *bucket_of(uint64_t coroutine)
{
    return &buckets[coroutine % BUCKETS];
}

void log_request_begin(struct log_request *request, const char *id)
{
    const struct co *current = co_current();
    *request = (struct log_request){.coroutine = current && *id ? co_id(current) : 0, .id = id};
    if (request->coroutine == 0)
        return;
    struct bucket *bucket = bucket_of(request->coroutine);
    co_lock_take(&bucket->lock);
    request->next = bucket->first;
    bucket->first = request;
    co_lock_drop(&bucket->lock);
}

void log_request_end(struct log_request *request)
{
    if (request->coroutine == 0)
        return;
    struct bucket *bucket = bucket_of(request->coroutine);
    co_lock_take(&bucket->lock);
    struct log_request **at = &bucket->first;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    co_lock_drop(&bucket->lock);
    request->coroutine = 0;
}

bool log_request_of(uint64_t coroutine, char id[LOG_REQUEST_ID])
{
    struct bucket *bucket = bucket_of(coroutine);
    *id = '\0';
    co_lock_take(&bucket->lock);
    for (const struct log_request *at = bucket->first; at; at = at->next)
        if (at->coroutine == coroutine)
            snprintf(id, LOG_REQUEST_ID, "%s", at->id);
    co_lock_drop(&bucket->lock);
    return *id;
}

bool log_request_current(char id[LOG_REQUEST_ID])
{
    const struct co *current = co_current();
    *id = '\0';
    return current && log_request_of(co_id(current), id);
}
