/* SPDX-License-Identifier: MIT */
/*
 * A stream of requests over many connections, measured. Two kinds:
 *
 *   open loop (rate > 0): request i is due at start + i / rate, any free client sends it, and its
 *     latency counts from when it was due. A service that stalls makes the requests behind the
 *     stall late, and that shows (no coordinated omission).
 *   closed loop (rate 0): each client sends its next request when it has the last answer.
 *
 * After a request that was not served (no connection, or status 503) a client pauses for 10 ms.
 */
#ifndef LOADTEST_LOAD_H
#define LOADTEST_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "loadtest/api_client.h"
#include "loadtest/key.h"
#include "loadtest/load_options.h"
#include "loadtest/dice.h"
#include "loadtest/report.h"

struct load_client {
    size_t index; /* among the clients, from 0 */
    struct api api;
    struct dice dice;
    struct key_source keys;
};

/* Sends one request. Runs in the client's coroutine. */
typedef enum client_status load_request(
    struct load_client *client, void *arg, struct response *response);

/* Options: clients, rate, duration, seed. Counts into the report, and sets its elapsed time. */
void load_run(
    const struct load_options *options, struct report *report, load_request *request, void *arg);

/* A client that is not connected yet; false when memory is short. */
CO_MUST_CHECK bool load_client_make(
    const struct load_options *options, size_t index, struct load_client *client);
void load_client_end(struct load_client *client);

#endif
