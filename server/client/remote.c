/* SPDX-License-Identifier: MIT */
#include "server/client/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/context.h"
#include "coro/http/co_http.h"
#include "coro/http/co_http_url.h"

/* The service itself gives an answer within 30 s, and a sign of life on a stream every 15. */
enum { ANSWERS_WITHIN_S = 40, LINE_FIRST = 4096, PIECE = 16384 };

struct remote {
    char *url; /* without a slash at its end */
    char *authorization;
    bool is_secret; /* over TLS */
    struct remote_reads reads;
    struct co_http *http;
    struct co_http_answer answer; /* the last one */
    char why[200];
};

struct remote *remote_open(
    const char *url, const char *token, struct co_tls_config *tls, const char **why)
{
    struct co_http_origin origin;
    const char *target;
    *why = NULL;
    if (!co_http_url_read(url, &origin, &target) || strlen(target) > 1) {
        *why = "must be http://HOST[:PORT] or https://HOST[:PORT], without a path";
        return NULL;
    }
    co_ensure(tls || !origin.secure);
    const struct co_http_options options = {
        .https = tls ? co_tls_dialer(tls) : (struct co_stream_dialer){.dial = NULL}};
    struct remote *remote = calloc(1, sizeof *remote);
    co_ensure(remote);
    remote->url = strndup(url, strlen(url) - strlen(target));
    remote->http = co_http_make(&options);
    co_ensure(asprintf(&remote->authorization, "%s%s%s", token ? "Authorization: Bearer " : "",
                  token ? token : "", token ? "\r\n" : "") >= 0);
    co_ensure(remote->url && remote->http);
    remote->is_secret = origin.secure;
    return remote;
}

void remote_close(struct remote **remote)
{
    if (!*remote)
        return;
    co_http_answer_free(&(*remote)->answer);
    co_http_free(&(*remote)->http);
    free((*remote)->url);
    free((*remote)->authorization);
    free(*remote);
    *remote = NULL;
}

void remote_read_as(struct remote *remote, struct remote_reads reads)
{
    remote->reads = reads;
}

const char *remote_why(const struct remote *remote)
{
    return remote->why;
}

static enum remote_fate fate_of(
    struct remote *remote, enum co_http_fate fate, const struct co_stream_why *why)
{
    int error = errno;
    const char *words = error == ENOENT ? "there is no such host" : strerror(error);
    /* With TLS 1.3 a client is refused once it takes the connection for made. */
    if (error == EPROTO && remote->is_secret)
        words = "the TLS connection was ended; maybe it wants a certificate (--client-cert)";
    snprintf(remote->why, sizeof remote->why, "%s", why->text[0] ? why->text : words);
    if (fate == CO_HTTP_NOT_SENT && error == EKEYREJECTED)
        return REMOTE_NOT_TRUSTED;
    return fate == CO_HTTP_ANSWERED   ? REMOTE_ANSWERED
           : fate == CO_HTTP_NOT_SENT ? REMOTE_NOT_SENT
                                      : REMOTE_UNKNOWN;
}

static void fill(
    struct remote *remote, struct remote_answer *answer, const struct co_http_head *head)
{
    char text[32];
    *answer = (struct remote_answer){.status = head->status, .seq = -1, .stale_ms = -1, .body = ""};
    answer->replayed =
        co_http_head_find(head, "Idempotency-Replayed", text, sizeof text) && text[0] == 't';
    if (co_http_head_find(head, "Ledger-Seq", text, sizeof text))
        answer->seq = strtoll(text, NULL, 10);
    if (co_http_head_find(head, "Ledger-Stale", text, sizeof text))
        answer->stale_ms = (int64_t)(strtod(text, NULL) * 1000 + 0.5);
    /* Another server may answer the next one, and be behind this. */
    if (remote->reads.stale && answer->seq > remote->reads.least)
        remote->reads.least = answer->seq;
    if (co_http_head_find(head, "Retry-After", text, sizeof text))
        answer->retry_after_s = strtoll(text, NULL, 10);
}

/* What a read says of itself; to be freed. */
static char *reads_of(const struct remote *remote)
{
    const struct remote_reads *reads = &remote->reads;
    char *text, least[64] = "";
    if (reads->least > 0)
        snprintf(least, sizeof least, "If-Ledger-Seq: %" PRId64 "\r\n", reads->least);
    co_ensure(asprintf(&text, "%s%s", reads->stale ? "Prefer: stale\r\n" : "", least) >= 0);
    return text;
}

/* Its texts are to be freed. A request with a key may be sent twice. */
static struct co_http_request request_of(
    const struct remote *remote, const struct remote_ask *ask, char **url, char **headers)
{
    const char *key = ask->key;
    char *reads = ask->body ? NULL : reads_of(remote);
    co_ensure(asprintf(url, "%s%s", remote->url, ask->path) >= 0);
    co_ensure(asprintf(headers, "%s%s%s%s%s%s", remote->authorization, reads ? reads : "",
                  ask->body ? "Content-Type: application/json\r\n" : "",
                  key ? "Idempotency-Key: \"" : "", key ? key : "", key ? "\"\r\n" : "") >= 0);
    free(reads);
    return (struct co_http_request){.method = ask->body ? "POST" : "GET",
        .url = *url,
        .headers = *headers,
        .body = ask->body,
        .body_length = ask->body ? strlen(ask->body) : 0,
        .repeatable = key};
}

