/* SPDX-License-Identifier: MIT */
/*
 * Clients that pay into the account "saver" of many ledgers, by any of three servers: each sends a
 * payment until it is told the end, and then the next, to another ledger. What was told is then
 * held against the balances. All of it parks, but for savers_paid().
 */
#ifndef TESTS_SERVICE_SAVERS_H
#define TESTS_SERVICE_SAVERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/trio.h"

enum { SAVERS_LEDGERS = 300, SAVERS_MOST = 32 };

struct saver {
    struct savers *all;
    struct dice dice;
    int index;
    bool failed;
    _Atomic int paid[SAVERS_LEDGERS];
};

/* The first seven are the test's to set. */
struct savers {
    const struct trio *trio;
    const char *prefix;                 /* of the ledgers: trio_make_ledgers() */
    int ledgers, count;                 /* how many of them, and of clients */
    bool kills;                         /* servers end meanwhile, and connections with them */
    int patience_s;                     /* how long they wait for an answer; 0: half a minute */
    uint64_t reach[SAVERS_LEDGERS];     /* what each ledger and those before it have of the load, in
                                       shares of what the last one says */
    _Atomic int owners[SAVERS_LEDGERS]; /* which of the servers has it, as far as is known */
    _Atomic bool direct;                /* that one is asked first; otherwise any */
    _Atomic bool stop;
    _Atomic uint64_t answers[2], ns[2]; /* of the ledger's own server; of one that passed it on */
    _Atomic uint64_t again;             /* requests sent again */
    struct co_waitgroup running;
    struct saver each[SAVERS_MOST];
};

/* They begin to pay; their dice are from the test's seed, of `stream` on. */
void savers_begin(struct savers *savers, uint64_t stream);

/* Let so many more payments be answered. */
void savers_let(const struct savers *savers, uint64_t more);

/* They stop; none of them has failed, or the test does. */
void savers_end(struct savers *savers);

/* How many payments to that ledger were answered. */
int64_t savers_paid(const struct savers *savers, int ledger);

/* Each payment that was answered is there, once, and no other is, says that server; else the test
 * fails. */
void savers_check(const struct savers *savers, const struct service *service);

#endif
