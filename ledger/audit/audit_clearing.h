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

#endif
