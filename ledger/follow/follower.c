/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - onward.place is where the tables are, but while a step is under way; what the journal counts as
 *   durable is never ahead of the tables.
 * - The interest has the batches that are here, once journal_pass() has told of the last of their
 *   entries. So it knows when a look of the lease was sent whose batch, and so all before it, is
 *   here. Where the database that is read is a standby, it is only this that tells how far behind
 *   it is.
 *
 * Its pace: together the followers of a server use a third of a connection at most, as each rests
 * twice as long as it read, if it is the only one that is catching up, and longer by three times
 * that for each other one. But one that is a whole stretch behind rests only as long as that took.
 */
#include "ledger/follow/follower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "ledger/audit/audit_replay_onward.h"
#include "ledger/audit/audit_stretch.h"
#include "ledger/db/readers.h"
#include "ledger/db/replica.h"
#include "ledger/follow/vouch.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/state.h"
#include "ledger/lease/lease_interest.h"
#include "ledger/ledger_private.h"

enum {
    SHARE = 3, /* one part of so many of a connection */
    REST_MAX_MS = 2000,
    BEHIND_MS = 2000, /* a database that is that long behind what was followed has gone back */
    AWAY_MS = 200,    /* before it is asked again */
};

struct follower {
    struct ledger *ledger;
    _Atomic size_t *company;
    struct audit_replay_onward onward;
    int64_t stepped_ns, behind_ns; /* behind: since when the database is; 0: it is not */
    struct lease_row row;          /* what the lease saw last, */
    int64_t told_ns;               /* and when it looked */
    struct lease_interest interest;
    bool reads_replica; /* this step: what is read is not the database's own word */
};

/* ---- making -------------------------------------------------------------------------------- */

static void pass(void *arg, uint64_t seq, int64_t at_us)
{
    const struct follower *f = arg;
    journal_pass(f->ledger->journal, seq, at_us);
}

/* Is what the replica says what the database has? It may have more than that counts as committed,
 * or something else, where another standby was promoted. */
static bool is_vouched(
    struct co_context *context, struct follower *f, const struct replica_place *place)
{
    char why[LEASE_WHY];
    bool has = true;
    if (place->batch == f->row.batch && place->chained)
        has = memcmp(place->hash, f->row.hash, sizeof place->hash) == 0;
    else if (vouch_ask(context, f->ledger->store, place, &has) != PG_OK)
        return false;
    if (has)
        return true;
    snprintf(why, sizeof why, "its batch %lu of ledger %s is not the one that the database has",
        place->batch, f->ledger->name);
    replica_distrust(f->ledger->store->replica, why);
    return false;
}

static bool admit(struct co_context *context, void *arg, const struct audit_batch *last)
{
    struct follower *f = arg;
    struct replica_place place = {
        .ledger = f->ledger->store->ledger, .batch = last->number, .chained = last->chained};
    memcpy(place.hash, last->hash, sizeof place.hash);
    if (f->reads_replica && !is_vouched(context, f, &place))
        return false;
    store_vouch(f->ledger->store, &place);
    return true;
}

struct follower *follower_make(
    struct ledger *ledger, const struct state *state, _Atomic size_t *company)
{
    struct follower *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->ledger = ledger;
    f->company = company;
    f->onward = (struct audit_replay_onward){.ledger = ledger->store->ledger,
        .accounts = ledger->accounts,
        .holds = ledger->holds,
        .frozen = &ledger->frozen,
        .freeze_seq = &ledger->freeze_seq,
        .strategy = ledger->strategy,
        .admits = admit,
        .passed = pass,
        .arg = f,
        .place = {.seq = state->end.seq,
            .batch = state->end.batch,
            .epoch = state->end.epoch,
            .at_us = state->fold.at_us,
            .chained = state->chained}};
    memcpy(f->onward.place.hash, state->end.hash, sizeof f->onward.place.hash);
    lease_interest(ledger->store->lease, &f->interest, ledger->store->ledger, state->end.batch,
        state->asked_ns);
    f->stepped_ns = co_clock_boot_ns();
    return f;
}

void follower_free(struct follower **follower)
{
    if (*follower)
        lease_interest_end((*follower)->ledger->store->lease, &(*follower)->interest);
    free(*follower);
    *follower = NULL;
}

int64_t follower_known_ns(const struct follower *f)
{
    return lease_interest_known_ns(&f->interest);
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool rest(struct co_context *context, int64_t ns)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    return co_select_timeout(&end, 1, ns) == CO_SELECT_NONE;
}

