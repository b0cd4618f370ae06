/* SPDX-License-Identifier: MIT */
/* Which ledgers are at rest, who may open one, and how many may be open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/bank_rest.h"
#include "ledger/bank/follow_list.h"
#include "ledger/db/readers.h"
#include "ledger/ledger_keeping.h"

enum {
    LOOK_MS = 500,
    ROOM_MS = 2000,    /* how long it is waited for that one of those that are open is closed */
    SPARE = 16,        /* of so many that may be open there is room for one more, */
    SETTLES_MS = 3000, /* after it was closed, before a look counts that says it is open */
    SAY_MS = 2000,     /* how long the database may take to note that it is */
};

/* ---- which --------------------------------------------------------------------------------- */

bool bank_rest_never(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    size_t count = atomic_load(&bank->count);
    size_t known = bank->lease ? lease_row_count(bank->lease) : 0;
    if ((count > known ? count : known) <= bank->max_open)
        return true;
    return strcmp(slot->name, BANK_NAME_MAIN) == 0 ||
           (bank->follow && strcmp(bank->follow, "all") != 0 &&
               follow_list_find(bank->follow, slot->name) == FOLLOW_LIST_YES);
}

/* One that nobody has is its heir's alone: to others that one tells what is in it. */
static bool is_here(struct bank_slot *slot, const struct lease_row *row)
{
    if (row->ours)
        return !atomic_load(&slot->bank->leaving) || bank_has_others(slot->bank);
    return row->free && !atomic_load(&slot->bank->leaving) && bank_heir(slot, row) == 0;
}

bool bank_rest_is_others(struct bank_slot *slot, const struct lease_row *row)
{
    bool has_owner = !row->free && !row->ours;
    uint64_t heir = row->free ? bank_heir(slot, row) : 0;
    bool has_heir = heir != 0 && heir != row->wanted; /* one that it was given for takes it */
    return !bank_rest_never(slot) && (has_owner || has_heir);
}

/* ---- asking for one ------------------------------------------------------------------------ */

bool bank_rest_comes(struct bank_slot *slot, const struct lease_row *row)
{
    return row->free && row->opens_us != 0 && is_here(slot, row);
}

bool bank_rest_would_open(struct bank_slot *slot)
{
    struct lease *lease = slot->bank->lease;
    struct lease_row row;
    co_lock_take(&slot->lock);
    bool rests = !slot->ledger && slot->state == LEDGER_CLOSED;
    co_lock_drop(&slot->lock);
    if (!rests)
        return false;
    return atomic_load(&slot->kept) ||
           (lease && lease_is_good(lease) && lease_find(lease, slot->number, &row) &&
               is_here(slot, &row));
}

bool bank_rest_ask(struct bank_slot *slot, bool is_first, unsigned *given_up)
{
    if (!bank_rest_would_open(slot))
        return false;
    co_lock_take(&slot->lock);
    if (is_first)
        *given_up = slot->given_up;
    bool goes_on = *given_up == slot->given_up;
    co_lock_drop(&slot->lock);
    return goes_on && bank_keep(slot, true);
}

/* ---- room ---------------------------------------------------------------------------------- */

struct candidate {
    struct bank_slot *slot;
    int64_t used_ns; /* when last; OVER: it has no room; LENDS: it is in use, and can do without */
    bool has_room;
};

#define OVER INT64_MIN
#define LENDS INT64_MAX

static int compare_candidates(const void *one, const void *other)
{
    int64_t a = ((const struct candidate *)one)->used_ns;
    int64_t b = ((const struct candidate *)other)->used_ns;
    return (a > b) - (a < b);
}

/* Enter the ledger, if it is open; *idle: nobody uses it. */
static struct ledger *enter(struct bank_slot *slot, int64_t *used_ns, bool *idle)
{
    co_lock_take(&slot->lock);
    struct ledger *ledger = slot->ledger;
    *used_ns = slot->used_ns;
    *idle = ledger && ledger_users(ledger) == 0;
    if (ledger)
        ledger_enter(ledger);
    co_lock_drop(&slot->lock);
    return ledger;
}

