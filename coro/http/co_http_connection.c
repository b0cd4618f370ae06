/* SPDX-License-Identifier: MIT */
/*
 * What a call costs is what a load tester takes from the service it measures, when both share a
 * machine: one sendmsg, one wait, one recv, and no allocation once the buffers have grown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/http/co_http_connection_private.h"

enum {
    HEAD_MAX = 65536,
    BODY_MAX = 64 * 1024 * 1024,
};

/* --- a life ----------------------------------------------------------------------------------- */

struct co_http_connection *co_http_connection_make(
    struct co_stream stream, const struct co_http_limits *limits)
{
    struct co_http_connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        co_stream_close(&stream);
        errno = ENOMEM;
        return NULL;
    }
    connection->stream = stream;
    if (limits)
        connection->limits = *limits;
    if (connection->limits.head_max == 0)
        connection->limits.head_max = HEAD_MAX;
    if (connection->limits.body_max == 0)
        connection->limits.body_max = BODY_MAX;
    connection->next = CO_HTTP_NEXT_NOTHING;
    connection->drained = true;
    return connection;
}

void co_http_connection_free(struct co_http_connection **connection)
{
    int error = errno;
    if (*connection) {
        co_stream_close(&(*connection)->stream);
        free((*connection)->buffer);
        free((*connection)->out);
        free(*connection);
    }
    *connection = NULL;
    errno = error;
}

enum co_http_fate co_http_connection_fate(const struct co_http_connection *connection)
{
    if (connection->has_head && connection->next == CO_HTTP_NEXT_NOTHING)
        return CO_HTTP_ANSWERED;
    return connection->heard ? CO_HTTP_CUT : connection->sent ? CO_HTTP_SENT : CO_HTTP_NOT_SENT;
}

bool co_http_connection_is_free(const struct co_http_connection *connection)
{
    return co_http_connection_fate(connection) == CO_HTTP_ANSWERED && !connection->broken &&
           !connection->head.closes && !co_http_connection_has_more(connection);
}

bool co_http_connection_has_more(const struct co_http_connection *connection)
{
    return connection->next == CO_HTTP_NEXT_NOTHING && connection->taken < connection->used;
}

struct co_stream *co_http_connection_stream(struct co_http_connection *connection)
{
    return &connection->stream;
}

/* --- sending ---------------------------------------------------------------------------------- */

static size_t refuse_message(void)
{
    errno = EINVAL;
    return 0;
}

/* The fields of a caller: whole lines, none of them empty, no CR or LF but at their ends. */
static bool are_lines(const char *headers)
{
    for (const char *line = headers; *line;) {
        size_t length = strcspn(line, "\r\n");
        if (length == 0 || line[length] != '\r' || line[length + 1] != '\n')
            return false;
        line += length + 2;
    }
    return true;
}

/* Visible characters alone: neither a blank nor the end of a line may get into the first line. */
static bool are_visible(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
            return false;
    return true;
}

static bool out_has_room(struct co_http_connection *connection, size_t size)
{
    if (size <= connection->out_size)
        return true;
    char *larger = realloc(connection->out, size);
    if (!larger) {
        errno = ENOMEM;
        return false;
    }
    connection->out = larger;
    connection->out_size = size;
    return true;
}

