/* SPDX-License-Identifier: MIT */
#include "ledger/bank/bank_turn.h"

#include "ledger/bank/bank_private.h"
#include "ledger/journal/committer.h"
#include "ledger/ledger_private.h"
#include "ledger/strategy/strategy.h"

static void do_nothing(void *arg)
{
    (void)arg;
}

void bank_turn(struct bank *bank)
{
    size_t count = atomic_load(&bank->count);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        struct ledger *ledger = atomic_load(&slot->kept) ? bank_slot_enter(slot) : NULL;
        if (!ledger)
            continue;
        strategy_run(ledger->strategy, NULL, 0, do_nothing, NULL);
        ledger_leave(ledger);
        any = true;
    }
    if (any)
        committer_await_turn(bank->committer);
}
