/* SPDX-License-Identifier: MIT */
/*
 * Stands between the program and PostgreSQL, understands as much of the protocol (PostgreSQL 15,
 * chapter 55) as it takes to know where in a batch a message stands, and does there what it is
 * armed to do, once. Runs on the worker that starts it; nothing on another worker may arm it.
 */
#ifndef TESTS_FAULTS_PROXY_H
#define TESTS_FAULTS_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "coro/context.h"
#include "coro/waitgroup.h"

enum proxy_fault {
    PROXY_NONE,
    PROXY_CUT_REQUEST, /* pass `at` bytes of the message behind which COMMIT stands, then cut both
                          sides; below 0: that many bytes before that message */
    PROXY_CUT_REPLY,   /* the same with COMMIT's answer and the end of the batch behind it */
    PROXY_ZOMBIE,      /* cut the program off, and deliver COMMIT `at` milliseconds later */
    PROXY_ROLLBACK,    /* COMMIT becomes ROLLBACK, and is answered with that */
    PROXY_ERROR,       /* answer number `at` of the batch, from 0, becomes an error */
};

enum { PROXY_REPLY_BYTES = 18 }; /* what PROXY_CUT_REPLY counts */

struct proxy {
    struct sockaddr_un upstream;
    int listener, port;
    struct co_context *life;
    struct co_waitgroup running;
    enum proxy_fault fault; /* PROXY_NONE again when it has been done */
    int at;
    const char *sqlstate; /* of the error */
    bool swallows; /* whatever comes is taken and goes nowhere, and nobody is cut off; a connection
                      that was there meanwhile stays so */
    const char *marks;    /* a connection on which that has been said is marked; NULL: none is */
    bool swallows_marked; /* the same as `swallows`, for those that are marked */
    size_t swallowed;     /* connections that have come to that */
    bool is_cut;          /* what says something is cut off, what comes is not let in */
    int cut_at; /* the statement, from 1, at which that comes about; counted down; 0: at none */
    int pace;   /* bytes a second towards PostgreSQL, of all connections together, which share it
                      piece by piece; 0: as fast as it takes them */
    int64_t free_ns; /* when the link is free again */
};

/* folder: of PostgreSQL's socket. False: errno says why. */
CO_MUST_CHECK bool proxy_start(struct proxy *proxy, const char *folder);

/* All connections must have ended, or end: it waits for that. */
void proxy_stop(struct proxy *proxy);

#endif
