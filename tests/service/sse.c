/* SPDX-License-Identifier: MIT */
#include "tests/service/sse.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/service/witness.h"

enum { TIMEOUT_SECONDS = 30 };

/* A byte as it came over the connection; -1 at its end. */
static int raw_byte(struct sse *sse)
{
    if (sse->at == sse->length) {
        sse->at = sse->length = 0;
        if (client_read(sse->client, sse->block, sizeof sse->block, &sse->length) !=
                CLIENT_ANSWERED ||
            sse->length == 0)
            return -1;
    }
    return (unsigned char)sse->block[sse->at++];
}

/* Read "SIZE CRLF" of the next chunk. */
static bool next_chunk(struct sse *sse)
{
    size_t size = 0;
    int byte, digits = 0;
    while ((byte = raw_byte(sse)) >= 0 && byte != '\n') {
        const char *digit = strchr("0123456789abcdef", byte | 0x20);
        if (byte == '\r')
            continue;
        if (!digit || ++digits > 8)
            return false;
        size = size * 16 + (size_t)(digit - "0123456789abcdef");
    }
    sse->chunk_left = size;
    return byte >= 0 && digits > 0 && size > 0;
}

/* A byte of the body, without the framing; -1 at its end. */
static int body_byte(struct sse *sse)
{
    if (sse->ended)
        return -1;
    if (sse->response.chunked && sse->chunk_left == 0 && !next_chunk(sse))
        sse->ended = true;
    int byte = sse->ended ? -1 : raw_byte(sse);
    if (byte < 0)
        sse->ended = true;
    else if (sse->response.chunked && --sse->chunk_left == 0)
        sse->ended = raw_byte(sse) != '\r' || raw_byte(sse) != '\n';
    return byte;
}

static bool read_line(struct sse *sse)
{
    size_t length = 0;
    int byte;
    while ((byte = body_byte(sse)) >= 0 && byte != '\n') {
        if (length + 1 == SSE_LINE)
            return false;
        sse->line[length++] = (char)byte;
    }
    sse->line[length] = '\0';
    return byte == '\n';
}

bool sse_open(struct sse *sse, const struct service *service, int64_t last_id, int64_t after)
{
    char path[64] = "/v1/ledgers/main/events", header[64] = "";
    char type[64] = "";
    memset(sse, 0, sizeof *sse);
    if (last_id >= 0)
        snprintf(header, sizeof header, "Last-Event-ID: %lld\r\n", (long long)last_id);
    if (after >= 0)
        snprintf(path, sizeof path, "/v1/ledgers/main/events?after=%lld", (long long)after);
    sse->client = client_make(&service->target, TIMEOUT_SECONDS * CO_CLOCK_S);
    co_ensure(sse->client);
    const struct request request = {.path = path, .headers = header};
    return client_send(sse->client, &request) == CLIENT_ANSWERED &&
           client_receive_head(sse->client, &sse->response) == CLIENT_ANSWERED &&
           sse->response.status == 200 &&
           response_header(&sse->response, "Content-Type", type, sizeof type) &&
           strncmp(type, "text/event-stream", 17) == 0;
}

/* Take over a field's line. Comments and `retry:` say nothing to us. */
static bool take_line(struct sse *sse, struct sse_event *event)
{
    const char *line = sse->line;
    if (strncmp(line, "id: ", 4) == 0)
        event->id = strtoll(line + 4, NULL, 10);
    else if (strncmp(line, "event: ", 7) == 0)
        snprintf(event->name, sizeof event->name, "%.31s", line + 7);
    else if (strncmp(line, "data: ", 6) == 0)
        memcpy(event->data, line + 6, strlen(line + 6) + 1);
    else
        return false;
    return true;
}

bool sse_next(struct sse *sse, struct sse_event *event)
{
    bool begun = false;
    memset(event, 0, offsetof(struct sse_event, data) + 1);
    event->id = -1;
    while (read_line(sse)) {
        if (sse->line[0] == '\0' && begun) {
            witness_event(event->name, event->data);
            return true;
        }
        begun |= take_line(sse, event);
    }
    return false;
}

void sse_close(struct sse *sse)
{
    client_free(&sse->client);
}
