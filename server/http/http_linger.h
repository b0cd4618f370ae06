/* SPDX-License-Identifier: MIT */
/*
 * Connections that were answered before their request was read. What still comes of it is thrown
 * away for a while, so that a client which sends all before it reads gets to see the answer: in
 * turns, in a small part of the worker's time, however many there are and however much they send.
 */
#ifndef SERVER_HTTP_HTTP_LINGER_H
#define SERVER_HTTP_HTTP_LINGER_H

#include <stdbool.h>

#include "coro/timer.h"

struct http_peer;
struct http_worker;

struct http_lingering {
    struct http_peer *first, *last; /* whose turn it is, and so on */
    struct co_timer timer;
    bool timer_started; /* while there are any */
};

void http_linger_begin(struct http_peer *peer);
void http_linger_end(struct http_peer *peer); /* before the connection ends; if it lingers */

#endif
