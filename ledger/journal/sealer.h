/* SPDX-License-Identifier: MIT */
/*
 * After each checkpoint the keys of the entries that it took in are kept in the database, packed
 * (segment.h), so that the next start need not read them from the journal (recall.h). They are read
 * from what is durable: nothing depends on when this happens, or which server does it.
 */
#ifndef LEDGER_JOURNAL_SEALER_H
#define LEDGER_JOURNAL_SEALER_H

#include "ledger/memory/keys.h"
#include "ledger/db/pg.h"

struct sealer_task {
    struct pg *pg; /* alone */
    int ledger;
    const struct keys *keys;
    uint64_t seq;
};

/* Keep the keys of a ledger up to a position at which there is a checkpoint. False, with the
 * reason: the database did not let it; what was done until then stays, and the next time goes on
 * there. Parks. */
CO_MUST_CHECK bool sealer_seal(
    struct co_context *context, const struct sealer_task *task, char *error, size_t size);

#endif
