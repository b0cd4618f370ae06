/* SPDX-License-Identifier: MIT */
/* The keeper of a ledger: bank.h says what it does. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_follow.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/bank_rest.h"
#include "ledger/notice.h"

enum {
    AGAIN_MS = 200,    /* before it is tried again to open what the database did not give */
    DAMAGED_MS = 5000, /* and what it gave, but must be refused: someone may mend it */
};

/* That long, or until another server wants the ledger. False: the bank is to be closed. */
static bool rest(struct bank_slot *slot, int64_t ms)
{
    struct bank *bank = slot->bank;
    struct co_context *pause = co_context_with_timeout(bank->running, ms * CO_CLOCK_MS);
    uint64_t seen = 0;
    if (!pause)
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    while (pause && bank_next_owner(slot) == 0 && lease_await_news(pause, bank->lease, &seen))
        ;
    if (pause)
        co_context_release(&pause);
    return co_context_err(bank->running) == CO_CONTEXT_OK;
}

/* True: that is new. */
static bool set_state(
    struct bank_slot *slot, enum ledger_state state, const char *why, bool settled)
{
    co_lock_take(&slot->lock);
    bool news = slot->state != state || strcmp(slot->why, why) != 0 || settled > slot->settled;
    slot->state = state;
    slot->settled |= settled;
    snprintf(slot->why, sizeof slot->why, "%s", why);
    co_lock_drop(&slot->lock);
    if (news)
        bank_step(slot->bank);
    return news;
}

/* ---- standing by --------------------------------------------------------------------------- */

static void note_owner(struct bank_slot *slot, const struct lease_row *row)
{
    char why[LEDGER_REASON];
    snprintf(why, sizeof why, "another server has this ledger: %lu%s%s", row->owner,
        *row->owner_url ? " at " : "", row->owner_url);
    bank_set_moves(slot, false);
    if (set_state(slot, LEDGER_ELSEWHERE, why, false))
        notice(NOTICE_INFO, "ledger %s: %s; standing by", slot->name, why);
}

static void note_elsewhere(struct bank_slot *slot, const struct lease_row *row)
{
    if (!row->free)
        note_owner(slot, row);
}

static void follow_owner(struct bank_slot *slot, const struct lease_row *row)
{
    note_owner(slot, row);
    bank_follow_begin(slot);
}

/* What kept it from being opened before is still told, if that was not another server. One that
 * was given free for a server that lives, or was at rest, is worth waiting for. */
static void note_no_owner(struct bank_slot *slot, const struct lease_row *row)
{
    if (!row->ours)
        bank_set_moves(
            slot, bank_has_server(slot->bank, row->wanted) || bank_rest_comes(slot, row));
    co_lock_take(&slot->lock);
    bool was_elsewhere = slot->state == LEDGER_ELSEWHERE;
    co_lock_drop(&slot->lock);
    if (was_elsewhere)
        (void)set_state(slot, LEDGER_OPENING, "it is being opened", false);
}

/* What a look says. True: it is this server's to take. */
static bool heed_look(struct bank_slot *slot, const struct lease_row *row)
{
    uint64_t next;
    bank_give_settle(slot, row);
    if (bank_rest_is_others(slot, row))
        note_elsewhere(slot, row);
    else if (!row->free && !row->ours)
        follow_owner(slot, row);
    else
        note_no_owner(slot, row);
    /* It is ours, and could not be opened, or has yet to be: another server may have it. */
    if (row->ours && (next = bank_next_owner(slot)) != 0)
        bank_give_unopened(slot, next);
    return bank_may_take(slot);
}

/* One that is free, or wanted, is looked at each time: it is a matter of moments. */
static void await_look(struct bank_slot *slot, bool is_anothers, uint64_t *seen, uint64_t *changes)
{
    struct bank *bank = slot->bank;
    if (is_anothers)
        (void)!lease_await_changes(bank->running, bank->lease, changes);
    else
        (void)!lease_await_news(bank->running, bank->lease, seen);
}

/* Park until the ledger is this server's to take. False: the bank is to be closed, or the ledger
 * needs no keeper any more. */
static bool stand_by(struct bank_slot *slot)
{
    struct lease *lease = slot->bank->lease;
    uint64_t seen = 0, changes = 0;
    bool takes = false, ends = slot->has_rested;
    while (!takes && !ends && co_context_err(slot->bank->running) == CO_CONTEXT_OK) {
        struct lease_row row = {.free = true};
        /* While the database is away what it said of others is old. */
        if (!lease_is_good(lease))
            slot->free_ns = 0;
        else if (lease_find(lease, slot->number, &row)) {
            takes = heed_look(slot, &row);
            ends = !takes && bank_rest_is_others(slot, &row);
        }
        if (!takes && !ends)
            await_look(slot, !row.free && !row.ours && row.wanted == 0, &seen, &changes);
    }
    bank_give_settle(slot, NULL);
    return takes;
}

/* ---- opening ------------------------------------------------------------------------------- */

