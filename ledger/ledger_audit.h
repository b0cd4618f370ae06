/* SPDX-License-Identifier: MIT */
/* What audits say of a ledger that is open: a whole one, and the one in the background. */
#ifndef LEDGER_LEDGER_AUDIT_H
#define LEDGER_LEDGER_AUDIT_H

#include "coro/context.h"
#include "ledger/domain/status.h"

struct audit_progress;
struct audit_report;
struct ledger;

/*
 * Replay the journal and check every invariant (audit_replay.h), then compare what comes out with
 * memory. Takes long, a connection, and as much memory as the accounts: so there is one at a time
 * in a process. OVERLOADED: another one is under way; UNAVAILABLE: could not ask, or the context
 * ended. report->reason says more about both.
 * `progress` may be NULL. Parks.
 */
enum ledger_status ledger_audit(struct co_context *context, struct ledger *ledger,
    struct audit_progress *progress, struct audit_report *report);

/* What the auditor in the background has found wrong: "seq 7: what\n" for each, "" if nothing. As
 * long as the ledger is entered. Never parks. */
const char *ledger_audit_findings(struct ledger *ledger);

#endif
