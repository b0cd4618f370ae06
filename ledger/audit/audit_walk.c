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
    audit_walk_touch_all(w, w->seq + 1);
    for (size_t i = 0; i < w->used; i++)
        audit_walk_touch(w, &w->slots[i], w->seq + 1);
}

/* ---- what the checkpoint says --------------------------------------------------------------- */

enum kept { KEPT_NOTHING, KEPT_BALANCE, KEPT_STANDING, KEPT_TORN };

static bool take_kept(const struct row *row, void *arg)
{
    enum { CHECKPOINT, WHAT, ACCOUNT, AMOUNT, FROZEN, SEQ };
    struct audit_walk *w = arg;
    bool plain = row_is_plain(row, "B-BM-B");
    int what = row_int(row, WHAT);
    w->checkpoint = row_bigint(row, CHECKPOINT);
    if (what == KEPT_NOTHING)
        return true;
    /* Account 0 stands for the ledger; the others count only if this round follows them. */
    uint64_t number = row_bigint(row, ACCOUNT), seq = plain ? row_bigint(row, SEQ) : 0;
    struct slot *slot = number ? audit_walk_slot(w, number) : NULL;
    if (number == 0) {
        w->kept_frozen = row_bool(row, FROZEN);
        w->kept_froze = seq;
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
static const char kept_sql[] =
    "COPY (WITH one AS (SELECT %lu::bigint AS first, %lu::bigint AS last, ledger AS l, seq"
    " FROM checkpoint WHERE ledger = %d)"
    " SELECT one.seq, 0, NULL::bigint, NULL::numeric, false, NULL::bigint FROM one UNION ALL"
    " SELECT one.seq, 1, b.account, b.balance, false, b.seq FROM one JOIN balance b"
    "  ON b.ledger = l AND b.account BETWEEN first AND last UNION ALL"
    " SELECT one.seq, 2, s.account, s.held, s.frozen, s.seq FROM one JOIN standing s"
    "  ON s.ledger = l AND (s.account = 0 OR s.account BETWEEN first AND last) UNION ALL"
    " SELECT one.seq, 3, account, 0, false, 0 FROM one JOIN ((SELECT ledger, from_no AS account,"
    "  sum(amount) AS held FROM open_hold GROUP BY ledger, from_no) o"
    "  FULL JOIN (SELECT ledger, account, held FROM standing WHERE held > 0) s"
    "  USING (ledger, account)) ON ledger = l WHERE o.held IS DISTINCT FROM s.held"
    "  AND account BETWEEN first AND last UNION ALL"
    " SELECT one.seq, 3, o.from_no, 0, false, 0 FROM one JOIN open_hold o ON o.ledger = l"
    "  LEFT JOIN LATERAL (SELECT * FROM hold x WHERE x.ledger = l AND x.seq = o.seq OFFSET 0) h"
    "  ON true WHERE o.from_no BETWEEN first AND last AND (o.from_no, o.to_no, o.amount,"
    "  o.expires_at) IS DISTINCT FROM (h.from_no, h.to_no, h.amount, h.expires_at))"
    " TO STDOUT (FORMAT binary)";

/* In one statement, so that all of it is from one position. */
enum pg_status audit_walk_checkpoint(struct context *context, struct pg *pg, struct audit_walk *w)
{
    char sql[sizeof kept_sql + 60];
    snprintf(sql, sizeof sql, kept_sql, w->first, w->first + AUDIT_WALK_ACCOUNTS - 1, w->ledger);
    enum pg_status status = pg_unload(context, pg, sql, take_kept, w);
    if (status == PG_OK && !(w->keys = audit_keys_begin(context, pg, w->ledger)))
        status = PG_ERROR;
    return status;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool take_held(const struct row *row, void *arg)
{
    enum { SEQ, ACCOUNT, CHANGE, AFTER };
    struct audit_walk *w = arg;
    if (w->held_count == w->held_room) {
        size_t room = 2 * w->held_room + 64;
        struct held *held = realloc(w->held, room * sizeof *held);
        if (!held)
            return false;
        w->held = held;
        w->held_room = room;
    }

    /* A row with a value missing is kept as a gap: its entry will be found without it. */
    bool whole = row_is_plain(row, "bbmm") && !row_is_null(row, CHANGE) && !row_is_null(row, AFTER);
    w->held[w->held_count++] = (struct held){.seq = row_bigint(row, SEQ),
        .account = whole ? row_bigint(row, ACCOUNT) : 0,
        .change = whole ? row_money(row, CHANGE) : 0,
        .after = whole ? row_money(row, AFTER) : 0,
        .whole = whole};
    return true;
}

/* What each entry about a hold says, with the hold that it is about. */
static enum pg_status read_held(struct context *context, struct pg *pg, struct audit_walk *w)
{
    char sql[800];
    w->held_count = w->held_at = 0;
    snprintf(sql, sizeof sql,
        "COPY (SELECT e.seq, h.from_no, CASE WHEN e.kind = 4 THEN h.amount ELSE -h.amount END,"
        " d.held FROM entry e LEFT JOIN LATERAL (SELECT from_no, amount FROM hold"
        "  WHERE ledger = e.ledger AND seq = CASE WHEN e.kind = 4 THEN e.seq ELSE e.ref END"
        "  OFFSET 0) h ON true"
        " LEFT JOIN LATERAL (SELECT held FROM held WHERE ledger = e.ledger"
        "  AND account = h.from_no AND seq = e.seq OFFSET 0) d ON true"
        " WHERE e.ledger = %d AND e.seq BETWEEN %lu AND %lu AND e.kind BETWEEN 4 AND 7"
        " ORDER BY e.seq) TO STDOUT (FORMAT binary)",
        w->ledger, w->stretch.batches[0].first_seq,
        w->stretch.batches[w->stretch.count - 1].last_seq);
    return pg_unload(context, pg, sql, take_held, w);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void check_hash(struct audit_walk *w, const struct audit_batch *batch)
{
    uint8_t digest[HASH_CHAIN];
    audit_stretch_hash(&w->stretch, batch, w->hash, digest);
    if (batch->chained ? memcmp(digest, batch->hash, sizeof digest) != 0 : w->chained)
        audit_note(w->report, batch->first_seq,
            "its batch (%lu, to %lu) breaks the chain of hashes", batch->number, batch->last_seq);
    if (batch->number == w->anchor.batch &&
        memcmp(batch->hash, w->anchor.hash, sizeof batch->hash) != 0)
        audit_note(w->report, batch->first_seq, "the chain up to its batch (%lu) was rewritten",
            batch->number);
    if (batch->chained)
        memcpy(w->hash, batch->hash, sizeof w->hash);
    w->chained = w->chained || batch->chained;
}

/* True: the batch is where it belongs and as it was written, so its rows can be looked at. */
static bool check_batch(struct audit_walk *w, const struct audit_batch *batch)
{
    uint64_t found = w->report->found;
    if (batch->number != w->batch + 1 || batch->first_seq != w->seq + 1)
        audit_note(w->report, w->seq + 1, "is missing; the next batch is %lu, from %lu",
            batch->number, batch->first_seq);
    if (batch->epoch < w->epoch)
        audit_note(w->report, batch->first_seq, "its batch is of an epoch that had ended");
    check_hash(w, batch);
    w->batch = batch->number;
    w->epoch = batch->epoch;
    return w->report->found == found;
}

static void check_rows(struct audit_walk *w, const struct audit_batch *batch)
{
    struct row row;
    uint64_t seq;
    while (audit_stretch_peek(&w->stretch, AUDIT_ENTRIES, &row, &seq) && seq <= batch->last_seq) {
        audit_stretch_take(&w->stretch, AUDIT_ENTRIES, &row);
        audit_walk_entry(w, &row);
    }
    if (w->seq != batch->last_seq)
        audit_note(w->report, w->seq + 1, "is missing; its batch goes to %lu", batch->last_seq);
    for (int table = 0; table <= AUDIT_HOLDS; table++)
        while (audit_stretch_peek(&w->stretch, table, &row, &seq) && seq <= batch->last_seq) {
            audit_stretch_take(&w->stretch, table, &row);
            audit_note(w->report, seq, "has a row that no entry of its kind has");
        }
}

enum pg_status audit_walk_step(struct context *context, struct pg *pg, struct audit_walk *w,
    uint64_t durable, struct audit_report *report)
{
    w->report = report;
    enum pg_status status =
        audit_stretch_read(context, pg, w->ledger, w->batch, durable, AUDIT_HOLDS, &w->stretch);
    if (status == PG_OK && w->stretch.count > 0)
        status = read_held(context, pg, w);
    if (status != PG_OK)
        return status;
    if (w->stretch.count == 0)
        audit_note(report, w->seq + 1, "is missing; the journal was durable up to %lu", durable);
    for (size_t i = 0; i < w->stretch.count && report->found == 0; i++) {
        if (check_batch(w, &w->stretch.batches[i]))
            check_rows(w, &w->stretch.batches[i]);
        co_yield();
    }
    (void)!audit_keys_look(context, pg, w->keys, report); /* what it misses it sees next time */
    return PG_OK;
}

/* ---- the walk ------------------------------------------------------------------------------ */

struct audit_walk *audit_walk_make(int ledger, uint64_t first, const struct audit_anchor *anchor)
{
    struct audit_walk *w =
        calloc(1, sizeof *w); /* pages of accounts that do not exist take no memory */
    if (w) {
        w->ledger = ledger;
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
    audit_stretch_free(&freed->stretch);
    audit_keys_free(&freed->keys);
    free(freed->held);
    free(freed);
}

uint64_t audit_walk_seq(const struct audit_walk *w)
{
    return w->seq;
}

void audit_walk_anchor(const struct audit_walk *w, struct audit_anchor *anchor)
{
    anchor->batch = w->batch;
    memcpy(anchor->hash, w->hash, sizeof anchor->hash);
}
