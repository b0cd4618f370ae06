/* SPDX-License-Identifier: MIT */
/*
 * The other way to an open ledger: read without taking it, kept up, and taken later. What readers
 * use is there from the beginning and stays in its place; what only an owner needs comes last, and
 * `following` ends when it is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/bank/ledger_open_private.h"
#include "ledger/follow/follower.h"
#include "ledger/follow/vouch.h"
#include "ledger/journal/committer.h"
#include "ledger/journal/journal.h"
#include "ledger/ledger_following.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/keys.h"
#include "ledger/notice.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

/* ---- following ----------------------------------------------------------------------------- */

/* Read it, of the replica or of the database; what the database has of it. */
static bool read_state(struct co_context *context, struct ledger *ledger, const char *strategy,
    struct state *state, char *error, size_t size)
{
    struct store *store = ledger->store;
    struct errands *errands = store->replica ? replica_errands(store->replica) : store->errands;
    int64_t caught_ns = store->replica ? replica_caught_ns(store->replica) : 0;
    if (!store_begin_opening(context, store, errands, error, size) ||
        !ledger_open_state(context, ledger, strategy, state, error, size))
        return false;
    if (store->replica) /* whenever that was asked: it may lag */
        state->asked_ns = caught_ns;
    if (state->end.seq != state->fold.seq) {
        snprintf(error, size,
            "the journal contradicts itself: the last batch ends at %lu, the last entry is %lu",
            state->end.seq, state->fold.seq);
        return false;
    }
    struct replica_place place = {
        .ledger = store->ledger, .batch = state->end.batch, .chained = state->chained};
    memcpy(place.hash, state->end.hash, sizeof place.hash);
    if (store->replica && !vouch_await(context, store, &place, error, size))
        return false;
    store_vouch(store, &place);
    return true;
}

static bool follow_parts(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, char *error, size_t size)
{
    struct store_options of_store;
    struct state state;
    snprintf(error, size, "out of memory");
    if (!ledger_open_tables(ledger, options))
        return false;
    ledger_open_store_options(ledger, options, &of_store);
    if (!(ledger->store = store_follow(&of_store)) ||
        !(ledger->strategy = strategy_make(options->strategy)))
        return false;
    if (!read_state(context, ledger, options->strategy, &state, error, size))
        return false;

    /* What readers need; the rest waits until the ledger is this server's. */
    snprintf(error, size, "out of memory");
    return (ledger->keys = keys_make(state.fold.key_secret)) &&
           (ledger->journal = journal_follow(committer_gathering(options->committer), ledger->store,
                ledger->keys, state.fold.seq, state.fold.at_us)) &&
           (ledger->follower = follower_make(ledger, &state, options->catching_up));
}

static struct ledger *follow(
    struct co_context *context, const struct ledger_options *options, char *error, size_t size)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    atomic_store(&ledger->following, true);
    if (!follow_parts(context, ledger, options, error, size))
        ledger_close(&ledger);
    return ledger;
}

struct ledger *ledger_follow(
    struct co_context *context, const struct ledger_options *options, char *error, size_t size)
{
    struct ledger_options here = *options;
    struct ledger *ledger = NULL;
    if (options->replica)
        replica_settle(context, options->replica);
    if (replica_is_good(options->replica) && !(ledger = follow(context, options, error, size)))
        notice(NOTICE_TROUBLE,
            "ledger %s: not read from the read database, but from the database itself: %s",
            options->name, error);
    here.replica = NULL;
    if (ledger || co_context_err(context) != CO_CONTEXT_OK ||
        !(ledger = follow(context, &here, error, size)))
        return ledger;
    ledger->store->replica = options->replica; /* from here on it may be */
    return ledger;
}

enum ledger_follow_end ledger_follow_on(
    struct co_context *context, struct ledger *ledger, char *why, size_t size)
{
    return follower_run(context, ledger->follower, why, size);
}

void ledger_follow_place(const struct ledger *ledger, struct lease_place *place)
{
    follower_place(ledger->follower, place);
}

/* ---- taking it ----------------------------------------------------------------------------- */

bool ledger_follow_take(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, char *error, size_t size)
{
    struct store_options of_store;
    enum ledger_trouble trouble;
    ledger_open_store_options(ledger, options, &of_store);
    of_store.had = NULL; /* what is followed goes on meanwhile, and is held against it at its end */
    bool taken = store_take(context, ledger->store, &of_store, &trouble, error, size);
    if (options->trouble)
        *options->trouble = trouble;
    return taken;
}

/* How far the next start would come without us. */
static bool read_checkpoint(
    struct co_context *context, struct store *store, uint64_t *seq, char *error, size_t size)
{
    static const struct pg_statement read = {1, "SELECT seq FROM checkpoint WHERE ledger = $1"};
    char number[16];
    const char *values[] = {number};
    struct pg_result *rows = NULL;
    snprintf(number, sizeof number, "%d", store->ledger);
    bool good = pg_run(context, store->opener, &read, values, &rows) == PG_OK;
    if (good && pg_rows(rows) == 1)
        *seq = (uint64_t)pg_number(rows, 0, 0);
    else
        snprintf(error, size, "%s", good ? "the checkpoint is missing" : pg_message(store->opener));
    good = good && pg_rows(rows) == 1;
    pg_free(&rows);
    return good;
}

static bool open_parts(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, enum ledger_trouble *trouble, char *error, size_t size)
{
    struct store *store = ledger->store;
    uint64_t checkpoint = 0, before = journal_durable(ledger->journal);
    int64_t began_ns = co_clock_now_ns();
    if (!follower_finish(context, ledger->follower, trouble, error, size))
        return false;
    *trouble = LEDGER_TROUBLE_DAMAGED;
    if (!read_checkpoint(context, store, &checkpoint, error, size)) {
        if (ledger_open_was_cut_off(ledger, error))
            *trouble = LEDGER_TROUBLE_AWAY;
        return false;
    }
    uint64_t seq = journal_durable(ledger->journal);
    store_end_opening(store);
    notice(NOTICE_INFO, "ledger %s: followed; %lu entries folded in %ld ms", ledger->name,
        seq - before, (co_clock_now_ns() - began_ns) / CO_CLOCK_MS);

    /* From here on it is told by the lease. */
    *trouble = LEDGER_TROUBLE_AWAY;
    journal_begin(ledger->journal);
    store_own(store);
    if (query_item_keys(context, store, seq, &ledger->item_keys_upto) != PG_OK) {
        snprintf(error, size, "the database could not be asked for the keys of items");
        return false;
    }
    snprintf(error, size, "out of memory");
    return ledger_open_duties(ledger, options->audits_soon, seq, checkpoint);
}

bool ledger_follow_open(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, char *error, size_t size)
{
    enum ledger_trouble trouble;
    bool open = open_parts(context, ledger, options, &trouble, error, size);
    if (open)
        atomic_store(&ledger->following, false);
    if (options->trouble)
        *options->trouble = open ? LEDGER_TROUBLE_NONE : trouble;
    return open;
}
