/* SPDX-License-Identifier: MIT */
/* What is told of the ledgers of a database. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/bank/bank_follow.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/bank_rest.h"

enum { SILENT_MS = 2000 }; /* a beat that has stood still for that long */

void bank_cut_reason(char why[LEDGER_REASON])
{
    why[strcspn(why, ":")] = '\0';
}

enum ledger_status bank_find_followed(struct bank *bank, const char *name, struct ledger **ledger)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    *ledger = slot ? bank_follow_enter(slot) : NULL;
    if (*ledger)
        return LEDGER_OK;
    return slot ? LEDGER_UNAVAILABLE : LEDGER_LEDGER_NOT_FOUND;
}

void bank_tell_why(struct bank *bank, const char *name, char why[LEDGER_REASON])
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    *why = '\0';
    if (!slot)
        return;
    co_lock_take(&slot->lock);
    if (!slot->ledger)
        memcpy(why, slot->why, LEDGER_REASON);
    co_lock_drop(&slot->lock);
    bank_cut_reason(why);
}

/* Nobody has it. If it is at rest it is opened where its place is. */
static void tell_heir(struct bank_slot *slot, const struct lease_row *row, struct bank_owner *owner)
{
    struct lease_peer peer;
    uint64_t heir = bank_rest_never(slot) ? 0 : bank_heir(slot, row);
    if (heir && lease_find_peer(slot->bank->lease, heir, &peer)) {
        owner->server = heir;
        memcpy(owner->url, peer.url, sizeof owner->url);
    }
}

bool bank_owner(struct bank *bank, const char *name, struct bank_owner *owner)
{
    struct bank_slot *slot = bank_slot_find(bank, name);
    struct lease_row row;
    *owner = (struct bank_owner){.server = 0};
    if (!slot || !lease_find(bank->lease, slot->number, &row))
        return false;
    owner->epoch = row.epoch;
    owner->stopped = *row.stopped != '\0';
    if (row.free) {
        tell_heir(slot, &row, owner);
        return true;
    }
    owner->server = row.owner;
    owner->wanted = row.wanted;
    owner->here = row.ours;
    memcpy(owner->url, row.owner_url, sizeof owner->url);
    return true;
}

uint64_t bank_server(struct bank *bank)
{
    return bank->lease ? lease_server(bank->lease) : 0;
}

bool bank_peer(struct bank *bank, size_t index, struct lease_peer *peer)
{
    return bank->lease && lease_peer(bank->lease, index, peer);
}

enum bank_life bank_life(struct bank *bank, uint64_t server)
{
    struct lease_peer peer;
    if (!bank->lease)
        return BANK_LIVES;
    if (!lease_find_peer(bank->lease, server, &peer))
        return lease_is_gone(bank->lease, server) ? BANK_ENDED : BANK_LIVES;
    /* As far as it was looked: while no look succeeds nothing is heard of anybody. */
    if (lease_looked_ns(bank->lease) - peer.since_ns >= SILENT_MS * CO_CLOCK_MS)
        return BANK_SILENT;
    return peer.parted_ns ? BANK_PARTED : BANK_LIVES;
}

bool bank_is_heard(struct bank *bank)
{
    struct lease_peer me;
    return bank->lease && lease_find_peer(bank->lease, lease_server(bank->lease), &me) &&
           co_clock_boot_ns() - me.since_ns < SILENT_MS * CO_CLOCK_MS;
}

int64_t bank_looked_ns(struct bank *bank)
{
    return bank->lease ? lease_looked_ns(bank->lease) : 0;
}

size_t bank_count(struct bank *bank)
{
    return atomic_load(&bank->count);
}

size_t bank_list_kept(struct bank *bank, size_t *indexes, size_t room)
{
    size_t count = atomic_load(&bank->count), found = 0;
    for (size_t i = 0; i < count && found < room; i++)
        if (atomic_load(&bank_slot_at(bank, i)->kept))
            indexes[found++] = i;
    return found;
}

size_t bank_list_open(struct bank *bank, size_t *indexes, size_t room)
{
    size_t count = atomic_load(&bank->count), found = 0;
    struct lease_row row;
    for (size_t i = 0; i < count && found < room; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        if (atomic_load(&slot->kept) ||
            (bank->lease && lease_find(bank->lease, slot->number, &row) && row.opens_us == 0 &&
                !row.free && !row.ours))
            indexes[found++] = i;
    }
    return found;
}

/* Of one that is not open here. */
static void tell_closed(struct bank_slot *slot, bool is_followed, struct ledger_figures *figures)
{
    struct bank *bank = slot->bank;
    struct lease_row row;
    bool is_known = bank->lease && lease_find(bank->lease, slot->number, &row);
    if (is_known)
        figures->epoch = row.epoch;
    co_lock_take(&slot->lock);
    if (figures->state != LEDGER_FOLLOWING || !is_followed)
        figures->state = slot->state;
    memcpy(figures->reason, *slot->wrong ? slot->wrong : slot->why, sizeof figures->reason);
    co_lock_drop(&slot->lock);
    if (figures->state == LEDGER_CLOSED && is_known && !row.free && !row.ours) {
        figures->state = LEDGER_ELSEWHERE;
        snprintf(figures->reason, sizeof figures->reason, "another server has this ledger");
    }
    bank_cut_reason(figures->reason);
}

void bank_figures(struct bank *bank, size_t index, struct ledger_figures *figures)
{
    struct bank_slot *slot = bank_slot_at(bank, index);
    /* Entered, so that it is not closed while its figures are read. */
    struct ledger *ledger = bank_slot_enter(slot);
    bool open = ledger != NULL;
    if (!open)
        ledger = bank_follow_enter(slot);
    *figures = (struct ledger_figures){.strategy = slot->strategy};
    if (ledger) {
        ledger_read_figures(ledger, figures);
        ledger_leave(ledger);
    }

    /* Of one that is neither open nor followed here only its state is known. One that was followed
     * and is being taken runs already, but nobody gets in yet. */
    if (!open)
        tell_closed(slot, ledger != NULL, figures);
    figures->name = slot->name;
}
