/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_stretch.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/sql_kind.h"
#include "ledger/db/tables.h"

/* An entry about a hold: h is the hold, d what its account has held after the entry. */
#define TABLES_ABOUT(FIRST, NEXT, P)                                                               \
    FIRST(P, SEQ, e.seq, "B")                                                                      \
    NEXT(P, FROM_NO, h.from_no, "b") NEXT(P, AMOUNT, h.amount, "m") NEXT(P, HELD, d.held, "m")
enum { TABLES_PLACES(ABOUT) TABLE_ABOUT_COLUMNS };

/*
 * Each table: its columns, where to find its rows by the position of an entry `e`, and the column
 * that says the position. Accounts and what is held have no index on it: they are looked up by the
 * entries that are about them (OFFSET 0: row by row, whatever the statistics say).
 */
static const struct {
    const char *columns, *types, *from[3]; /* between each two of `from` stands the ledger */
    const char *where, *order;
    unsigned position;
} sources[AUDIT_TABLES] = {
    [AUDIT_ACCOUNTS] = {TABLES_COLUMNS_OF(ACCOUNT, a), TABLES_TYPES(ACCOUNT),
        {"entry e CROSS JOIN LATERAL (SELECT * FROM account WHERE ledger = ",
            " AND no = e.account AND opened = e.seq OFFSET 0) a"},
        " AND e.kind = " SQL_KIND(ACCOUNT), "", TABLE_ACCOUNT_OPENED},
    [AUDIT_ENTRIES] = {TABLES_COLUMNS(ENTRY_HEAD), TABLES_TYPES(ENTRY_HEAD), {"entry e"}, "", "",
        TABLE_ENTRY_SEQ},
    [AUDIT_POSTINGS] = {TABLES_COLUMNS(POSTING), TABLES_TYPES(POSTING), {"posting e"}, "", ",leg",
        TABLE_POSTING_SEQ},
    [AUDIT_HOLDS] = {TABLES_COLUMNS(HOLD), TABLES_TYPES(HOLD), {"hold e"}, "", "", TABLE_HOLD_SEQ},
    [AUDIT_HELD] = {TABLES_COLUMNS(ABOUT), TABLES_TYPES(ABOUT),
        {"entry e LEFT JOIN LATERAL (SELECT from_no, amount FROM hold WHERE ledger = ",
            " AND seq = " SQL_HOLD_OF_E " OFFSET 0) h ON true"
            " LEFT JOIN LATERAL (SELECT held FROM held WHERE ledger = ",
            " AND account = h.from_no AND seq = e.seq OFFSET 0) d ON true"},
        " AND e.kind IN (" SQL_KINDS_OF_HOLDS ")", "", TABLE_ABOUT_SEQ},
    [AUDIT_WAYPOINTS] = {TABLES_COLUMNS(WAYPOINT), TABLES_TYPES(WAYPOINT), {"waypoint e"}, "",
        ",account", TABLE_WAYPOINT_SEQ},
};

/* ---- reading ------------------------------------------------------------------------------- */

struct keeping {
    struct audit_rows *rows;
    const char *types;
};

static bool keep_row(const struct row *row, void *arg)
{
    const struct keeping *keeping = arg;
    struct audit_rows *rows = keeping->rows;
    if (!row_is_plain(row, keeping->types))
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
    struct audit_stretch *stretch = arg;
    struct audit_batch batch = {.number = row_bigint(row, TABLE_BATCH_NO),
        .epoch = row_bigint(row, TABLE_BATCH_EPOCH),
        .first_seq = row_bigint(row, TABLE_BATCH_FIRST_SEQ),
        .last_seq = row_bigint(row, TABLE_BATCH_LAST_SEQ),
        .chained = !row_is_null(row, TABLE_BATCH_HASH)};

    /* Whole batches only, and at least one, however large. */
    uint64_t entries = stretch->entries + batch.last_seq - batch.first_seq + 1;
    stretch->full = stretch->full || (stretch->count > 0 && entries > AUDIT_STRETCH_ENTRIES);
    if (stretch->full)
        return true;
    if (batch.chained) {
        size_t size;
        const char *hash = row_bytes(row, TABLE_BATCH_HASH, &size);
        memcpy(batch.hash, hash, size < sizeof batch.hash ? size : sizeof batch.hash);
    }
    stretch->batches[stretch->count++] = batch;
    stretch->entries = entries;
    return true;
}

