/* SPDX-License-Identifier: MIT */
/* A transfer on its way: for transfer.c and its batches. None of these parks; the last yields. */
#ifndef LEDGER_CHANGE_TRANSFER_H
#define LEDGER_CHANGE_TRANSFER_H

#include "ledger/change/change.h"

struct transfer {
    struct change change;
    const struct ledger_transfer *asked;
};

/* Its entry, with the fingerprint of the request; NULL: memory is short. */
CO_MUST_CHECK struct entry *transfer_entry(const struct ledger_transfer *asked);

/* Turn its names into accounts; `arg` is a struct transfer. False: refused. */
CO_MUST_CHECK bool transfer_resolve(struct co_context *context, void *arg);

/* In a section of its accounts: decide it, and append it if it may happen; `arg` as above. */
void transfer_decide(void *arg);

/* One transfer of many was looked at: each needs so little that none of them parks, but others wait
 * for this worker. Yields after some hundred postings; *turn begins as 0. */
void transfer_take_turn(size_t *turn, size_t postings);

#endif
