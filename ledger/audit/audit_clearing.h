/* SPDX-License-Identifier: MIT */
/*
 * What went from one ledger to another: in each of the two an account stands for the other one
 * (clearing.h), and together they are zero, but for what was paid while its hold is still open.
 */
#ifndef LEDGER_AUDIT_AUDIT_CLEARING_H
#define LEDGER_AUDIT_AUDIT_CLEARING_H

#include "ledger/audit/audit_report.h"
#include "ledger/db/pg.h"

/* Compare the clearing accounts of the ledger of that number with their counterparts in the others
 * of the database, but for those whose name is another database's, within the caller's snapshot;
 * what is found is of the position `seq`. Parks. */
CO_MUST_CHECK enum pg_status audit_clearing(struct co_context *context, struct pg *pg, int ledger,
    uint64_t seq, struct audit_report *report);

/* The same for two ledgers in two databases of a service, each in a snapshot of its own. */
struct audit_clearing_places {
    struct pg *own, *other; /* two sessions, which are in a transaction afterwards */
    const char *names;      /* the other's by the word of the first; NULL: it is the first */
};

/* Those of the ledger of that name in `own` with all in `other`; found of report->seq. Parks. */
CO_MUST_CHECK enum pg_status audit_clearing_apart(struct co_context *context,
    const struct audit_clearing_places *places, const char *name, struct audit_report *report);

/* Which ledgers are in the database of that name, by the word of the service's first: one row, an
 * array, for `names`. Parks. */
CO_MUST_CHECK enum pg_status audit_clearing_names(
    struct co_context *context, struct pg *first, const char *database, struct pg_result **names);

#endif
