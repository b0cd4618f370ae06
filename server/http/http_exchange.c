/* SPDX-License-Identifier: MIT */
/*
 * http_exchange_begin() is called when a head is whole. Then libmicrohttpd calls
 * http_exchange_go_on() once, for each piece of the body, once when all is here, and again after
 * each resume; http_exchange_end() when the answer is out or the client is gone. It does not tell
 * of each request that it is over, so an exchange is its connection's, and given back with it.
 *
 * An answer is queued at the last of these calls only: libmicrohttpd closes the connection after an
 * answer that is queued before it has read the request. What is refused before it is read is
 * answered by http_wire_refuse().
 */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/http/http_fields.h"
#include "server/http/http_private.h"
#include "server/http/problem.h"
#include "server/text/log_request.h"

/* A body over the limit is read and dropped up to here, so that a client which sends all before it
 * reads gets to see the answer; beyond it the connection is cut. */
static const uint64_t drop_max = UINT64_C(256) << 20;

/* Of each worker: requests that are answered in any case; the longest body that is read although
 * its sender is not known; bodies whose senders may turn out not to be known. */
enum { VITAL_MAX = 64, SHORT_BODY = 4096, UNSURE_MAX = 16 };

/* ---- the pool ------------------------------------------------------------------------------ */

/* Vital requests have places of their own, so that probes are answered however full the rest is. */
static bool has_place(struct http_worker *worker, bool is_vital)
{
    if (is_vital)
        return worker->vital < VITAL_MAX;
    /* With the reserve not whole, a request that has begun might not be answered. */
    return worker->exchanges < worker->http->max_exchanges && arena_reserve();
}

static struct http_exchange *take(struct http_worker *worker, bool is_vital)
{
    struct http_exchange *exchange = worker->pool;
    if (!has_place(worker, is_vital))
        return NULL;
    /* The pool keeps what one request needs warm for the next on this worker. */
    if (exchange)
        worker->pool = exchange->next;
    else if (!(exchange = malloc(sizeof *exchange)))
        return NULL;
    *(is_vital ? &worker->vital : &worker->exchanges) += 1;
    http_count(&worker->counters.in_flight, 1);
    /* The memory behind the fields is the arena's, and is written before it is read. */
    memset(exchange, 0, offsetof(struct http_exchange, memory));
    arena_init(&exchange->request.arena, exchange->memory, sizeof exchange->memory);
    exchange->worker = worker;
    exchange->is_vital = is_vital;
    return exchange;
}

/* It is not a request in progress any more. */
static void leave_work(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    *(exchange->is_vital ? &worker->vital : &worker->exchanges) -= 1;
    http_count(&worker->counters.in_flight, (uint64_t)-1);
    if (exchange->is_counted)
        tally_remove(&worker->senders, exchange->who);
    exchange->is_counted = false;
}

static void give_back(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    if (!exchange->is_stream)
        leave_work(exchange);
    worker->unsure -= exchange->is_unsure;
    http_body_free(exchange);
    http_answer_free(exchange);
    arena_clear(&exchange->request.arena);
    /* Pooled, not freed: the next request takes it without an allocation. */
    exchange->next = worker->pool;
    worker->pool = exchange;
}

/* ---- the head ------------------------------------------------------------------------------ */

static void answer_problem(
    struct http_exchange *exchange, const struct problem *problem, const char *detail)
{
    problem_answer(&exchange->request, &exchange->response, problem, detail);
    exchange->answered = true;
}

/* One sender alone must not have all the places. */
static bool count_sender(struct http_exchange *exchange, const uint8_t who[TALLY_KEY])
{
    static const uint8_t nobody[TALLY_KEY];
    struct http_worker *worker = exchange->worker;
    if (exchange->is_vital || memcmp(who, nobody, TALLY_KEY) == 0)
        return true;
    memcpy(exchange->who, who, TALLY_KEY);
    exchange->is_counted = tally_add(&worker->senders, who, worker->http->max_of_sender);
    return exchange->is_counted;
}

/* A body whose sender may turn out not to be known has one of few places. */
static bool count_unsure(struct http_exchange *exchange)
{
    exchange->is_unsure = exchange->worker->unsure < UNSURE_MAX;
    exchange->worker->unsure += exchange->is_unsure;
    return exchange->is_unsure;
}

