/* SPDX-License-Identifier: MIT */
/*
 * Each has a coroutine of its own, which reads the ledger (one at a time: reading takes what the
 * database can give) and then keeps it up. What it has read is shown in slot.followed, for readers;
 * when the keeper takes the ledger, it stays there until it is open.
 *
 * A ledger whose journal is wrong is not followed again until this server has had it: what was read
 * anew from the last checkpoint would hide that. Nor is one of which the database has lost what was
 * followed: slot.had keeps that, and the ledger is not opened here while it is missing.
 */
#include "ledger/bank/bank_follow.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/follow_list.h"
#include "ledger/db/readers.h"
#include "ledger/follow/follow_room.h"
#include "ledger/ledger_following.h"
#include "ledger/notice.h"

enum { AGAIN_S = 5 /* before it is tried again */ };

struct ledger *bank_follow_enter(struct bank_slot *slot)
{
    co_lock_take(&slot->lock);
    struct ledger *ledger = slot->followed;
    if (ledger)
        ledger_enter(ledger);
    co_lock_drop(&slot->lock);
    return ledger;
}

/* From here on nobody finds it. */
static struct ledger *take_out(struct bank_slot *slot)
{
    co_lock_take(&slot->lock);
    struct ledger *ledger = slot->followed;
    slot->followed = NULL;
    co_lock_drop(&slot->lock);
    return ledger;
}

/* ---- the coroutine ------------------------------------------------------------------------- */

/* Is there memory for it? *known false: the database could not be asked. */
static bool fits(struct bank_slot *slot, bool *known)
{
    static const struct pg_statement count = {
        1, "SELECT coalesce(max(no), 0) FROM account WHERE ledger = $1"};
    struct bank *bank = slot->bank;
    char number[16];
    const char *values[] = {number};
    struct pg_result *rows = NULL;
    *known = true;
    if (follow_list_find(bank->follow, slot->name) != FOLLOW_LIST_IF_IT_FITS)
        return true;
    snprintf(number, sizeof number, "%d", slot->number);
    *known = readers_run(slot->following.running, bank->readers, &count, values, &rows) == PG_OK;
    bool fit = *known && follow_room_has((uint64_t)pg_number(rows, 0, 0));
    pg_free(&rows);
    return fit;
}

static struct ledger *read_ledger(struct bank_slot *slot, char why[LEDGER_REASON])
{
    struct bank *bank = slot->bank;
    struct ledger_options options;
    struct ledger *ledger = NULL;
    bool known;
    bank_slot_options(slot, &options);
    if (!co_semaphore_acquire(slot->following.running, &bank->reading, 1))
        return NULL;
    if (fits(slot, &known))
        ledger = ledger_follow(slot->following.running, &options, why, LEDGER_REASON);
    else
        snprintf(why, LEDGER_REASON,
            known ? "it would take more than a quarter of the memory that is left (--follow all "
                    "does it all the same)"
                  : "the database is away");
    co_semaphore_release(&bank->reading, 1);
    return ledger;
}

static void show(struct bank_slot *slot, struct ledger *ledger)
{
    co_lock_take(&slot->lock);
    slot->followed = ledger;
    co_lock_drop(&slot->lock);
    notice(
        NOTICE_INFO, "ledger %s: followed from seq %lu on", slot->name, ledger_durable_seq(ledger));
    bank_step(slot->bank);
}

/* What is wrong with it; everybody may know that it is. */
static void note_wrong(struct bank_slot *slot, const char *why)
{
    notice(NOTICE_TROUBLE, "ledger %s: what is followed is wrong: %s", slot->name, why);
    co_lock_take(&slot->lock);
    snprintf(slot->wrong, sizeof slot->wrong,
        "another server has this ledger, and what is followed of it is wrong: %.200s", why);
    co_lock_drop(&slot->lock);
}

