/* SPDX-License-Identifier: MIT */
/* What went from a ledger to those in other databases of its service, and from there: the part of a
 * whole audit that looks beyond its own database. */
#ifndef LEDGER_AUDIT_AUDIT_APART_H
#define LEDGER_AUDIT_AUDIT_APART_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/context.h"
#include "ledger/audit/audit_report.h"

enum { AUDIT_APART_MAX = 16 };

/* The databases of the service, as it lists them. */
struct audit_apart {
    size_t count, home; /* home: the one that has the ledger */
    const char *role;   /* as for pg_connect() */
    struct audit_apart_row {
        const char *name, *conninfo;
    } rows[AUDIT_APART_MAX];
};

/* Compare the ledger's clearing accounts with their counterparts in all databases but its own, and
 * note what is found at report->seq. False: that could not be asked of one of them, and
 * report->reason says of which, and why. Parks. */
CO_MUST_CHECK bool audit_apart(struct co_context *context, const struct audit_apart *databases,
    const char *ledger, struct audit_report *report);

#endif
