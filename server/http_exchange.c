/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd calls http_exchange_begin() when the request line is read, then
 * http_exchange_go_on() once with the headers, for each piece of the body, once when all is here,
 * and again after each resume; http_exchange_end() when the answer is out or the client is gone.
 *
 * An answer is queued at the last of these calls only: libmicrohttpd closes the connection after an
 * answer that is queued before it has read the request. That is wanted when the request's framing
 * cannot be trusted, or its body is far too large to be read and thrown away.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/http_worker.h"
#include "server/problem.h"

/* A body over the limit is read and dropped up to here, so that a client which sends all before it
 * reads gets to see the answer; beyond it the connection is cut. */
static const uint64_t drop_max = UINT64_C(256) << 20;

enum { FIRST_BODY_ROOM = 1024 };

/* ---- the pool ------------------------------------------------------------------------------ */

static struct http_exchange *take(struct http_worker *worker)
{
    struct http_exchange *exchange = worker->pool;
    if (worker->exchanges == worker->http->max_exchanges)
        return NULL;
    if (exchange)
        worker->pool = exchange->next;
    else if (!(exchange = malloc(sizeof *exchange)))
        return NULL;
    worker->exchanges++;
    http_count(&worker->counters.in_flight, 1);
    memset(exchange, 0, offsetof(struct http_exchange, memory));
    arena_init(&exchange->request.arena, exchange->memory, sizeof exchange->memory);
    exchange->worker = worker;
    return exchange;
}

static void give_back(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    arena_clear(&exchange->request.arena);
    exchange->next = worker->pool;
    worker->pool = exchange;
    worker->exchanges--;
    worker->large -= exchange->is_large;
    http_count(&worker->counters.in_flight, (uint64_t)-1);
}

/* ---- the headers --------------------------------------------------------------------------- */

static const char **header_place(struct http_exchange *exchange, const char *name, size_t length)
{
    struct request *request = &exchange->request;
    const struct {
        const char *name;
        size_t length;
        const char **place;
    } headers[] = {
        {"Authorization", 13, &request->authorization},
        {"Content-Type", 12, &request->content_type},
        {"Content-Length", 14, &exchange->content_length_text},
        {"Idempotency-Key", 15, &request->idempotency_key},
        {"Host", 4, &request->host},
        {"Prefer", 6, &request->prefer},
        {"Transfer-Encoding", 17, &exchange->transfer_encoding},
        {"Last-Event-ID", 13, &request->last_event_id},
        {"If-None-Match", 13, &request->if_none_match},
        {"Origin", 6, &request->origin},
        {"Sec-Fetch-Site", 14, &request->fetch_site},
        {"Expect", 6, &exchange->expect},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (length == headers[i].length && strncasecmp(name, headers[i].name, length) == 0)
            return headers[i].place;
    return NULL;
}

static enum MHD_Result read_header(
    void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct http_exchange *exchange = arg;
    const char **place = header_place(exchange, name, strlen(name));
    (void)kind;
    if (place) {
        exchange->request.repeated_header |= *place != NULL;
        *place = value ? value : "";
    } else if (strcasecmp(name, "Connection") == 0)
        exchange->may_rest &= value && strcasecmp(value, "keep-alive") == 0;
    return MHD_YES;
}

static enum request_method method_of(const char *name)
{
    return strcmp(name, "POST") == 0   ? REQUEST_POST
           : strcmp(name, "GET") == 0  ? REQUEST_GET
           : strcmp(name, "HEAD") == 0 ? REQUEST_HEAD
                                       : REQUEST_OTHER;
}

/* Whether all agree where the request ends. If a proxy in front read it differently than
 * libmicrohttpd does, a second request could hide in the first. */
static bool framing_is_clear(struct http_exchange *exchange)
{
    const char *length = exchange->content_length_text;
    if (exchange->request.repeated_header)
        return false;
    if (exchange->transfer_encoding)
        return !length && strcasecmp(exchange->transfer_encoding, "chunked") == 0;
    if (!length)
        return true;
    if (!*length || strlen(length) > 18 || length[strspn(length, "0123456789")])
        return false;
    exchange->content_length = strtoull(length, NULL, 10);
    return true;
}

static void answer_problem(struct http_exchange *exchange, enum problem kind, const char *detail)
{
    problem(&exchange->request, &exchange->response, kind, detail);
    exchange->answered = true;
}

/* May the body be so long? A large one needs one of the worker's places for such, which it keeps
 * until the answer is out: what it takes to read it is many times its length. */
static bool body_may_be(struct http_exchange *exchange, uint64_t length)
{
    const struct http_options *options = &exchange->worker->http->options;
    if (length <= REQUEST_BODY_MAX)
        return true;
    if (!options->body_max || exchange->target_bad ||
        length > options->body_max(&exchange->request))
        return false;
    exchange->has_no_place = !exchange->is_large && exchange->worker->large == HTTP_LARGE_BODIES;
    if (exchange->has_no_place)
        return false;
    exchange->worker->large += !exchange->is_large;
    exchange->is_large = true;
    return true;
}

static void answer_body_dropped(struct http_exchange *exchange)
{
    answer_problem(exchange, exchange->has_no_place ? PROBLEM_OVERLOADED : PROBLEM_TOO_LARGE, NULL);
}

static enum MHD_Result headers_are_here(
    struct http_exchange *exchange, const char *method, const char *version)
{
    exchange->request.method = method_of(method);
    exchange->may_rest = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, read_header, exchange);
    if (!framing_is_clear(exchange)) {
        answer_problem(exchange, PROBLEM_BAD_REQUEST,
            "A header came twice, or Content-Length and Transfer-Encoding leave the end unclear.");
        return http_response_queue(exchange);
    }
    exchange->body_dropped = !body_may_be(exchange, exchange->content_length);
    if (exchange->body_dropped && (exchange->expect || exchange->content_length > drop_max)) {
        answer_body_dropped(exchange);
        return http_response_queue(exchange);
    }
    return MHD_YES;
}

