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
#include "ledger/ledger_machinery.h"
#include "ledger/ledger_moves.h"
#include "ledger/ledger_reads.h"
#include "ledger/domain/status.h"

struct committer;
struct duties;
struct lease_place;
struct ledger;
struct readers;
struct replica;

/* ---- opening a ledger ---------------------------------------------------------------------- */

struct ledger_options {
    const char *conninfo;          /* of libpq, URI or key=value */
    const char *name;              /* "main" */
    const char *strategy;          /* "owner" or "sharded" */
    struct readers *readers;       /* shared with other ledgers (readers.h); NULL: of its own */
    struct lease *lease;           /* of the server (lease.h); NULL: of its own */
    struct committer *committer;   /* of that server (committer.h); NULL: of its own */
    struct duties *duties;         /* of that server (duties.h); NULL: of its own */
    struct replica *replica;       /* where it is read while it is followed (replica.h); NULL:
                                      in the database itself */
    _Atomic size_t *catching_up;   /* how many that follow in that server are, for the pace */
    int number;                    /* with a lease: of the ledger in the database */
    const struct lease_place *had; /* what was followed of it, and must be there; NULL: nothing */
    bool audits_soon;              /* the auditor (auditor.h) takes no rest: for tests */
    enum ledger_trouble *trouble;  /* NULL, or where it is said why it did not open */
};

/* Take the ledger, and fold its journal into memory. With a lease it must be free or that server's
 * own already; without, the schema is brought up to date, the ledger made if there is none, and
 * waited for until nobody has it. NULL on failure, with the reason in `error`. The caller's context
 * bounds the waiting. */
CO_MUST_CHECK struct ledger *ledger_open(struct co_context *context,
    const struct ledger_options *options, char *error, size_t error_size);

/* It is going to be closed: fold its tail now, while it is served, so that closing takes little.
 * ledger_close() follows. */
void ledger_fold_ahead(struct ledger *ledger);

/* Wait until all that was decided is durable, and all have left, write a checkpoint, and free it.
 * No caller may enter any more. */
void ledger_close(struct ledger **ledger);

/* ---- opening accounts --------------------------------------------------------------------- */

struct ledger_open_account {
    const char *id;       /* valid */
    const char *asset;    /* valid */
    const char *metadata; /* a JSON object in compact form, or NULL */
    bool has_floor;
    money floor; /* at most 0 */
    bool clears; /* for transfers between ledgers: an id of clearing.h is reserved for those */
    /* Do these two mean the same? Neither is NULL. NULL: only if they are the same. May park. */
    bool (*means_same)(const char *metadata, const char *other);
};

/* Open an account (and its asset's world account, if that is not open). *opened tells whether it
 * is new; the same again is LEDGER_OK too. */
enum ledger_status ledger_open_account(struct co_context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, bool *opened,
    uint64_t *seq);

/* The same, but nothing is opened: OK, ACCOUNT_EXISTS, or ACCOUNT_NOT_FOUND. Metadata is not
 * compared. What it looks at never changes, so nothing is waited for: only an answer that is
 * decided on a later entry may rest on OK. Never parks. */
enum ledger_status ledger_is_open(struct ledger *ledger, const struct ledger_open_account *request);

/* ---- the end of the journal ----------------------------------------------------------------- */

/* Park until an entry after `after` is durable; false: the context ended, or the ledger stopped. */
bool ledger_await(struct co_context *context, struct ledger *ledger, uint64_t after);

/* Ends when the ledger closes: for long work of a caller that has entered it. The ledger's own. */
struct co_context *ledger_open_context(struct ledger *ledger);

/* Tells it apart from every other that this process opens, also once it has been freed and its
 * memory is another's. Never parks. */
uint64_t ledger_serial(const struct ledger *ledger);

/* The last durable position. Never parks. */
uint64_t ledger_durable_seq(struct ledger *ledger);

/* ---- how it is doing ---------------------------------------------------------------------- */

void ledger_read_figures(struct ledger *ledger, struct ledger_figures *figures); /* never parks */

#endif
