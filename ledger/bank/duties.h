/* SPDX-License-Identifier: MIT */
/* What works in the background for all ledgers of a server: a coroutine that audits them in turn,
 * one that makes their checkpoints, one that ends their holds, and the sessions for what takes long
 * (errands.h). */
#ifndef LEDGER_BANK_DUTIES_H
#define LEDGER_BANK_DUTIES_H

#include "coro/rota.h"
#include "ledger/db/errands.h"

struct duties {
    struct co_rota auditor, checkpointer, expirer;
    struct errands *errands;
};

/* NULL: memory is short. Never parks. */
CO_MUST_CHECK struct duties *duties_start(const char *conninfo);

/* No ledger uses them any more; NULL is fine. Parks. */
void duties_stop(struct duties **duties);

#endif
