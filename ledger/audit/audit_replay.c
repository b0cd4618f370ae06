/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "coro/select.h"
#include "ledger/audit/audit_clearing.h"
#include "ledger/audit/audit_replay_private.h"
#include "ledger/db/sql_kind.h"
#include "ledger/failpoint.h"
#include "ledger/memory/account_table.h"

/* ---- a stretch ----------------------------------------------------------------------------- */

static void tell_progress(struct audit_replay *r)
{
    struct audit_progress *progress = r->progress;
    atomic_store(&progress->checked_seq, r->trail.seq);
    if (progress->tell)
        progress->tell(r->trail.seq, atomic_load(&progress->seq));
}

/* A batch's rows are replayed whether its hash is right or not: that says what is wrong in it. */
static enum pg_status replay_batch(struct audit_replay *r, const struct audit_batch *batch)
{
    enum pg_status status = PG_OK;
    const struct audit_entry *entry;
    (void)audit_trail_batch(&r->trail, batch);
    while (status == PG_OK && (entry = audit_trail_entry(&r->trail, batch))) {
        audit_replay_entry(r, entry);
        if (r->short_of_memory)
            status = PG_ERROR;
        else if (r->trail.seq == r->checkpoint)
            status = audit_replay_checkpoint(r);
    }
    if (r->progress)
        tell_progress(r);
    return status;
}

static enum pg_status replay_stretch(struct audit_replay *r)
{
    const struct audit_stretch *stretch = &r->trail.stretch;
    enum pg_status status = PG_OK;
    for (size_t i = 0; i < stretch->count && status == PG_OK; i++) {
        status = replay_batch(r, &stretch->batches[i]);
        co_yield();
    }
    return status == PG_OK ? audit_keys_look(r->context, r->pg, r->trail.keys, r->report) : status;
}

/* ---- what only the whole tells -------------------------------------------------------------- */

/* Sum each asset in the draft of its world account. */
static void check_sums(struct audit_replay *r)
{
    char world_id[ASSET_WORLD_TEXT];
    uint64_t count = account_count(r->accounts);
    /* The draft of an asset's world account is its sum; all others stay 0. */
    for (uint64_t number = 1; number <= count; number++) {
        struct account *account = account_by_number(r->accounts, number);
        if (account)
            account->draft = 0;
    }
    for (uint64_t number = 1; number <= count; number++) {
        const struct account *account = account_by_number(r->accounts, number);
        if (!account)
            continue;
        asset_world_id(account->asset, world_id);
        struct account *world = account_find(r->accounts, world_id);
        if (world)
            world->draft = (money)((__uint128_t)world->draft + (__uint128_t)account->balance);
    }
    for (uint64_t number = 1; number <= count; number++) {
        const struct account *account = account_by_number(r->accounts, number);
        if (account && account->draft != 0)
            audit_note(r->report, r->trail.seq, "%s does not sum to zero", account->asset);
    }
}

static bool take_finding(const struct row *row, void *arg)
{
    char what[200];
    if (!row_text(row, 1, what, sizeof what))
        strcpy(what, "wrong");
    audit_note(arg, row_bigint(row, 0), "%s", what);
    return true;
}

/* A key is used once; an entry is reversed once, and exactly, last posting first; every entry is in
 * a batch, and each row that was looked up by its entry belongs to one. */
#define IS_REVERSAL "kind = " SQL_KIND(REVERSAL)
#define IS_ACCOUNT "kind = " SQL_KIND(ACCOUNT)
static const char whole[] =
    "COPY (SELECT max(seq), 'its key was used before' FROM entry"
    " WHERE ledger = %1$d AND key IS NOT NULL GROUP BY key HAVING count(*) > 1"
    " UNION ALL SELECT max(seq), 'reverses what was reversed before' FROM entry"
    " WHERE ledger = %1$d AND " IS_REVERSAL " GROUP BY ref HAVING count(*) > 1"
    " UNION ALL SELECT seq, 'is not the reverse of what it names' FROM entry e"
    " WHERE ledger = %1$d AND " IS_REVERSAL
    " AND (SELECT array_agg((from_no, to_no, amount) ORDER BY leg)"
    "   FROM posting p WHERE p.ledger = %1$d AND p.seq = e.seq) IS DISTINCT FROM"
    " (SELECT array_agg((to_no, from_no, amount) ORDER BY leg DESC)"
    "   FROM posting p WHERE p.ledger = %1$d AND p.seq = e.ref)"
    " UNION ALL SELECT opened, 'an account that no entry opened' FROM account a"
    " WHERE ledger = %1$d AND NOT EXISTS (SELECT FROM entry e WHERE e.ledger = %1$d"
    "  AND e.seq = a.opened AND e." IS_ACCOUNT " AND e.account = a.no)"
    " UNION ALL SELECT seq, 'held by no entry' FROM held d"
    " WHERE ledger = %1$d AND NOT EXISTS (SELECT FROM entry e WHERE e.ledger = %1$d"
    "  AND e.seq = d.seq AND e.kind IN (" SQL_KINDS_OF_HOLDS "))"
    " UNION ALL SELECT min(seq), 'an entry that no batch has' FROM entry"
    " WHERE ledger = %1$d AND seq > %2$lu HAVING count(*) > 0) TO STDOUT (FORMAT binary)";

