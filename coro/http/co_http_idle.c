/* SPDX-License-Identifier: MIT */
/*
 * A list, the newest first: those that were used last are likeliest to be open, and what has been
 * kept for too long stands at its end. A look at it takes out what is too old, so nothing runs
 * while nobody asks; the descriptors of what was kept last stay open until then.
 */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/http/co_http_idle_private.h"

struct co_http_idle_one {
    struct co_http_idle_one *next;
    struct co_http_connection *connection;
    int64_t since_ns;
    bool secure;
    char address[CO_HTTP_AUTHORITY_MAX];
};

static bool leads_to(const struct co_http_idle_one *one, const struct co_http_origin *origin)
{
    return one->secure == origin->secure && strcmp(one->address, origin->address) == 0;
}

static void close_all(struct co_http_idle_one *list)
{
    for (struct co_http_idle_one *next; list; list = next) {
        next = list->next;
        co_http_connection_free(&list->connection);
        free(list);
    }
}

/* With the mutex: cut the list off where it is too old, or too long by one; what is cut off. */
static struct co_http_idle_one *cut_off(struct co_http_idle *idle)
{
    int64_t oldest_ns = co_clock_now_ns() - idle->for_ns;
    struct co_http_idle_one **at = &idle->newest;
    int count = 0;
    for (; *at && (*at)->since_ns >= oldest_ns && count < CO_HTTP_IDLE_ALL; at = &(*at)->next)
        count++;
    struct co_http_idle_one *rest = *at;
    *at = NULL;
    return rest;
}

/* With the mutex: the newest that leads there, out of the list. */
static struct co_http_idle_one *find(struct co_http_idle *idle, const struct co_http_origin *origin)
{
    for (struct co_http_idle_one **at = &idle->newest; *at; at = &(*at)->next)
        if (leads_to(*at, origin)) {
            struct co_http_idle_one *one = *at;
            *at = one->next;
            one->next = NULL;
            return one;
        }
    return NULL;
}

struct co_http_connection *co_http_idle_take(
    struct co_http_idle *idle, const struct co_http_origin *origin)
{
    for (;;) {
        co_mutex_lock(&idle->mutex);
        struct co_http_idle_one *old = cut_off(idle), *one = find(idle, origin);
        co_mutex_unlock(&idle->mutex);
        close_all(old);
        if (!one)
            return NULL;
        struct co_http_connection *connection = one->connection;
        if (co_stream_is_quiet(co_http_connection_stream(connection))) {
            free(one);
            return connection;
        }
        close_all(one); /* the server has closed it, or says what nobody asked */
    }
}

/* With the mutex. */
static int count_to(const struct co_http_idle *idle, const struct co_http_origin *origin)
{
    int count = 0;
    for (const struct co_http_idle_one *one = idle->newest; one; one = one->next)
        count += leads_to(one, origin);
    return count;
}

void co_http_idle_put(struct co_http_idle *idle, const struct co_http_origin *origin,
    struct co_http_connection *connection)
{
    struct co_http_idle_one *one = NULL, *old = NULL;
    if (idle->per_origin > 0 && co_http_connection_is_free(connection))
        one = calloc(1, sizeof *one);
    if (!one) {
        co_http_connection_free(&connection);
        return;
    }
    *one = (struct co_http_idle_one){
        .connection = connection, .since_ns = co_clock_now_ns(), .secure = origin->secure};
    memcpy(one->address, origin->address, sizeof one->address);
    co_mutex_lock(&idle->mutex);
    if (count_to(idle, origin) < idle->per_origin) {
        one->next = idle->newest;
        idle->newest = one;
        one = NULL;
    }
    old = cut_off(idle);
    co_mutex_unlock(&idle->mutex);
    close_all(old);
    close_all(one);
}

void co_http_idle_clear(struct co_http_idle *idle)
{
    close_all(idle->newest);
    idle->newest = NULL;
}
