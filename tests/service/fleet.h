/* SPDX-License-Identifier: MIT */
/*
 * Many clients that go on until they are told to stop: each has a coroutine, and begins again when
 * it is cut off. For those that do nothing but hold a connection, see crowd.h.
 */
#ifndef TESTS_SERVICE_FLEET_H
#define TESTS_SERVICE_FLEET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "coro/waitgroup.h"
#include "tests/service/service.h"

struct fleet {
    const struct service *service;
    atomic_bool stop;
    _Atomic size_t joined;
    _Atomic size_t begun; /* times that one had sent what it had to send */
    _Atomic size_t bytes; /* that came */
    struct co_waitgroup running;
};

/* What each of them does: an `fn` of fleet_start(). */
void fleet_listen(void *fleet);       /* read events as they come */
void fleet_listen_other(void *fleet); /* the same, of the ledger "other" */
void fleet_drip(
    void *fleet); /* a third each: a head or a body byte by byte, a long answer in bits */
void fleet_stall(void *fleet);       /* ask for all events, read none */
void fleet_read_slowly(void *fleet); /* ask for the longest page of the journal, read it in bits */
void fleet_half_send(
    void *fleet); /* once, within four seconds: a body without a token, but for its last byte */

/* Returns when each has begun. Parks. */
void fleet_start(
    struct fleet *fleet, const struct service *service, size_t count, void (*fn)(void *fleet));
void fleet_stop(struct fleet *fleet); /* parks until all have gone */

#endif