/* Is it open, and may be closed or give its room away? */
static bool makes_room(struct bank_slot *slot, struct candidate *candidate)
{
    int64_t opens_us, used_ns;
    bool idle;
    if (!atomic_load(&slot->kept) || atomic_load(&slot->rests) || bank_rest_never(slot))
        return false;
    struct ledger *ledger = enter(slot, &used_ns, &idle);
    if (!ledger)
        return false;
    bool has_room = atomic_load(&slot->has_room);
    idle = idle && ledger_may_rest(ledger, &opens_us);
    bool lends = !idle && has_room && ledger_is_crossed(ledger);
    ledger_leave(ledger);
    *candidate = (struct candidate){slot, !has_room ? OVER : lends ? LENDS : used_ns, has_room};
    return idle || lends;
}

static void say_rest(struct bank_slot *slot)
{
    if (!atomic_exchange(&slot->rests, true))
        atomic_fetch_add(&slot->bank->resting, 1);
}

void bank_rest_forget(struct bank_slot *slot)
{
    if (atomic_exchange(&slot->rests, false))
        atomic_fetch_sub(&slot->bank->resting, 1);
}

/* Have those closed that were not used since then, and so many more make room: of those that nobody
 * uses the ones whose last use is the longest ago, and then those that lend it. */
static void close_some(struct bank *bank, int64_t before_ns, size_t least)
{
    size_t count = atomic_load(&bank->count), found = 0, rooms = 0, i;
    struct candidate *all = calloc(bank->max_open + 1, sizeof *all);
    for (i = 0; all && i < count && found <= bank->max_open; i++)
        found += makes_room(bank_slot_at(bank, i), &all[found]);
    if (found > 0)
        qsort(all, found, sizeof *all, compare_candidates);
    for (i = 0; i < found && (all[i].used_ns < before_ns || rooms < least); i++) {
        say_rest(all[i].slot);
        rooms += all[i].has_room;
    }
    free(all);
    if (i > 0)
        lease_look_soon(bank->lease); /* which wakes the keepers */
}

static size_t spare(const struct bank *bank)
{
    return bank->max_open / SPARE + 1;
}

bool bank_rest_take_room(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    atomic_store(&slot->has_room, co_semaphore_try_acquire(&bank->room, 1));
    if (atomic_load(&slot->has_room))
        return true;
    struct co_context *bounded = co_context_with_timeout(bank->running, ROOM_MS * CO_CLOCK_MS);
    if (!bounded)
        return false;
    /* One of those that wait looks for all of them. */
    if (atomic_load(&bank->resting) == 0)
        close_some(bank, 0, spare(bank));
    atomic_store(&slot->has_room, co_semaphore_acquire(bounded, &bank->room, 1));
    co_context_release(&bounded);
    return atomic_load(&slot->has_room);
}

void bank_rest_give_room(struct bank_slot *slot)
{
    if (atomic_exchange(&slot->has_room, false))
        co_semaphore_release(&slot->bank->room, 1);
}

/* ---- closing ------------------------------------------------------------------------------- */

/* The ledger, for the caller to close, with what is to be said of it; NULL: it is in use. */
static struct ledger *take_out(struct bank_slot *slot, int64_t *opens_us, uint64_t *epoch)
{
    struct ledger *ledger = slot->ledger;
    co_lock_take(&slot->lock);
    uint64_t uses = slot->uses;
    co_lock_drop(&slot->lock);
    if (!ledger_may_rest(ledger, opens_us))
        return NULL;
    *epoch = ledger_epoch(ledger);
    co_lock_take(&slot->lock);
    /* Whoever has entered it since may have made a hold of it. */
    if (slot->uses != uses || ledger_users(ledger) > 0)
        ledger = NULL;
    if (ledger) {
        slot->ledger = NULL;
        slot->state = LEDGER_CLOSED;
    }
    co_lock_drop(&slot->lock);
    if (ledger)
        bank_step(slot->bank);
    return ledger;
}

/* For the next start, and for whoever has the ledger next. If it cannot be said the ledger is
 * opened once more than it need be. */
