/* SPDX-License-Identifier: MIT */
/*
 * Ledgers that this server gives to others. A few at a time: each takes the database a checkpoint
 * and a connection here, and its next owner some more; and whoever asks for one that is on its way
 * waits, so no more may be on their way than can be taken soon. The others are served here until it
 * is their turn.
 */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_move.h"
#include "ledger/notice.h"

enum {
    GIVE_MS = 2000,     /* one that is not taken within that makes room for another one */
    LOOK_AGAIN_MS = 20, /* while that is waited for: those that have been taken make room */
};

/* ---- one ledger ---------------------------------------------------------------------------- */

/* Nobody gets in any more. The ledger, for the caller to close; NULL: it was not open. */
static struct ledger *take_out(struct bank_slot *slot, uint64_t next)
{
    co_lock_take(&slot->lock);
    struct ledger *ledger = slot->ledger;
    slot->ledger = NULL;
    slot->given = slot->moves = true;
    slot->state = LEDGER_ELSEWHERE;
    snprintf(slot->why, sizeof slot->why, "it is being handed over to server %lu", next);
    co_lock_drop(&slot->lock);
    bank_step(slot->bank);
    return ledger;
}

static void give_free(struct bank_slot *slot, uint64_t next, int64_t began_ns)
{
    struct bank *bank = slot->bank;
    bool given = lease_give(bank->running, bank->lease, slot->number, next);
    if (given)
        notice(NOTICE_INFO, "ledger %s: handed over to server %lu in %ld ms", slot->name, next,
            (co_clock_now_ns() - began_ns) / CO_CLOCK_MS);
    co_lock_take(&slot->lock);
    slot->given = false;
    co_lock_drop(&slot->lock);
    if (given)
        return;
    /* It stays here, and is opened again; or the bank is to be closed. */
    slot->refused_ns = co_clock_now_ns();
    bank_set_moves(slot, false);
}

bool bank_give(struct bank_slot *slot, uint64_t next)
{
    struct bank *bank = slot->bank;
    if (!co_semaphore_acquire(bank->running, &bank->giving, 1))
        return false;
    /* Others went first, and meanwhile that server may have gone, or the ledger been lost. */
    if (ledger_is_over(slot->ledger) || bank_next_owner(slot) != next) {
        co_semaphore_release(&bank->giving, 1);
        return false;
    }
    /* A checkpoint while it is served still: the last one then takes but a moment, and the next
     * owner has nothing to replay. */
    ledger_fold_ahead(slot->ledger);
    /* That may have taken long: it may be lost by now, or another server's to have. */
    if (ledger_is_over(slot->ledger)) {
        co_semaphore_release(&bank->giving, 1);
        return false;
    }
    uint64_t now = bank_next_owner(slot);
    next = now ? now : next;
    int64_t began_ns = slot->given_ns = co_clock_now_ns();
    struct ledger *ledger = take_out(slot, next);
    ledger_close(&ledger);
    give_free(slot, next, began_ns);
    return true;
}

bool bank_vacate(struct bank_slot *slot)
{
    struct ledger *ledger = slot->ledger;
    /* Why it ends is kept: clients and /readyz are told until it is open again. */
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    bool lost = figures.state == LEDGER_LOST;
    if (lost) /* before it can be seen of the slot */
        atomic_store(&slot->bank->lost, true);
    co_lock_take(&slot->lock);
    slot->ledger = NULL;
    slot->state = lost ? LEDGER_LOST : LEDGER_OPENING;
    memcpy(slot->why, figures.reason, sizeof slot->why);
    co_lock_drop(&slot->lock);
    bank_step(slot->bank);
    /* Nobody gets in any more; closing waits for those that are inside. */
    ledger_close(&ledger);
    return !lost;
}

void bank_give_unopened(struct bank_slot *slot, uint64_t next)
{
    (void)take_out(slot, next);
    give_free(slot, next, co_clock_now_ns());
}

void bank_give_settle(struct bank_slot *slot, const struct lease_row *row)
{
    int64_t since_ns = co_clock_now_ns() - slot->given_ns;
    bool is_on_its_way = row && row->free && since_ns < GIVE_MS * CO_CLOCK_MS;
    if (slot->given_ns == 0 || is_on_its_way)
        return;
    slot->given_ns = 0;
    co_semaphore_release(&slot->bank->giving, 1);
}

/* ---- leaving ------------------------------------------------------------------------------- */

/* Has any ledger yet to be given, or else, does any request wait for one that is on its way? */
static bool has_work(struct bank *bank, bool here)
{
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        if (!atomic_load(&slot->kept))
            continue;
        co_lock_take(&slot->lock);
        bool has = here ? slot->ledger || slot->given : slot->moves;
        co_lock_drop(&slot->lock);
        if (has)
            return true;
    }
    return false;
}

/* Until there is none of that, or no other server, or it has taken too long. */
static void await_work(struct bank *bank, bool here, int64_t limit_ms)
{
    int64_t until_ns = co_clock_now_ns() + limit_ms * CO_CLOCK_MS;
    while (has_work(bank, here) && bank_has_others(bank) && co_clock_now_ns() < until_ns) {
        co_sleep(LOOK_AGAIN_MS * CO_CLOCK_MS);
        lease_look_soon(bank->lease); /* which wakes the keepers, too */
    }
}

void bank_leave(struct bank *bank)
{
    if (!bank->lease || !bank_has_others(bank))
        return;
    atomic_store(&bank->leaving, true);
    bank_step(bank);
    lease_say_leaving(bank->lease);
    /* A third of the time is for those that are on their way then, until somebody has them. */
    await_work(bank, true, bank->leave_ms / 3 * 2);
    await_work(bank, false, bank->leave_ms / 3);
}
