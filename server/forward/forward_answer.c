/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_answer.h"

#include <string.h>
#include <strings.h>

enum { STREAM_BYTES = 512, FIRST_ROOM = 16 * 1024 };

static bool is_one_of(const struct co_http_field *field, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (co_http_field_is(field, names[i]))
            return true;
    return false;
}

/* Does the answer say that this header is for one hop? "Connection: close, X-Mine" */
static bool is_named_by_connection(
    const struct co_http_head *head, const struct co_http_field *named)
{
    const char *at = NULL;
    struct co_http_field field;
    while (co_http_head_next(head, &at, &field)) {
        if (!co_http_field_is(&field, "Connection"))
            continue;
        for (size_t i = 0; i + named->name_length <= field.value_length; i++) {
            const char *from = field.value + i, *end = from + named->name_length;
            bool begins = i == 0 || strchr(" \t,", from[-1]);
            bool ends = end == field.value + field.value_length || strchr(" \t,", *end);
            if (begins && ends && strncasecmp(from, named->name, named->name_length) == 0)
                return true;
        }
    }
    return false;
}

bool forward_answer_passes(const struct co_http_head *head, const struct co_http_field *field)
{
    static const char *const of_a_hop[] = {"Connection", "Keep-Alive", "Proxy-Authenticate",
        "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Content-Length"};
    /* Vary and the others about origins follow from who asked, and of what page. */
    static const char *const ours[] = {"Date", "X-Request-Id", "Server-Timing", "Vary",
        "Strict-Transport-Security", "Teller-Owner", "Cache-Control", "X-Content-Type-Options",
        "X-Accel-Buffering"};
    static const char origins[] = "Access-Control-";
    if (is_one_of(field, of_a_hop, sizeof of_a_hop / sizeof of_a_hop[0]) ||
        is_one_of(field, ours, sizeof ours / sizeof ours[0]) ||
        is_named_by_connection(head, field) || field->value_length == 0)
        return false;
    return field->name_length < sizeof origins - 1 ||
           strncasecmp(field->name, origins, sizeof origins - 1) != 0;
}

bool forward_answer_is_stream(const struct co_http_head *head)
{
    char type[32];
    return head->status == 200 && co_http_head_find(head, "Content-Type", type, sizeof type) &&
           strcmp(type, "text/event-stream") == 0;
}

/* ---- the head ------------------------------------------------------------------------------ */

/* Characters that libmicrohttpd sends: a tab is a blank as good as any other. */
static const char *copy_value(struct arena *arena, const struct co_http_field *field)
{
    char *value = arena_copy(arena, field->value, field->value_length);
    for (char *at = value; *at; at++)
        if (*at == '\t')
            *at = ' ';
    return value;
}

static bool value_is_good(const struct co_http_field *field)
{
    for (size_t i = 0; i < field->value_length; i++) {
        unsigned char c = (unsigned char)field->value[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool varies(const struct co_http_head *head)
{
    char value[100];
    return co_http_head_find(head, "Vary", value, sizeof value) &&
           strcasestr(value, "Accept-Encoding");
}

bool forward_answer_head(const struct co_http_head *head, const char *owner,
    struct request *request, struct response *response)
{
    struct arena *arena = &request->arena;
    struct response_field *passed =
        arena_alloc(arena, (FORWARD_ANSWER_FIELDS + 1) * sizeof *passed);
    size_t count = 0, bytes = 0, most = FORWARD_ANSWER_BYTES;
    const char *at = NULL;
    struct co_http_field field;
    if (head->status < 200)
        return false;
    if (forward_answer_is_stream(head))
        most = STREAM_BYTES; /* its head is written into a place of fixed size */
    while (co_http_head_next(head, &at, &field)) {
        if (!forward_answer_passes(head, &field))
            continue;
        bytes += field.name_length + field.value_length;
        if (count == FORWARD_ANSWER_FIELDS || bytes > most || !value_is_good(&field))
            return false;
        passed[count++] = (struct response_field){
            arena_copy(arena, field.name, field.name_length), copy_value(arena, &field)};
    }
    passed[count++] =
        (struct response_field){"Teller-Owner", arena_copy(arena, owner, strlen(owner))};
    response->status = head->status;
    response->passed = passed;
    response->passed_count = count;
    response->varies = varies(head);
    return true;
}

/* ---- the body ------------------------------------------------------------------------------ */

struct text {
    char *bytes; /* NULL: there is no memory */
    size_t length, room;
};

/* Room for more than there is. */
static void grow(struct arena *arena, struct text *text)
{
    size_t room = text->room ? 2 * text->room : FIRST_ROOM;
    if (!arena_extend(arena, text->bytes, text->room, room)) {
        char *larger = arena_try(arena, room);
        if (larger)
            memcpy(larger, text->bytes, text->length);
        text->bytes = larger;
    }
    text->room = room;
}

bool forward_answer_body(struct co_context *context, struct co_http_exchange *exchange,
    struct request *request, struct response *response)
{
    struct arena *arena = &request->arena;
    int64_t length = co_http_exchange_head(exchange)->length;
    struct text text = {.room = length > 0 ? (size_t)length + 1 : FIRST_ROOM};
    ssize_t got;
    if (length > FORWARD_ANSWER_BODY_MAX)
        return false;
    text.bytes = arena_try(arena, text.room);
    while (text.bytes && (got = co_http_exchange_read(context, exchange, text.bytes + text.length,
                              text.room - text.length)) != 0) {
        if (got < 0 || text.length + (size_t)got > FORWARD_ANSWER_BODY_MAX)
            return false;
        text.length += (size_t)got;
        if (text.length == text.room)
            grow(arena, &text);
    }
    response->body = text.bytes;
    response->length = text.length;
    return text.bytes != NULL;
}
