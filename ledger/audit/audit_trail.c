/* SPDX-License-Identifier: MIT */
/*
 * Every row of a stretch is taken by the entry at its position, if that is of a kind that has such
 * rows. What is passed without being taken belongs to none, and is a finding.
 */
#include "ledger/audit/audit_trail.h"

#include <string.h>

static const char *const table_names[AUDIT_TABLES] = {[AUDIT_ACCOUNTS] = "account",
    [AUDIT_ENTRIES] = "entry",
    [AUDIT_POSTINGS] = "posting",
    [AUDIT_HOLDS] = "hold",
    [AUDIT_HELD] = "held",
    [AUDIT_WAYPOINTS] = "waypoint"};

enum pg_status audit_trail_read(struct co_context *context, struct pg *pg,
    struct audit_trail *trail, uint64_t upto, enum audit_table last)
{
    const struct audit_stretch_query query = {
        .ledger = trail->ledger, .after = trail->batch, .upto = upto, .last = last};
    return audit_stretch_read(context, pg, &query, &trail->stretch);
}

void audit_trail_free(struct audit_trail *trail)
{
    audit_stretch_free(&trail->stretch);
    audit_keys_free(&trail->keys);
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Batches from before there was a chain have no hash; after the first with one, all have. */
static void check_hash(struct audit_trail *t, const struct audit_batch *batch)
{
    uint8_t digest[HASH_CHAIN];
    audit_stretch_hash(&t->stretch, batch, t->hash, digest);
    if (batch->chained ? memcmp(digest, batch->hash, sizeof digest) != 0 : t->chained)
        audit_note(t->report, batch->first_seq,
            "its batch (%lu, to %lu) breaks the chain of hashes", batch->number, batch->last_seq);
    if (batch->chained)
        memcpy(t->hash, batch->hash, sizeof t->hash);
    t->chained = t->chained || batch->chained;
}

bool audit_trail_batch(struct audit_trail *t, const struct audit_batch *batch)
{
    uint64_t found = t->report->found;
    if (batch->number != t->batch + 1 || batch->first_seq != t->seq + 1)
        audit_note(t->report, t->seq + 1, "is missing; the next batch is %lu, from %lu",
            batch->number, batch->first_seq);
    if (batch->epoch < t->epoch)
        audit_note(t->report, batch->first_seq, "its batch is of an epoch that had ended");
    check_hash(t, batch);
    t->batch = batch->number;
    t->epoch = batch->epoch;
    t->report->batches++;
    return t->report->found == found;
}

/* ---- the rows of an entry ------------------------------------------------------------------- */

/* How many rows of a table an entry of that kind may have. */
static size_t most_rows(enum entry_kind kind, enum audit_table table)
{
    bool moves = kind == ENTRY_TRANSFER || kind == ENTRY_CAPTURE || kind == ENTRY_REVERSAL;
    switch (table) {
    case AUDIT_ACCOUNTS:
        return kind == ENTRY_ACCOUNT;
    case AUDIT_POSTINGS:
        return moves ? ENTRY_POSTINGS_MAX : 0;
    case AUDIT_HOLDS:
        return kind == ENTRY_HOLD;
    case AUDIT_HELD:
        return entry_is_about_hold(kind);
    case AUDIT_WAYPOINTS:
        return moves ? 2 * ENTRY_POSTINGS_MAX : 0;
    case AUDIT_ENTRIES:
    case AUDIT_TABLES:
        break;
    }
    return 0;
}

static void note_stray(struct audit_trail *t, enum audit_table table, uint64_t seq)
{
    audit_note(t->report, seq, "a row in table %s that belongs to no entry", table_names[table]);
}

/* Rows of positions before that one were not taken by their entries. */
static void skip_strays(struct audit_trail *t, uint64_t before)
{
    for (int i = 0; i < AUDIT_TABLES; i++) {
        enum audit_table table = (enum audit_table)i;
        uint64_t seq;
        while ((seq = audit_stretch_seq(&t->stretch, table)) < before) {
            audit_stretch_skip(&t->stretch, table);
            note_stray(t, table, seq);
        }
    }
}

/* Legs are numbered from 0 without a gap; otherwise none of the postings counts. */
static void check_legs(struct audit_trail *t, struct audit_entry *entry)
{
    size_t leg = 0;
    while (leg < entry->rows[AUDIT_POSTINGS] && entry->postings[leg].leg == (int)leg)
        leg++;
    if (leg < entry->rows[AUDIT_POSTINGS]) {
        audit_note(t->report, entry->head.seq, "posting %zu is missing", leg);
        entry->rows[AUDIT_POSTINGS] = 0;
    }
}

/* More rows than its kind has belong to no entry. */
static void check_excess(struct audit_trail *t, struct audit_entry *entry)
{
    for (int i = 0; i < AUDIT_TABLES; i++) {
        enum audit_table table = (enum audit_table)i;
        size_t most = most_rows(entry->head.kind, table);
        for (; entry->rows[i] > most; entry->rows[i]--)
            note_stray(t, table, entry->head.seq);
    }
}

static void check_rows(struct audit_trail *t, struct audit_entry *entry)
{
    uint64_t seq = entry->head.seq;
    const size_t *rows = entry->rows;
    enum entry_kind kind = entry->head.kind;
    check_excess(t, entry);

    /* What it needs is there. */
    if (kind == ENTRY_ACCOUNT && rows[AUDIT_ACCOUNTS] == 0)
        audit_note(t->report, seq, "the account that it opened is missing");
    if (most_rows(kind, AUDIT_POSTINGS) > 0 && rows[AUDIT_POSTINGS] == 0)
        audit_note(t->report, seq, "its postings are missing");
    if (kind == ENTRY_HOLD && rows[AUDIT_HOLDS] == 0)
        audit_note(t->report, seq, "the hold is missing");
    check_legs(t, entry);

    /* What is held after it needs the hold that it is about. */
    const struct audit_held *held = &entry->held;
    if (!entry_is_about_hold(kind))
        return;
    if (rows[AUDIT_HELD] == 0 || !held->has_hold || !held->has_after) {
        audit_note(t->report, seq, "the hold that it is about, or what is held then, is missing");
        entry->rows[AUDIT_HELD] = 0;
    }
}

/* ---- entries ------------------------------------------------------------------------------- */

static void check_head(struct audit_trail *t, const struct record *head)
{
    if (t->keys)
        audit_keys_add(t->keys, t->report, head->seq, head->key.bytes, head->key.size);
    if (head->seq != t->seq + 1)
        audit_note(t->report, t->seq + 1, "is missing; %lu comes next", head->seq);
    if (t->seq > 0 && head->at_us <= t->at_us)
        audit_note(t->report, head->seq, "its time is not after that of the entry before");
    t->seq = head->seq;
    t->at_us = head->at_us;
}

struct audit_entry *audit_trail_entry(struct audit_trail *t, const struct audit_batch *batch)
{
    uint64_t next = audit_stretch_seq(&t->stretch, AUDIT_ENTRIES);
    skip_strays(t, next <= batch->last_seq ? next : batch->last_seq + 1);
    struct audit_entry *entry = audit_stretch_entry(&t->stretch, batch->last_seq);
    if (entry) {
        t->report->entries++;
        t->report->postings += entry->rows[AUDIT_POSTINGS];
        check_head(t, &entry->head);
        check_rows(t, entry);
        return entry;
    }

    /* The end of the batch: a gap there is one finding. */
    if (t->seq < batch->last_seq) {
        audit_note(t->report, t->seq + 1, "is missing; its batch goes to %lu", batch->last_seq);
        t->seq = batch->last_seq;
    }
    return NULL;
}
