/* SPDX-License-Identifier: MIT */
/*
 * All ledgers of a service, over all of its databases: a bank (bank.h) for each. A ledger lives in
 * one of them, from its making on, and nothing that is written touches two. So one that is away, or
 * refuses, or has lost something, is no matter to the ledgers of the others.
 *
 * The first database has the ledger "main" and what else there is once in a service, as its tokens:
 * a service starts when that one is there. The others are waited for, but not for long; one that
 * comes later is opened then.
 *
 * Below, `name` is a ledger's. Where a database has not been there since the start nobody knows
 * what ledgers it has: a ledger that the others lack is UNAVAILABLE then, and not NOT_FOUND.
 */
#ifndef LEDGER_BANK_BANKS_H
#define LEDGER_BANK_BANKS_H

#include "ledger/bank/bank.h"
#include "ledger/bank/database_list.h"

struct banks;

/* What is the same for all is in `each`, whose conninfo does not count; its witness is that of the
 * first, those of others have ".NAME" behind it. */
struct banks_options {
    struct bank_options each;
    const struct database_list *databases; /* one at least; its texts outlive the banks */
    const struct database_list *reads;     /* by the same names, those that are read instead, where
                                              there is one; NULL: none. Its texts, too */
};

/* Never parks. NULL on failure, with the reason. */
CO_MUST_CHECK struct banks *banks_make(
    const struct banks_options *options, char *error, size_t size);

/* As bank_open(), of the first; and then of the others, until each is open, has refused, or has
 * been waited for long enough: it is tried on in the background. Parks. */
CO_MUST_CHECK bool banks_open(
    struct co_context *context, struct banks *banks, char *error, size_t size);

/* Is the first open? If not, what it waits for. Never parks; thread-safe, as is all below. */
bool banks_is_open(struct banks *banks, char why[LEDGER_REASON]);

/* The first has lost what was acknowledged here. */
bool banks_is_lost(struct banks *banks);

/* As bank_leave() and bank_close(), of all of them at the same time. Park. */
void banks_leave(struct banks *banks);
void banks_close(struct banks **banks);

/* As bank_turn(). Parks. */
void banks_turn(struct banks *banks);

/* ---- the databases -------------------------------------------------------------------------- */

size_t banks_count(struct banks *banks);
const char *banks_database(struct banks *banks, size_t index);              /* its name */
bool banks_index(struct banks *banks, const char *database, size_t *index); /* false: none */

/* The bank of a database, to list its ledgers and servers; NULL: it is not open yet. The first is
 * there from the beginning. Never parks. */
struct bank *banks_at(struct banks *banks, size_t index);

/* Is that database open, and not lost? If not, why, for people. Never parks. */
bool banks_is_well(struct banks *banks, size_t index, char why[LEDGER_REASON]);

/* ---- by the name of a ledger, as of the same name in bank.h ---------------------------------- */

enum banks_learned {
    BANKS_KNOWN,  /* the functions below find it from now on, here or elsewhere */
    BANKS_NONE,   /* there is no such ledger */
    BANKS_ABROAD, /* it is in a database of the service that this process was not told of */
    BANKS_UNSURE, /* the database did not say, or it has yet to be seen */
};

/* Is there such a ledger? As the database says after this was called, if it is not known already
 * (lease_ask.h says what that costs): the functions below that never park call NOT_FOUND what
 * another server has made a moment ago; the others ask first. Parks. */
enum banks_learned banks_learn(struct co_context *context, struct banks *banks, const char *name);

enum ledger_status banks_find(struct banks *banks, const char *name, struct ledger **ledger);
enum ledger_status banks_await(
    struct co_context *context, struct banks *banks, const char *name, struct ledger **ledger);
enum ledger_status banks_find_moving(
    struct banks *banks, const char *name, struct ledger **ledger, bool *moves);
enum ledger_status banks_find_followed(
    struct banks *banks, const char *name, struct ledger **ledger);
bool banks_owner(struct banks *banks, const char *name, struct bank_owner *owner);

/* Is it another server that lives? */
static inline bool banks_owner_is_other(const struct bank_owner *owner)
{
    return owner->server != 0 && !owner->here;
}
enum bank_want banks_want(
    struct co_context *context, struct banks *banks, const char *name, uint64_t server);

/* In which database it lives: its index; false: that is not known, or it does not. Never parks. */
bool banks_home(struct banks *banks, const char *name, size_t *index);

struct banks_wanted {
    const char *name;     /* valid */
    const char *strategy; /* as in bank_create() */
    const char *database; /* its name; NULL: the open one that has fewest ledgers */
};

/* As bank_create(). LEDGER_EXISTS as well if it lives in another database than the one given;
 * UNAVAILABLE: the one in which it is to be, or the first, is away. */
enum ledger_status banks_create(struct co_context *context, struct banks *banks,
    const struct banks_wanted *wanted, struct ledger **ledger, bool *created);

/* A server has a number in each database: the two as one, that no other server has. */
uint64_t banks_server_id(size_t database, uint64_t server);
uint64_t banks_server_of(uint64_t id, size_t *database); /* and back: its number there */

#endif