/* ---- the body ------------------------------------------------------------------------------ */

static void add_to_body(struct http_exchange *exchange, const char *data, size_t size)
{
    struct request *request = &exchange->request;
    size_t length = request->body_length + size;
    if (!body_may_be(exchange, length)) {
        exchange->body_dropped = true;
        return;
    }
    if (!request->body || length >= exchange->body_room) {
        size_t room = exchange->content_length ? exchange->content_length + 1
                      : exchange->body_room    ? 2 * exchange->body_room
                                               : FIRST_BODY_ROOM;
        while (room <= length)
            room *= 2;
        char *body = arena_alloc(&request->arena, room);
        if (request->body_length)
            memcpy(body, request->body, request->body_length);
        request->body = body;
        exchange->body_room = room;
    }
    memcpy(request->body + request->body_length, data, size);
    request->body_length = length;
    request->body[length] = '\0';
}

/* ---- the answer ---------------------------------------------------------------------------- */

void http_exchange_resume(struct http_exchange *exchange)
{
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection);
    http_pump_soon(exchange->worker);
}

static enum http_move outcome_of(const struct response *response)
{
    return response->replayed        ? HTTP_MOVE_REPLAYED
           : response->status == 201 ? HTTP_MOVE_COMMITTED
           : response->status == 422 ? HTTP_MOVE_REJECTED
                                     : HTTP_MOVE_OTHER;
}

static void count_outcomes(struct http_counters *counters, const struct response *response)
{
    if (response->items.committed + response->items.rejected + response->items.replayed == 0) {
        http_count(&counters->outcomes[outcome_of(response)], 1);
        return;
    }
    http_count(&counters->outcomes[HTTP_MOVE_COMMITTED], response->items.committed);
    http_count(&counters->outcomes[HTTP_MOVE_REJECTED], response->items.rejected);
    http_count(&counters->outcomes[HTTP_MOVE_REPLAYED], response->items.replayed);
}

static void count_move(struct http_exchange *exchange)
{
    struct http_counters *counters = &exchange->worker->counters;
    int64_t took_ns = clock_now_ns() - exchange->request.arrived_ns;
    int bucket = 0;
    for (int64_t le_ns = CLOCK_MS / 4; took_ns > le_ns && bucket < HTTP_BUCKETS - 1; le_ns *= 2)
        bucket++;
    http_count(&counters->moves_le[bucket], 1);
    http_count(&counters->moves_ns, (uint64_t)took_ns);
    http_count(&counters->moves, 1);
    count_outcomes(counters, &exchange->response);
}