/* Follow it for as long as that goes. True: it is to be read anew. */
static bool follow_on(struct bank_slot *slot, struct ledger *ledger)
{
    char why[LEDGER_REASON] = "";
    enum ledger_follow_end end = ledger_follow_on(slot->following.running, ledger, why, sizeof why);
    if (end == LEDGER_FOLLOW_STOPPED)
        return false; /* it is the keeper's to close, or to take */
    ledger = take_out(slot);
    bool again =
        end == LEDGER_FOLLOW_SHORT || (end == LEDGER_FOLLOW_BEHIND && slot->bank->accepts_lost);
    if (again)
        notice(NOTICE_TROUBLE, "ledger %s: followed no more, until it is read anew: %s", slot->name,
            why);
    else
        note_wrong(slot, why);
    /* Whoever takes it must not go on without that. */
    if (end == LEDGER_FOLLOW_BEHIND && !again)
        ledger_follow_place(ledger, &slot->had);
    ledger_close(&ledger);
    return again;
}

static void follow(void *arg)
{
    struct bank_slot *slot = arg;
    char why[LEDGER_REASON] = "", told[LEDGER_REASON] = "";
    bool again = true;
    do {
        struct ledger *ledger = read_ledger(slot, why);
        if (co_context_err(slot->following.running) == CO_CONTEXT_OK && !ledger &&
            strcmp(why, told) != 0)
            notice(NOTICE_TROUBLE, "ledger %s: not followed: %s", slot->name, why);
        memcpy(told, why, sizeof told);
        if (!ledger)
            continue;
        show(slot, ledger);
        again = follow_on(slot, ledger);
    } while (again && co_duty_rest(&slot->following, AGAIN_S * CO_CLOCK_S));
}

/* ---- the keeper's -------------------------------------------------------------------------- */

void bank_follow_begin(struct bank_slot *slot)
{
    const char *list = slot->bank->follow;
    if (slot->follows || !list || follow_list_find(list, slot->name) == FOLLOW_LIST_NO)
        return;
    slot->follows = co_duty_start("follower", &slot->following, follow, slot);
}

/* Whatever it has come to stays as it is. */
static void stop(struct bank_slot *slot)
{
    co_duty_stop(&slot->following);
    slot->following = (struct co_duty){.running = NULL};
    slot->follows = false;
    co_lock_take(&slot->lock);
    *slot->wrong = '\0';
    co_lock_drop(&slot->lock);
}

void bank_follow_end(struct bank_slot *slot)
{
    stop(slot);
    struct ledger *ledger = take_out(slot);
    ledger_close(&ledger);
}

/* One at a time, so that they do not need a connection each. */
static bool take(struct bank_slot *slot, struct ledger *ledger,
    const struct ledger_options *options, char why[LEDGER_REASON])
{
    struct bank *bank = slot->bank;
    *options->trouble = LEDGER_TROUBLE_TAKEN;
    snprintf(why, LEDGER_REASON, "another server takes this ledger");
    co_mutex_lock(&bank->taking);
    /* Others were taken first: this server may be leaving by now. */
    bool open = bank_may_take(slot) &&
                ledger_follow_take(bank->running, ledger, options, why, LEDGER_REASON);
    ledger_leave(ledger);
    if (open) {
        /* Now it is ours: its coroutine has nothing to do any more. */
        stop(slot);
        struct ledger *followed = bank_follow_enter(slot);
        snprintf(why, LEDGER_REASON, "what was followed is wrong");
        open = followed && ledger_follow_open(bank->running, followed, options, why, LEDGER_REASON);
        if (followed)
            ledger_leave(followed);
        followed = take_out(slot);
        if (!open)
            ledger_close(&followed);
    }
    co_mutex_unlock(&bank->taking);
    return open;
}

bool bank_follow_take(struct bank_slot *slot, const struct ledger_options *options,
    struct ledger **ledger, char why[LEDGER_REASON])
{
    struct ledger *followed = bank_follow_enter(slot);
    *ledger = NULL;
    if (!followed) { /* it was not read to its end */
        bank_follow_end(slot);
        return true;
    }
    if (!take(slot, followed, options, why)) /* what is left may be read anew */
        return *options->trouble == LEDGER_TROUBLE_BEHIND && slot->bank->accepts_lost;
    *ledger = followed;
    return true;
}
