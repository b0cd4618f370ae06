/* SPDX-License-Identifier: MIT */
/*
 * While a ledger is served its journal is read back and checked, round after round: from the first
 * entry to the end (audit_walk.h), comparing with memory and with the checkpoint, then on with
 * what comes. It takes its time: see README.md for its pace.
 *
 * What it finds wrong stops the journal (journal_halt()): writes end, reads go on.
 *
 * One coroutine does that for all ledgers of a server, a stretch of one after the other.
 */
#ifndef LEDGER_AUDIT_AUDITOR_H
#define LEDGER_AUDIT_AUDITOR_H

#include "coro/rota.h"
#include "ledger/ledger.h"

struct auditor;

/* Begin, as one of those that the coroutine of that rota does in turn. The ledger is open apart
 * from this. `soon`: without a rest, for tests. NULL: memory is short. Never parks. */
CO_MUST_CHECK struct auditor *auditor_start(struct co_rota *rota, struct ledger *ledger, bool soon);

/* Stop it and free it; before the journal stops. Parks until it has let go of what it reads. */
void auditor_stop(struct auditor **auditor);

/* Never parks. */
void auditor_read_figures(struct auditor *auditor, struct ledger_figures *figures);

/* The text of what it found (audit_replay.h); "": nothing. Valid as long as the auditor is. Never
 * parks. */
const char *auditor_findings(struct auditor *auditor);

#endif