/* The handler has filled the response in. True: it is to be streamed. */
static bool hand_over(struct http_exchange *exchange)
{
    struct response *response = &exchange->response;
    if (response->moves_money)
        count_move(exchange);
    bool streams = response->stream && exchange->request.method == REQUEST_GET;
    if (streams && !http_stream_begin(exchange)) {
        response->stream = NULL;
        problem(&exchange->request, response, PROBLEM_OVERLOADED, NULL);
        streams = false;
    }
    exchange->answered = true;
    if (exchange->suspended)
        http_exchange_resume(exchange);
    return streams;
}

/* The coroutine of a request. */
static void run(void *arg)
{
    struct http_exchange *exchange = arg;
    const struct http_options *options = &exchange->worker->http->options;
    options->answer(options->arg, &exchange->request, &exchange->response);
    if (hand_over(exchange))
        http_stream_run(exchange);
    exchange->running = false;
    if (!exchange->connection)
        give_back(exchange);
}

/* Start the coroutine; it may come back with the answer at once. */
static void start(struct http_exchange *exchange)
{
    exchange->running = true;
    if (co_start_now(run, exchange) != CO_REFUSED)
        return;
    exchange->running = false;
    answer_problem(exchange, PROBLEM_OVERLOADED, NULL);
}

static enum MHD_Result all_is_here(struct http_exchange *exchange)
{
    if (exchange->answered)
        return http_response_queue(exchange);
    http_rest_count(exchange);
    http_peer_enter(exchange->peer, HTTP_RUNNING);
    if (exchange->body_dropped)
        answer_body_dropped(exchange);
    else if (exchange->target_bad)
        answer_problem(
            exchange, PROBLEM_BAD_REQUEST, "The path or query is too long, or badly escaped.");
    else
        start(exchange);
    if (exchange->answered)
        return http_response_queue(exchange);
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

/* ---- what libmicrohttpd calls -------------------------------------------------------------- */

void *http_exchange_begin(void *worker_arg, const char *target, struct MHD_Connection *connection)
{
    struct http_worker *worker = worker_arg;
    struct http_exchange *exchange = take(worker);
    struct http_peer *peer = http_peer_of(connection);
    http_peer_enter(peer, HTTP_HEADERS);
    worker->last_request_ns = peer->since_ns;
    if (!exchange)
        return NULL; /* the request is read and answered 503 without one */
    exchange->connection = connection;
    exchange->peer = peer;
    exchange->request.arrived_ns = peer->since_ns;
    size_t length = strlen(target);
    exchange->target_bad =
        length > REQUEST_TARGET_MAX || !request_read_target(&exchange->request, target, length);
    return exchange;
}

enum MHD_Result http_exchange_go_on(void *worker_arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *size,
    void **state)
{
    struct http_worker *worker = worker_arg;
    struct http_exchange *exchange = *state;
    struct http_peer *peer = http_peer_of(connection);
    (void)url;
    if (peer->phase == HTTP_HEADERS) {
        http_peer_enter(peer, HTTP_BODY);
        return exchange ? headers_are_here(exchange, method, version) : MHD_YES;
    }
    if (*size > 0) {
        if (exchange && !exchange->body_dropped)
            add_to_body(exchange, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (exchange)
        return all_is_here(exchange);
    http_peer_enter(peer, HTTP_SENDING);
    http_count(&worker->counters.requests[503], 1);
    return MHD_queue_response(connection, 503, worker->overloaded);
}

void http_exchange_end(void *worker_arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *state;
    (void)worker_arg;
    struct http_peer *peer = http_peer_of(connection);
    if (peer)
        http_peer_enter(peer, HTTP_IDLE);
    *state = NULL;
    if (!exchange)
        return;
    if (peer && exchange->may_rest && !exchange->is_stream &&
        code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        http_rest_begin(peer);
    exchange->connection = NULL;
    exchange->peer = NULL;
    if (exchange->is_stream)
        http_stream_lose(exchange);
    if (!exchange->running)
        give_back(exchange);
}
