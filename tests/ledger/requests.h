/* SPDX-License-Identifier: MIT */
/* Short calls of ledger_moves.h for tests: what a request says, and the status of its answer. */
#ifndef TESTS_LEDGER_REQUESTS_H
#define TESTS_LEDGER_REQUESTS_H

#include "tests/ledger/fixture.h"

/* `seq` (may be NULL) is set to the position of the answer's entry, 0 if it has none. A hold lasts
 * until it is settled, unless the second function says otherwise. */
enum ledger_status request_hold(struct ledger *ledger, const char *key, const char *from,
    const char *to, money amount, uint64_t *seq);
enum ledger_status request_hold_as(
    struct ledger *ledger, const struct ledger_hold *hold, uint64_t *seq);
enum ledger_status request_capture(
    struct ledger *ledger, const char *key, uint64_t hold, money amount, uint64_t *seq);
enum ledger_status request_release(struct ledger *ledger, const char *key, uint64_t hold);
enum ledger_status request_reverse(
    struct ledger *ledger, const char *key, uint64_t transfer, uint64_t *seq);
enum ledger_status request_transfer(struct ledger *ledger, const char *key, const char *from,
    const char *to, money amount, uint64_t *seq);

/* Freeze or unfreeze; id NULL: the ledger. *seq as ledger_freeze() tells it. */
enum ledger_status request_freeze(
    struct ledger *ledger, const char *id, bool frozen, uint64_t *seq);

/* An account as it is now. */
struct ledger_account request_account(struct ledger *ledger, const char *id);

/* balance, held and available are these. */
void request_expect(
    struct ledger *ledger, const char *id, money balance, money held, money available);

/* The kind of the entry that settled a hold; 0: it is open. */
int request_settled(struct ledger *ledger, uint64_t hold);

/* How many entries of the journal after `after` speak of `ref` (0: count those that move money or
 * hold some). */
size_t request_count(struct ledger *ledger, uint64_t after, uint64_t ref);

/* Restart it: everything is read again from the database. */
struct ledger *request_restart(struct ledger *ledger, const char *conninfo, const char *strategy);

#endif