enum remote_fate remote_call(
    struct remote *remote, const struct remote_ask *ask, struct remote_answer *answer)
{
    char *url, *headers;
    const struct co_http_request request = request_of(remote, ask, &url, &headers);
    struct co_context *context =
        co_context_with_timeout(co_context_background(), ANSWERS_WITHIN_S * CO_CLOCK_S);
    co_ensure(context);
    co_http_answer_free(&remote->answer);
    enum co_http_fate got = co_http_call(context, remote->http, &request, &remote->answer);
    enum remote_fate fate = fate_of(remote, got, &remote->answer.why);
    *answer = (struct remote_answer){.seq = -1, .stale_ms = -1};
    if (fate == REMOTE_ANSWERED) {
        fill(remote, answer, &remote->answer.head);
        answer->body = remote->answer.body;
        answer->length = remote->answer.body_length;
    }
    co_context_release(&context);
    free(url);
    free(headers);
    return fate;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The line that is coming, and what the lines of this event have said so far. */
struct lines {
    char *text;
    size_t used, room;
    char name[32];
    int64_t id;
    size_t data,
        data_length; /* in `text`, which it keeps until the event is over; length 0: none */
};

static void grow(struct lines *lines, size_t more)
{
    if (lines->used + more <= lines->room)
        return;
    lines->room = (lines->used + more) * 2 + LINE_FIRST;
    lines->text = realloc(lines->text, lines->room);
    co_ensure(lines->text);
}

/* An event is over at an empty line. False: the listener has had enough. */
static bool end_event(struct lines *lines, struct remote_listener *listener)
{
    const struct remote_event event = {.name = lines->name[0] ? lines->name : NULL,
        .id = lines->id,
        .data = lines->text + lines->data,
        .length = lines->data_length};
    bool go_on = event.length == 0 || listener->event(listener->arg, &event);
    lines->name[0] = '\0';
    lines->id = -1;
    lines->used = lines->data_length = 0;
    listener->stopped = !go_on;
    return go_on;
}

/* A whole line stands in text[from..used), without its end. */
static bool end_line(struct lines *lines, size_t *from, struct remote_listener *listener)
{
    grow(lines, 1);
    lines->text[lines->used] = '\0';
    const char *line = lines->text + *from;
    size_t length = lines->used - *from;
    if (length == 0) {
        *from = 0;
        return end_event(lines, listener);
    }
    if (strncmp(line, "data: ", 6) == 0) {
        lines->data = *from + 6;
        lines->data_length = length - 6;
        *from = lines->used; /* it stays */
        return true;
    }
    if (strncmp(line, "id: ", 4) == 0)
        lines->id = strtoll(line + 4, NULL, 10);
    else if (strncmp(line, "event: ", 7) == 0)
        snprintf(lines->name, sizeof lines->name, "%s", line + 7);
    lines->used = *from;
    return true;
}

/* Until the stream ends, is cut, says nothing for too long, or the listener has had enough. */
static void read_events(struct co_http_exchange *exchange, struct remote_listener *listener)
{
    static char piece[PIECE]; /* one stream in a program */
    struct lines lines = {.id = -1};
    size_t from = 0;
    ssize_t length = 1;
    for (bool go_on = true; go_on && length > 0;) {
        struct co_context *context =
            co_context_with_timeout(co_context_background(), ANSWERS_WITHIN_S * CO_CLOCK_S);
        co_ensure(context);
        length = co_http_exchange_read(context, exchange, piece, sizeof piece);
        co_context_release(&context);
        /* Byte by byte: a piece ends anywhere. */
        for (ssize_t i = 0; go_on && i < length; i++) {
            if (piece[i] == '\n')
                go_on = end_line(&lines, &from, listener);
            else if (piece[i] != '\r') {
                grow(&lines, 1);
                lines.text[lines.used++] = piece[i];
            }
        }
    }
    free(lines.text);
}

enum remote_fate remote_listen(struct remote *remote, const char *path,
    struct remote_listener *listener, struct remote_answer *answer)
{
    char *url, *headers, type[64] = "";
    const struct remote_ask ask = {.path = path};
    const struct co_http_request request = request_of(remote, &ask, &url, &headers);
    struct co_http_exchange *exchange = NULL;
    struct co_stream_why why = {.text = ""};
    struct co_context *context =
        co_context_with_timeout(co_context_background(), ANSWERS_WITHIN_S * CO_CLOCK_S);
    co_ensure(context);
    *answer = (struct remote_answer){.seq = -1, .stale_ms = -1};
    enum co_http_fate fate = co_http_open(context, remote->http, &request, &exchange, &why);
    if (fate == CO_HTTP_ANSWERED) {
        const struct co_http_head *head = co_http_exchange_head(exchange);
        bool is_stream = head->status == 200 &&
                         co_http_head_find(head, "Content-Type", type, sizeof type) &&
                         strncmp(type, "text/event-stream", 17) == 0;
        if (!is_stream)
            fill(remote, answer, head); /* its words are not needed: the status tells */
        else
            read_events(exchange, listener);
        fate = is_stream ? CO_HTTP_CUT : fate;
        co_http_exchange_close(&exchange);
    }
    co_context_release(&context);
    free(url);
    free(headers);
    return fate_of(remote, fate, &why);
}
