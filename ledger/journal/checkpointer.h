/* SPDX-License-Identifier: MIT */
/*
 * Now and then what is durable is folded in the database, so that the next start has little to
 * replay: balances, holds, what is frozen, and the keys. It is done by the database, or out of it,
 * from what is durable; the writer does not wait for it, and nothing depends on when it happens.
 *
 * One coroutine does that for all ledgers of a server, one after the other (coro/rota.h).
 */
#ifndef LEDGER_JOURNAL_CHECKPOINTER_H
#define LEDGER_JOURNAL_CHECKPOINTER_H

#include "coro/rota.h"
#include "ledger/db/errands.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/store.h"

struct checkpointer { /* of a ledger; all zero before */
    struct co_rota_place place;
    struct store *store;
    struct journal *journal;
    const struct keys *keys;
    _Atomic uint64_t seq; /* the last checkpoint */
    uint64_t kept;        /* up to there its keys are kept, as far as this process has seen to it */
    bool begun, soon;
};

/* Begin; the last checkpoint is at `seq`. False: memory is short. Never parks. */
CO_MUST_CHECK bool checkpointer_start(struct co_rota *rota, struct checkpointer *c,
    struct store *store, struct journal *journal, const struct keys *keys, uint64_t seq);

/* Fold what is durable, now; false: that failed. If what the journal says does not add up, it is
 * stopped. Not while another fold is under way. Parks. */
CO_MUST_CHECK bool checkpointer_fold(struct checkpointer *c);

/* End it, before the journal is stopped: a fold that is under way is waited for. One that was not
 * started is fine, here and below. Parks. */
void checkpointer_stop(struct checkpointer *c);

/* Then, of a ledger that is ours: what is durable when nothing more will come, so that the next
 * start has no tail to replay. `errand`: does somebody wait for it? Parks, some seconds at most. */
void checkpointer_finish(struct checkpointer *c, enum errand errand);

#endif
