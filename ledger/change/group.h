/* SPDX-License-Identifier: MIT */
/* Batches that are decided in one section: atomic ones, whose transfers happen all or not at all,
 * and those with a key. For transfer.c; parks. */
#ifndef LEDGER_CHANGE_GROUP_H
#define LEDGER_CHANGE_GROUP_H

#include "ledger/ledger.h"

/* As ledger_transfer_batch() says of atomic batches. */
void group_carry_out(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes);

/* As ledger_keyed_batch() says. */
void group_carry_out_keyed(struct context *context, struct ledger *ledger,
    const struct ledger_batch *batch, struct ledger_outcome *outcomes,
    struct ledger_outcome *whole);

#endif
