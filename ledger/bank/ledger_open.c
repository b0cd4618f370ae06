/* SPDX-License-Identifier: MIT */
/*
 * Opens and closes a ledger. What changes it is in ledger/change/, what reads it in ledger/read/;
 * both see struct ledger through ledger_private.h.
 *
 * The way of a change: key (keys.h) -> section (strategy.h): rules decide (rules.h), the journal
 * gives the position (journal.h) -> wait until it is durable -> answer.
 */
#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/audit/auditor.h"
#include "ledger/bank/duties.h"
#include "ledger/bank/ledger_open_private.h"
#include "ledger/change/hold.h"
#include "ledger/failpoint.h"
#include "ledger/follow/follower.h"
#include "ledger/journal/checkpointer.h"
#include "ledger/journal/committer.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/recall.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_following.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/hold_table.h"
#include "ledger/memory/keys.h"
#include "ledger/memory/reversal_table.h"
#include "ledger/notice.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

enum { REST_LEAST_S = 2 /* not for less is a ledger closed */ };

static bool open_store(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, enum ledger_trouble *trouble, char *error, size_t size)
{
    struct store_options of_store;
    ledger_open_store_options(ledger, options, &of_store);
    ledger->store = store_open(context, &of_store, trouble, error, size);
    return ledger->store != NULL;
}

void ledger_open_store_options(const struct ledger *ledger, const struct ledger_options *options,
    struct store_options *of_store)
{
    *of_store = (struct store_options){.conninfo = options->conninfo,
        .ledger = options->name,
        .strategy = options->strategy,
        .readers = options->readers,
        .errands = ledger->duties->errands,
        .replica = options->replica,
        .had = options->had,
        .lease = options->lease,
        .number = options->number};
}

bool ledger_open_tables(struct ledger *ledger, const struct ledger_options *options)
{
    static _Atomic uint64_t opened;
    ledger->serial = atomic_fetch_add(&opened, 1) + 1;
    ledger->duties = options->duties;
    if (!ledger->duties)
        ledger->duties = ledger->own_duties = duties_start(options->conninfo);
    return ledger->duties && (ledger->open = co_context_with_cancel(co_context_background())) &&
           (ledger->name = strdup(options->name)) && (ledger->accounts = account_table_make()) &&
           (ledger->holds = hold_table_make()) && (ledger->reversals = reversal_table_make()) &&
           (ledger->recall = calloc(1, sizeof *ledger->recall)) &&
           (ledger->checkpointer = calloc(1, sizeof *ledger->checkpointer));
}

bool ledger_open_state(struct co_context *context, struct ledger *ledger, const char *strategy,
    struct state *state, char *error, size_t size)
{
    state->accounts = ledger->accounts;
    state->holds = ledger->holds;
    state->frozen = &ledger->frozen;
    state->freeze_seq = &ledger->freeze_seq;
    int64_t began_ns = co_clock_now_ns();
    if (!state_read(context, ledger->store, state, error, size))
        return false;
    store_end_opening(ledger->store);
    const struct fold *fold = &state->fold;
    notice(NOTICE_INFO,
        "ledger %s: strategy %s, %lu accounts; %lu entries folded upon the checkpoint at %lu in "
        "%ld ms",
        ledger->name, strategy, account_count(ledger->accounts), fold->seq - fold->checkpoint,
        fold->checkpoint, (co_clock_now_ns() - began_ns) / CO_CLOCK_MS);
    return true;
}

/* Positions go on from where the fold has come to. */
static bool open_journal(
    struct ledger *ledger, const struct ledger_options *options, const struct fold *fold)
{
    struct committer *committer = options->committer;
    if (!committer)
        committer = ledger->own_committer =
            committer_start(options->conninfo, ledger->store->lease);
    if (committer)
        ledger->journal = journal_start(
            committer_gathering(committer), ledger->store, ledger->keys, fold->seq, fold->at_us);
    return ledger->journal != NULL;
}

bool ledger_open_duties(struct ledger *ledger, bool audits_soon, uint64_t seq, uint64_t checkpoint)
{
    if (!recall_start(ledger->recall, ledger->store, ledger->keys, seq) ||
        !checkpointer_start(&ledger->duties->checkpointer, ledger->checkpointer, ledger->store,
            ledger->journal, ledger->keys, checkpoint))
        return false;
    ledger->auditor =
        auditor_start(&ledger->duties->auditor, ledger, audits_soon || failpoint("audit.soon"));
    return ledger->auditor && hold_expirer_start(&ledger->duties->expirer, ledger);
}