static void say_closed(struct bank_slot *slot, uint64_t epoch, int64_t opens_us)
{
    static const struct pg_statement say = {
        4, "SELECT writer_rest($1::int, $2::bigint, $3::bigint, nullif($4::bigint, -1))"};
    struct bank *bank = slot->bank;
    char number[16], me[24], its_epoch[24], opens[24];
    const char *values[] = {number, me, its_epoch, opens};
    struct co_context *bounded = co_context_with_timeout(bank->running, SAY_MS * CO_CLOCK_MS);
    if (!bounded)
        return;
    snprintf(number, sizeof number, "%d", slot->number);
    snprintf(me, sizeof me, "%lu", lease_server(bank->lease));
    snprintf(its_epoch, sizeof its_epoch, "%lu", epoch);
    snprintf(opens, sizeof opens, "%ld", opens_us);
    (void)!readers_run(bounded, bank->readers, &say, values, NULL);
    co_context_release(&bounded);
    atomic_store(&slot->rested_ns, co_clock_now_ns());
}

bool bank_rest_close(struct bank_slot *slot)
{
    int64_t opens_us;
    uint64_t epoch;
    struct ledger *ledger = take_out(slot, &opens_us, &epoch);
    if (ledger) {
        ledger_close(&ledger);
        say_closed(slot, epoch, opens_us);
        slot->has_rested = true;
    }
    /* Else it stays open, and a transfer that waits for another ledger does not keep the room which
     * that one may need. */
    if (slot->has_rested || ledger_is_crossed(slot->ledger))
        bank_rest_give_room(slot);
    bank_rest_forget(slot);
    return slot->has_rested;
}

bool bank_rest_begin(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    bank_set_moves(slot, false);
    co_lock_take(&slot->lock);
    /* Whoever asked for one that was closed just now has it opened again; else it is told that it
     * does not open here. */
    bool goes_on = slot->has_rested && slot->asked;
    slot->given_up += slot->asked && !goes_on;
    slot->asked = slot->has_rested = false;
    slot->free_ns = 0;
    slot->state = LEDGER_CLOSED;
    slot->settled = false;
    *slot->why = '\0';
    if (!goes_on)
        atomic_store(&slot->kept, false);
    co_lock_drop(&slot->lock);
    bank_step(bank);
    return !goes_on;
}

/* ---- looking around ------------------------------------------------------------------------ */

/* Its keeper may have closed it since the look that says that it is open. */
static bool has_settled(const struct bank_slot *slot)
{
    int64_t rested_ns = atomic_load(&slot->rested_ns);
    return rested_ns == 0 || co_clock_now_ns() - rested_ns > SETTLES_MS * CO_CLOCK_MS;
}

void bank_rest_wake_due(struct bank *bank)
{
    struct lease_row row;
    size_t at = 0;
    while (lease_next_due(bank->lease, &at, co_clock_wall_us(), &row)) {
        struct bank_slot *slot = bank_slot_find(bank, row.name);
        /* Without memory for it the next look tries again. */
        if (slot && !atomic_load(&slot->kept) && has_settled(slot) && is_here(slot, &row))
            (void)!bank_keep(slot, false);
    }
}

/* There was no memory for the keepers of those that never rest. */
static void keep_missed(struct bank *bank)
{
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        if (!atomic_load(&slot->kept) && bank_rest_never(slot))
            (void)!bank_keep(slot, false);
    }
}

void bank_rest_look(void *arg)
{
    struct bank *bank = arg;
    while (co_duty_rest(&bank->rest_duty, LOOK_MS * CO_CLOCK_MS)) {
        keep_missed(bank);
        if (atomic_load(&bank->count) <= bank->max_open)
            continue;
        bool is_full = !co_semaphore_try_acquire(&bank->room, (int64_t)spare(bank));
        if (!is_full)
            co_semaphore_release(&bank->room, (int64_t)spare(bank));
        close_some(
            bank, co_clock_now_ns() - bank->idle_ms * CO_CLOCK_MS, is_full ? spare(bank) : 0);
        if (lease_is_good(bank->lease))
            bank_rest_wake_due(bank);
    }
}
