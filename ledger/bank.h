/* SPDX-License-Identifier: MIT */
/*
 * All ledgers of one database. Each is an island with its own accounts, journal, writer and
 * strategy; what they share is the pool of reading connections. The ledger "main" always exists.
 */
#ifndef LEDGER_BANK_H
#define LEDGER_BANK_H

#include "ledger/ledger.h"

enum { BANK_LEDGERS_MAX = 64 }; /* each keeps a connection of its own to write */

struct bank;

/*
 * Bring the schema up to date and open every ledger that the database has. `strategies` says how:
 * "owner", or "owner,savings=sharded": main's (and that of ledgers made later, unless they name
 * one), then those of others; a ledger that is not named keeps its own. NULL on failure, with the
 * reason. May park; the context bounds the waiting for another process that serves them.
 */
MUST_CHECK struct bank *bank_open(struct context *context, const char *conninfo,
    const char *strategies, char *error, size_t error_size);

/* Close every ledger (ledger.h). May park. */
void bank_close(struct bank **bank);

bool bank_name_is_valid(const char *name); /* 1-64 of A-Z a-z 0-9 _ . -, not "." or ".." */

/* The ledger of that name; NULL: none. It stays as long as the bank. Never parks; thread-safe. */
struct ledger *bank_find(struct bank *bank, const char *name);

/*
 * Make a ledger of a valid name. `strategy` "owner", "sharded" or NULL: the default. The same again
 * is LEDGER_OK with *created false; LEDGER_LEDGER_EXISTS: with another strategy; LEDGER_LIMIT:
 * there are BANK_LEDGERS_MAX; UNAVAILABLE: the database. May park; thread-safe.
 */
enum ledger_status bank_create(struct context *context, struct bank *bank, const char *name,
    const char *strategy, struct ledger **ledger, bool *created);

/* All ledgers in the order of their making; returns how many. Never parks; thread-safe. */
size_t bank_list(struct bank *bank, struct ledger *ledgers[BANK_LEDGERS_MAX]);

#endif
