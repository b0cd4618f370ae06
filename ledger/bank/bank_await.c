/* SPDX-License-Identifier: MIT */
/* Waiting for a ledger that is on its way here, or is opened, or has been made elsewhere. */
#include "coro/clock.h"
#include "ledger/bank/bank_rest.h"

enum { LOOK_MS = 200 }; /* how often it is looked whether the database answers still */

/* Its keeper opens it with the next look, which that one may not have seen yet. */
static bool comes(struct bank_slot *slot)
{
    struct lease_row row;
    return atomic_load(&slot->kept) && slot->bank->lease &&
           lease_find(slot->bank->lease, slot->number, &row) && bank_rest_comes(slot, &row);
}

static enum ledger_status use(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves)
{
    enum ledger_status status = bank_slot_use(bank, name, ledger, moves);
    if (status == LEDGER_UNAVAILABLE && !*moves)
        *moves = comes(bank_slot_find(bank, name));
    return status;
}

enum ledger_status bank_find_moving(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves)
{
    enum ledger_status status = use(bank, name, ledger, moves);
    if (status == LEDGER_UNAVAILABLE && !*moves)
        *moves = bank_rest_would_open(bank_slot_find(bank, name));
    return status;
}

/* Park until something has changed since `seen` that the database brings about, or for a moment.
 * False: the context ended, or the database does not answer. */
static bool await_change(struct co_context *context, struct bank *bank, uint64_t seen)
{
    struct co_context *turn = co_context_with_timeout(context, LOOK_MS * CO_CLOCK_MS);
    if (!turn)
        return false;
    (void)!co_eventcount_await(turn, &bank->progress, seen + 1);
    co_context_release(&turn);
    return co_context_err(context) == CO_CONTEXT_OK && bank_is_heard(bank);
}

bool bank_await_known(struct co_context *context, struct bank *bank, const char *name)
{
    bool is_known, waits;
    do {
        /* Read before looking: a step in between is not missed. */
        uint64_t seen = co_eventcount_read(&bank->progress);
        is_known = bank_slot_find(bank, name);
        waits = !is_known && await_change(context, bank, seen);
    } while (waits);
    return is_known;
}

enum ledger_status bank_await(
    struct co_context *context, struct bank *bank, const char *name, struct ledger **ledger)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    enum ledger_status status;
    unsigned given_up = 0;
    bool is_first = true, waits;
    do {
        bool moves;
        /* Read before looking: a step in between is not missed. */
        uint64_t seen = co_eventcount_read(&bank->progress);
        status = use(bank, name, ledger, &moves);
        bool opens =
            status == LEDGER_UNAVAILABLE && !moves && bank_rest_ask(slot, is_first, &given_up);
        is_first = false;
        if (opens)
            waits =
                co_eventcount_await(context, &bank->progress, seen + 1) == CO_EVENTCOUNT_REACHED;
        else
            waits = moves && await_change(context, bank, seen);
    } while (waits);
    return status;
}
