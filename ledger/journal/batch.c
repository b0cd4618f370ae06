/* SPDX-License-Identifier: MIT */
/*
 * The one encoder of rows: each function below writes the columns of a table of tables.h, in their
 * order. record.h reads them back.
 */
#include "ledger/journal/batch.h"

#include <endian.h>

#include "coro/co.h"
#include "ledger/db/tables.h"
#include "ledger/domain/account.h"

/* ---- rows ---------------------------------------------------------------------------------- */

static void encode_account(struct copy *copy, int ledger, const struct entry *entry)
{
    const struct account *account = entry->account;
    copy_row(copy, TABLE_ACCOUNT_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, account->number);
    copy_text(copy, account->id);
    copy_text(copy, account->asset);
    if (account->has_floor)
        copy_money(copy, account->floor);
    else
        copy_null(copy);
    copy_bigint(copy, entry->seq);
    copy_text(copy, entry->metadata);
}

/* As the chain has it, without its posting or hold. Returns where its fields begin. */
static size_t encode_entry(struct copy *copy, int ledger, const struct entry *entry)
{
    copy_row(copy, TABLE_ENTRY_HEAD_COLUMNS);
    size_t at = copy->size;
    copy_int(copy, ledger);
    copy_bigint(copy, entry->seq);
    copy_time(copy, entry->at_us);
    copy_smallint(copy, entry->kind);
    copy_text(copy, entry->key);
    if (entry->key)
        copy_bytes(copy, entry->fingerprint, sizeof entry->fingerprint);
    else
        copy_null(copy);
    if (entry->account)
        copy_bigint(copy, entry->account->number);
    else
        copy_null(copy);
    copy_text(copy, entry->code == LEDGER_OK ? NULL : status_name(entry->code));
    if (entry->code == LEDGER_INSUFFICIENT_FUNDS)
        copy_money(copy, entry->available);
    else
        copy_null(copy);
    copy_text(copy, entry->kind == ENTRY_ACCOUNT ? NULL : entry->metadata);
    if (entry->ref)
        copy_bigint(copy, entry->ref);
    else
        copy_null(copy);
    return at;
}

static void encode_terms(struct copy *copy, const struct posting *posting)
{
    copy_bigint(copy, posting->from->number);
    copy_bigint(copy, posting->to->number);
    copy_money(copy, posting->amount);
}

/* Returns where the fields of the movement begin. */
static size_t encode_posting(struct copy *copy, int ledger, const struct entry *entry, uint32_t leg)
{
    const struct posting *posting = &entry->postings[leg];
    copy_row(copy, TABLE_POSTING_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, entry->seq);
    copy_smallint(copy, (int)leg);
    size_t at = copy->size;
    encode_terms(copy, posting);
    copy_money(copy, posting->from_after);
    copy_money(copy, posting->to_after);
    copy_bigint(copy, posting->from_prev);
    copy_bigint(copy, posting->to_prev);
    return at;
}

static void encode_expiry(struct copy *copy, const struct entry *entry)
{
    if (entry->expires_us)
        copy_time(copy, entry->expires_us);
    else
        copy_null(copy);
}

/* As the chain has it. */
static void encode_hold(struct copy *copy, int ledger, const struct entry *entry)
{
    copy_row(copy, TABLE_HOLD_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, entry->seq);
    encode_terms(copy, &entry->postings[0]);
    encode_expiry(copy, entry);
}

static void encode_held(struct copy *copy, int ledger, const struct entry *entry)
{
    copy_row(copy, TABLE_HELD_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, entry->postings[0].from->number);
    copy_bigint(copy, entry->seq);
    copy_money(copy, entry->held);
}

static void encode_waypoint(
    struct copy *copy, int ledger, const struct entry *entry, const struct account *account)
{
    copy_row(copy, TABLE_WAYPOINT_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, account->number);
    copy_bigint(copy, entry->seq);
}

static void encode_waypoints(struct copy *copy, int ledger, const struct entry *entry)
{
    for (uint32_t leg = 0; leg < entry->posting_count; leg++) {
        const struct posting *posting = &entry->postings[leg];
        if (posting->from_waypoint)
            encode_waypoint(copy, ledger, entry, posting->from);
        if (posting->to_waypoint)
            encode_waypoint(copy, ledger, entry, posting->to);
    }
}

/* For the columns from one on, up to another. */
static void copy_nulls(struct copy *copy, int from, int upto)
{
    for (int i = from; i < upto; i++)
        copy_null(copy);
}

/* ---- what an entry brings into each table --------------------------------------------------- */

/* Behind an entry's own columns are those of its first posting, and when a hold expires. The other
 * postings are sent in rows of their own. */
static void encode_postings(struct batch_rows *rows, int ledger, const struct entry *entry)
{
    struct copy *sent = &rows->tables[BATCH_ENTRIES];
    size_t at = encode_posting(&rows->postings, ledger, entry, 0);
    copy_fields(sent, &rows->postings, at);
    copy_null(sent);
    for (uint32_t leg = 1; leg < entry->posting_count; leg++) {
        encode_posting(&rows->postings, ledger, entry, leg);
        encode_posting(&rows->tables[BATCH_POSTINGS], ledger, entry, leg);
    }
    encode_waypoints(&rows->tables[BATCH_WAYPOINTS], ledger, entry);
}