static bool open_parts(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, enum ledger_trouble *trouble, char *error, size_t size)
{
    struct state state;
    const struct fold *fold = &state.fold;
    snprintf(error, size, "out of memory");
    if (!ledger_open_tables(ledger, options))
        return false;

    /* Take the ledger, and read what is durable: from here on it cannot change without us. */
    if (!open_store(context, ledger, options, trouble, error, size))
        return false;
    *trouble = LEDGER_TROUBLE_DAMAGED; /* unless the connection is lost */
    if (!ledger_open_state(context, ledger, options->strategy, &state, error, size))
        return false;
    *trouble = LEDGER_TROUBLE_AWAY;
    if (query_item_keys(context, ledger->store, fold->seq, &ledger->item_keys_upto) != PG_OK) {
        snprintf(error, size, "the database could not be asked for the keys of items");
        return false;
    }

    /* What decides and writes; then what works in the background. */
    snprintf(error, size, "out of memory");
    return (ledger->keys = keys_make(fold->key_secret)) && open_journal(ledger, options, fold) &&
           (ledger->strategy = strategy_make(options->strategy)) &&
           ledger_open_duties(ledger, options->audits_soon, fold->seq, fold->checkpoint);
}

/* The reason is that the connection was lost, not what came over it. */
bool ledger_open_was_cut_off(const struct ledger *ledger, const char *error)
{
    const struct pg *writer = ledger->store ? ledger->store->opener : NULL;
    return writer && pg_is_lost(writer) && strcmp(pg_message(writer), error) == 0;
}

struct ledger *ledger_open(struct co_context *context, const struct ledger_options *options,
    char *error, size_t error_size)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    enum ledger_trouble kind = LEDGER_TROUBLE_AWAY;
    if (!ledger) {
        snprintf(error, error_size, "out of memory");
    } else if (open_parts(context, ledger, options, &kind, error, error_size)) {
        kind = LEDGER_TROUBLE_NONE;
    } else {
        /* Rows that did not come look like rows that are not there. */
        if (kind == LEDGER_TROUBLE_DAMAGED && ledger_open_was_cut_off(ledger, error))
            kind = LEDGER_TROUBLE_AWAY;
        ledger_close(&ledger);
    }
    if (options->trouble)
        *options->trouble = kind;
    return ledger;
}

void ledger_fold_ahead(struct ledger *ledger)
{
    checkpointer_stop(ledger->checkpointer);
    /* It is served meanwhile, so it leaves sessions to those that are closing. */
    checkpointer_finish(ledger->checkpointer, ERRAND_IN_BACKGROUND);
}

void ledger_close(struct ledger **ledger)
{
    struct ledger *closed = *ledger;
    *ledger = NULL;
    if (!closed)
        return;
    /* No more callers: those that are inside finish first. */
    atomic_store(&closed->closing, true);
    if (closed->open)
        co_context_cancel(closed->open);
    co_waitgroup_wait(&closed->users);
    /* Whatever works in the background, before what it works on. */
    co_rota_leave(&closed->expirer);
    auditor_stop(&closed->auditor);
    if (closed->checkpointer)
        checkpointer_stop(closed->checkpointer);
    if (closed->recall)
        co_duty_stop(&closed->recall->duty);
    /* What was decided becomes durable, and the next start has no tail to replay. */
    strategy_free(&closed->strategy);
    if (closed->journal && atomic_load(&closed->store->standing) == STORE_OURS) {
        journal_drain(closed->journal);
        checkpointer_finish(closed->checkpointer, ERRAND_AWAITED);
    }
    journal_stop(&closed->journal);
    follower_free(&closed->follower);
    committer_stop(&closed->own_committer);
    /* Nothing refers to memory any more. */
    store_close(&closed->store);
    duties_stop(&closed->own_duties);
    hold_table_free(&closed->holds);
    reversal_table_free(&closed->reversals);
    keys_free(&closed->keys);
    account_table_free(&closed->accounts);
    free(closed->checkpointer);
    free(closed->recall);
    if (closed->open)
        co_context_release(&closed->open);
    free(closed->name);
    free(closed);
}

void ledger_enter(struct ledger *ledger)
{
    co_waitgroup_add(&ledger->users, 1);
}

