/* SPDX-License-Identifier: MIT */
#include "server/http/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "server/http/http_private.h"

/* Bodies announced to be no longer than IN_ARENA need no memory of their own. What comes in the
 * time that every body has is free, beyond it each SLOWEST bytes earn a second. When the budget is
 * used up, those that have had a second and came slower than GIVES_WAY bytes a second go first. */
enum { IN_ARENA = 2048, FIRST_ROOM = 4096, SLOWEST = 64 * 1024, GIVES_WAY = 256 * 1024 };

static const int64_t every_body_ns = 10 * CO_CLOCK_S, settles_ns = CO_CLOCK_S;

int64_t http_body_limit_ns(const struct http_peer *peer)
{
    const struct http_exchange *exchange = peer->exchange;
    return every_body_ns +
           (exchange ? (int64_t)exchange->request.body_length * CO_CLOCK_S / SLOWEST : 0);
}

/* ---- the budget ---------------------------------------------------------------------------- */

/* Added first and taken back if it was too much: workers need no lock for that. */
static bool take(struct http *http, size_t bytes)
{
    if (atomic_fetch_add(&http->body_bytes, bytes) + bytes <= http->options.max_body_bytes)
        return true;
    atomic_fetch_sub(&http->body_bytes, bytes);
    return false;
}

/* Bytes a second, of a body that is coming; none: SIZE_MAX. */
static size_t pace(const struct http_peer *peer, int64_t now_ns)
{
    const struct http_exchange *exchange = peer->exchange;
    int64_t took_ns = now_ns - peer->since_ns;
    /* One that has just begun has no pace yet, and one without room would free none. */
    if (peer->phase != HTTP_BODY || !exchange || !exchange->body_room || took_ns < settles_ns)
        return SIZE_MAX;
    return (size_t)((int64_t)exchange->request.body_length * CO_CLOCK_MS / (took_ns / 1000));
}

/* The slowest of this worker gives way. False: nobody is slow. */
static bool make_way(struct http_worker *worker, const struct http_exchange *for_whom)
{
    int64_t now_ns = co_clock_now_ns();
    struct http_peer *slowest = NULL;
    size_t least = GIVES_WAY;
    /* A scan of all peers: it happens only when the budget is used up. */
    for (struct http_peer *peer = worker->peers; peer; peer = peer->next)
        if (peer->exchange != for_whom && pace(peer, now_ns) < least) {
            least = pace(peer, now_ns);
            slowest = peer;
        }
    /* A refusal gives the body's memory back before it returns. */
    if (slowest)
        http_wire_refuse_problem(slowest, &problem_overloaded,
            "The body came slowly, and its place was needed. Nothing was done.");
    return slowest != NULL;
}

/* Room for that many bytes in all. */
static bool make_room(struct http_exchange *exchange, size_t room)
{
    struct http *http = exchange->worker->http;
    /* The budget counts room, not bytes: room is what the process holds. */
    size_t more = room - exchange->body_room;
    while (!take(http, more))
        if (!make_way(exchange->worker, exchange))
            return false;
    char *body = realloc(exchange->body_memory, room);
    if (!body) {
        atomic_fetch_sub(&http->body_bytes, more);
        return false;
    }
    exchange->body_memory = exchange->request.body = body;
    exchange->body_room = room;
    return true;
}

void http_body_free(struct http_exchange *exchange)
{
    if (exchange->body_memory)
        atomic_fetch_sub(&exchange->worker->http->body_bytes, exchange->body_room);
    free(exchange->body_memory);
    exchange->body_memory = NULL;
}

/* ---- what comes ---------------------------------------------------------------------------- */

/* Doubled as it grows, but no more than was announced. */
static size_t next_room(const struct http_exchange *exchange, size_t length)
{
    size_t room = exchange->body_room ? 2 * exchange->body_room : FIRST_ROOM;
    while (room <= length)
        room *= 2;
    /* A body of known length ends up with exactly its size, and the byte that ends it. */
    uint64_t announced = exchange->content_length;
    return announced > length && announced < room ? (size_t)announced + 1 : room;
}

static bool has_room(struct http_exchange *exchange, size_t length)
{
    struct request *request = &exchange->request;
    if (length < exchange->body_room)
        return true;
    /* Short ones, nearly all, cost no allocation. */
    if (!request->body && exchange->content_length && exchange->content_length <= IN_ARENA) {
        request->body = arena_try(&request->arena, exchange->content_length + 1);
        exchange->body_room = request->body ? exchange->content_length + 1 : 0;
        return request->body != NULL;
    }
    return make_room(exchange, next_room(exchange, length));
}

enum http_body_added http_body_add(struct http_exchange *exchange, const char *data, size_t size)
{
    struct request *request = &exchange->request;
    size_t length = request->body_length + size;
    if (length > exchange->body_max)
        return HTTP_BODY_TOO_LARGE;
    if (!has_room(exchange, length))
        return HTTP_BODY_NO_MEMORY;
    memcpy(request->body + request->body_length, data, size);
    request->body_length = length;
    /* So that handlers may read it as text; room for it is always there. */
    request->body[length] = '\0';
    return HTTP_BODY_ADDED;
}