static char *put(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

static char *put_text(char *at, const char *text)
{
    return put(at, text, strlen(text));
}

/* The head, in `out`; its length, or 0 with errno. */
static size_t write_head(
    struct co_http_connection *connection, const struct co_http_message *message)
{
    const char *method = message->method ? message->method : message->body ? "POST" : "GET";
    const char *headers = message->headers ? message->headers : "";
    size_t target = strcspn(message->target, "#");
    if (!*method || !are_visible(method, strlen(method)) || !are_visible(message->target, target) ||
        !are_visible(message->authority, strlen(message->authority)) || !are_lines(headers))
        return refuse_message();
    enum { LENGTH_FIELD = 40, WORDS = 60 + LENGTH_FIELD }; /* more than the words below have */
    if (!out_has_room(connection,
            WORDS + strlen(method) + target + strlen(headers) + strlen(message->authority)))
        return 0;
    char *at = put_text(connection->out, method);
    at = put_text(at, message->target[0] == '/' ? " " : " /");
    at = put(at, message->target, target);
    at = put_text(at, " HTTP/1.1\r\nHost: ");
    at = put_text(at, message->authority);
    at = put_text(at, "\r\n");
    /* A method that takes a body states its length, also when it has none. */
    if (message->body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
        strcmp(method, "PATCH") == 0)
        at += snprintf(at, LENGTH_FIELD, "Content-Length: %zu\r\n", message->body_length);
    at = put_text(at, headers);
    at = put_text(at, "\r\n");
    return (size_t)(at - connection->out);
}

/* Forget the answer before this: its memory is used again. */
static void begin(struct co_http_connection *connection, const char *method)
{
    connection->floor = connection->taken = connection->used = 0;
    connection->has_head = connection->sent = connection->heard = false;
    connection->drained = true; /* an answer is hardly ever there already */
    connection->without_body = method && strcmp(method, "HEAD") == 0;
}

static int send_pieces(struct co_context *context, struct co_http_connection *connection,
    struct iovec *pieces, size_t count)
{
    size_t length = pieces[0].iov_len;
    int result = co_stream_write(context, &connection->stream, pieces, count);
    connection->sent = result == 0 || pieces[0].iov_len < length;
    connection->broken = connection->broken || result < 0;
    return result;
}

int co_http_connection_send(struct co_context *context, struct co_http_connection *connection,
    const struct co_http_message *message)
{
    begin(connection, message->method);
    size_t length = write_head(connection, message);
    if (length == 0)
        return -1;
    struct iovec pieces[2] = {
        {connection->out, length}, {(void *)(uintptr_t)message->body, message->body_length}};
    return send_pieces(context, connection, pieces, message->body_length > 0 ? 2 : 1);
}

int co_http_connection_send_bytes(struct co_context *context, struct co_http_connection *connection,
    const void *bytes, size_t length)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, length};
    begin(connection, length > 5 && memcmp(bytes, "HEAD ", 5) == 0 ? "HEAD" : NULL);
    return send_pieces(context, connection, &piece, 1);
}

/* --- receiving -------------------------------------------------------------------------------- */

static int fail(struct co_http_connection *connection, int error)
{
    connection->broken = true;
    errno = error;
    return -1;
}

/* A head is whole at `taken`. 1: it is the answer's; 0: an interim one, passed over; -1. */
static int take_head(struct co_http_connection *connection, size_t length)
{
    struct co_http_head *head = &connection->head;
    if (length > connection->limits.head_max)
        return fail(connection, EMSGSIZE);
    if (!co_http_head_read(connection->buffer + connection->taken, length, head) ||
        head->status == 101)
        return fail(connection, EPROTO);
    if (head->status < 200) {
        connection->taken += length;
        return 0;
    }
    /* It moves to the beginning of the buffer, where it stays. */
    connection->used -= connection->taken;
    if (connection->taken > 0)
        memmove(connection->buffer, head->text, connection->used);
    head->text = connection->buffer;
    connection->floor = connection->taken = length;
    connection->has_head = true;
    co_http_connection_begin_body(connection);
    return 1;
}

int co_http_connection_receive_head(
    struct co_context *context, struct co_http_connection *connection)
{
    for (int got = 0; got <= 0;) {
        size_t have = connection->used - connection->taken;
        const char *from = have > 0 ? connection->buffer + connection->taken : NULL;
        /* Looked for from the start each time: a head comes in one piece, nearly always. */
        const char *end = from ? memmem(from, have, "\r\n\r\n", 4) : NULL;
        if (end && (got = take_head(connection, (size_t)(end + 4 - from))) < 0)
            return -1;
        if (end)
            continue;
        if (have > connection->limits.head_max)
            return fail(connection, EMSGSIZE);
        int filled = co_http_connection_fill(context, connection);
        if (filled <= 0)
            return fail(connection, filled == 0 ? ECONNRESET : errno);
    }
    return 0;
}