void ledger_leave(struct ledger *ledger)
{
    co_waitgroup_done(&ledger->users);
}

struct co_context *ledger_open_context(struct ledger *ledger)
{
    return ledger->open;
}

uint64_t ledger_serial(const struct ledger *ledger)
{
    return ledger->serial;
}

uint64_t ledger_durable_seq(struct ledger *ledger)
{
    return journal_durable(ledger->journal);
}

bool ledger_await(struct co_context *context, struct ledger *ledger, uint64_t after)
{
    return journal_await(context, ledger->journal, JOURNAL_ENTRY, after + 1) ==
           CO_EVENTCOUNT_REACHED;
}

bool ledger_is_over(struct ledger *ledger)
{
    enum ledger_state state = journal_state(ledger->journal);
    return state == LEDGER_FENCED || state == LEDGER_LOST || atomic_load(&ledger->closing);
}

uint64_t ledger_users(const struct ledger *ledger)
{
    return co_waitgroup_count(&ledger->users);
}

uint64_t ledger_epoch(const struct ledger *ledger)
{
    return ledger->store->epoch;
}

bool ledger_is_crossed(struct ledger *ledger)
{
    uint64_t seq;
    return hold_table_clearing(ledger->holds, 0, &seq, 1) > 0;
}

bool ledger_may_rest(struct ledger *ledger, int64_t *opens_us)
{
    struct ledger_figures figures;
    int64_t ends_us = hold_table_next(ledger->holds);
    *opens_us = ends_us ? ends_us : -1;
    journal_read_figures(ledger->journal, &figures);
    return figures.state == LEDGER_RUNNING && figures.durable_seq == figures.head_seq &&
           !ledger_is_crossed(ledger) &&
           (!ends_us || ends_us - co_clock_wall_us() > REST_LEAST_S * 1000000);
}

bool ledger_was_resumed(struct ledger *ledger)
{
    const struct lease_claim *claim = &ledger->store->claim;
    struct lease_row row;
    return journal_state(ledger->journal) == LEDGER_STOPPED && atomic_load(&claim->stop_recorded) &&
           lease_find(claim->lease, claim->ledger, &row) && row.ours && !*row.stopped;
}

int64_t ledger_followed_ns(struct ledger *ledger)
{
    return atomic_load(&ledger->following)
               ? co_clock_boot_ns() - follower_known_ns(ledger->follower)
               : 0;
}

/* As of the last look at the database. */
static uint64_t entries_behind(struct ledger *ledger)
{
    const struct store *store = ledger->store;
    uint64_t here = journal_durable(ledger->journal);
    struct lease_row row;
    bool known = lease_find(store->lease, store->ledger, &row);
    return known && row.seq > here ? row.seq - here : 0;
}

void ledger_read_figures(struct ledger *ledger, struct ledger_figures *figures)
{
    journal_read_figures(ledger->journal, figures);
    figures->followed_ns = ledger_followed_ns(ledger);
    if (atomic_load(&ledger->following))
        figures->followed_behind = entries_behind(ledger);
    else
        auditor_read_figures(ledger->auditor, figures);
    figures->name = ledger->name;
    figures->strategy = ledger->strategy->kind->name;
    figures->accounts = account_count(ledger->accounts);
    figures->open_holds = hold_table_count(ledger->holds);
    figures->frozen = atomic_load(&ledger->frozen);
    figures->replays = atomic_load(&ledger->replays);
    figures->rejections = atomic_load(&ledger->rejections);
    figures->unknown_outcomes = atomic_load(&ledger->unknown_outcomes);
}

void ledger_read_machinery(struct ledger *ledger, struct ledger_machinery *machinery)
{
    struct strategy_figures figures;
    _Static_assert(LEDGER_BUSIEST == (int)STRATEGY_BUSIEST, "all of them are told");
    strategy_read_figures(ledger->strategy, &figures);
    *machinery = (struct ledger_machinery){.strategy = ledger->strategy->kind->name,
        .how = ledger->strategy->kind->how,
        .waiting = figures.waiting,
        .capacity = figures.capacity,
        .shards = figures.places,
        .held = figures.held,
        .busiest_count = figures.busiest_count};
    for (size_t i = 0; i < figures.busiest_count; i++) {
        machinery->busiest[i].shard = figures.busiest[i].place;
        machinery->busiest[i].waiting = figures.busiest[i].waiting;
    }
}