static enum pg_status check_whole(struct audit_replay *r)
{
    char sql[sizeof whole + 160];
    if (r->trail.batch != r->last_batch)
        audit_note(r->report, r->trail.seq + 1, "the end is missing: batches %lu to %lu",
            r->trail.batch + 1, r->last_batch);
    if (r->checkpoint > r->trail.seq)
        audit_note(r->report, r->trail.seq + 1, "the end is missing: the checkpoint is at %lu",
            r->checkpoint);
    check_sums(r);
    snprintf(sql, sizeof sql, whole, r->trail.ledger, r->trail.seq);
    enum pg_status status = pg_unload(r->context, r->pg, sql, take_finding, r->report);
    if (status != PG_OK)
        return status;
    return audit_clearing(r->context, r->pg, r->trail.ledger, r->trail.seq, r->report);
}

static bool take_ends(const struct row *row, void *arg)
{
    struct audit_replay *r = arg;
    r->last_batch = row_bigint(row, 0);
    r->checkpoint = row_bigint(row, 1);
    if (r->progress && atomic_load(&r->progress->seq) == 0)
        atomic_store(&r->progress->seq, row_bigint(row, 2));
    return true;
}

/* Until it is cancelled. */
static void stay(struct co_context *context)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    (void)co_select_wait(&end, 1);
}

static enum pg_status replay_all(struct audit_replay *r)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "COPY (SELECT coalesce(b.no, 0), c.seq, coalesce(b.last_seq, 0) FROM checkpoint c"
        " LEFT JOIN (SELECT no, last_seq FROM batch WHERE ledger = %1$d ORDER BY no DESC LIMIT 1) b"
        " ON true WHERE c.ledger = %1$d) TO STDOUT (FORMAT binary)",
        r->trail.ledger);

    /* A checkpoint at 0 is compared before the first entry, any other on the way. */
    enum pg_status status = pg_unload(r->context, r->pg, sql, take_ends, r);
    if (status == PG_OK && r->checkpoint == 0)
        status = audit_replay_checkpoint(r);
    if (status == PG_OK && !(r->trail.keys = audit_keys_begin(r->context, r->pg, r->trail.ledger)))
        status = PG_ERROR;
    while (status == PG_OK) {
        status = audit_trail_read(r->context, r->pg, &r->trail, INT64_MAX, AUDIT_WAYPOINTS);
        if (status != PG_OK || r->trail.stretch.count == 0)
            break;
        status = replay_stretch(r);
        if (status == PG_OK && failpoint("audit.stretch"))
            stay(r->context);
    }
    return status == PG_OK ? check_whole(r) : status;
}

enum pg_status audit_replay(struct co_context *context, struct pg *pg, int ledger,
    struct account_table *accounts, struct audit_progress *progress, struct audit_report *report)
{
    struct audit_replay *r = calloc(1, sizeof *r);
    memset(report, 0, sizeof *report);
    if (!r || !(r->holds = hold_table_make())) {
        free(r);
        return PG_ERROR;
    }
    r->context = context;
    r->pg = pg;
    r->trail.ledger = ledger;
    r->accounts = accounts;
    r->progress = progress;
    r->report = r->trail.report = report;

    /* One snapshot for all of it: what is committed meanwhile does not show. */
    enum pg_status status =
        pg_script(context, pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (status == PG_OK)
        status = replay_all(r);
    if (status == PG_OK)
        status = pg_script(context, pg, "COMMIT");
    report->seq = r->trail.seq;
    audit_trail_free(&r->trail);
    hold_table_free(&r->holds);
    free(r);
    return status;
}
