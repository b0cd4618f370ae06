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
static void encode_postings(struct batch *batch, int ledger, const struct entry *entry)
{
    struct copy *sent = &batch->tables[STORE_ENTRIES];
    size_t at = encode_posting(&batch->postings, ledger, entry, 0);
    copy_fields(sent, &batch->postings, at);
    copy_null(sent);
    for (uint32_t leg = 1; leg < entry->posting_count; leg++) {
        encode_posting(&batch->postings, ledger, entry, leg);
        encode_posting(&batch->tables[STORE_POSTINGS], ledger, entry, leg);
    }
    encode_waypoints(&batch->tables[STORE_WAYPOINTS], ledger, entry);
}

/* A hold moves nothing: of the posting it has the terms. */
static void encode_reserved(struct batch *batch, int ledger, const struct entry *entry)
{
    struct copy *sent = &batch->tables[STORE_ENTRIES];
    encode_hold(&batch->holds, ledger, entry);
    encode_terms(sent, &entry->postings[0]);
    copy_nulls(sent, TABLE_ENTRY_FROM_AFTER, TABLE_ENTRY_EXPIRES_AT);
    encode_expiry(sent, entry);
}

static void encode(struct batch *batch, int ledger, const struct entry *entry)
{
    struct copy *tables = batch->tables, *sent = &tables[STORE_ENTRIES];
    /* What is sent begins as what is hashed does. */
    size_t at = encode_entry(&batch->entries, ledger, entry);
    copy_row(sent, TABLE_ENTRY_COLUMNS);
    copy_fields(sent, &batch->entries, at);
    if (entry_moves_money(entry))
        encode_postings(batch, ledger, entry);
    else if (entry->kind == ENTRY_HOLD)
        encode_reserved(batch, ledger, entry);
    else
        copy_nulls(sent, TABLE_ENTRY_HEAD_COLUMNS, TABLE_ENTRY_COLUMNS);
    if (entry->kind == ENTRY_ACCOUNT)
        encode_account(&tables[STORE_ACCOUNTS], ledger, entry);
    if (entry_is_about_hold(entry->kind))
        encode_held(&tables[STORE_HELD], ledger, entry);
}

/* ---- the chain ----------------------------------------------------------------------------- */

static void chain(
    const struct batch *batch, const uint8_t before[HASH_CHAIN], uint8_t digest[HASH_CHAIN])
{
    const struct copy *const chained[] = {
        &batch->tables[STORE_ACCOUNTS], &batch->entries, &batch->postings, &batch->holds};
    enum { PIECE = 512 << 10 }; /* half a millisecond */
    struct hash hash;
    hash_start(&hash, HASH_CHAIN);
    hash_add(&hash, before, HASH_CHAIN);
    for (size_t i = 0; i < sizeof chained / sizeof chained[0]; i++) {
        size_t size;
        const char *rows = copy_rows(chained[i], &size);
        uint64_t length = htole64(size);
        hash_add(&hash, &length, sizeof length);
        for (size_t at = 0; at < size; at += PIECE, co_yield())
            hash_add(&hash, rows + at, size - at < PIECE ? size - at : PIECE);
    }
    hash_finish(&hash, digest);
}

bool batch_encode(struct batch *batch, int ledger, const struct entry *first,
    const uint8_t before[HASH_CHAIN], struct store_batch *out)
{
    enum { TURN = 1024 };
    uint32_t postings = 0;
    /* What is sent, by tables; and what the hash covers, which stays the same however that is laid
     * out. */
    for (int i = 0; i < STORE_TABLES; i++)
        copy_start(&batch->tables[i]);
    copy_start(&batch->entries);
    copy_start(&batch->postings);
    copy_start(&batch->holds);

    out->first_seq = out->last_seq = first->seq;
    for (const struct entry *entry = first; entry; entry = entry->next_in_batch) {
        encode(batch, ledger, entry);
        if ((postings += entry->posting_count) >= TURN) { /* others wait for this worker */
            postings = 0;
            co_yield();
        }
        co_ensure(entry == first || entry->seq == out->last_seq + 1);
        out->last_seq = entry->seq;
    }

    /* A shortage of memory on the way shows only here. */
    bool good = copy_finish(&batch->entries);
    good = copy_finish(&batch->postings) && good;
    good = copy_finish(&batch->holds) && good;
    for (int i = 0; i < STORE_TABLES; i++) {
        const struct copy *table = &batch->tables[i];
        good = copy_finish(&batch->tables[i]) && good;
        out->tables[i] = (struct pg_data){table->bytes, table->rows ? table->size : 0};
    }
    if (good)
        chain(batch, before, out->hash);
    return good;
}

void batch_free(struct batch *batch)
{
    for (int i = 0; i < STORE_TABLES; i++)
        copy_free(&batch->tables[i]);
    copy_free(&batch->entries);
    copy_free(&batch->postings);
    copy_free(&batch->holds);
}
