/* SPDX-License-Identifier: MIT */
#include "server/forward/forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "coro/clock.h"
#include "coro/http/co_http.h"
#include "coro/http/co_http_url.h"
#include "server/forward/forward_answer.h"
#include "server/forward/forward_dial.h"
#include "server/forward/forward_head.h"
#include "server/forward/forward_quota.h"
#include "server/http/http.h"
#include "server/http/problem.h"
#include "server/text/log.h"

/* Kept connections of each server; for less time than a server keeps them (75 s), so that hardly
 * ever one is taken that is just being closed. */
enum {
    IDLE_MAX = 64,
    IDLE_S = 20,
    HEAD_MAX = 16 * 1024,
    PIECE = 2048,
    FORWARD_URL = 600,
    HAS_MOVED = 504
};

/* A stream's owner says something each fifteen seconds: three times nothing, and it is cut. */
static const int64_t silent_ns = 45 * CO_CLOCK_S;

struct forward {
    char *url;
    struct forward_quota quota;
    struct forward_dial dial;
    struct forward_watch watch;
    struct co_http *http;
    _Atomic uint64_t passed[FORWARD_FATES];
};

const char *const forward_fate_names[FORWARD_FATES] = {[FORWARD_ANSWERED] = "answered",
    [FORWARD_NOT_OWNER] = "not_owner",
    [FORWARD_MOVED] = "moved",
    [FORWARD_NOT_SENT] = "not_sent",
    [FORWARD_FULL] = "overloaded",
    [FORWARD_LOST] = "unknown"};

/* ---- a life -------------------------------------------------------------------------------- */

struct forward *forward_make(const struct forward_options *options, char *error, size_t size)
{
    struct forward *forward = calloc(1, sizeof *forward);
    snprintf(error, size, "there is not enough memory");
    if (!forward)
        return NULL;
    forward->quota.most = options->max_open;
    forward->dial = (struct forward_dial){.speaks_tls = options->speaks_tls,
        .files = {.trust_file = options->trust_file,
            .certificate_file = options->certificate_file,
            .key_file = options->key_file}};
    forward->watch = (struct forward_watch){
        .is_gone = options->is_gone, .is_silent = options->is_silent, .arg = options->arg};
    const struct co_http_options http = {.limits = {.head_max = HEAD_MAX},
        .idle_max = IDLE_MAX,
        .idle_ns = IDLE_S * CO_CLOCK_S,
        .http = forward_dial_plain(&forward->dial),
        .https = forward_dial_secret(&forward->dial)};
    if (!(forward->url = strdup(options->url)) || !(forward->http = co_http_make(&http)) ||
        !forward_dial_read(&forward->dial, error, size) || !forward_watch_begin(&forward->watch))
        forward_free(&forward);
    return forward;
}

void forward_free(struct forward **forward)
{
    struct forward *freed = *forward;
    *forward = NULL;
    if (!freed)
        return;
    forward_watch_end(&freed->watch);
    if (freed->http)
        co_http_free(&freed->http);
    forward_dial_end(&freed->dial);
    free(freed->url);
    free(freed);
}

void forward_reload(struct forward *forward)
{
    char error[400];
    if (!forward_dial_read(&forward->dial, error, sizeof error))
        log_error("%s; what was read before is kept", error);
}

/* ---- whom it can reach --------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

bool forward_reaches(const struct forward *forward, const char *url)
{
    struct co_http_origin own, other;
    const char *path;
    if (!co_http_url_read(url, &other, &path) || is_any(other.host) ||
        strcmp(url, forward->url) == 0)
        return false;
    /* A loopback is the same one only as far as one knows. */
    return !is_loopback(other.host) ||
           (co_http_url_read(forward->url, &own, &path) && is_loopback(own.host));
}

/* ---- event streams ------------------------------------------------------------------------- */

struct forward_stream {
    struct forward *forward;
    struct co_http_exchange *exchange;
    uint64_t server;
};