const struct co_http_head *co_http_connection_head(const struct co_http_connection *connection)
{
    return &connection->head;
}

ssize_t co_http_connection_read(
    struct co_context *context, struct co_http_connection *connection, void *buffer, size_t size)
{
    size_t length;
    int got = co_http_connection_next(context, connection, &length);
    if (got < 0)
        return fail(connection, errno);
    if (got == 0)
        return 0;
    if (length > size)
        length = size;
    memcpy(buffer, connection->buffer + connection->taken, length);
    co_http_connection_take(connection, length);
    return (ssize_t)length;
}

ssize_t co_http_connection_read_bytes(
    struct co_context *context, struct co_http_connection *connection, void *buffer, size_t size)
{
    connection->broken = true; /* what they mean for the next answer is not known */
    if (connection->taken == connection->used) {
        int got = co_http_connection_fill(context, connection);
        if (got <= 0)
            return got;
    }
    size_t have = connection->used - connection->taken, length = have < size ? have : size;
    memcpy(buffer, connection->buffer + connection->taken, length);
    connection->taken += length;
    return (ssize_t)length;
}

/* Bytes of a body move down to those before them: over the framing, if there was any. */
static bool gather(struct co_http_connection *connection, size_t length)
{
    if (connection->floor - connection->head.text_length + length > connection->limits.body_max) {
        errno = EMSGSIZE;
        return false;
    }
    if (connection->floor != connection->taken)
        memmove(
            connection->buffer + connection->floor, connection->buffer + connection->taken, length);
    co_http_connection_take(connection, length);
    connection->floor += length;
    return true;
}

int co_http_connection_receive_body(struct co_context *context,
    struct co_http_connection *connection, struct co_http_answer *answer)
{
    size_t length, start = connection->head.text_length;
    int got;
    if (connection->next == CO_HTTP_NEXT_BYTES) { /* then nothing moves */
        if (connection->left > connection->limits.body_max)
            return fail(connection, EMSGSIZE);
        if (!co_http_connection_grow(connection, start + connection->left + 1))
            return fail(connection, errno);
    }
    while ((got = co_http_connection_next(context, connection, &length)) > 0)
        if (!gather(connection, length))
            return fail(connection, errno);
    if (got < 0 || !co_http_connection_grow(connection, connection->floor + 1))
        return fail(connection, errno);
    connection->buffer[connection->floor] = '\0';
    answer->head = connection->head;
    answer->body = connection->buffer + start;
    answer->body_length = connection->floor - start;
    answer->memory = NULL;
    answer->why.text[0] = '\0';
    return 0;
}

/* The server may have answered before it had read all of it; if not, the first failure counts. */
static int answer_in_spite(struct co_context *context, struct co_http_connection *connection,
    struct co_http_answer *answer)
{
    int error = errno;
    if ((error == EPIPE || error == ECONNRESET) && connection->sent &&
        co_http_connection_receive_head(context, connection) == 0)
        return co_http_connection_receive_body(context, connection, answer);
    return fail(connection, error);
}

int co_http_connection_call(struct co_context *context, struct co_http_connection *connection,
    const struct co_http_message *message, struct co_http_answer *answer)
{
    answer->memory = NULL;
    answer->why.text[0] = '\0';
    if (co_http_connection_send(context, connection, message) < 0)
        return answer_in_spite(context, connection, answer);
    if (co_http_connection_receive_head(context, connection) < 0)
        return -1;
    return co_http_connection_receive_body(context, connection, answer);
}

/* --- whose memory ----------------------------------------------------------------------------- */

void co_http_connection_give(struct co_http_connection *connection, struct co_http_answer *answer)
{
    connection->broken = connection->broken || co_http_connection_has_more(connection);
    answer->memory = connection->buffer;
    connection->buffer = NULL;
    connection->size = connection->floor = connection->taken = connection->used = 0;
}

void co_http_answer_free(struct co_http_answer *answer)
{
    free(answer->memory);
    *answer = (struct co_http_answer){.body = ""};
}
