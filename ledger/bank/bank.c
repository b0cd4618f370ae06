/* SPDX-License-Identifier: MIT */
#include "ledger/bank/bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_main.h"
#include "ledger/bank/bank_rest.h"
#include "ledger/bank/bank_follow.h"
#include "ledger/bank/bank_replica.h"
#include "ledger/bank/duties.h"
#include "ledger/bank/follow_list.h"
#include "ledger/bank/strategy_list.h"
#include "ledger/db/migrate.h"
#include "ledger/db/readers.h"
#include "ledger/journal/committer.h"
#include "ledger/journal/store.h"
#include "ledger/notice.h"

enum {
    READERS = 8,        /* of all ledgers together */
    PATIENCE_MS = 1000, /* unless an option says otherwise */
    ASK_AGAIN_MS = 200, /* while the database is away */
};

/* ---- making and closing -------------------------------------------------------------------- */

/* NULL stays NULL. False: memory is short. */
static bool copy_text(const char *text, char **copy)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

struct bank *bank_make(const struct bank_options *options, char *error, size_t size)
{
    if (!strategy_list_is_valid(options->strategies)) {
        snprintf(error, size, "not a list of strategies: %s", options->strategies);
        return NULL;
    }
    if (options->follow && !follow_list_is_valid(options->follow)) {
        snprintf(error, size, "not a list of ledgers: %s", options->follow);
        return NULL;
    }
    struct bank *bank = calloc(1, sizeof *bank);
    if (bank && copy_text(options->conninfo, &bank->conninfo) &&
        copy_text(options->read_conninfo, &bank->read_conninfo) &&
        copy_text(options->strategies, &bank->strategies) && copy_text(options->url, &bank->url) &&
        copy_text(options->place, &bank->place) && copy_text(options->follow, &bank->follow) &&
        copy_text(options->witness, &bank->witness) &&
        copy_text(options->main_is_in, &bank->main_is_in) &&
        (bank->readers = readers_make(options->conninfo, PG_SERVES, READERS)) &&
        (bank->running = co_context_with_cancel(co_context_background()))) {
        bank->admits = options->admits;
        bank->keeper = bank_keeper;
        bank->admits_arg = options->admits_arg;
        bank->accepts_lost = options->accepts_lost;
        bank->rebalance_ms = options->rebalance_ms;
        bank->idle_ms = options->idle_ms > 0 ? options->idle_ms : BANK_IDLE_MS;
        bank->leave_ms = options->leave_ms > 0 ? options->leave_ms : BANK_LEAVE_MS;
        bank->max_open = options->max_open > 0 ? options->max_open : BANK_OPEN_DEFAULT;
        bank->max_ledgers = options->max_ledgers > 0 ? options->max_ledgers : BANK_LEDGERS_MAX;
        co_semaphore_release(&bank->room, (int64_t)bank->max_open);
        bank->patience_ms = options->patience_ms > 0 ? options->patience_ms : PATIENCE_MS;
        co_semaphore_release(&bank->reading, 1);
        co_semaphore_release(&bank->waking, BANK_WAKES);
        co_semaphore_release(&bank->giving, BANK_GIVES);
        snprintf(bank->why, sizeof bank->why, "the service is starting");
        return bank;
    }
    snprintf(error, size, "out of memory");
    bank_close(&bank);
    return NULL;
}