/* A hold moves nothing: of the posting it has the terms. */
static void encode_reserved(struct batch_rows *rows, int ledger, const struct entry *entry)
{
    struct copy *sent = &rows->tables[BATCH_ENTRIES];
    encode_hold(&rows->holds, ledger, entry);
    encode_terms(sent, &entry->postings[0]);
    copy_nulls(sent, TABLE_ENTRY_FROM_AFTER, TABLE_ENTRY_EXPIRES_AT);
    encode_expiry(sent, entry);
}

static void encode(struct batch_rows *rows, int ledger, const struct entry *entry)
{
    struct copy *tables = rows->tables, *sent = &tables[BATCH_ENTRIES];
    /* What is sent begins as what is hashed does. */
    size_t at = encode_entry(&rows->entries, ledger, entry);
    copy_row(sent, TABLE_ENTRY_COLUMNS);
    copy_fields(sent, &rows->entries, at);
    if (entry_moves_money(entry))
        encode_postings(rows, ledger, entry);
    else if (entry->kind == ENTRY_HOLD)
        encode_reserved(rows, ledger, entry);
    else
        copy_nulls(sent, TABLE_ENTRY_HEAD_COLUMNS, TABLE_ENTRY_COLUMNS);
    if (entry->kind == ENTRY_ACCOUNT)
        encode_account(&tables[BATCH_ACCOUNTS], ledger, entry);
    if (entry_is_about_hold(entry->kind))
        encode_held(&tables[BATCH_HELD], ledger, entry);
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* Rows that the hash covers: of a buffer, from there to there. */
struct stretch {
    const struct copy *copy;
    size_t from, upto;
};

static struct stretch whole(const struct copy *copy)
{
    size_t size;
    const char *rows = copy_rows(copy, &size);
    size_t from = (size_t)(rows - copy->bytes);
    return (struct stretch){copy, from, from + size};
}

static void chain(struct batch_rows *rows, struct batch *batch, size_t accounts_from)
{
    const struct copy *accounts = &rows->tables[BATCH_ACCOUNTS];
    const struct stretch chained[] = {{accounts, accounts_from, accounts->size},
        whole(&rows->entries), whole(&rows->postings), whole(&rows->holds)};
    enum { PIECE = 512 << 10 }; /* half a millisecond */
    struct hash hash;
    hash_start(&hash, HASH_CHAIN);
    hash_add(&hash, batch->before, HASH_CHAIN);
    for (size_t i = 0; i < sizeof chained / sizeof chained[0]; i++) {
        const struct stretch *part = &chained[i];
        uint64_t length = htole64(part->upto - part->from);
        hash_add(&hash, &length, sizeof length);
        for (size_t at = part->from, size; at < part->upto; at += size) {
            size = part->upto - at < PIECE ? part->upto - at : PIECE;
            hash_add(&hash, part->copy->bytes + at, size);
            if ((rows->hashed += size) >= PIECE) { /* others wait for this worker */
                rows->hashed = 0;
                co_yield();
            }
        }
    }
    hash_finish(&hash, batch->hash);
}

static bool add(struct batch_rows *rows, struct batch *batch)
{
    enum { TURN = 1024 };
    size_t accounts_from = rows->tables[BATCH_ACCOUNTS].size;
    copy_start(&rows->entries);
    copy_start(&rows->postings);
    copy_start(&rows->holds);
    batch->first_seq = batch->last_seq = batch->first->seq;
    for (const struct entry *entry = batch->first; entry; entry = entry->next_in_batch) {
        encode(rows, batch->ledger, entry);
        if ((rows->encoded += entry->posting_count + 1) >= TURN) {
            rows->encoded = 0;
            co_yield();
        }
        co_ensure(entry == batch->first || entry->seq == batch->last_seq + 1);
        batch->last_seq = entry->seq;
    }

    /* What the hash covers stays the same however that is laid out. A shortage of memory on the way
     * shows only here. */
    bool good = copy_finish(&rows->entries);
    good = copy_finish(&rows->postings) && good;
    good = copy_finish(&rows->holds) && good;
    good = good && !rows->tables[BATCH_ACCOUNTS].short_of_memory;
    if (good)
        chain(rows, batch, accounts_from);
    return good;
}

bool batch_encode(struct batch_rows *rows, struct batch *const *batches, size_t count,
    struct pg_data tables[BATCH_TABLES])
{
    bool good = true;
    for (int i = 0; i < BATCH_TABLES; i++)
        copy_start(&rows->tables[i]);
    for (size_t i = 0; good && i < count; i++)
        good = add(rows, batches[i]);
    for (int i = 0; i < BATCH_TABLES; i++) {
        struct copy *table = &rows->tables[i];
        good = copy_finish(table) && good;
        tables[i] = (struct pg_data){table->bytes, table->rows ? table->size : 0};
    }
    return good;
}

void batch_rows_free(struct batch_rows *rows)
{
    for (int i = 0; i < BATCH_TABLES; i++)
        copy_free(&rows->tables[i]);
    copy_free(&rows->entries);
    copy_free(&rows->postings);
    copy_free(&rows->holds);
}
