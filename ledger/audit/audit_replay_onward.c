/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_replay_onward.h"

#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/audit/audit_replay_private.h"
#include "ledger/failpoint.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/hold_table.h"
#include "ledger/strategy/strategy.h"

enum { SECTION = 64 }; /* entries that are carried out in one section: it holds up every reader */

struct going {
    struct audit_replay_onward *onward;
    struct audit_replay replay; /* with the tables of `onward` */
    const struct audit_batch *batch;
    bool more; /* entries of that batch */
};

/* ---- from a place, and to one -------------------------------------------------------------- */

static struct going *begin(struct audit_replay_onward *onward, struct audit_report *report)
{
    const struct audit_place *place = &onward->place;
    struct going *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    struct audit_replay *r = &g->replay;
    g->onward = onward;
    r->accounts = onward->accounts;
    r->holds = onward->holds;
    r->frozen = atomic_load(onward->frozen);
    r->freeze_seq = atomic_load(onward->freeze_seq);
    r->report = r->trail.report = report;
    r->trail.ledger = onward->ledger;
    r->trail.seq = place->seq;
    r->trail.batch = place->batch;
    r->trail.epoch = place->epoch;
    r->trail.at_us = place->at_us;
    r->trail.chained = place->chained;
    memcpy(r->trail.hash, place->hash, sizeof r->trail.hash);
    return g;
}

static void end(struct going **going)
{
    audit_trail_free(&(*going)->replay.trail);
    free(*going);
    *going = NULL;
}

static void note_place(const struct audit_trail *trail, struct audit_place *place)
{
    place->seq = trail->seq;
    place->batch = trail->batch;
    place->epoch = trail->epoch;
    place->at_us = trail->at_us;
    place->chained = trail->chained;
    memcpy(place->hash, trail->hash, sizeof place->hash);
}

/* ---- going --------------------------------------------------------------------------------- */

/* Where an account's last waypoint is was not followed: as after a start, its next movement is
 * one (account.h). */
static void forget_steps(struct audit_replay *r, const struct audit_entry *entry)
{
    for (size_t i = 0; i < entry->rows[AUDIT_POSTINGS]; i++) {
        struct account *from = account_by_number(r->accounts, entry->postings[i].from);
        struct account *to = account_by_number(r->accounts, entry->postings[i].to);
        if (from)
            from->steps = ACCOUNT_STEPS - 1;
        if (to)
            to->steps = ACCOUNT_STEPS - 1;
    }
}

/* Metadata stays in the database until it is asked for. */
static void note_metadata(struct audit_replay *r, const struct audit_entry *entry)
{
    struct account *account = account_by_number(r->accounts, entry->account.number);
    if (account && account->opened == entry->head.seq && entry->account_has_metadata)
        account->metadata = account_far;
}

/* The owner's expirer takes out of the heap what was settled; here nobody else does. */
static void forget_expired(struct audit_replay *r)
{
    struct hold due; /* one whose expiry is still to come stays */
    (void)!hold_table_expired(r->holds, r->trail.at_us, &due);
}

/* A section of all accounts. */
static void carry_out(void *arg)
{
    struct going *g = arg;
    struct audit_replay *r = &g->replay;
    for (int i = 0; i < SECTION && r->report->found == 0 && !r->short_of_memory; i++) {
        const struct audit_entry *entry = audit_trail_entry(&r->trail, g->batch);
        g->more = entry != NULL;
        if (!entry)
            break;
        audit_replay_entry(r, entry);
        forget_steps(r, entry);
        if (entry->head.kind == ENTRY_ACCOUNT && entry->rows[AUDIT_ACCOUNTS] > 0)
            note_metadata(r, entry);
    }
    forget_expired(r);
    atomic_store(g->onward->frozen, r->frozen);
    atomic_store(g->onward->freeze_seq, r->freeze_seq);
}

/* False: it is wrong, or memory is short. */
static bool go_through(struct going *g, const struct audit_batch *batch)
{
    struct audit_replay_onward *onward = g->onward;
    struct audit_replay *r = &g->replay;
    g->batch = batch;
    g->more = audit_trail_batch(&r->trail, batch);
    while (g->more) {
        strategy_run(onward->strategy, NULL, 0, carry_out, g);
        r->short_of_memory |= failpoint("follow.short");
        if (r->report->found > 0 || r->short_of_memory)
            return false;
        /* Only now may it be told: whoever looks finds all of it. */
        onward->passed(onward->arg, r->trail.seq, r->trail.at_us);
        co_yield();
    }
    return r->report->found == 0;
}

static bool admits(struct co_context *context, const struct audit_replay_onward *onward,
    const struct audit_stretch *stretch)
{
    return onward->admits(context, onward->arg, &stretch->batches[stretch->count - 1]);
}

enum audit_replay_onward_found audit_replay_onward_step(struct co_context *context, struct pg *pg,
    struct audit_replay_onward *onward, uint64_t upto, struct audit_report *report)
{
    struct going *g = begin(onward, report);
    if (!g)
        return AUDIT_ONWARD_AWAY; /* for as long as it lasts */
    struct audit_trail *trail = &g->replay.trail;
    enum audit_replay_onward_found found = AUDIT_ONWARD_NOTHING;
    if (audit_trail_read(context, pg, trail, upto, AUDIT_HELD) != PG_OK)
        found = AUDIT_ONWARD_AWAY;
    else if (trail->stretch.count > 0)
        found = admits(context, onward, &trail->stretch) ? AUDIT_ONWARD_MORE : AUDIT_ONWARD_AWAY;
    for (size_t i = 0; i < trail->stretch.count && found == AUDIT_ONWARD_MORE; i++) {
        if (go_through(g, &trail->stretch.batches[i]))
            note_place(trail, &onward->place);
        else
            found = report->found > 0 ? AUDIT_ONWARD_WRONG : AUDIT_ONWARD_SHORT;
    }
    end(&g);
    return found;
}
