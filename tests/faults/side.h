/* SPDX-License-Identifier: MIT */
/*
 * One of several programs on one database, with a link of its own to it, and what can happen to it.
 * All of it parks. What fails here fails the test.
 */
#ifndef TESTS_FAULTS_SIDE_H
#define TESTS_FAULTS_SIDE_H

#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/faults/database.h"
#include "tests/service/service.h"

struct side {
    struct service service;
    struct proxy proxy;
    struct target target;   /* the service's: there before that has been up */
    char url[DATABASE_URL]; /* of the database, through the proxy */
    const struct database *database;
    int number;
    _Atomic bool up;        /* it listens, whether it serves or stands by */
    _Atomic bool suspended; /* or about to be ended: what is asked may stay unanswered */
    _Atomic unsigned suspended_times;
    _Atomic size_t acknowledged;       /* writes, by this very side */
    _Atomic size_t hangs, unavailable; /* the latter: 503 to witnesses */
    _Atomic int64_t longest_read_ms, longest_pending_ms, longest_write_ms;
    struct co_waitgroup starting;
};

/* Everything but its start; the database outlives it. */
void side_make(
    struct side *side, const char *strategy, int number, const struct database *database);

/* One database has one token; the second side reads it in its own folder. */
void side_share_token(const struct side *first, struct side *second);

/* It comes up beside the test: while another one serves, not before that ends or is fenced. */
void side_start(struct side *side);

/* Tell it to stop, and start it again. */
void side_stop(struct side *side);

/* What strikes one that serves, for a time by the dice, and is over when it returns. */
struct side_fault {
    const char *name;
    void (*strike)(struct side *side, struct dice *dice);
};
enum { SIDE_FAULTS = 7 };
extern const struct side_fault side_faults[SIDE_FAULTS];

#endif
