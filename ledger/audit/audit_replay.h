/* SPDX-License-Identifier: MIT */
/*
 * The audit: replays a journal from its first entry on accounts of its own, by the same rules that
 * decided it (rules.h), and compares what comes out with what the database says.
 *
 * It checks that seq has no gap and time rises; that the batches cover the journal, and their
 * chain of hashes; that each transfer, capture and reversal keeps the rules, and its balances and
 * links are right; that each hold ends once, within its amount and its time; that nothing frozen
 * moves; that keys are used once, and reversals are exact and happen once; that each asset sums to
 * zero, and so do the clearing accounts of two ledgers; and the tables that follow from the
 * journal: balance, held, waypoint, open_hold, standing.
 */
#ifndef LEDGER_AUDIT_AUDIT_REPLAY_H
#define LEDGER_AUDIT_AUDIT_REPLAY_H

#include <stdatomic.h>

#include "ledger/audit/audit_report.h"
#include "ledger/db/pg.h"

struct account_table;

/* How far a running audit has come: for others to read meanwhile. */
struct audit_progress {
    _Atomic uint64_t seq; /* what was durable when it began; 0: the replay finds out */
    _Atomic uint64_t checked_seq;
    void (*tell)(uint64_t checked, uint64_t seq); /* called as both change; NULL: nobody */
};

/*
 * Replay the ledger of that number, in one snapshot. Where the journal contradicts itself the
 * replay goes on from what it says, so that one fault is one finding as far as that can be.
 * `accounts` is an empty table, and holds them as they are at report->seq afterwards. Parks, for
 * as long as it takes; needs as much memory as the accounts do. `progress` may be NULL.
 */
CO_MUST_CHECK enum pg_status audit_replay(struct co_context *context, struct pg *pg, int ledger,
    struct account_table *accounts, struct audit_progress *progress, struct audit_report *report);

#endif