/* Judged by its head alone: false: it is answered. */
static bool judge(struct http_exchange *exchange, struct http_admission *admission, bool target_bad)
{
    const struct http_options *options = &exchange->worker->http->options;
    if (!http_rate_admits_address(exchange))
        return false;
    if (target_bad) {
        answer_problem(exchange, &problem_bad_request,
            "The path or query has too many parts, or bad escapes.");
        return false;
    }
    /* The application sees method, path and token here, and may refuse before a byte of body is
     * read. */
    exchange->answered = options->admit && !options->admit(options->arg, &exchange->request,
                                               &exchange->response, admission);
    exchange->body_max = admission->body_max;
    exchange->may_be_long = admission->may_be_long;
    if (exchange->answered)
        return false;
    /* Admitted; now what its body and its sender would take. */
    if (exchange->content_length > exchange->body_max)
        answer_problem(exchange, &problem_too_large, NULL);
    else if (exchange->request.has_body && admission->is_unsure && !count_unsure(exchange))
        answer_problem(exchange, &problem_overloaded, "Too many tokens that may be new.");
    else if (http_rate_admits_sender(exchange, admission) &&
             !count_sender(exchange, admission->who))
        answer_problem(exchange, &problem_too_many,
            "Too many requests with this token are in work; it has to wait for some of them.");
    return !exchange->answered;
}

/* It is refused at its head. What still comes is read and dropped, so that a client which sends all
 * before it reads gets to see the answer and keeps its connection; but not for long if the client
 * is not known, waits to be told to send, or would send very much: http_wire_refuse(). */
static void refuse_at_head(struct http_exchange *exchange, bool is_known)
{
    struct http_peer *peer = exchange->peer;
    if (!exchange->request.has_body)
        return;
    exchange->body_dropped = true;
    /* A short body costs less to drop than its connection to set up again. */
    bool is_short = exchange->content_length > 0 && exchange->content_length <= SHORT_BODY;
    if ((!is_known && !is_short) || peer->wire.head.expects_continue ||
        exchange->content_length > drop_max)
        http_wire_refuse(peer, &exchange->response);
}

/* Vital is told from the path alone, before there is a place for the request. */
static bool is_vital(
    const struct http_worker *worker, const struct http_peer *peer, const char *head_bytes)
{
    const struct http_span *target = &peer->wire.head.target;
    const char *path = head_bytes + target->from, *query = memchr(path, '?', target->length);
    const struct http_options *options = &worker->http->options;
    return options->is_vital &&
           options->is_vital(path, query ? (size_t)(query - path) : target->length);
}

void http_exchange_begin(struct http_peer *peer, const char *head_bytes)
{
    struct http_worker *worker = peer->worker;
    const struct http_head *head = &peer->wire.head;
    struct http_admission admission = {
        .body_max = REQUEST_BODY_MAX, .is_known = !worker->http->options.admit};
    http_peer_enter(peer, HTTP_BODY);
    http_peer_look(peer, head, head_bytes);
    worker->last_request_ns = peer->since_ns;
    share_press(&worker->stream_share, peer->since_ns);
    /* A connection beyond the limit was let in for probes alone. */
    bool vital = is_vital(worker, peer, head_bytes);
    if (peer->is_extra && !vital) {
        http_wire_refuse_problem(peer, &problem_overloaded, "Too many connections are open.");
        return;
    }
    struct http_exchange *exchange = take(worker, vital);
    peer->exchange = exchange;
    if (!exchange)
        return; /* the request is read and answered 503 without one */
    struct request *request = &exchange->request;
    /* What libmicrohttpd would tell of the request, from our own reading of its head. */
    exchange->connection = peer->connection;
    exchange->peer = peer;
    exchange->content_length = head->content_length;
    exchange->echo = peer->echo; /* which may be gone before the handler has ended */
    exchange->response.echo = &exchange->echo;
    request->is_of_welcome_origin = exchange->echo.origin != NULL;
    request->arrived_ns = exchange->response.began_ns = peer->since_ns;
    request->is_secret = peer->wire.tls || exchange->echo.client.is_secret;
    bool target_bad = !http_fields_read(request, head, head_bytes);
    if (!judge(exchange, &admission, target_bad))
        refuse_at_head(exchange, admission.is_known);
}

/* ---- the body ------------------------------------------------------------------------------ */

static void add_to_body(struct http_exchange *exchange, const char *data, size_t size)
{
    switch (http_body_add(exchange, data, size)) {
    case HTTP_BODY_ADDED:
        return;
    case HTTP_BODY_TOO_LARGE:
        answer_problem(exchange, &problem_too_large, NULL);
        break;
    case HTTP_BODY_NO_MEMORY:
        answer_problem(exchange, &problem_overloaded, "There is not enough memory for the body.");
        break;
    }
    /* The rest of the body is of no use, so its memory goes to others now. */
    exchange->body_dropped = true;
    http_body_free(exchange);
}

/* ---- the answer ---------------------------------------------------------------------------- */

void http_exchange_resume(struct http_exchange *exchange)
{
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection);
    http_pump_soon(exchange->worker);
}

/* The answer is a stream, which is not a request in progress; or says why it is not one. */
static void become_stream(struct http_exchange *exchange)
{
    exchange->is_stream = http_stream_begin(exchange);
    if (exchange->is_stream)
        leave_work(exchange);
}

/* The application is done with the request, whose memory may go. */
static void end_call(struct http_exchange *exchange)
{
    const struct http_options *options = &exchange->worker->http->options;
    if (options->end)
        options->end(options->arg, &exchange->request);
}

