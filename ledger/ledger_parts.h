/* SPDX-License-Identifier: MIT */
/* What a ledger is made of: for the files of the facade (ledger.c, transfer.c, opening.c,
 * reading.c) and nobody else. */
#ifndef LEDGER_LEDGER_PARTS_H
#define LEDGER_LEDGER_PARTS_H

#include <stdatomic.h>

#include "coro/waitgroup.h"
#include "ledger/domain/account.h"
#include "ledger/audit/auditor.h"
#include "ledger/journal/checkpointer.h"
#include "coro/duty.h"
#include "ledger/change/expirer.h"
#include "ledger/memory/holds.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/keys.h"
#include "ledger/ledger.h"
#include "ledger/memory/reversals.h"
#include "ledger/journal/recall.h"
#include "ledger/journal/store.h"
#include "ledger/strategy/strategy.h"

struct ledger {
    char *name;
    struct waitgroup users; /* who has entered */
    _Atomic bool closing;
    struct context *open; /* ends when it closes */
    struct account_table *accounts;
    struct keys *keys;
    struct store *store;
    struct journal *journal;
    uint64_t item_keys_upto; /* up to there items of a batch may have its key in theirs; 0: none */
    struct strategy *strategy;
    struct checkpointer checkpointer;
    struct auditor *auditor;
    struct recall recall;
    struct holds *holds;
    struct reversals *reversals;
    struct duty expirer;
    _Atomic bool
        frozen; /* all of it; changes in a section of all accounts, read in every section */
    _Atomic uint64_t froze; /* the last entry that froze or unfroze all of it */
    _Atomic uint64_t replays, rejections, unknown_outcomes;
};

#endif
