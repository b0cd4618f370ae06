/* SPDX-License-Identifier: MIT */
/* The keeper of a ledger: bank.h says what it does. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "ledger/bank/bank_private.h"
#include "ledger/notice.h"

enum {
    AGAIN_MS = 200,    /* before it is tried again to open what the database did not give */
    DAMAGED_MS = 5000, /* and what it gave, but must be refused: someone may mend it */
};

/* False: the bank is to be closed. */
static bool rest(struct bank *bank, int64_t ms)
{
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(bank->running)};
    return select_timeout(&end, 1, ms * CLOCK_MS) == SELECT_NONE;
}

void bank_step(struct bank *bank)
{
    lock_take(&bank->lock);
    uint64_t steps = ++bank->steps;
    lock_drop(&bank->lock);
    eventcount_advance(&bank->progress, steps);
}

/* True: that is new. */
static bool set_state(
    struct bank_seat *seat, enum ledger_state state, const char *why, bool settled)
{
    lock_take(&seat->lock);
    bool news = seat->state != state || strcmp(seat->why, why) != 0 || settled > seat->settled;
    seat->state = state;
    seat->settled |= settled;
    snprintf(seat->why, sizeof seat->why, "%s", why);
    lock_drop(&seat->lock);
    if (news)
        bank_step(seat->bank);
    return news;
}

/* ---- standing by --------------------------------------------------------------------------- */

static void note_owner(struct bank_seat *seat, const struct lease_row *row)
{
    char why[LEDGER_REASON];
    snprintf(why, sizeof why, "another server has this ledger: %lu%s%s", row->owner,
        *row->owner_url ? " at " : "", row->owner_url);
    if (set_state(seat, LEDGER_ELSEWHERE, why, false))
        notice(NOTICE_INFO, "ledger %s: %s; standing by", seat->name, why);
}

/* Park until no other server has the ledger. False: the bank is to be closed. */
static bool stand_by(struct bank_seat *seat)
{
    struct lease *lease = seat->bank->lease;
    uint64_t seen = 0;
    while (context_err(seat->bank->running) == CONTEXT_OK) {
        struct lease_row row;
        /* While the database is away what it said of others is old. */
        if (lease_is_good(lease) && lease_find(lease, seat->number, &row)) {
            if (row.free || row.ours)
                return true;
            note_owner(seat, &row);
        }
        (void)!lease_await_news(seat->bank->running, lease, &seen);
    }
    return false;
}

/* ---- opening ------------------------------------------------------------------------------- */

static struct ledger *open_ledger(
    struct bank_seat *seat, enum ledger_trouble *trouble, char why[LEDGER_REASON])
{
    struct bank *bank = seat->bank;
    const struct ledger_options options = {.conninfo = bank->conninfo,
        .name = seat->name,
        .strategy = seat->strategy,
        .readers = bank->readers,
        .lease = bank->lease,
        .number = seat->number,
        .trouble = trouble};
    mutex_lock(&bank->opening);
    struct ledger *ledger = ledger_open(bank->running, &options, why, LEDGER_REASON);
    mutex_unlock(&bank->opening);
    return ledger;
}

/* It did not open. False: it is not to be tried again. */
static bool note_trouble(struct bank_seat *seat, enum ledger_trouble trouble, const char *why)
{
    struct bank *bank = seat->bank;
    bool final = trouble == LEDGER_TROUBLE_BEHIND;
    bool settled = final || trouble == LEDGER_TROUBLE_DAMAGED;
    char said[LEDGER_REASON + 40];
    const char *away = trouble == LEDGER_TROUBLE_AWAY ? "the database is away: " : "";
    snprintf(said, sizeof said, "%s%s", away, why);
    bool news = set_state(seat, final ? LEDGER_LOST : LEDGER_OPENING, said, settled);
    if (news && trouble != LEDGER_TROUBLE_TAKEN)
        notice(NOTICE_TROUBLE, "ledger %s: %s", seat->name, why);
    /* To go on would build on what clients were told and is gone. */
    if (final) {
        atomic_store(&bank->lost, true);
        bank_step(bank);
        return false;
    }
    return rest(bank, trouble == LEDGER_TROUBLE_DAMAGED ? DAMAGED_MS : AGAIN_MS);
}

/* ---- open ---------------------------------------------------------------------------------- */

/* From here on requests get in. */
static void seat_ledger(struct bank_seat *seat, struct ledger *ledger)
{
    lock_take(&seat->lock);
    seat->ledger = ledger;
    seat->settled = true;
    *seat->why = '\0';
    lock_drop(&seat->lock);
    bank_step(seat->bank);
}

/* Park for as long as it is to be open. */
static void stay(struct bank_seat *seat)
{
    struct bank *bank = seat->bank;
    uint64_t seen = 0;
    /* Each look at the lease is news, most of it of other ledgers. */
    while (!ledger_is_over(seat->ledger) && !ledger_was_resumed(seat->ledger) &&
           lease_await_news(bank->running, bank->lease, &seen))
        ;
}

/* False: it is not to be opened again. */
static bool vacate(struct bank_seat *seat)
{
    struct ledger *ledger = seat->ledger;
    /* Why it ends is kept: clients and /readyz are told until it is open again. */
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    bool lost = figures.state == LEDGER_LOST;
    lock_take(&seat->lock);
    seat->ledger = NULL;
    seat->state = lost ? LEDGER_LOST : LEDGER_OPENING;
    memcpy(seat->why, figures.reason, sizeof seat->why);
    lock_drop(&seat->lock);
    if (lost)
        atomic_store(&seat->bank->lost, true);
    bank_step(seat->bank);
    /* Nobody gets in any more; closing waits for those that are inside. */
    ledger_close(&ledger);
    return !lost;
}

static void keep(void *arg)
{
    struct bank_seat *seat = arg;
    bool going = true;
    /* A round: wait until it is free, have it, lose it. */
    while (going && stand_by(seat)) {
        char why[LEDGER_REASON] = "";
        enum ledger_trouble trouble;
        struct ledger *ledger = open_ledger(seat, &trouble, why);
        if (ledger) {
            seat_ledger(seat, ledger);
            stay(seat);
            going = vacate(seat);
        } else {
            going = note_trouble(seat, trouble, why);
        }
    }
    waitgroup_done(&seat->bank->keepers);
}

struct bank_seat *bank_seat_add(
    struct bank *bank, int number, const char *name, const char *strategy)
{
    size_t count = atomic_load(&bank->count);
    ensure(count < BANK_LEDGERS_MAX);
    struct bank_seat *seat = &bank->seats[count];
    *seat = (struct bank_seat){
        .bank = bank, .number = number, .strategy = strategy, .state = LEDGER_OPENING};
    snprintf(seat->name, sizeof seat->name, "%s", name);
    snprintf(seat->why, sizeof seat->why, "it is being opened");
    waitgroup_add(&bank->keepers, 1);
    if (!co_spawn_named("ledger keeper", keep, seat)) {
        waitgroup_done(&bank->keepers);
        return NULL;
    }
    atomic_store(&bank->count, count + 1);
    return seat;
}