/* The handler has filled the response in. */
static void hand_over(struct http_exchange *exchange)
{
    struct response *response = &exchange->response;
    if (response->stream && exchange->request.method == REQUEST_GET && exchange->connection)
        become_stream(exchange);
    /* A stream's handler goes on to read the request; its call ends with it. */
    if (!exchange->is_stream)
        end_call(exchange);
    http_answer_keep(exchange);
    exchange->answered = true;
    /* Still on the caller's stack if it never parked: then nothing is suspended. */
    if (exchange->suspended)
        http_exchange_resume(exchange);
}

/* The coroutine of a request. */
static void run(void *arg)
{
    struct http_exchange *exchange = arg;
    const struct http_options *options = &exchange->worker->http->options;
    struct log_request logged;
    log_request_begin(&logged, exchange->echo.id);
    /* A list may be long, so it begins only when there is room for its answer. */
    bool has_turn = exchange->may_be_long && http_turn_begin(exchange);
    if (has_turn || !exchange->may_be_long)
        options->answer(options->arg, &exchange->request, &exchange->response);
    else
        problem_answer(&exchange->request, &exchange->response, &problem_overloaded,
            "Too many long answers wait for their clients to read them.");
    /* From here on the answer may be on its way to the client. */
    hand_over(exchange);
    if (has_turn)
        http_turn_end(exchange);
    /* A stream is written by this same coroutine, for as long as its client stays. */
    if (exchange->is_stream) {
        http_stream_run(exchange);
        end_call(exchange);
    }
    log_request_end(&logged);
    exchange->running = false;
    /* The client has gone meanwhile, and nobody else would give this back. */
    if (!exchange->connection)
        give_back(exchange);
}

/* Start the coroutine; it may come back with the answer at once. */
static void start(struct http_exchange *exchange)
{
    exchange->running = true;
    if (co_start_now_at(CO_SITE("request"), run, exchange) != CO_REFUSED)
        return;
    exchange->running = false;
    /* There is no stack for it. */
    answer_problem(exchange, &problem_overloaded, NULL);
}

/* Of a stream libmicrohttpd hears no more: it closes its descriptor. */
static enum MHD_Result send_answer(struct http_exchange *exchange)
{
    return exchange->is_stream ? MHD_NO : http_response_queue(exchange);
}

static enum MHD_Result all_is_here(struct http_exchange *exchange)
{
    if (exchange->answered)
        return send_answer(exchange);
    http_peer_enter(exchange->peer, HTTP_RUNNING);
    start(exchange);
    /* A handler that never parked has answered already, and nothing is suspended. */
    if (exchange->answered)
        return send_answer(exchange);
    /* hand_over() resumes it. */
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

/* ---- what libmicrohttpd calls -------------------------------------------------------------- */

enum MHD_Result http_exchange_go_on(void *worker_arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *size,
    void **state)
{
    struct http_peer *peer = http_peer_of(connection);
    struct http_exchange *exchange = peer->exchange;
    (void)worker_arg;
    (void)url;
    (void)method;
    (void)version;
    if (!*state) {
        *state = peer; /* the first call, there will be others */
        return MHD_YES;
    }
    /* A piece of the body; it counts as taken even if it is dropped. */
    if (*size > 0) {
        if (exchange && !exchange->body_dropped)
            add_to_body(exchange, data, *size);
        *size = 0;
        return MHD_YES;
    }
    /* No more is to come: the request can run. */
    if (exchange)
        return all_is_here(exchange);
    if (peer->wire.state == HTTP_WIRE_REFUSED)
        return MHD_NO; /* it is answered */
    /* There was no place for an exchange, and 503 needs none. */
    if (http_response_overloaded(peer) == MHD_YES)
        return MHD_YES;
    /* It needs memory, which may be what there is no place for; a refusal needs none. */
    http_wire_refuse_problem(peer, &problem_overloaded, NULL);
    return MHD_NO;
}

/* The client has gone, or was answered in another way: a handler that runs keeps the exchange. */
void http_exchange_lose(struct http_peer *peer)
{
    struct http_exchange *exchange = peer->exchange;
    peer->exchange = NULL;
    if (!exchange)
        return;
    exchange->connection = NULL;
    exchange->peer = NULL;
    if (!exchange->running)
        give_back(exchange);
}

void http_exchange_end(void *worker_arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    struct http_peer *peer = http_peer_of(connection);
    (void)worker_arg;
    *state = NULL;
    if (!peer)
        return;
    /* Another request may follow only if this one was read and answered to its end. */
    bool kept = peer->wire.head.keep_alive && code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
                peer->wire.state == HTTP_WIRE_WAIT;
    http_exchange_lose(peer);
    if (!kept)
        return;
    http_peer_enter(peer, HTTP_IDLE);
    /* The next head may be here already, pipelined. */
    http_wire_next(peer);
    http_keepalive_begin(peer);
}
