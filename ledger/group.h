/* SPDX-License-Identifier: MIT */
/* An atomic batch: transfers that happen all or not at all. For transfer.c; parks. */
#ifndef LEDGER_GROUP_H
#define LEDGER_GROUP_H

#include "ledger/ledger.h"

/* As ledger_transfer_batch() says of atomic batches. */
void group_carry_out(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes);

#endif
