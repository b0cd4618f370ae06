/* SPDX-License-Identifier: MIT */
#include "server/crossing/crossing_keeper.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/duty.h"
#include "ledger/notice.h"
#include "server/crossing/crossing_private.h"

enum {
    LOOK_MS = 500,
    TRY_MS = 5000,     /* one that cannot go on must not keep others from it */
    AT_ONCE = 4096,    /* holds, as far as a list is read in one go */
    OLD_S = 30,        /* one that takes so long is worth a line in the log */
    NOTE_EACH_S = 600, /* of such, and of what is damaged, since it stays so */
};

/* What a look has left open. */
struct left {
    uint64_t count, hold; /* the oldest one: its hold, */
    int64_t at_us;        /* since when */
    char from[LEASE_NAME], to[LEASE_NAME];
};

struct crossing_keeper {
    struct crossing_means means;
    uint64_t silent; /* within a look: a server that did not answer */
    struct co_duty duty;
    int64_t noted_ns;     /* when it was said last that one is damaged; 0: never */
    int64_t noted_old_ns; /* and that one is old */
    struct left left;
    _Atomic uint64_t open;
    _Atomic int64_t oldest_us;
    uint64_t holds[AT_ONCE];
    /* How far each journal was durable at the look before. */
    struct crossing_seen {
        uint64_t *seqs;
        size_t count;
    } seen[DATABASE_LIST_MAX];
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

/* It goes on with the next look. */
static void note_left(struct crossing_keeper *keeper, const char *name, const struct entry *hold)
{
    struct left *left = &keeper->left;
    struct crossing crossing;
    struct arena arena;
    if (left->count++ > 0 && hold->at_us >= left->at_us)
        return;
    arena_init(&arena, NULL, 0);
    bool known = crossing_read(&arena, name, hold, &crossing);
    left->hold = hold->seq;
    left->at_us = hold->at_us;
    snprintf(left->from, sizeof left->from, "%s", name);
    snprintf(left->to, sizeof left->to, "%s", known ? crossing.to.ledger : "?");
    arena_clear(&arena);
}

/* What the look has left is told: in figures, and if it is old in the log. */
static void tell_left(struct crossing_keeper *keeper)
{
    const struct left *left = &keeper->left;
    int64_t age_us = co_clock_wall_us() - left->at_us, now_ns = co_clock_now_ns();
    atomic_store(&keeper->open, left->count);
    atomic_store(&keeper->oldest_us, left->count > 0 ? left->at_us : 0);
    int64_t age_s = age_us / 1000000;
    if (left->count == 0)
        keeper->noted_old_ns = 0; /* the next one is news */
    if (left->count == 0 || age_s < OLD_S ||
        (keeper->noted_old_ns && now_ns - keeper->noted_old_ns < NOTE_EACH_S * CO_CLOCK_S))
        return;
    keeper->noted_old_ns = now_ns;
    notice(NOTICE_TROUBLE,
        "%lu transfers between ledgers are open; the oldest one, from %s to %s by hold %lu, for "
        "%ld s",
        left->count, left->from, left->to, left->hold, age_s);
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
    if (status == LEDGER_OK && !settled && crossing_has_key(hold)) {
        status = crossing_drive(context, &keeper->means, ledger, name, hold, &settled);
        if (status == LEDGER_DAMAGED)
            note_damaged(keeper, name, position);
        if (status != LEDGER_OK)
            note_left(keeper, name, hold);
    }
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

/* False: memory is short, until the next look. */
static bool has_room(struct crossing_seen *seen, size_t count)
{
    if (count <= seen->count)
        return true;
    uint64_t *seqs = realloc(seen->seqs, 2 * count * sizeof *seqs);
    if (!seqs)
        return false;
    memset(seqs + seen->count, 0, (2 * count - seen->count) * sizeof *seqs);
    *seen = (struct crossing_seen){seqs, 2 * count};
    return true;
}

/* One at rest has no open transfer. Names stay for as long as the bank, and the order too. */
static void look_through(
    struct crossing_keeper *keeper, struct bank *bank, struct crossing_seen *seen)
{
    size_t count = bank_count(bank);
    if (!has_room(seen, count))
        return;
    size_t *indexes = calloc(count + 1, sizeof *indexes);
    size_t kept = indexes ? bank_list_kept(bank, indexes, count) : 0;
    for (size_t i = 0; i < kept; i++) {
        bank_figures(bank, indexes[i], &keeper->figures);
        drive_all(keeper, bank, keeper->figures.name, seen->seqs[indexes[i]]);
        seen->seqs[indexes[i]] = keeper->figures.durable_seq;
    }
    free(indexes);
}

static void keep(void *arg)
{
    struct crossing_keeper *keeper = arg;
    while (co_duty_rest(&keeper->duty, LOOK_MS * CO_CLOCK_MS)) {
        struct banks *banks = keeper->means.banks;
        keeper->left = (struct left){.count = 0};
        keeper->silent = 0;
        for (size_t i = 0; i < banks_count(banks); i++)
            if (banks_at(banks, i))
                look_through(keeper, banks_at(banks, i), &keeper->seen[i]);
        tell_left(keeper);
    }
}

struct crossing_keeper *crossing_keeper_start(struct banks *banks, struct forward *forward)
{
    struct crossing_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper)
        keeper->means = (struct crossing_means){banks, forward, &keeper->silent};
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
    for (size_t i = 0; i < DATABASE_LIST_MAX; i++)
        free((*keeper)->seen[i].seqs);
    free(*keeper);
    *keeper = NULL;
}

void crossing_keeper_read(struct crossing_keeper *keeper, struct crossing_keeper_figures *figures)
{
    *figures = (struct crossing_keeper_figures){.open = 0};
    if (!keeper)
        return;
    figures->open = atomic_load(&keeper->open);
    figures->oldest_us = atomic_load(&keeper->oldest_us);
}
