/* SPDX-License-Identifier: MIT */
/* What a ledger is made of: for the files of the facade (ledger.c, transfer.c, opening.c,
 * reading.c) and nobody else. */
#ifndef LEDGER_LEDGER_PARTS_H
#define LEDGER_LEDGER_PARTS_H

#include <stdatomic.h>

#include "ledger/account.h"
#include "ledger/checkpointer.h"
#include "ledger/journal.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/store.h"
#include "ledger/strategy.h"

struct ledger {
    char *name;
    struct account_table *accounts;
    struct keys *keys;
    struct store *store;
    struct journal *journal;
    struct strategy *strategy;
    struct checkpointer *checkpointer;
    _Atomic uint64_t replays, rejections, unknown_outcomes;
};

#endif
