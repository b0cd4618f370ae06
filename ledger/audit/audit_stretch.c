/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_stretch.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each table with its columns as store.c writes them, where to find its rows by the position of an
 * entry `e`, and the column that says the position. Accounts and what is held have no index on it:
 * they are looked up by the entries that are about them (OFFSET 0: row by row, whatever the
 * statistics say).
 */
static const struct {
    const char *columns, *types, *from, *order;
    unsigned column;
} sources[AUDIT_TABLES] = {
    [AUDIT_ACCOUNTS] = {"a.*", "-B--mB-",
        "entry e CROSS JOIN LATERAL (SELECT ledger,no,id,asset,floor,opened,metadata FROM account"
        " WHERE ledger = e.ledger AND no = e.account AND opened = e.seq AND e.kind = 1 OFFSET 0) a",
        "", 5},
    [AUDIT_ENTRIES] = {"ledger,seq,at,kind,key,fingerprint,account,code,available,metadata,ref",
        "-BT---b-m-b", "entry e", "", 1},
    [AUDIT_POSTINGS] = {"ledger,seq,leg,from_no,to_no,amount,from_after,to_after,from_prev,to_prev",
        "-B-BBMMMBB", "posting e", ",leg", 1},
    [AUDIT_HOLDS] = {"ledger,seq,from_no,to_no,amount,expires_at", "-BBBMt", "hold e", "", 1},
    [AUDIT_HELD] = {"d.*", "-BBM",
        "entry e CROSS JOIN LATERAL (SELECT from_no FROM hold WHERE ledger = e.ledger AND"
        " seq = CASE WHEN e.kind = 4 THEN e.seq WHEN e.kind IN (5,6,7) THEN e.ref END OFFSET 0) h"
        " CROSS JOIN LATERAL (SELECT ledger,account,seq,held FROM held WHERE ledger = e.ledger"
        " AND account = h.from_no AND seq = e.seq OFFSET 0) d",
        "", 2},
    [AUDIT_WAYPOINTS] = {"ledger,account,seq", "-BB", "waypoint e", ",account", 2},
};

static bool keep_row(const struct row *row, void *arg)
{
    struct audit_rows *rows = arg;
    if (!row_is_plain(row, rows->types))
        return true;
    if (rows->room - rows->size < row->size) {
        size_t room = 2 * rows->room + row->size + 65536;
        char *bytes = realloc(rows->bytes, room);
        if (!bytes)
            return false;
        rows->bytes = bytes;
        rows->room = room;
    }
    memcpy(rows->bytes + rows->size, row->bytes, row->size);
    rows->size += row->size;
    return true;
}

static bool keep_batch(const struct row *row, void *arg)
{
    enum { NUMBER, EPOCH, FIRST, LAST, HASH };
    struct audit_stretch *stretch = arg;
    struct audit_batch batch = {.number = row_bigint(row, NUMBER),
        .epoch = row_bigint(row, EPOCH),
        .first_seq = row_bigint(row, FIRST),
        .last_seq = row_bigint(row, LAST),
        .chained = !row_is_null(row, HASH)};

    /* Whole batches only, and at least one, however large. */
    uint64_t entries = stretch->entries + batch.last_seq - batch.first_seq + 1;
    stretch->full = stretch->full || (stretch->count > 0 && entries > AUDIT_STRETCH_ENTRIES);
    if (stretch->full)
        return true;
    if (batch.chained) {
        size_t size;
        const char *hash = row_bytes(row, HASH, &size);
        memcpy(batch.hash, hash, size < sizeof batch.hash ? size : sizeof batch.hash);
    }
    stretch->batches[stretch->count++] = batch;
    stretch->entries = entries;
    return true;
}

static enum pg_status read_table(
    struct context *context, struct pg *pg, int ledger, int table, struct audit_stretch *stretch)
{
    char sql[800];
    struct audit_rows *rows = &stretch->tables[table];
    rows->types = sources[table].types;
    rows->size = rows->at = 0;
    snprintf(sql, sizeof sql,
        "COPY (SELECT %s FROM %s WHERE e.ledger = %d AND e.seq BETWEEN %lu AND %lu"
        " ORDER BY e.seq%s) TO STDOUT (FORMAT binary)",
        sources[table].columns, sources[table].from, ledger, stretch->batches[0].first_seq,
        stretch->batches[stretch->count - 1].last_seq, sources[table].order);
    return pg_unload(context, pg, sql, keep_row, rows);
}

