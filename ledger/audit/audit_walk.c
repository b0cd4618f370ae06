/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - slots[i] is the account number first + i as it was after the entry `seq`.
 * - Before an entry changes a slot, audit_walk_touch() has compared the claims about it until then:
 *   a claim that is pending is about the slot as it is, or as it will be.
 * - A batch's rows are looked at only when its hash was found right: then they are as the service
 *   wrote them, and of the types that their columns have.
 */
#include "ledger/audit/audit_walk_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/db/sql_kind.h"
#include "ledger/db/tables.h"

/* ---- claims -------------------------------------------------------------------------------- */

void audit_walk_claim(struct audit_walk *w, const struct audit_claim *claim)
{
    struct slot *slot = audit_walk_slot(w, claim->number);
    slot->claim = *claim;
    slot->claimed = true;
}

void audit_walk_settle(struct audit_walk *w, struct audit_report *report)
{
    w->report = report;
    audit_walk_touch_all(w, w->trail.seq + 1);
    for (size_t i = 0; i < w->used; i++)
        audit_walk_touch(w, &w->slots[i], w->trail.seq + 1);
}

/* ---- what the checkpoint says --------------------------------------------------------------- */

/* What a row says, by its second column; the preprocessor's, as they stand in SQL. */
#define KEPT_NOTHING 0 /* but where the checkpoint is */
#define KEPT_BALANCE 1
#define KEPT_STANDING 2
#define KEPT_TORN 3

static bool take_kept(const struct row *row, void *arg)
{
    enum { CHECKPOINT, WHAT, ACCOUNT, AMOUNT, FROZEN, SEQ };
    struct audit_walk *w = arg;
    bool plain = row_is_plain(row, "B-BM-B"); /* of KEPT_NOTHING it is not, and need not be */
    int what = row_int(row, WHAT);
    w->checkpoint = row_bigint(row, CHECKPOINT);
    if (what == KEPT_NOTHING)
        return true;

    /* Accounts count only if this round follows them. */
    uint64_t number = row_bigint(row, ACCOUNT), seq = plain ? row_bigint(row, SEQ) : 0;
    bool whole_ledger = number == TABLE_WHOLE_LEDGER;
    struct slot *slot = whole_ledger ? NULL : audit_walk_slot(w, number);
    if (whole_ledger) {
        w->kept_frozen = row_bool(row, FROZEN);
        w->kept_freeze_seq = seq;
    } else if (slot && what == KEPT_BALANCE) {
        slot->kept = true;
        slot->kept_moved = seq; /* of what is not plain 0: no account moved there */
        slot->kept_balance = plain ? row_money(row, AMOUNT) : 0;
    } else if (slot && what == KEPT_STANDING) {
        slot->kept_held = plain ? row_money(row, AMOUNT) : 0;
        slot->kept_frozen = row_bool(row, FROZEN);
        slot->kept_stands = seq;
        slot->kept_torn = slot->kept_torn || !plain;
    } else if (slot) {
        slot->kept_torn = true;
    }
    return true;
}

/*
 * Takes the first and the last account, then the ledger. Torn: accounts whose open holds do not add
 * up to what they have held, and open holds that the journal lacks, or has otherwise (OFFSET 0:
 * looked up hold by hold, whatever the statistics say).
 */
#define SELECT_NOTHING " SELECT one.seq, " SQL_NUMBER(KEPT_NOTHING)
#define SELECT_BALANCE " SELECT one.seq, " SQL_NUMBER(KEPT_BALANCE)
#define SELECT_STANDING " SELECT one.seq, " SQL_NUMBER(KEPT_STANDING)
#define SELECT_TORN " SELECT one.seq, " SQL_NUMBER(KEPT_TORN)
#define WHOLE_LEDGER SQL_NUMBER(TABLE_WHOLE_LEDGER)
static const char kept_sql[] =
    "COPY (WITH one AS (SELECT %1$lu::bigint AS first, %2$lu::bigint AS last, seq"
    " FROM checkpoint WHERE ledger = %3$d)" SELECT_NOTHING
    ", NULL::bigint, NULL::numeric, false, NULL::bigint FROM one UNION ALL" SELECT_BALANCE
    ", b.account, b.balance, false, b.seq FROM one"
    "  JOIN balance b ON b.ledger = %3$d AND b.account BETWEEN first AND last"
    " UNION ALL" SELECT_STANDING ", s.account, s.held, s.frozen, s.seq FROM one"
    "  JOIN standing s ON s.ledger = %3$d"
    "  AND (s.account = " WHOLE_LEDGER " OR s.account BETWEEN first AND last)"
    " UNION ALL" SELECT_TORN ", account, 0, false, 0 FROM one CROSS JOIN ("
    "  (SELECT from_no AS account, sum(amount) AS held FROM open_hold WHERE ledger = %3$d"
    "   GROUP BY from_no) o"
    "  FULL JOIN (SELECT account, held FROM standing WHERE ledger = %3$d AND held > 0) s"
    "  USING (account)) WHERE o.held IS DISTINCT FROM s.held"
    "  AND account BETWEEN first AND last"
    " UNION ALL" SELECT_TORN ", o.from_no, 0, false, 0 FROM one"
    "  JOIN open_hold o ON o.ledger = %3$d LEFT JOIN LATERAL"
    "  (SELECT * FROM hold x WHERE x.ledger = %3$d AND x.seq = o.seq OFFSET 0) h"
    "  ON true WHERE o.from_no BETWEEN first AND last AND (o.from_no, o.to_no, o.amount,"
    "  o.expires_at) IS DISTINCT FROM (h.from_no, h.to_no, h.amount, h.expires_at))"
    " TO STDOUT (FORMAT binary)";

