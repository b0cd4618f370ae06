/* SPDX-License-Identifier: MIT */
#include "server/crossing/crossing_keeper.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/duty.h"
#include "ledger/notice.h"
#include "server/crossing/crossing_private.h"

enum {
    LOOK_MS = 500,
    TRY_MS = 5000,     /* one that cannot go on must not keep others from it */
    AT_ONCE = 4096,    /* holds, as far as a list is read in one go */
    NOTE_EACH_S = 600, /* of what is damaged, since it stays so */
};

struct crossing_keeper {
    struct banks *banks;
    struct co_duty duty;
    int64_t noted_ns; /* when it was said last that one is damaged; 0: never */
    uint64_t holds[AT_ONCE];
    /* How far each journal was durable at the look before. */
    uint64_t seen[DATABASE_LIST_MAX][BANK_LEDGERS_MAX];
    struct ledger_figures figures;
};

static void note_damaged(struct crossing_keeper *keeper, const char *name, uint64_t hold)
{
    int64_t now_ns = co_clock_now_ns();
    if (keeper->noted_ns && now_ns - keeper->noted_ns < NOTE_EACH_S * CO_CLOCK_S)
        return;
    keeper->noted_ns = now_ns;
    notice(NOTICE_TROUBLE,
        "ledger %s: the hold %lu is of a transfer to another ledger, and does not say which", name,
        hold);
}

static void drive_one(
    struct crossing_keeper *keeper, struct ledger *ledger, const char *name, uint64_t position)
{
    struct entry *hold = NULL, *settled = NULL;
    uint64_t seq;
    struct co_context *context =
        co_context_with_timeout(keeper->duty.running, TRY_MS * CO_CLOCK_MS);
    if (!context)
        return;
    enum ledger_status status = ledger_read_hold(context, ledger, position, &hold, &settled, &seq);
    if (status == LEDGER_OK && !settled && crossing_has_key(hold) &&
        crossing_drive(context, keeper->banks, ledger, name, hold, &settled) == LEDGER_DAMAGED)
        note_damaged(keeper, name, position);
    if (hold)
        entry_drop(&hold);
    if (settled)
        entry_drop(&settled);
    co_context_release(&context);
}

/* False: the keeper is to stop, or the ledger to be closed, which waits for whoever is inside. */
static bool goes_on(struct crossing_keeper *keeper, struct ledger *ledger)
{
    return co_context_err(keeper->duty.running) == CO_CONTEXT_OK &&
           co_context_err(ledger_open_context(ledger)) == CO_CONTEXT_OK;
}

/* Those that were there at the look before: the others are driven on by whoever asked for them. */
static void drive_all(
    struct crossing_keeper *keeper, struct bank *bank, const char *name, uint64_t seen)
{
    struct ledger *ledger;
    if (bank_find(bank, name, &ledger) != LEDGER_OK)
        return;
    size_t count, skip = 0;
    do {
        count = ledger_clearing_holds(ledger, skip, keeper->holds, AT_ONCE);
        /* From the oldest one on. */
        for (size_t i = count; i > 0 && goes_on(keeper, ledger); i--)
            if (keeper->holds[i - 1] <= seen)
                drive_one(keeper, ledger, name, keeper->holds[i - 1]);
        /* Those that have ended are in the list no more, so it may pass some over: until the next
         * look. But none that can go on waits behind those that cannot. */
        skip += count;
    } while (count == AT_ONCE && goes_on(keeper, ledger));
    ledger_leave(ledger);
}

/* Names stay for as long as the bank, and the order too. */
static void look_through(struct crossing_keeper *keeper, struct bank *bank, uint64_t *seen)
{
    size_t count = bank_count(bank);
    for (size_t i = 0; i < count && i < BANK_LEDGERS_MAX; i++) {
        bank_figures(bank, i, &keeper->figures);
        drive_all(keeper, bank, keeper->figures.name, seen[i]);
        seen[i] = keeper->figures.durable_seq;
    }
}

static void keep(void *arg)
{
    struct crossing_keeper *keeper = arg;
    while (co_duty_rest(&keeper->duty, LOOK_MS * CO_CLOCK_MS)) {
        for (size_t i = 0; i < banks_count(keeper->banks); i++)
            if (banks_at(keeper->banks, i))
                look_through(keeper, banks_at(keeper->banks, i), keeper->seen[i]);
    }
}

struct crossing_keeper *crossing_keeper_start(struct banks *banks)
{
    struct crossing_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper)
        keeper->banks = banks;
    if (keeper && !co_duty_start("crossing keeper", &keeper->duty, keep, keeper)) {
        free(keeper);
        return NULL;
    }
    return keeper;
}

void crossing_keeper_stop(struct crossing_keeper **keeper)
{
    if (!*keeper)
        return;
    co_duty_stop(&(*keeper)->duty);
    free(*keeper);
    *keeper = NULL;
}
