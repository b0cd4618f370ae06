/* SPDX-License-Identifier: MIT */
#include "ledger/read/entry_rows.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/journal/record.h"

/* As entry_make() takes it. NULL: it is null, or memory is short. */
static char *copy_text(const struct record_text *text)
{
    return text->bytes ? strndup(text->bytes, text->size) : NULL;
}

static struct entry *make(
    const struct record *record, const struct record_text *metadata, size_t postings)
{
    struct entry *entry = NULL;
    char *key = copy_text(&record->key), *text = copy_text(metadata);
    if ((key || !record->key.bytes) && (text || !metadata->bytes))
        entry = entry_make(record->kind, key, text, postings);
    free(key);
    free(text);
    return entry;
}

/* What its row says besides texts and postings. False: it makes no sense. */
static bool fill_in(struct entry *entry, const struct record *record, const struct row *row,
    const struct entry_rows_accounts *accounts)
{
    size_t size = record->fingerprint.size;
    entry->seq = record->seq;
    entry->at_us = record->at_us;
    entry->ref = record->ref;
    entry->code = record_code(record);
    entry->available = record->available;
    if (size > 0)
        memcpy(entry->fingerprint, record->fingerprint.bytes,
            size < ENTRY_FINGERPRINT ? size : ENTRY_FINGERPRINT);
    if (entry->kind == ENTRY_HOLD && !row_is_null(row, TABLE_ENTRY_EXPIRES_AT))
        entry->expires_us = row_time(row, TABLE_ENTRY_EXPIRES_AT);
    if (record->has_account)
        entry->account = accounts->find(accounts->arg, row, ENTRY_ROWS_ACCOUNT, record->account);
    return (entry->account || !record->has_account) && entry->at_us >= 0 &&
           entry->expires_us >= 0 && !*row->wrong && entry_is_whole(entry);
}

enum pg_status entry_rows_begin(struct entry **entry, const struct row *row,
    const struct row *with_metadata, size_t postings, const struct entry_rows_accounts *accounts)
{
    struct record record;
    struct record_text metadata;
    *entry = NULL;
    if (postings > ENTRY_POSTINGS_MAX)
        return PG_DAMAGED;
    record_read(&record, row);
    metadata.bytes = row_bytes(with_metadata, TABLE_ENTRY_METADATA, &metadata.size);
    *entry = make(&record, &metadata, postings);
    if (!*entry)
        return PG_ERROR;
    if (fill_in(*entry, &record, row, accounts))
        return PG_OK;
    entry_drop(entry);
    return PG_DAMAGED;
}

bool entry_rows_add(
    struct entry *entry, const struct row *row, const struct entry_rows_accounts *accounts)
{
    struct record_posting says;
    int leg = row_smallint(row, ENTRY_ROWS_LEG);
    if (leg < 0 || (uint32_t)leg >= entry->posting_count || entry->postings[leg].from)
        return false;
    struct posting *posting = &entry->postings[leg];
    record_read_terms(&says, row, TABLE_ENTRY_FROM_NO);
    posting->from = accounts->find(accounts->arg, row, ENTRY_ROWS_FROM, says.from);
    posting->to = accounts->find(accounts->arg, row, ENTRY_ROWS_TO, says.to);
    posting->amount = says.amount;

    /* A hold moves nothing: it has no balances after it. */
    if (!row_is_null(row, TABLE_ENTRY_FROM_AFTER)) {
        record_read_after(&says, row, TABLE_ENTRY_FROM_AFTER);
        record_read_before(&says, row, TABLE_ENTRY_FROM_PREV);
        posting->from_after = says.from_after;
        posting->to_after = says.to_after;
        posting->from_prev = says.from_prev;
        posting->to_prev = says.to_prev;
    }
    return posting->from && posting->to && !*row->wrong;
}
