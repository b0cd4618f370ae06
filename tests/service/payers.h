/* SPDX-License-Identifier: MIT */
/*
 * Clients that pay to and fro between the accounts "hot" of the ledgers "main" and "branch", by
 * transfers between the two, while the servers are killed: each sends a payment, now to the one
 * service and now to the other, until it is told the end. What was told is then held against the
 * balances. All but payers_body() park.
 */
#ifndef TESTS_SERVICE_PAYERS_H
#define TESTS_SERVICE_PAYERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/visit.h"

enum { PAYERS_MOST = 12, PAYERS_FUNDS = 1000000, PAYERS_BODY = 240 };

struct payer {
    struct payers *all;
    struct dice dice;
    int index;
    int64_t arrived[2]; /* in main, in branch */
    bool failed;
};

struct payers {
    const struct service *services[2]; /* may be the same */
    int count;
    struct co_waitgroup running;
    atomic_bool stop;
    atomic_bool is_strict; /* the first answer that is not the end is printed */
    _Atomic size_t answered;
    _Atomic size_t unsettled; /* answers that were not the end: 409, 429, 5xx, or none at all */
    _Atomic int64_t paid_ns;  /* when one was answered, last */
    _Atomic int64_t pause_ns; /* the longest time in which none was */
    struct payer each[PAYERS_MOST];
};

/* A transfer from main to branch, or back, from an account there to one here. Returns the text. */
const char *payers_body(
    char text[PAYERS_BODY], bool back, const char *from, const char *to, int64_t amount);

/* Open the account in branch, and give it so many cents; false: the service said no. */
CO_MUST_CHECK bool payers_open(struct visit *visit, const char *account, int64_t amount);

/* Both accounts, with PAYERS_FUNDS each; "branch" exists. False: the service said no. */
CO_MUST_CHECK bool payers_fund(struct visit *visit);

/* That many begin to pay; their dice are from the test's seed, of `stream` on. */
void payers_begin(struct payers *payers, int count, const struct service *one,
    const struct service *other, uint64_t stream);

/* Let so many more be answered, and then go on for a moment that cannot be foreseen. */
void payers_let(struct payers *payers, size_t more, struct dice *dice);

void payers_end(struct payers *payers);

/* All that was sent has arrived once, and nothing else has. */
void payers_check(const struct payers *payers, struct visit *visit);

#endif
