/* SPDX-License-Identifier: MIT */
/* A handler's answer stands in its request's arena. A long one is copied out, so that the arena,
 * with all that was needed to make it, does not wait for a slow client. */
#include "server/http/http_answer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "server/http/http_private.h"

/* What is shorter stays where it is. */
enum { KEPT_MIN = 4096 };

static const int64_t settles_ns = 2 * CO_CLOCK_S; /* everybody has that long to take an answer */

/* ---- the budget ---------------------------------------------------------------------------- */

static void take(struct http_exchange *exchange, size_t bytes)
{
    atomic_fetch_add(&exchange->worker->http->answer_bytes, bytes);
    exchange->answer_bytes += bytes;
}

/* Only a connection whose answer counts against the budget frees some when it is cut. */
static bool is_unread(const struct http_peer *peer)
{
    const struct http_exchange *exchange = peer->exchange;
    return peer->phase == HTTP_SENDING && !peer->is_evicted && exchange && exchange->answer_bytes;
}

void http_answer_sweep(struct http_worker *worker)
{
    int64_t now_ns = co_clock_now_ns();
    /* Each request that waits for its turn shall find room. */
    size_t wanted = (worker->turns.waiting + 1) * HTTP_ANSWER_RESERVED,
           most = worker->http->options.max_answer_bytes;
    size_t taken = atomic_load(&worker->http->answer_bytes), freed = 0;
    /* The list is in order of phase changes, so the longest waits come first. */
    for (struct http_peer *peer = worker->last_peer;
         peer && taken - freed + wanted > most && now_ns - peer->since_ns >= settles_ns;
         peer = peer->previous) {
        if (!is_unread(peer))
            continue;
        /* Given back only when libmicrohttpd has closed it, but as good as free. */
        freed += peer->exchange->answer_bytes;
        peer->is_evicted = true;
        (void)shutdown(peer->fd, SHUT_RDWR); /* libmicrohttpd sees it and closes */
        http_count(&worker->counters.unread, 1);
    }
}

void http_answer_free(struct http_exchange *exchange)
{
    if (exchange->answer_bytes)
        atomic_fetch_sub(&exchange->worker->http->answer_bytes, exchange->answer_bytes);
    exchange->answer_bytes = 0;
    free(exchange->answer);
    exchange->answer = NULL;
}

/* ---- what is kept -------------------------------------------------------------------------- */

static void keep_text(struct arena *kept, const char **text)
{
    if (*text)
        *text = arena_copy(kept, *text, strlen(*text));
}

static void keep_passed(struct arena *kept, struct response *response)
{
    if (response->passed_count == 0)
        return;
    struct response_field *fields = arena_alloc(kept, response->passed_count * sizeof *fields);
    for (size_t i = 0; i < response->passed_count; i++) {
        fields[i] = response->passed[i];
        keep_text(kept, &fields[i].name);
        keep_text(kept, &fields[i].value);
    }
    response->passed = fields;
}

/* The headers' texts, in an arena of their own, which takes the place of the request's. */
static void keep_headers(struct http_exchange *exchange)
{
    struct response *response = &exchange->response;
    const char **texts[] = {
        &response->content_type, &response->allow, &response->etag, &response->set_cookie};
    struct arena kept;
    arena_init(&kept, NULL, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        keep_text(&kept, texts[i]);
    for (size_t i = 0; i < response->field_count; i++)
        keep_text(&kept, &response->fields[i].value);
    keep_passed(&kept, response);
    arena_clear(&exchange->request.arena);
    exchange->request.arena = kept;
}

/* The request's, unless it is what is answered. */
static void free_body(struct http_exchange *exchange)
{
    const char *from = exchange->body_memory, *answer = exchange->response.body;
    if (from && !(answer >= from && answer < from + exchange->body_room))
        http_body_free(exchange);
}

void http_answer_keep(struct http_exchange *exchange)
{
    struct response *response = &exchange->response;
    http_answer_free(exchange); /* what was reserved */
    if (exchange->is_stream || response->is_page || response->length < KEPT_MIN) {
        free_body(exchange);
        return; /* it is short, or not ours */
    }
    /* The copy is a moment of twice the memory; afterwards it is the text alone. */
    char *answer = malloc(response->length);
    take(exchange, response->length);
    if (!answer)
        return; /* it stays in the request's memory */
    memcpy(answer, response->body, response->length);
    exchange->answer = answer;
    response->body = answer;
    free_body(exchange);
    /* Last, for it clears the arena in which the body stood. */
    keep_headers(exchange);
}
