/* SPDX-License-Identifier: MIT */
/* The places of ledgers, found by their names, and how to get into one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
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
    return (size_t)(hash ^ hash >> 32);
}

struct bank_slot *bank_slot_at(struct bank *bank, size_t index)
{
    return &atomic_load(&bank->slots[index / BANK_SLOTS])[index % BANK_SLOTS];
}

struct bank_slot *bank_slot_find(struct bank *bank, const char *name)
{
    /* Without a lock: slots only come, and are shown when they are complete. */
    struct bank_places *places = atomic_load(&bank->places);
    if (!places)
        return NULL;
    for (size_t at = place_of(name);; at++) {
        uint32_t number = atomic_load(&places->at[at % places->size]);
        if (number == 0)
            return NULL;
        struct bank_slot *slot = bank_slot_at(bank, number - 1);
        if (strcmp(slot->name, name) == 0)
            return slot;
    }
}

static void put(struct bank_places *places, const char *name, size_t index)
{
    size_t at = place_of(name);
    while (atomic_load(&places->at[at % places->size]) != 0)
        at++;
    atomic_store(&places->at[at % places->size], (uint32_t)index + 1);
}

/* With places for so many. Those that look use the former table until this one is shown. */
static struct bank_places *make_places(struct bank *bank, size_t count)
{
    struct bank_places *before = atomic_load(&bank->places);
    size_t size = before ? before->size : 256;
    if (before && 4 * count <= size)
        return before;
    while (4 * count > size)
        size *= 2;
    struct bank_places *places = calloc(1, sizeof *places + size * sizeof places->at[0]);
    if (!places)
        return NULL;
    places->before = before;
    places->size = size;
    for (size_t i = 0; i + 1 < count; i++)
        put(places, bank_slot_at(bank, i)->name, i);
    return places;
}

void bank_slot_free(struct bank *bank)
{
    struct bank_places *places = atomic_load(&bank->places);
    while (places) {
        struct bank_places *before = places->before;
        free(places);
        places = before;
    }
    for (size_t i = 0; i < sizeof bank->slots / sizeof bank->slots[0]; i++)
        free(atomic_load(&bank->slots[i]));
}

/* Room for the slot of that index; false: memory is short. */
static bool make_room(struct bank *bank, size_t index)
{
    _Atomic(struct bank_slot *) *piece = &bank->slots[index / BANK_SLOTS];
    if (!atomic_load(piece))
        atomic_store(piece, calloc(BANK_SLOTS, sizeof(struct bank_slot)));
    return atomic_load(piece) != NULL;
}

struct bank_slot *bank_slot_add(
    struct bank *bank, int number, const char *name, const char *strategy)
{
    size_t count = atomic_load(&bank->count);
    co_ensure(count < bank->max_ledgers);
    struct bank_places *places = make_places(bank, count + 1);
    if (!places || !make_room(bank, count)) {
        if (places && places != atomic_load(&bank->places))
            free(places);
        return NULL;
    }
    struct bank_slot *slot = bank_slot_at(bank, count);
    *slot = (struct bank_slot){
        .bank = bank, .number = number, .strategy = strategy, .state = LEDGER_CLOSED};
    snprintf(slot->name, sizeof slot->name, "%s", name);
    atomic_store(&bank->count, count + 1);
    put(places, slot->name, count);
    atomic_store(&bank->places, places);
    return slot;
}

/* Enter the ledger of that slot; NULL: it is not open. *moves: it may be soon. */
static struct ledger *enter_moving(struct bank_slot *slot, bool is_request, bool *moves)
{
    int64_t now_ns = co_clock_now_ns();
    co_lock_take(&slot->lock);
    /* Entered under the lock under which its keeper takes it away, so never after that. */
    struct ledger *ledger = slot->ledger;
    *moves = !ledger && slot->moves;
    if (ledger) {
        ledger_enter(ledger);
        slot->uses++;
        if (is_request)
            slot->used_ns = now_ns;
    }
    co_lock_drop(&slot->lock);
    return ledger;
}

struct ledger *bank_slot_enter(struct bank_slot *slot)
{
    bool moves;
    return enter_moving(slot, false, &moves);
}

/* Given free for a server that lives; its keeper may not have seen that yet. */
static bool is_given(struct bank_slot *slot)
{
    struct lease *lease = slot->bank->lease;
    struct lease_row row;
    return lease && lease_find(lease, slot->number, &row) && row.free && row.wanted != 0 &&
           !lease_is_gone(lease, row.wanted);
}

enum ledger_status bank_slot_use(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    *moves = false;
    *ledger = slot ? enter_moving(slot, true, moves) : NULL;
    if (*ledger)
        return LEDGER_OK;
    *moves = *moves || (slot && is_given(slot));
    return slot ? LEDGER_UNAVAILABLE : LEDGER_LEDGER_NOT_FOUND;
}

enum ledger_status bank_find(struct bank *bank, const char *name, struct ledger **ledger)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    *ledger = slot ? bank_slot_enter(slot) : NULL;
    if (*ledger)
        return LEDGER_OK;
    return slot ? LEDGER_UNAVAILABLE : LEDGER_LEDGER_NOT_FOUND;
}

void bank_slot_options(const struct bank_slot *slot, struct ledger_options *options)
{
    struct bank *bank = slot->bank;
    *options = (struct ledger_options){.conninfo = bank->conninfo,
        .name = slot->name,
        .strategy = slot->strategy,
        .readers = bank->readers,
        .replica = atomic_load(&bank->replica),
        .duties = bank->duties,
        .catching_up = &bank->catching_up,
        .lease = bank->lease,
        .committer = bank->committer,
        .number = slot->number,
        .had = &slot->had};
}

bool bank_keep(struct bank_slot *slot, bool asked)
{
    struct bank *bank = slot->bank;
    co_lock_take(&slot->lock);
    slot->asked |= asked && !slot->ledger;
    bool is_kept = atomic_exchange(&slot->kept, true);
    co_lock_drop(&slot->lock);
    if (is_kept)
        return true;
    co_waitgroup_add(&bank->keepers, 1);
    if (co_spawn_named("ledger keeper", bank->keeper, slot))
        return true;
    co_waitgroup_done(&bank->keepers);
    co_lock_take(&slot->lock);
    slot->asked = false;
    slot->given_up++;
    atomic_store(&slot->kept, false);
    co_lock_drop(&slot->lock);
    return false;
}
