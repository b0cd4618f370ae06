/* SPDX-License-Identifier: MIT */
/* Several servers on one database, in one process: a bank each. */
#ifndef TESTS_LEDGER_SEVERAL_H
#define TESTS_LEDGER_SEVERAL_H

#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"

struct several {
    struct bank *bank;
    struct co_waitgroup opening; /* which ends when it serves, with ledgers or without */
    bool opened;
    char url[40];
};

/* Have server number `number` (from 0) open its bank beside the test. Of the options only the times
 * are looked at, and how many ledgers may be open. */
void several_begin(
    struct several *server, const char *db, int number, const struct bank_options *times);

/* Park until its opening has ended; it must have gone well. */
void several_await_open(struct several *server);

/* Until it has seen that many servers, itself among them. */
void several_await_peers(struct several *server, size_t count);

/* Make a ledger there. */
void several_make(struct several *server, const char *name);

/* Until the ledger is open there. */
void several_await_ledger(struct several *server, const char *name);

/* Until it has seen that somebody has the ledger whom it was for: a look may be older than the
 * ledger that is open. */
void several_await_owner(struct several *server, const char *name, struct bank_owner *owner);

/* Its number in the database. */
uint64_t several_number(struct several *server);

#endif