void bank_close(struct bank **bank)
{
    struct bank *closed = *bank;
    *bank = NULL;
    if (!closed)
        return;
    co_duty_stop(&closed->load_duty);
    co_duty_stop(&closed->rest_duty);
    /* The keepers close their ledgers; only then the lease may end. */
    if (closed->running) {
        co_context_cancel(closed->running);
        co_waitgroup_wait(&closed->keepers);
        co_context_release(&closed->running);
    }
    committer_stop(&closed->committer);
    duties_stop(&closed->duties);
    lease_stop(&closed->lease);
    bank_replica_stop(closed);
    readers_free(&closed->readers);
    bank_slot_free(closed);
    free(closed->strategies);
    free(closed->follow);
    free(closed->conninfo);
    free(closed->read_conninfo);
    free(closed->url);
    free(closed->place);
    free(closed->witness);
    free(closed->main_is_in);
    free(closed);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A slot for a ledger; the caller holds `making`. NULL: memory is short. Without memory for a
 * keeper it gets that later (bank_rest.c). */
static struct bank_slot *add_slot(
    struct bank *bank, int number, const char *name, const char *strategy)
{
    struct bank_slot *slot = bank_slot_add(bank, number, name, strategy);
    if (slot && bank_rest_never(slot)) {
        co_lock_take(&slot->lock);
        slot->state = LEDGER_OPENING;
        snprintf(slot->why, sizeof slot->why, "it is being opened");
        co_lock_drop(&slot->lock);
        (void)!bank_keep(slot, false);
    }
    return slot;
}

/* What it waits for. True: that is news. */
static bool set_why(struct bank *bank, const char *why)
{
    co_lock_take(&bank->lock);
    bool news = strcmp(bank->why, why) != 0;
    snprintf(bank->why, sizeof bank->why, "%s", why);
    co_lock_drop(&bank->lock);
    return news;
}

/* Repeat it while the database is away. False: it refused, or the context ended. */
static bool persist(struct co_context *context, struct bank *bank,
    enum pg_status (*work)(struct co_context *context, struct bank *bank, char *error, size_t size),
    char *error, size_t size)
{
    enum pg_status status;
    while ((status = work(context, bank, error, size)) == PG_LOST &&
           co_context_err(context) == CO_CONTEXT_OK) {
        char why[LEDGER_REASON];
        snprintf(why, sizeof why, "the database is away: %.200s", error);
        if (set_why(bank, why))
            notice(NOTICE_TROUBLE, "%s", why);
        co_sleep(ASK_AGAIN_MS * CO_CLOCK_MS);
    }
    if (status == PG_OK)
        (void)set_why(bank, "");
    return status == PG_OK;
}

static enum pg_status prepare(
    struct co_context *context, struct bank *bank, char *error, size_t size)
{
    return store_prepare(context, bank->conninfo, error, size);
}

static enum pg_status find_main(
    struct co_context *context, struct bank *bank, char *error, size_t size)
{
    const struct store_wanted wanted = {
        .ledger = BANK_NAME_MAIN, .strategy = strategy_list_find(bank->strategies, BANK_NAME_MAIN)};
    struct store_found found;
    if (bank->main_is_in)
        return bank_main_keep_out(context, bank, error, size);
    enum pg_status status = store_find(context, bank->conninfo, &wanted, &found, error, size);
    return status == PG_OK ? bank_main_take_back(context, bank, error, size) : status;
}

static enum pg_status enter(struct co_context *context, struct bank *bank, char *error, size_t size)
{
    const struct lease_options options = {.conninfo = bank->conninfo,
        .url = bank->url,
        .place = bank->place,
        .witness = bank->witness,
        .accepts_lost = bank->accepts_lost};
    return lease_start(context, &options, &bank->lease, error, size);
}

static enum bank_admission admits(struct bank *bank, const char *name)
{
    return bank->admits ? bank->admits(bank->admits_arg, name) : BANK_ADMITTED;
}

/* As this program was told; else as it was made; else as ledgers are by default. */
static const char *strategy_of(const struct bank *bank, const struct lease_row *row)
{
    const char *strategy = strategy_list_find(bank->strategies, row->name);
    if (!strategy)
        strategy = strategy_list_known(row->strategy, strlen(row->strategy));
    if (!strategy) /* one that this program does not know */
        strategy = strategy_list_default(bank->strategies);
    return strategy;
}

/* Slots for what the database has and the bank does not. Where nobody says whose one is, each of
 * the others would wait as long for the same. Who makes a ledger waits for none of that. */
static void add_slots(struct bank *bank, size_t *known)
{
    struct lease_row row;
    size_t rows = lease_row_count(bank->lease);
    if (rows == *known) /* none has come since; none ever goes */
        return;
    enum bank_admission admission = BANK_ADMITTED;
    size_t before = atomic_load(&bank->count);
    for (size_t i = 0; admission != BANK_NOBODY_SAYS && lease_row(bank->lease, i, &row); i++) {
        if (atomic_load(&bank->count) == bank->max_ledgers || bank_slot_find(bank, row.name) ||
            (admission = admits(bank, row.name)) != BANK_ADMITTED)
            continue;
        co_mutex_lock(&bank->making);
        if (atomic_load(&bank->count) < bank->max_ledgers && !bank_slot_find(bank, row.name) &&
            !add_slot(bank, row.ledger, row.name, strategy_of(bank, &row)))
            notice(NOTICE_TROUBLE, "ledger %s: out of memory", row.name);
        co_mutex_unlock(&bank->making);
    }
    *known = admission == BANK_NOBODY_SAYS ? 0 : rows;
    if (atomic_load(&bank->count) != before)
        bank_step(bank);
}

/* Park until the lease has news. What it says of the database has gone to the log; whoever asks why
 * the bank is not open is told, too. */
static bool await_news(struct bank *bank, uint64_t *seen)
{
    char why[LEASE_WHY];
    if (!lease_await_news(bank->running, bank->lease, seen))
        return false;
    lease_tell_problem(bank->lease, why);
    (void)set_why(bank, why);
    return true;
}

/* Others may make ledgers while this server stands by. */
static void attend(void *arg)
{
    struct bank *bank = arg;
    uint64_t seen = 0;
    size_t known = 0;
    do {
        bool is_read = lease_is_good(bank->lease); /* there has been a look */
        add_slots(bank, &known);
        if (is_read && !atomic_exchange(&bank->is_read, true))
            bank_step(bank);
    } while (await_news(bank, &seen));
    co_waitgroup_done(&bank->keepers);
}

/* Of those that never rest: how many slots there are, how many of them are open, how many have been
 * or cannot be, and how many another server has. */
struct tally {
    size_t slots, open, settled, elsewhere;
    char why[LEDGER_REASON]; /* of the first that is not open */
};

/* Its keeper saw it with another server. That one may have died since. */
static bool is_still_elsewhere(struct bank *bank, int number)
{
    struct lease_row row;
    return lease_find(bank->lease, number, &row) && !row.free && !row.ours;
}

static void count_slots(struct bank *bank, struct tally *tally)
{
    size_t count = atomic_load(&bank->count);
    *tally = (struct tally){.slots = 0};
    for (size_t i = 0; i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        if (!bank_rest_never(slot))
            continue;
        tally->slots++;
        co_lock_take(&slot->lock);
        bool open = slot->ledger != NULL, settled = slot->settled;
        bool elsewhere = !open && slot->state == LEDGER_ELSEWHERE;
        if (!open && !*tally->why)
            memcpy(tally->why, slot->why, sizeof tally->why);
        co_lock_drop(&slot->lock);
        elsewhere = elsewhere && is_still_elsewhere(bank, slot->number);
        tally->open += open;
        tally->settled += settled && !elsewhere;
        tally->elsewhere += elsewhere;
    }
}

static bool await_ledgers(struct co_context *context, struct bank *bank, char *error, size_t size)
{
    for (;;) {
        struct tally tally;
        /* Read before counting: a step in between is not missed. */
        uint64_t seen = co_eventcount_read(&bank->progress);
        bool is_read = atomic_load(&bank->is_read); /* before the count, which is whole then */
        count_slots(bank, &tally);
        snprintf(error, size, "%s", tally.why);
        if (bank_is_lost(bank))
            return false;
        bool none_is_left = tally.settled + tally.elsewhere == tally.slots;
        if (is_read && none_is_left && (tally.slots > 0 || bank->main_is_in))
            return tally.open + tally.elsewhere > 0 || tally.slots == 0;
        if (co_eventcount_await(context, &bank->progress, seen + 1) != CO_EVENTCOUNT_REACHED)
            return false;
    }
}

bool bank_open(struct co_context *context, struct bank *bank, char *error, size_t size)
{
    /* The schema and "main" first: a lease is a row in it. */
    if (!persist(context, bank, prepare, error, size) ||
        !persist(context, bank, find_main, error, size) ||
        !persist(context, bank, enter, error, size))
        return false;
    bank->committer = committer_start(bank->conninfo, bank->lease);
    bank->duties = duties_start(bank->conninfo);
    if (!bank->committer || !bank->duties || !bank_replica_start(bank) ||
        !co_duty_start("bank load", &bank->load_duty, bank_tell_load, bank) ||
        !co_duty_start("ledgers at rest", &bank->rest_duty, bank_rest_look, bank)) {
        snprintf(error, size, "out of memory");
        return false;
    }

    /* From here on keepers open what they can; wait until each has tried. */
    co_waitgroup_add(&bank->keepers, 1);
    if (!co_spawn_named("bank attendant", attend, bank)) {
        co_waitgroup_done(&bank->keepers);
        snprintf(error, size, "out of memory");
        return false;
    }
    bool open = await_ledgers(context, bank, error, size);
    atomic_store(&bank->open, open);
    return open;
}

bool bank_is_open(struct bank *bank, char why[LEDGER_REASON])
{
    struct tally tally;
    *why = '\0';
    /* Once open it stays so: a ledger that goes away later says so by itself. */
    if (atomic_load(&bank->open))
        return true;
    count_slots(bank, &tally);
    co_lock_take(&bank->lock);
    memcpy(why, *bank->why ? bank->why : tally.why, LEDGER_REASON);
    co_lock_drop(&bank->lock);
    bank_cut_reason(why);
    return false;
}

bool bank_is_lost(struct bank *bank)
{
    return atomic_load(&bank->lost);
}

/* ---- making one ---------------------------------------------------------------------------- */

/* The caller holds `making`. NULL: see *status; OK: there is one, which another server has made. */
static struct bank_slot *make_slot(struct co_context *context, struct bank *bank, const char *name,
    const char *strategy, bool *made, enum ledger_status *status)
{
    char error[LEDGER_REASON];
    struct store_found found;
    /* As asked for; else as the options say of that name, or of all. */
    if (!strategy)
        strategy = strategy_list_find(bank->strategies, name);
    if (!strategy)
        strategy = strategy_list_default(bank->strategies);
    strategy = strategy_list_known(strategy, strlen(strategy));
    *status = LEDGER_LEDGER_LIMIT;
    if (atomic_load(&bank->count) == bank->max_ledgers)
        return NULL;
    *status = LEDGER_UNAVAILABLE;
    const struct store_wanted wanted = {
        .ledger = name, .strategy = strategy, .server = lease_server(bank->lease)};
    if (store_find(context, bank->conninfo, &wanted, &found, error, sizeof error) != PG_OK) {
        notice(NOTICE_TROUBLE, "ledger %s: %s", name, error);
        return NULL;
    }
    /* Its row must be seen before its keeper can take it. */
    lease_look_soon(bank->lease);
    *made = found.made;
    *status = *made ? LEDGER_UNAVAILABLE : LEDGER_OK;
    if (!*made)
        return NULL;
    struct bank_slot *slot = add_slot(bank, found.number, name, strategy);
    return slot && bank_keep(slot, true) ? slot : NULL;
}

/* Another server has it, or takes it, as this one is leaving. */
static bool goes_elsewhere(struct bank_slot *slot)
{
    struct lease_row row;
    if (atomic_load(&slot->bank->leaving))
        return true;
    co_lock_take(&slot->lock);
    bool is_away = slot->given || slot->moves;
    co_lock_drop(&slot->lock);
    return is_away || (lease_find(slot->bank->lease, slot->number, &row) && !row.free && !row.ours);
}

/* Park until it is open; one that is on its way is waited for as in bank_await(). */
static enum ledger_status await_open(
    struct co_context *context, struct bank_slot *slot, struct ledger **ledger)
{
    for (;;) {
        /* Read before looking, as above. */
        uint64_t seen = co_eventcount_read(&slot->bank->progress);
        *ledger = bank_slot_enter(slot);
        if (*ledger)
            return LEDGER_OK;
        if (goes_elsewhere(slot) || bank_rest_would_open(slot))
            return bank_await(context, slot->bank, slot->name, ledger);
        if (co_eventcount_await(context, &slot->bank->progress, seen + 1) != CO_EVENTCOUNT_REACHED)
            return LEDGER_UNAVAILABLE;
    }
}

enum ledger_status bank_create(struct co_context *context, struct bank *bank, const char *name,
    const char *strategy, struct ledger **ledger, bool *created)
{
    enum ledger_status status = LEDGER_OK;
    co_ensure(bank_name_is_valid(name));
    co_ensure(!strategy || strategy_list_known(strategy, strlen(strategy)));
    *ledger = NULL;
    *created = false;

    /* One at a time, so that a name gets one slot. */
    co_mutex_lock(&bank->making);
    struct bank_slot *slot = bank_slot_find(bank, name);
    if (!slot && atomic_load(&bank->leaving))
        status = LEDGER_UNAVAILABLE;
    else if (!slot)
        slot = make_slot(context, bank, name, strategy, created, &status);
    co_mutex_unlock(&bank->making);

    /* As it was made there, with its strategy. */
    if (!slot && status == LEDGER_OK) {
        status = LEDGER_UNAVAILABLE;
        slot = bank_await_known(context, bank, name) ? bank_slot_find(bank, name) : NULL;
    }
    if (!slot)
        return status;
    /* The same again is fine; with another strategy it would not be the same. */
    if (strategy && strcmp(slot->strategy, strategy) != 0)
        return LEDGER_LEDGER_EXISTS;
    /* Made is not open: the keeper takes it like any other. */
    status = await_open(context, slot, ledger);
    *created = *created && *ledger;
    return status;
}

int bank_schema(void)
{
    return migrate_newest();
}
