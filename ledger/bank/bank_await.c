/* SPDX-License-Identifier: MIT */
/* Waiting for a ledger that is on its way here, or is opened, or has been made elsewhere. */
#include "coro/clock.h"
#include "ledger/bank/bank_rest.h"

enum ledger_status bank_find_moving(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves)
{
    enum ledger_status status = bank_slot_use(bank, name, ledger, moves);
    if (status == LEDGER_UNAVAILABLE && !*moves)
        *moves = bank_rest_would_open(bank_slot_find(bank, name));
    return status;
}

bool bank_await_known(struct co_context *context, struct bank *bank, const char *name)
{
    struct co_context *hold = co_context_with_timeout(context, BANK_HOLD_MS * CO_CLOCK_MS);
    bool is_known = false, waits = hold;
    while (waits) {
        /* Read before looking: a step in between is not missed. */
        uint64_t seen = co_eventcount_read(&bank->progress);
        is_known = bank_slot_find(bank, name);
        waits = !is_known &&
                co_eventcount_await(hold, &bank->progress, seen + 1) == CO_EVENTCOUNT_REACHED;
    }
    if (hold)
        co_context_release(&hold);
    return is_known;
}

enum ledger_status bank_await(
    struct co_context *context, struct bank *bank, const char *name, struct ledger **ledger)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    struct co_context *hold = NULL;
    enum ledger_status status;
    unsigned given_up = 0;
    for (bool is_first = true;; is_first = false) {
        bool moves;
        /* Read before looking: a step in between is not missed. */
        uint64_t seen = co_eventcount_read(&bank->progress);
        status = bank_slot_use(bank, name, ledger, &moves);
        bool opens =
            status == LEDGER_UNAVAILABLE && !moves && bank_rest_ask(slot, is_first, &given_up);
        if (moves && !hold)
            hold = co_context_with_timeout(context, BANK_HOLD_MS * CO_CLOCK_MS);
        struct co_context *bound = opens ? context : moves ? hold : NULL;
        if (!bound ||
            co_eventcount_await(bound, &bank->progress, seen + 1) != CO_EVENTCOUNT_REACHED)
            break;
    }
    if (hold)
        co_context_release(&hold);
    return status;
}
