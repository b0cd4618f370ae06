/* SPDX-License-Identifier: MIT */
/*
 * One keep-alive HTTP/1.1 connection, used by one coroutine at a time. It connects by itself when
 * it has to, and never sends a request a second time: the caller decides about retries.
 */
#ifndef LOADTEST_CLIENT_H
#define LOADTEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "loadtest/response_head.h"
#include "loadtest/target.h"

struct client;

enum client_status {
    CLIENT_ANSWERED,
    CLIENT_NO_CONNECTION, /* nothing was sent: the request was not executed */
    CLIENT_NOT_TRUSTED,   /* the same: the service's certificate was not accepted */
    CLIENT_LOST,          /* the connection ended before the whole answer: outcome unknown */
    CLIENT_TIMEOUT,       /* no whole answer in time: outcome unknown */
    CLIENT_UNAVAILABLE, /* of a value that was asked for (api_client.h): 429 or 5xx came instead */
    CLIENT_GARBLED,     /* what came is not HTTP, or has a body of which nobody knows the end */
};

struct request {
    const char *method;  /* NULL: "GET", or "POST" when there is a body */
    const char *path;    /* "/v1/...", with its query */
    const char *key;     /* Idempotency-Key, sent quoted; NULL: none */
    const char *headers; /* more header lines, each with its CRLF; NULL: none */
    const char *body;    /* sent as application/json; NULL: none */
    size_t body_length;
    bool without_token;
};

/* Not connected yet; the target must outlive it. NULL when memory is short. */
CO_MUST_CHECK struct client *client_make(const struct target *target, int64_t timeout_ns);

/* Close it, give the memory back and null the caller's pointer. */
void client_free(struct client **client);

/* Send a request and wait for the whole answer. After anything but ANSWERED, and after an answer
 * that closes, the connection is closed. Parks. */
CO_MUST_CHECK enum client_status client_call(
    struct client *client, const struct request *request, struct response *response);

/* --- The steps of a call, for callers that need them apart; the timeout counts for each ------- */

CO_MUST_CHECK enum client_status client_connect(struct client *client); /* no effect if connected */
CO_MUST_CHECK enum client_status client_send(struct client *client, const struct request *request);
CO_MUST_CHECK enum client_status client_send_bytes(
    struct client *client, const void *bytes, size_t length);
CO_MUST_CHECK enum client_status client_receive(struct client *client, struct response *response);

/* Up to the end of the headers only; then the body piece by piece as it comes, with its chunk
 * framing. ANSWERED with *length 0: the server has ended it. */
CO_MUST_CHECK enum client_status client_receive_head(
    struct client *client, struct response *response);
CO_MUST_CHECK enum client_status client_read(
    struct client *client, char *into, size_t size, size_t *length);

/* Connected, and the server has neither closed it since the last answer nor said anything more, as
 * far as that has come. */
bool client_is_open(const struct client *client);

void client_close(struct client *client);
void client_reset(struct client *client);       /* close with RST, as a crashed peer does */
void client_say_no_more(struct client *client); /* half-closed: answers may still come */

/* --- For a program that checks every answer, whoever asked for it ----------------------------- */

enum { CLIENT_LINE = 1024 };

struct client_seen {
    const char *line; /* of the request: "GET /livez", cut to CLIENT_LINE; "" of none */
    const struct response *response;
    bool whole; /* it has its body; else no more than its head was received */
};

/* Have each answer be shown, before its receiver goes on: by any worker, also by several at a time.
 * Called before the first client is made. */
void client_watch(void (*saw)(const struct client_seen *seen));

/* "timeout", "connection lost", ...: for reports. */
const char *client_status_name(enum client_status status);

#endif