/* One step; `why` is of WRONG and SHORT. */
static enum audit_replay_onward_found step(
    struct co_context *context, struct follower *f, struct pg *pg, char *why, size_t size)
{
    struct audit_report *report = calloc(1, sizeof *report);
    /* The replica may be ahead of what the database has shown. */
    uint64_t upto = f->reads_replica ? f->row.seq : INT64_MAX;
    if (!report)
        return AUDIT_ONWARD_AWAY;
    enum audit_replay_onward_found found =
        audit_replay_onward_step(context, pg, &f->onward, upto, report);
    if (found == AUDIT_ONWARD_WRONG)
        snprintf(why, size, "%.*s", (int)strcspn(report->text, "\n"), report->text);
    else if (found == AUDIT_ONWARD_SHORT)
        snprintf(why, size, "out of memory");
    free(report);
    f->stepped_ns = co_clock_boot_ns();
    const struct audit_place *place = &f->onward.place;
    lease_interest_has(f->ledger->store->lease, &f->interest, place->batch,
        place->batch >= f->row.batch ? f->told_ns : 0);
    return found;
}

/* After a step that took so long. Those that rest count, too: else there would be the more of them
 * that read. */
static int64_t rest_of(const struct follower *f, int64_t took_ns, bool is_far)
{
    int64_t company = (int64_t)atomic_load(f->company);
    int64_t rest_ns = is_far ? took_ns : took_ns * (SHARE * company - 1);
    return rest_ns < REST_MAX_MS * CO_CLOCK_MS ? rest_ns : REST_MAX_MS * CO_CLOCK_MS;
}

/* A step on one of the connections for that, and the rest that is due after it. */
static enum audit_replay_onward_found step_and_rest(
    struct co_context *context, struct follower *f, char *why, size_t size)
{
    const struct store *store = f->ledger->store;
    f->reads_replica = replica_is_good(store->replica);
    struct readers *readers = f->reads_replica ? replica_readers(store->replica) : store->readers;
    struct pg *pg = readers_borrow(context, readers);
    if (!pg) {
        (void)rest(context, AWAY_MS * CO_CLOCK_MS);
        return AUDIT_ONWARD_AWAY;
    }
    int64_t began_ns = co_clock_boot_ns();
    uint64_t before = f->onward.place.seq;
    enum audit_replay_onward_found found = step(context, f, pg, why, size);
    readers_return(readers, pg);
    int64_t took_ns = co_clock_boot_ns() - began_ns;
    bool is_far = f->onward.place.seq - before >= AUDIT_ONWARD_FULL;
    if (found == AUDIT_ONWARD_AWAY)
        (void)rest(context, AWAY_MS * CO_CLOCK_MS);
    else if (found < AUDIT_ONWARD_AWAY)
        (void)rest(context, rest_of(f, took_ns, is_far));
    return found;
}

/* ---- is it still there? -------------------------------------------------------------------- */

/* The database does not have what was followed last: it is older than that, or it was written on
 * from something older. */
static void say_behind(const struct follower *f, char *why, size_t size)
{
    const struct audit_place *place = &f->onward.place;
    snprintf(why, size,
        "the database is older than what was followed: batch %lu, up to seq %lu, is missing, or "
        "another",
        place->batch, place->seq);
}

/* What comes next is wrong: because it goes on from something else? */
static enum ledger_follow_end judge_wrong(
    struct co_context *context, struct follower *f, char *why, size_t size)
{
    const struct store *store = f->ledger->store;
    struct lease_place had;
    bool has;
    enum pg_status status;
    follower_place(f, &had);
    while ((status = store_has_batch(context, store, NULL, &had, &has)) != PG_OK &&
           rest(context, AWAY_MS * CO_CLOCK_MS))
        ;
    if (status != PG_OK || has)
        return LEDGER_FOLLOW_WRONG;
    say_behind(f, why, size);
    return LEDGER_FOLLOW_BEHIND;
}

/* ---- following ----------------------------------------------------------------------------- */

/* Does the last batch that the database has contradict what was read of it? */
static bool contradicts(const struct follower *f)
{
    const struct audit_place *place = &f->onward.place;
    if (f->row.batch != place->batch)
        return f->row.batch < place->batch;
    return place->chained && memcmp(f->row.hash, place->hash, sizeof place->hash) != 0;
}

/* Is the database older than what was read of it? Where a standby is read that may be a moment
 * ahead. */
static bool has_gone_back(struct follower *f, char *why, size_t size)
{
    if (f->told_ns < f->stepped_ns || !contradicts(f)) {
        f->behind_ns = 0;
        return false;
    }
    if (f->behind_ns == 0)
        f->behind_ns = f->told_ns;
    if (f->told_ns - f->behind_ns < BEHIND_MS * CO_CLOCK_MS)
        return false;
    say_behind(f, why, size);
    return true;
}

