/* SPDX-License-Identifier: MIT */
#include "server/client/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "loadtest/client.h"
#include "loadtest/target.h"

/* The service itself gives an answer within 30 s, and a sign of life on a stream every 15. */
enum { ANSWERS_WITHIN_S = 40, LINE_FIRST = 4096, PIECE = 16384 };

struct remote {
    struct target target;
    struct client *client;
    enum client_status last;
};

struct remote *remote_open(const char *url, const char *token, const char **why)
{
    struct remote *remote = calloc(1, sizeof *remote);
    *why = remote ? target_make(url, token, &remote->target) : "memory is short";
    if (!*why) {
        remote->client = client_make(&remote->target, ANSWERS_WITHIN_S * CO_CLOCK_S);
        *why = remote->client ? NULL : "memory is short";
    }
    if (*why) {
        free(remote);
        return NULL;
    }
    return remote;
}

void remote_close(struct remote **remote)
{
    if (!*remote)
        return;
    client_free(&(*remote)->client);
    free(*remote);
    *remote = NULL;
}

const char *remote_why(const struct remote *remote)
{
    return client_status_name(remote->last);
}

static enum remote_fate fate_of(struct remote *remote, enum client_status status)
{
    remote->last = status;
    return status == CLIENT_ANSWERED        ? REMOTE_ANSWERED
           : status == CLIENT_NO_CONNECTION ? REMOTE_NOT_SENT
                                            : REMOTE_UNKNOWN;
}

static void fill(struct remote_answer *answer, const struct response *response)
{
    char seconds[16];
    *answer = (struct remote_answer){.status = response->status,
        .replayed = response->replayed,
        .seq = response->seq,
        .body = response->body ? response->body : "",
        .length = response->body ? response->body_length : 0};
    if (response_header(response, "Retry-After", seconds, sizeof seconds))
        answer->retry_after_s = strtoll(seconds, NULL, 10);
}

enum remote_fate remote_call(
    struct remote *remote, const struct remote_ask *ask, struct remote_answer *answer)
{
    struct response response;
    const struct request request = {.method = ask->body ? "POST" : "GET",
        .path = ask->path,
        .key = ask->key,
        .body = ask->body,
        .body_length = ask->body ? strlen(ask->body) : 0};
    enum remote_fate fate = fate_of(remote, client_call(remote->client, &request, &response));
    *answer = (struct remote_answer){.seq = -1};
    if (fate == REMOTE_ANSWERED)
        fill(answer, &response);
    return fate;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Where in a chunked body the next byte stands. */
struct chunks {
    bool on;           /* false: the body has no chunks */
    size_t size, left; /* of the size that is being read; of the chunk */
    bool extension;    /* behind the size, up to its line's end */
};

/* Is this byte one of the body? It is taken note of if not. */
static bool is_payload(struct chunks *chunks, char byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    if (!chunks->on)
        return true;
    if (chunks->left > 2)
        return chunks->left-- > 2;
    /* The two that end a chunk. */
    if (chunks->left > 0) {
        chunks->left--;
        return false;
    }
    const char *digit = memchr(digits, byte, sizeof digits - 1);
    if (byte == '\n') {
        chunks->left = chunks->size + 2;
        chunks->size = 0;
        chunks->extension = false;
    } else if (digit && !chunks->extension) {
        chunks->size = chunks->size * 16 + (size_t)((digit - digits) % 16);
    } else {
        chunks->extension = true;
    }
    return false;
}

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

static void read_events(struct client *client, bool chunked, struct remote_listener *listener)
{
    static char piece[PIECE]; /* one stream in a program */
    struct lines lines = {.id = -1};
    struct chunks chunks = {.on = chunked};
    size_t from = 0, length = 0;
    bool go_on = true;
    while (
        go_on && client_read(client, piece, sizeof piece, &length) == CLIENT_ANSWERED && length) {
        /* Byte by byte: a piece ends anywhere. */
        for (size_t i = 0; go_on && i < length; i++) {
            if (!is_payload(&chunks, piece[i]))
                continue;
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
    struct response response;
    const struct request request = {.path = path, .headers = "Accept: text/event-stream\r\n"};
    char type[64] = "";
    *answer = (struct remote_answer){.seq = -1};
    enum client_status status = client_connect(remote->client);
    if (status == CLIENT_ANSWERED)
        status = client_send(remote->client, &request);
    if (status == CLIENT_ANSWERED)
        status = client_receive_head(remote->client, &response);
    if (status != CLIENT_ANSWERED)
        return fate_of(remote, status);
    (void)response_header(&response, "Content-Type", type, sizeof type);
    status = CLIENT_LOST; /* that is how a stream ends */
    if (response.status == 200 && strncmp(type, "text/event-stream", 17) == 0)
        read_events(remote->client, response.chunked, listener);
    else
        fill(answer, &response); /* its words are not needed: the status tells */
    client_close(remote->client);
    return fate_of(remote, answer->status ? CLIENT_ANSWERED : status);
}