static struct ledger *open_ledger(
    struct bank_slot *slot, enum ledger_trouble *trouble, char why[LEDGER_REASON])
{
    struct bank *bank = slot->bank;
    struct ledger *ledger = NULL;
    struct ledger_options options;
    bank_slot_options(slot, &options);
    options.trouble = trouble;
    if (!bank_follow_take(slot, &options, &ledger, why) || ledger)
        return ledger;
    *trouble = LEDGER_TROUBLE_TAKEN;
    snprintf(why, LEDGER_REASON, "another server takes this ledger");
    bool alone = bank_rest_never(slot);
    if (alone)
        co_mutex_lock(&bank->opening);
    else if (!co_semaphore_acquire(bank->running, &bank->waking, 1))
        return NULL;
    /* Others were opened first, and meanwhile a server may have come whose place this is. */
    if (bank_may_take(slot))
        ledger = ledger_open(bank->running, &options, why, LEDGER_REASON);
    if (alone)
        co_mutex_unlock(&bank->opening);
    else
        co_semaphore_release(&bank->waking, 1);
    return ledger;
}

/* It did not open. False: it is not to be tried again. */
static bool note_trouble(struct bank_slot *slot, enum ledger_trouble trouble, const char *why)
{
    struct bank *bank = slot->bank;
    bool final = trouble == LEDGER_TROUBLE_BEHIND;
    bool settled = final || trouble == LEDGER_TROUBLE_DAMAGED;
    char said[LEDGER_REASON + 40];
    const char *away = trouble == LEDGER_TROUBLE_AWAY ? "the database is away: " : "";
    snprintf(said, sizeof said, "%s%s", away, why);
    /* Before it is settled: a start that waits for that asks then whether something is lost. */
    if (final)
        atomic_store(&bank->lost, true);
    bool news = set_state(slot, final ? LEDGER_LOST : LEDGER_OPENING, said, settled);
    /* One that is taken meanwhile is on its way all the same. */
    if (trouble != LEDGER_TROUBLE_TAKEN)
        bank_set_moves(slot, false);
    if (news && trouble != LEDGER_TROUBLE_TAKEN)
        notice(NOTICE_TROUBLE, "ledger %s: %s", slot->name, why);
    /* To go on would build on what clients were told and is gone. */
    if (final) {
        bank_step(bank);
        return false;
    }
    return rest(slot, trouble == LEDGER_TROUBLE_DAMAGED ? DAMAGED_MS : AGAIN_MS);
}

/* ---- open ---------------------------------------------------------------------------------- */

/* From here on requests get in. */
static void fill_slot(struct bank_slot *slot, struct ledger *ledger)
{
    int64_t now_ns = co_clock_now_ns();
    slot->free_ns = 0; /* when it is free again that counts anew */
    co_lock_take(&slot->lock);
    bool moved = slot->moves;
    slot->ledger = ledger;
    slot->settled = true;
    slot->moves = slot->asked = false;
    slot->used_ns = now_ns;
    *slot->why = '\0';
    co_lock_drop(&slot->lock);
    bank_step(slot->bank);
    /* Whoever gave it may have given others since. */
    if (moved)
        lease_look_soon(slot->bank->lease);
}

/* Park for as long as it is to be open. Then: which server shall have it; 0: none, it has ended, or
 * is to be closed if nobody uses it. */
static uint64_t stay(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    uint64_t seen = 0, next = 0;
    while (!ledger_is_over(slot->ledger) && !ledger_was_resumed(slot->ledger) &&
           (next = bank_next_owner(slot)) == 0 && !atomic_load(&slot->rests) &&
           lease_await_changes(bank->running, bank->lease, &seen))
        ;
    return next;
}

/* It is open, until it is given away or has ended. False: as above. */
static bool have(struct bank_slot *slot)
{
    uint64_t next;
    while (((next = stay(slot)) != 0 || atomic_load(&slot->rests)) &&
           !ledger_is_over(slot->ledger) && co_context_err(slot->bank->running) == CO_CONTEXT_OK)
        if (next ? bank_give(slot, next) : bank_rest_close(slot))
            return true;
    return bank_vacate(slot);
}

/* It is this server's to take. False: as above. */
static bool open_and_have(struct bank_slot *slot)
{
    char why[LEDGER_REASON] = "";
    enum ledger_trouble trouble;
    struct ledger *ledger = open_ledger(slot, &trouble, why);
    if (!ledger)
        return note_trouble(slot, trouble, why);
    fill_slot(slot, ledger);
    return have(slot);
}

void bank_keeper(void *arg)
{
    struct bank_slot *slot = arg;
    bool going = true, ends = false;
    while (going && !ends) {
        /* A round: wait until it is free, have it, lose it. */
        while (going && stand_by(slot)) {
            if (bank_rest_take_room(slot))
                going = open_and_have(slot);
            else if (bank_rest_never(slot))
                going = rest(slot, AGAIN_MS);
            else
                break;
            bank_rest_forget(slot);
            bank_rest_give_room(slot);
        }
        bank_follow_end(slot);
        going = going && co_context_err(slot->bank->running) == CO_CONTEXT_OK;
        ends = going && bank_rest_begin(slot);
    }
    co_waitgroup_done(&slot->bank->keepers);
}