/* Carry out what the lease has seen, as far as it can be read now. */
static enum audit_replay_onward_found catch_up(
    struct co_context *context, struct follower *f, char *why, size_t size)
{
    enum audit_replay_onward_found found = AUDIT_ONWARD_MORE;
    atomic_fetch_add(f->company, 1);
    while (found == AUDIT_ONWARD_MORE && f->onward.place.batch < f->row.batch)
        found = step_and_rest(context, f, why, size);
    atomic_fetch_sub(f->company, 1);
    return found;
}

/* STOPPED: it goes on. */
static enum ledger_follow_end look(
    struct co_context *context, struct follower *f, char *why, size_t size)
{
    if (has_gone_back(f, why, size))
        return LEDGER_FOLLOW_BEHIND;
    switch (catch_up(context, f, why, size)) {
    case AUDIT_ONWARD_WRONG:
        return judge_wrong(context, f, why, size);
    case AUDIT_ONWARD_SHORT:
        return LEDGER_FOLLOW_SHORT;
    case AUDIT_ONWARD_MORE:
    case AUDIT_ONWARD_NOTHING:
    case AUDIT_ONWARD_AWAY:
        break;
    }
    return LEDGER_FOLLOW_STOPPED;
}

/* Is here what the last look told of, and nothing else? */
static bool is_settled(const struct follower *f)
{
    return f->told_ns != 0 && f->onward.place.batch == f->row.batch && !contradicts(f);
}

enum ledger_follow_end follower_run(
    struct co_context *context, struct follower *f, char *why, size_t size)
{
    struct lease *lease = f->ledger->store->lease;
    enum ledger_follow_end end = LEDGER_FOLLOW_STOPPED;
    uint64_t seen = 0, moves = 0;
    while (end == LEDGER_FOLLOW_STOPPED &&
           (is_settled(f) ? lease_interest_await(context, &f->interest, &moves)
                          : lease_await_news(context, lease, &seen)))
        if (lease_interest_told(lease, &f->interest, &f->row, &f->told_ns))
            end = look(context, f, why, size);
    if (end != LEDGER_FOLLOW_STOPPED)
        journal_break(f->ledger->journal);
    return end;
}

void follower_place(const struct follower *f, struct lease_place *place)
{
    *place = (struct lease_place){
        .epoch = f->onward.place.epoch, .batch = f->onward.place.batch, .seq = f->onward.place.seq};
    memcpy(place->hash, f->onward.place.hash, sizeof place->hash);
}

/* ---- the end ------------------------------------------------------------------------------- */

/* What was taken does not follow what was read. */
static enum ledger_trouble judge_end(
    struct co_context *context, const struct follower *f, char *error, size_t size)
{
    const struct store *store = f->ledger->store;
    struct lease_place had;
    bool has;
    follower_place(f, &had);
    if (store_has_batch(context, store, store->opener, &had, &has) != PG_OK) {
        snprintf(error, size, "%s", pg_message(store->opener));
        return LEDGER_TROUBLE_AWAY;
    }
    if (has)
        return LEDGER_TROUBLE_DAMAGED;
    /* Accepted or not, these tables go no further: the ledger would have to be read again. */
    store_accepts_loss(context, store, &had, error, size);
    return LEDGER_TROUBLE_BEHIND;
}

bool follower_finish(struct co_context *context, struct follower *f, enum ledger_trouble *trouble,
    char *error, size_t size)
{
    const struct store *store = f->ledger->store;
    const struct audit_place *place = &f->onward.place;
    enum audit_replay_onward_found found = AUDIT_ONWARD_MORE;
    f->reads_replica = false; /* the opener is the database's */
    while (found == AUDIT_ONWARD_MORE && place->batch < store->batch)
        found = step(context, f, store->opener, error, size);
    *trouble = LEDGER_TROUBLE_AWAY;
    if (found == AUDIT_ONWARD_AWAY)
        snprintf(error, size, "%s", pg_message(store->opener));
    if (found == AUDIT_ONWARD_AWAY || found == AUDIT_ONWARD_SHORT)
        return false;
    /* Nobody adds to it now: it must be the very end that was found when it was taken. */
    bool is_end =
        place->batch == store->batch && memcmp(place->hash, store->hash, sizeof place->hash) == 0;
    if (found != AUDIT_ONWARD_WRONG && is_end)
        return true;
    if (found != AUDIT_ONWARD_WRONG)
        snprintf(error, size, "the journal is not what was followed: it ends at batch %lu, not %lu",
            store->batch, place->batch);
    *trouble = judge_end(context, f, error, size);
    return false;
}
