/* SPDX-License-Identifier: MIT */
/* Reads a stream of Server-Sent Events over a connection that can be cut at any moment. */
#ifndef TESTS_SERVICE_SSE_H
#define TESTS_SERVICE_SSE_H

#include "loadtest/client.h"
#include "tests/service/service.h"

/* Both structs are large: not for a coroutine's stack. */
enum { SSE_LINE = 16384 };

struct sse_event {
    int64_t id;    /* -1: it has none */
    char name[32]; /* "" for the default type */
    char data[SSE_LINE];
};

struct sse {
    struct client *client;
    struct response response;
    size_t chunk_left; /* of the chunk being read */
    bool ended;
    char block[1024]; /* received, not yet used: block[at .. length) */
    size_t at, length;
    char line[SSE_LINE];
};

/* Connect and send the request. last_id: the Last-Event-ID header; -1: none. after: the query's
 * parameter; -1: none. False: the answer is not a stream of events. */
CO_MUST_CHECK bool sse_open(
    struct sse *sse, const struct service *service, int64_t last_id, int64_t after);

/* The next event, heartbeats included; false when the stream has ended or nothing came in 30 s. */
CO_MUST_CHECK bool sse_next(struct sse *sse, struct sse_event *event);

void sse_close(struct sse *sse);

#endif