/* Piece by piece, in constant memory, until one of the two sides ends. */
static void pass_events(struct http_stream *stream, struct request *request, void *arg)
{
    struct forward_stream *events = arg;
    struct forward_watch *watch = &events->forward->watch;
    struct co_context *context = http_stream_context(stream);
    struct forward_waiter waiter = {
        .context = context, .server = events->server, .until_ns = co_clock_now_ns() + silent_ns};
    char piece[PIECE];
    ssize_t got;
    (void)request;
    forward_watch_add(watch, &waiter);
    while ((got = co_http_exchange_read(context, events->exchange, piece, sizeof piece)) > 0) {
        /* How long its client takes to read is that client's affair. */
        atomic_store(&waiter.until_ns, 0);
        if (!http_stream_write(stream, piece, (size_t)got))
            break;
        atomic_store(&waiter.until_ns, co_clock_now_ns() + silent_ns);
    }
    forward_watch_remove(watch, &waiter);
    /* There may have been more: that must not look like the end. */
    if (got < 0)
        http_stream_cut(stream);
}

void forward_stream_end(struct forward_stream **events)
{
    struct forward_stream *ended = *events;
    *events = NULL;
    if (!ended)
        return;
    co_http_exchange_close(&ended->exchange);
    forward_quota_leave(&ended->forward->quota, ended->server);
}

/* ---- passing on ---------------------------------------------------------------------------- */

/* A request on its way. */
struct passing {
    struct forward *forward;
    const struct forward_to *to;
    struct request *request;
    struct response *response;
    struct co_context *context;
    struct co_http_exchange *exchange;
    struct forward_stream *events; /* which the answer is; NULL: it is whole */
};

/* The head of an event stream has come, which keeps the exchange. */
static void begin_events(struct passing *passing)
{
    struct response *response = passing->response;
    response->stream = pass_events;
    /* Of one that asks for the head alone there is nothing to be passed on. */
    if (passing->request->method != REQUEST_GET)
        return;
    struct forward_stream *events = arena_alloc(&passing->request->arena, sizeof *events);
    *events = (struct forward_stream){
        .forward = passing->forward, .exchange = passing->exchange, .server = passing->to->server};
    passing->exchange = NULL;
    passing->events = events;
    response->stream_arg = events;
}

/* Nothing was done, says the answer to the second time that it was sent. But what became of the
 * first is not known, whoever was asked then may have died with its answer; or is known better. */
static bool is_half_an_answer(const struct passing *passing, int status)
{
    bool denies = status == problem_not_owner.status || status == problem_overloaded.status ||
                  status == problem_too_many.status;
    if (passing->to->has_begun)
        return denies || status == problem_unauthorized.status ||
               status == problem_forbidden.status;
    return denies && co_http_exchange_is_repeated(passing->exchange);
}

static bool has_moved(const struct co_http_head *head)
{
    char value[8];
    return head->status == HAS_MOVED &&
           co_http_head_find(head, FORWARD_MOVED_HEADER, value, sizeof value);
}

static enum forward_fate take_answer(struct passing *passing)
{
    const struct co_http_head *head = co_http_exchange_head(passing->exchange);
    if (is_half_an_answer(passing, head->status))
        return FORWARD_LOST;
    if (head->status == problem_not_owner.status)
        return FORWARD_NOT_OWNER;
    if (has_moved(head))
        return FORWARD_MOVED;
    if (!forward_answer_head(head, passing->to->url, passing->request, passing->response))
        return FORWARD_LOST;
    if (forward_answer_is_stream(head)) {
        begin_events(passing);
        return FORWARD_ANSWERED;
    }
    bool is_whole = forward_answer_body(
        passing->context, passing->exchange, passing->request, passing->response);
    return is_whole ? FORWARD_ANSWERED : FORWARD_LOST;
}

static const char *method_of(const struct request *request)
{
    /* The answer to HEAD is that to GET, as here: libmicrohttpd leaves its body out. */
    if (request->method == REQUEST_GET || request->method == REQUEST_HEAD)
        return "GET";
    return request->method == REQUEST_POST ? "POST" : "DELETE";
}