/* In one statement, so that all of it is from one position. */
enum pg_status audit_walk_checkpoint(
    struct co_context *context, struct pg *pg, struct audit_walk *w)
{
    char sql[sizeof kept_sql + 120];
    snprintf(
        sql, sizeof sql, kept_sql, w->first, w->first + AUDIT_WALK_ACCOUNTS - 1, w->trail.ledger);
    enum pg_status status = pg_unload(context, pg, sql, take_kept, w);
    if (status == PG_OK && !(w->trail.keys = audit_keys_begin(context, pg, w->trail.ledger)))
        status = PG_ERROR;
    return status;
}

/* ---- a stretch ----------------------------------------------------------------------------- */

/* True: the batch is where it belongs and as it was written, so its rows can be looked at. */
static bool check_batch(struct audit_walk *w, const struct audit_batch *batch)
{
    bool right = audit_trail_batch(&w->trail, batch);
    if (batch->number != w->anchor.batch ||
        memcmp(batch->hash, w->anchor.hash, sizeof batch->hash) == 0)
        return right;
    audit_note(w->report, batch->first_seq, "the chain up to its batch (%lu) was rewritten",
        batch->number);
    return false;
}

static void check_entries(struct audit_walk *w, const struct audit_batch *batch)
{
    const struct audit_entry *entry;
    while ((entry = audit_trail_entry(&w->trail, batch)))
        audit_walk_entry(w, entry);
}

static void check_stretch(struct audit_walk *w, uint64_t durable)
{
    const struct audit_stretch *stretch = &w->trail.stretch;
    if (stretch->count == 0)
        audit_note(
            w->report, w->trail.seq + 1, "is missing; the journal was durable up to %lu", durable);
    for (size_t i = 0; i < stretch->count && w->report->found == 0; i++) {
        if (check_batch(w, &stretch->batches[i]))
            check_entries(w, &stretch->batches[i]);
        co_yield();
    }
}

/* What it misses it sees later. */
static void look_at_keys(struct co_context *context, struct pg *pg, struct audit_walk *w)
{
    struct audit_keys **keys = &w->trail.keys;
    if (*keys && audit_keys_look(context, pg, *keys, w->report) == PG_OK &&
        audit_keys_are_passed(*keys, w->trail.seq))
        audit_keys_free(keys);
}

enum pg_status audit_walk_step(struct co_context *context, struct pg *pg, struct audit_walk *w,
    uint64_t durable, struct audit_report *report)
{
    w->report = w->trail.report = report;
    enum pg_status status = audit_trail_read(context, pg, &w->trail, durable, AUDIT_HELD);
    if (status == PG_OK) {
        check_stretch(w, durable);
        look_at_keys(context, pg, w);
    }
    /* There is a walk for each ledger, and one of them is looked at at a time. */
    audit_stretch_free(&w->trail.stretch);
    return status;
}

/* ---- the walk ------------------------------------------------------------------------------ */

struct audit_walk *audit_walk_make(int ledger, uint64_t first, const struct audit_anchor *anchor)
{
    struct audit_walk *w =
        calloc(1, sizeof *w); /* pages of accounts that do not exist take no memory */
    if (w) {
        w->trail.ledger = ledger;
        w->first = first;
        w->anchor = *anchor;
    }
    return w;
}

void audit_walk_free(struct audit_walk **walk)
{
    struct audit_walk *freed = *walk;
    *walk = NULL;
    if (!freed)
        return;
    audit_trail_free(&freed->trail);
    free(freed);
}

uint64_t audit_walk_seq(const struct audit_walk *w)
{
    return w->trail.seq;
}

void audit_walk_anchor(const struct audit_walk *w, struct audit_anchor *anchor)
{
    anchor->batch = w->trail.batch;
    memcpy(anchor->hash, w->trail.hash, sizeof anchor->hash);
}