/* Row by row in the order of the index, so that it costs no more than it may count. */
static bool take_filled(const struct row *row, void *arg)
{
    struct audit_stretch *stretch = arg;
    uint64_t last = row_bigint(row, 0);
    if (row_bigint(row, 1) == AUDIT_STRETCH_POSTINGS)
        while (stretch->count > 1 && stretch->batches[stretch->count - 1].last_seq >= last)
            stretch->count--;
    return true;
}

/* Entries may have 1,000 postings: leave out the batches whose postings would be too many. */
static enum pg_status cut_by_postings(
    struct context *context, struct pg *pg, int ledger, struct audit_stretch *stretch)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "COPY (SELECT coalesce(max(seq), 0), count(*) FROM (SELECT seq FROM further_posting"
        " WHERE ledger = %d AND seq BETWEEN %lu AND %lu ORDER BY seq LIMIT %d) x)"
        " TO STDOUT (FORMAT binary)",
        ledger, stretch->batches[0].first_seq, stretch->batches[stretch->count - 1].last_seq,
        AUDIT_STRETCH_POSTINGS);
    return pg_unload(context, pg, sql, take_filled, stretch);
}

enum pg_status audit_stretch_read(struct context *context, struct pg *pg, int ledger,
    uint64_t after, uint64_t upto, enum audit_table last, struct audit_stretch *stretch)
{
    char sql[300];
    stretch->count = stretch->entries = 0;
    stretch->full = false;
    snprintf(sql, sizeof sql,
        "COPY (SELECT no,greatest(epoch,0),first_seq,last_seq,hash FROM batch WHERE ledger = %d "
        "AND no > %lu"
        " AND last_seq <= %lu ORDER BY no LIMIT %d) TO STDOUT (FORMAT binary)",
        ledger, after, upto, AUDIT_STRETCH_BATCHES);
    enum pg_status status = pg_unload(context, pg, sql, keep_batch, stretch);
    if (status == PG_OK && stretch->count > 1)
        status = cut_by_postings(context, pg, ledger, stretch);
    for (int i = 0; i <= (int)last && status == PG_OK && stretch->count > 0; i++)
        status = read_table(context, pg, ledger, i, stretch);
    return status;
}

bool audit_stretch_peek(
    struct audit_stretch *stretch, enum audit_table table, struct row *row, uint64_t *seq)
{
    const struct audit_rows *rows = &stretch->tables[table];
    if (rows->at == rows->size)
        return false;
    size_t size = row_read(row, rows->bytes + rows->at, rows->size - rows->at);
    ensure(size > 0);
    *seq = row_bigint(row, sources[table].column);
    return true;
}

void audit_stretch_take(
    struct audit_stretch *stretch, enum audit_table table, const struct row *row)
{
    stretch->tables[table].at += row->size;
}

void audit_stretch_hash(struct audit_stretch *stretch, const struct audit_batch *batch,
    const uint8_t before[HASH_CHAIN], uint8_t digest[HASH_CHAIN])
{
    struct hash hash;
    hash_start(&hash, HASH_CHAIN);
    hash_add(&hash, before, HASH_CHAIN);
    for (int i = AUDIT_ACCOUNTS; i <= AUDIT_HOLDS; i++) {
        struct audit_rows *rows = &stretch->tables[i];
        size_t start = rows->at;
        struct row row;
        uint64_t seq;

        /* Walk to the end of the batch's rows for their length, and back again. */
        while (audit_stretch_peek(stretch, i, &row, &seq) && seq <= batch->last_seq)
            audit_stretch_take(stretch, i, &row);
        size_t size = rows->at - start;
        uint64_t length = htole64(size);
        rows->at = start;
        hash_add(&hash, &length, sizeof length);
        if (size > 0)
            hash_add(&hash, rows->bytes + start, size);
    }
    hash_finish(&hash, digest);
}

void audit_stretch_free(struct audit_stretch *stretch)
{
    for (int i = 0; i < AUDIT_TABLES; i++)
        free(stretch->tables[i].bytes);
}