static enum pg_status read_batches(struct co_context *context, struct pg *pg,
    const struct audit_stretch_query *query, struct audit_stretch *stretch)
{
    char sql[300];
    stretch->count = stretch->entries = 0;
    stretch->full = false;
    /* Someone may have made an epoch negative, which no epoch is: it is an ended one then. */
    snprintf(sql, sizeof sql,
        "COPY (SELECT " TABLES_COLUMNS(BATCH) " FROM (SELECT no,greatest(epoch,0) AS epoch,"
                                              "first_seq,last_seq,hash FROM batch WHERE ledger = "
                                              "%d AND no > %lu AND last_seq <= %lu"
                                              " ORDER BY no LIMIT %d) b) TO STDOUT (FORMAT binary)",
        query->ledger, query->after, query->upto, AUDIT_STRETCH_BATCHES);
    return pg_unload(context, pg, sql, keep_batch, stretch);
}

enum { TABLE_SQL = 900 };

static void write_table(
    int ledger, enum audit_table table, const struct audit_stretch *stretch, char sql[TABLE_SQL])
{
    char from[500] = "", no[16];
    snprintf(no, sizeof no, "%d", ledger);
    for (int i = 0; i < 3 && sources[table].from[i]; i++)
        snprintf(from + strlen(from), sizeof from - strlen(from), "%s%s", i ? no : "",
            sources[table].from[i]);
    snprintf(sql, TABLE_SQL,
        "COPY (SELECT %s FROM %s WHERE e.ledger = %d AND e.seq BETWEEN %lu AND %lu%s"
        " ORDER BY e.seq%s) TO STDOUT (FORMAT binary);",
        sources[table].columns, from, ledger, stretch->batches[0].first_seq,
        stretch->batches[stretch->count - 1].last_seq, sources[table].where, sources[table].order);
}

/* All in one round trip. */
static enum pg_status read_tables(struct co_context *context, struct pg *pg,
    const struct audit_stretch_query *query, struct audit_stretch *stretch)
{
    struct keeping keeping[AUDIT_TABLES];
    struct pg_taker takers[AUDIT_TABLES];
    char *sql = malloc(AUDIT_TABLES * TABLE_SQL);
    size_t at = 0, count = 0;
    if (!sql)
        return PG_LOST;
    for (; count <= (size_t)query->last; count++) {
        struct audit_rows *rows = &stretch->tables[count];
        keeping[count] = (struct keeping){rows, sources[count].types};
        takers[count] = (struct pg_taker){keep_row, &keeping[count]};
        rows->size = rows->at = rows->next.size = 0;
        write_table(query->ledger, (enum audit_table)count, stretch, sql + at);
        at += strlen(sql + at);
    }
    enum pg_status status = pg_unload_each(context, pg, sql, takers, count);
    free(sql);
    return status;
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
    struct co_context *context, struct pg *pg, int ledger, struct audit_stretch *stretch)
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

enum pg_status audit_stretch_read(struct co_context *context, struct pg *pg,
    const struct audit_stretch_query *query, struct audit_stretch *stretch)
{
    enum pg_status status = read_batches(context, pg, query, stretch);
    bool may_be_many = stretch->entries * ENTRY_POSTINGS_MAX > AUDIT_STRETCH_POSTINGS;
    if (status == PG_OK && stretch->count > 1 && may_be_many)
        status = cut_by_postings(context, pg, query->ledger, stretch);
    if (status == PG_OK && stretch->count > 0)
        status = read_tables(context, pg, query, stretch);
    return status;
}

void audit_stretch_free(struct audit_stretch *stretch)
{
    for (int i = 0; i < AUDIT_TABLES; i++) {
        free(stretch->tables[i].bytes);
        stretch->tables[i] = (struct audit_rows){.bytes = NULL};
    }
}

/* ---- row by row ---------------------------------------------------------------------------- */

/* The next row of a table, not taken yet; NULL: there is none. */
static const struct row *look(struct audit_rows *rows)
{
    if (rows->at == rows->size)
        return NULL;
    if (rows->next.size == 0) {
        size_t size = row_read(&rows->next, rows->bytes + rows->at, rows->size - rows->at);
        co_ensure(size > 0 && size != ROW_BROKEN); /* keep_row() was given it whole */
    }
    return &rows->next;
}

uint64_t audit_stretch_seq(struct audit_stretch *stretch, enum audit_table table)
{
    const struct row *row = look(&stretch->tables[table]);
    return row ? row_bigint(row, sources[table].position) : UINT64_MAX;
}

