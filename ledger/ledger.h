/* SPDX-License-Identifier: MIT */
/*
 * The ledger's facade: everything above ledger/ goes through this header. A ledger is an island:
 * its own accounts, journal, writer and strategy.
 *
 * The prefix rule holds for every function here: it returns an answer only when each journal entry
 * that the answer was decided on is durable. So every one of them may park, unless it says
 * otherwise; the context bounds the wait, never the work: what was decided is carried through.
 * All may be called from any coroutine on any worker.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_figures.h"
#include "ledger/ledger_keeping.h"
#include "ledger/ledger_moves.h"
#include "ledger/domain/status.h"

struct ledger;
struct readers;

/* ---- opening ------------------------------------------------------------------------------ */

struct ledger_options {
    const char *conninfo;         /* of libpq, URI or key=value */
    const char *name;             /* "main" */
    const char *strategy;         /* "owner" or "sharded" */
    struct readers *readers;      /* shared with other ledgers (readers.h); NULL: of its own */
    struct lease *lease;          /* of the server (lease.h); NULL: of its own */
    int number;                   /* with a lease: of the ledger in the database */
    bool audits_soon;             /* the auditor (auditor.h) takes no rest: for tests */
    enum ledger_trouble *trouble; /* NULL, or where it is said why it did not open */
};

/* Take the ledger, and fold its journal into memory. With a lease it must be free or that server's
 * own already; without, the schema is brought up to date, the ledger made if there is none, and
 * waited for until nobody has it. NULL on failure, with the reason in `error`. The caller's context
 * bounds the waiting. */
MUST_CHECK struct ledger *ledger_open(
    struct context *context, const struct ledger_options *options, char *error, size_t error_size);

/* Wait until all that was decided is durable, and all have left, write a checkpoint, and free it.
 * No caller may enter any more. */
void ledger_close(struct ledger **ledger);

/* ---- accounts ----------------------------------------------------------------------------- */

/* An account as it was at one position, copied. */
struct ledger_account {
    char id[ACCOUNT_ID_MAX + 1];
    char asset[ASSET_TEXT];
    bool has_floor, frozen;
    money floor, balance, held, available;
    const char *metadata; /* NULL: none. To be asked for with ledger_metadata() */
    uint64_t seq;         /* the last entry that touched it */
    uint64_t number;
};

/* The metadata of accounts that were read: what is not in memory is read from the database. copy()
 * makes a text that lasts as long as the caller wants it; NULL: memory is short. */
enum ledger_status ledger_metadata(struct context *context, struct ledger *ledger,
    struct ledger_account *accounts, size_t count, const char *(*copy)(void *arg, const char *text),
    void *arg);

struct ledger_open_account {
    const char *id;       /* valid */
    const char *asset;    /* valid */
    const char *metadata; /* a JSON object in compact form, or NULL */
    bool has_floor;
    money floor; /* at most 0 */
    /* Do these two mean the same? Neither is NULL. NULL: only if they are the same. May park. */
    bool (*means_same)(const char *metadata, const char *other);
};

/* Open an account (and its asset's world account, if that is not open). *opened tells whether it
 * is new; the same again is LEDGER_OK too. */
enum ledger_status ledger_open_account(struct context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, bool *opened,
    uint64_t *seq);

/* *seq is the position that the answer reflects, also for ACCOUNT_NOT_FOUND. */
enum ledger_status ledger_read_account(struct context *context, struct ledger *ledger,
    const char *id, struct ledger_account *account, uint64_t *seq);

/* The account as it was when the journal ended at `at_seq`, or (at_seq 0) at the time `at_us`: now
 * and stays the same. An account that was not open then: ACCOUNT_NOT_FOUND; *seq is that
 * position. POSITION_AHEAD: it is not durable yet, or the time is more than a second ahead (up to
 * that it is waited for); *seq is the durable position. */
enum ledger_status ledger_read_account_at(struct context *context, struct ledger *ledger,
    const char *id, uint64_t at_seq, int64_t at_us, struct ledger_account *account, uint64_t *seq);

/* The asset of an account that is open, or decided to be; false: it is neither. It never changes,
 * so nothing is waited for: only an answer that is decided on a later entry may rest on it. */
bool ledger_asset(struct ledger *ledger, const char *id, char asset[ASSET_TEXT]);

/* Accounts in order of id, those after `after` (may be ""), whose id begins with `prefix` (may be
 * "") and which hold `asset` (may be ""). Fills at most `limit` (<= 1000); *more: there are more.
 */
enum ledger_status ledger_list_accounts(struct context *context, struct ledger *ledger,
    const char *prefix, const char *asset, const char *after, size_t limit,
    struct ledger_account *accounts, size_t *count, bool *more, uint64_t *seq);

/* ---- the journal -------------------------------------------------------------------------- */

/* Entries with seq > after, in order, at most `limit`; the caller drops each. Only durable ones.
 * POSITION_AHEAD: `after` is none of them. */
enum ledger_status ledger_journal(struct context *context, struct ledger *ledger, uint64_t after,
    size_t limit, struct entry **entries, size_t *count, uint64_t *seq);

/* Entries that touched the account with seq < before (0: from the newest), newest first. *next is
 * the `before` for the page after this one; 0: there is none. */
enum ledger_status ledger_statement(struct context *context, struct ledger *ledger, const char *id,
    uint64_t before, size_t limit, struct entry **entries, size_t *count, uint64_t *next,
    uint64_t *seq);

/* The entry at a position, or the one with that key; TRANSFER_NOT_FOUND if there is none. Of a key:
 * none, and none on its way; KEY_IN_FLIGHT: its request was not done with, or not durable, within
 * the wait, so it may happen yet. */
enum ledger_status ledger_entry(struct context *context, struct ledger *ledger, uint64_t at,
    struct entry **entry, uint64_t *seq);
enum ledger_status ledger_entry_by_key(struct context *context, struct ledger *ledger,
    const char *key, struct entry **entry, uint64_t *seq);

/* Park until an entry after `after` is durable; false: the context ended, or the ledger stopped. */
bool ledger_await(struct context *context, struct ledger *ledger, uint64_t after);

/* Ends when the ledger closes: for long work of a caller that has entered it. The ledger's own. */
struct context *ledger_open_context(struct ledger *ledger);

/* The last durable position. Never parks. */
uint64_t ledger_durable_seq(struct ledger *ledger);

/* ---- how it is doing ---------------------------------------------------------------------- */

void ledger_read_figures(struct ledger *ledger, struct ledger_figures *figures); /* never parks */

#endif
