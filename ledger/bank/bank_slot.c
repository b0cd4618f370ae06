/* SPDX-License-Identifier: MIT */
/* The places of ledgers, found by their names, and how to get into one. */
#include <string.h>

#include "ledger/bank/bank_private.h"

void bank_step(struct bank *bank)
{
    co_lock_take(&bank->lock);
    uint64_t steps = ++bank->steps;
    co_lock_drop(&bank->lock);
    co_eventcount_advance(&bank->progress, steps);
}

/* Where a name is looked for first: FNV-1a. */
static size_t place_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32) % BANK_PLACES;
}

struct bank_slot *bank_slot_find(struct bank *bank, const char *name)
{
    /* Without a lock: slots only come, and are shown when they are complete. */
    for (size_t at = place_of(name);; at = (at + 1) % BANK_PLACES) {
        uint16_t number = atomic_load(&bank->places[at]);
        if (number == 0)
            return NULL;
        if (strcmp(bank->slots[number - 1].name, name) == 0)
            return &bank->slots[number - 1];
    }
}

void bank_slot_show(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    size_t at = place_of(slot->name);
    while (atomic_load(&bank->places[at]) != 0)
        at = (at + 1) % BANK_PLACES;
    atomic_store(&bank->places[at], (uint16_t)(slot - bank->slots + 1));
}

/* Enter the ledger of that slot; NULL: it is not open. *moves: it may be soon. */
static struct ledger *enter_moving(struct bank_slot *slot, bool *moves)
{
    co_lock_take(&slot->lock);
    /* Entered under the lock under which its keeper takes it away, so never after that. */
    struct ledger *ledger = slot->ledger;
    *moves = !ledger && slot->moves;
    if (ledger)
        ledger_enter(ledger);
    co_lock_drop(&slot->lock);
    return ledger;
}

struct ledger *bank_slot_enter(struct bank_slot *slot)
{
    bool moves;
    return enter_moving(slot, &moves);
}

/* Given free for a server that lives; its keeper may not have seen that yet. */
static bool is_given(struct bank_slot *slot)
{
    struct lease *lease = slot->bank->lease;
    struct lease_row row;
    return lease && lease_find(lease, slot->number, &row) && row.free && row.wanted != 0 &&
           !lease_is_gone(lease, row.wanted);
}

enum ledger_status bank_find_moving(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    *moves = false;
    *ledger = slot ? enter_moving(slot, moves) : NULL;
    if (*ledger)
        return LEDGER_OK;
    *moves = *moves || (slot && is_given(slot));
    return slot ? LEDGER_UNAVAILABLE : LEDGER_LEDGER_NOT_FOUND;
}

enum ledger_status bank_find(struct bank *bank, const char *name, struct ledger **ledger)
{
    bool moves;
    return bank_find_moving(bank, name, ledger, &moves);
}

void bank_slot_options(const struct bank_slot *slot, struct ledger_options *options)
{
    const struct bank *bank = slot->bank;
    *options = (struct ledger_options){.conninfo = bank->conninfo,
        .name = slot->name,
        .strategy = slot->strategy,
        .readers = bank->readers,
        .duties = bank->duties,
        .followers = &bank->followers,
        .lease = bank->lease,
        .committer = bank->committer,
        .number = slot->number,
        .had = &slot->had};
}