void audit_stretch_skip(struct audit_stretch *stretch, enum audit_table table)
{
    struct audit_rows *rows = &stretch->tables[table];
    rows->at += rows->next.size;
    rows->next.size = 0;
}

/* ---- entry by entry ------------------------------------------------------------------------ */

static void take_held(struct audit_held *held, const struct row *row)
{
    held->has_hold =
        !row_is_null(row, TABLE_ABOUT_FROM_NO) && !row_is_null(row, TABLE_ABOUT_AMOUNT);
    held->has_after = !row_is_null(row, TABLE_ABOUT_HELD);
    held->account = held->has_hold ? row_bigint(row, TABLE_ABOUT_FROM_NO) : 0;
    held->amount = held->has_hold ? row_money(row, TABLE_ABOUT_AMOUNT) : 0;
    held->after = held->has_after ? row_money(row, TABLE_ABOUT_HELD) : 0;
}

/* A row of the entry, the `index`-th of its table. */
static void take_row(
    struct audit_entry *entry, enum audit_table table, size_t index, const struct row *row)
{
    switch (table) {
    case AUDIT_ACCOUNTS:
        if (index == 0) {
            entry->account_is_valid = record_read_account(
                &entry->account, row_bigint(row, TABLE_ACCOUNT_NO), row, TABLE_ACCOUNT_ID);
            entry->account_has_metadata = !row_is_null(row, TABLE_ACCOUNT_METADATA);
        }
        break;
    case AUDIT_POSTINGS:
        if (index < ENTRY_POSTINGS_MAX)
            record_read_posting(&entry->postings[index], row);
        break;
    case AUDIT_HOLDS:
        if (index == 0)
            record_read_hold(&entry->hold, row);
        break;
    case AUDIT_HELD:
        if (index == 0)
            take_held(&entry->held, row);
        break;
    case AUDIT_WAYPOINTS:
        if (index < sizeof entry->waypoints / sizeof entry->waypoints[0])
            entry->waypoints[index] = row_bigint(row, TABLE_WAYPOINT_ACCOUNT);
        break;
    case AUDIT_ENTRIES: /* its head was taken; another entry of that position is left over */
    case AUDIT_TABLES:
        break;
    }
}

struct audit_entry *audit_stretch_entry(struct audit_stretch *stretch, uint64_t upto)
{
    struct audit_entry *entry = &stretch->entry;
    if (audit_stretch_seq(stretch, AUDIT_ENTRIES) > upto)
        return NULL;

    /* The texts stay valid: they are in the bytes of the stretch. */
    record_read(&entry->head, look(&stretch->tables[AUDIT_ENTRIES]));
    audit_stretch_skip(stretch, AUDIT_ENTRIES);
    for (int i = 0; i < AUDIT_TABLES; i++) {
        enum audit_table table = (enum audit_table)i;
        entry->rows[i] = 0;
        if (table == AUDIT_ENTRIES)
            continue;
        for (; audit_stretch_seq(stretch, table) == entry->head.seq; entry->rows[i]++) {
            take_row(entry, table, entry->rows[i], look(&stretch->tables[i]));
            audit_stretch_skip(stretch, table);
        }
    }
    return entry;
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* Where the rows of a table up to a position end. */
static size_t end_of(const struct audit_rows *rows, unsigned position, uint64_t last_seq)
{
    struct row row;
    size_t at = rows->at, size = 0;
    for (; at < rows->size; at += size) {
        size = row_read(&row, rows->bytes + at, rows->size - at);
        if (row_bigint(&row, position) > last_seq)
            break;
    }
    return at;
}

void audit_stretch_hash(struct audit_stretch *stretch, const struct audit_batch *batch,
    const uint8_t before[HASH_CHAIN], uint8_t digest[HASH_CHAIN])
{
    struct hash hash;
    hash_start(&hash, HASH_CHAIN);
    hash_add(&hash, before, HASH_CHAIN);
    for (int i = AUDIT_ACCOUNTS; i <= AUDIT_HOLDS; i++) {
        const struct audit_rows *rows = &stretch->tables[i];
        size_t size = end_of(rows, sources[i].position, batch->last_seq) - rows->at;
        uint64_t length = htole64(size);
        hash_add(&hash, &length, sizeof length);
        if (size > 0)
            hash_add(&hash, rows->bytes + rows->at, size);
    }
    hash_finish(&hash, digest);
}
