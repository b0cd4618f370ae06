/* SPDX-License-Identifier: MIT */
/*
 * Requests whose answers may be long (lists) take turns: a worker answers one after the other, each
 * once there is room for its answer, and when others wait it rests after each for as long as that
 * took. However many ask for them, the requests of others find the worker, and the database, free
 * half of the time. One that takes very long waits for something, and does not keep the next.
 *
 * Only the worker's coroutines use it.
 */
#ifndef SERVER_HTTP_HTTP_TURN_H
#define SERVER_HTTP_HTTP_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/timer.h"

struct http_exchange;
struct http_turn_waiter;
struct http_worker;

struct http_turns {
    struct http_turn_waiter *first, *last; /* parked in http_turn_begin(), in order */
    size_t waiting, running;
    int64_t begun_ns; /* the last that began */
    int64_t rest_ns;  /* none begins until then */
    struct co_timer timer;
    bool timer_started; /* while somebody waits */
};

/* Begin: parks until it is the exchange's turn, and reserves room for its answer. False: there was
 * none for long, or its client has gone. */
CO_MUST_CHECK bool http_turn_begin(struct http_exchange *exchange);

/* It is answered; after http_answer_keep(). */
void http_turn_end(struct http_exchange *exchange);

void http_turn_end_all(struct http_worker *worker); /* nobody waits any more */

#endif