static enum forward_fate ask(struct passing *passing)
{
    struct request *request = passing->request;
    const struct forward_to *to = passing->to;
    const struct co_http_request asked = {.method = method_of(request),
        .url = forward_head_url(request, to->url),
        .headers = forward_head_lines(request, passing->response->echo),
        .body = request->body_length > 0 ? request->body : NULL,
        .body_length = request->body_length,
        .repeatable = to->may_repeat};
    struct forward_watch *watch = &passing->forward->watch;
    struct forward_waiter waiter = {
        .context = passing->context, .server = to->server, .only_reads = to->only_reads};
    forward_watch_add(watch, &waiter);
    enum co_http_fate got =
        co_http_open(passing->context, passing->forward->http, &asked, &passing->exchange, NULL);
    enum forward_fate fate = got == CO_HTTP_NOT_SENT ? FORWARD_NOT_SENT : FORWARD_LOST;
    if (got == CO_HTTP_ANSWERED)
        fate = take_answer(passing);
    forward_watch_remove(watch, &waiter);
    co_http_exchange_close(&passing->exchange);
    return fate;
}

/* What came of the answer is not to be sent. */
static void forget_answer(struct response *response)
{
    response->passed = NULL;
    response->passed_count = 0;
    response->varies = false;
    response->body = NULL;
    response->length = 0;
}

enum forward_fate forward_pass(struct forward *forward, const struct forward_to *to,
    struct request *request, struct response *response, struct forward_stream **events)
{
    struct passing passing = {
        .forward = forward, .to = to, .request = request, .response = response};
    enum forward_fate fate = FORWARD_FULL;
    bool has_place = forward_quota_enter(&forward->quota, to->server);
    if (has_place)
        passing.context = co_context_with_timeout(co_context_background(), to->wait_ns);
    if (passing.context) {
        fate = ask(&passing);
        co_context_release(&passing.context);
    }
    if (fate != FORWARD_ANSWERED)
        forget_answer(response);
    /* A stream keeps its place. */
    if (has_place && !passing.events)
        forward_quota_leave(&forward->quota, to->server);
    *events = passing.events;
    atomic_fetch_add_explicit(&forward->passed[fate], 1, memory_order_relaxed);
    return fate;
}

/* ---- questions of this server's own ---------------------------------------------------------- */

static enum forward_fate fate_of(enum co_http_fate got, const struct co_http_answer *answer)
{
    if (got != CO_HTTP_ANSWERED)
        return got == CO_HTTP_NOT_SENT ? FORWARD_NOT_SENT : FORWARD_LOST;
    return answer->head.status == problem_not_owner.status ? FORWARD_NOT_OWNER : FORWARD_ANSWERED;
}

enum forward_fate forward_ask(struct co_context *context, struct forward *forward,
    const struct forward_to *to, const struct forward_question *question,
    struct co_http_answer *answer)
{
    char url[FORWARD_URL];
    const struct co_http_request asked = {.method = "POST",
        .url = url,
        .headers = "Teller-Hop: 1\r\nContent-Type: application/json\r\n",
        .body = question->body,
        .body_length = question->body_length,
        .repeatable = to->may_repeat};
    struct forward_waiter waiter = {
        .context = co_context_with_timeout(context, to->wait_ns), .server = to->server};
    *answer = (struct co_http_answer){.memory = NULL};
    if (!waiter.context)
        return FORWARD_NOT_SENT;
    int length = snprintf(url, sizeof url, "%s%s", to->url, question->path);
    co_ensure(length < (int)sizeof url); /* both are bounded, and far shorter */
    forward_watch_add(&forward->watch, &waiter);
    enum co_http_fate got = co_http_call(waiter.context, forward->http, &asked, answer);
    forward_watch_remove(&forward->watch, &waiter);
    co_context_release(&waiter.context);
    return fate_of(got, answer);
}

void forward_read(struct forward *forward, struct forward_figures *figures)
{
    for (int i = 0; i < FORWARD_FATES; i++)
        figures->passed[i] = atomic_load_explicit(&forward->passed[i], memory_order_relaxed);
    figures->open = forward_quota_open(&forward->quota);
}
