/* SPDX-License-Identifier: MIT */
#include "ledger/journal/record.h"

#include <string.h>

#include "ledger/db/tables.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"

/* Places within the parts that stand in several tables. */
enum { TABLES_TERMS(TABLES_PLACE, TERMS) };
enum { TABLES_AFTER(TABLES_PLACE, AFTER) };
enum { TABLES_BEFORE(TABLES_PLACE, BEFORE) };
enum { TABLES_OPENING(TABLES_PLACE, OPENING) };

/* ---- entries ------------------------------------------------------------------------------- */

static struct record_text text_at(const struct row *row, unsigned column)
{
    struct record_text text;
    text.bytes = row_bytes(row, column, &text.size);
    return text;
}

void record_read(struct record *record, const struct row *row)
{
    record->seq = row_bigint(row, TABLE_ENTRY_SEQ);
    record->at_us = row_time(row, TABLE_ENTRY_AT);
    record->kind = (enum entry_kind)row_smallint(row, TABLE_ENTRY_KIND);
    record->key = text_at(row, TABLE_ENTRY_KEY);
    record->fingerprint = text_at(row, TABLE_ENTRY_FINGERPRINT);
    record->code = text_at(row, TABLE_ENTRY_CODE);
    record->metadata = text_at(row, TABLE_ENTRY_METADATA);

    /* Columns that most entries have no use for are null there. */
    record->has_account = !row_is_null(row, TABLE_ENTRY_ACCOUNT);
    record->account = record->has_account ? row_bigint(row, TABLE_ENTRY_ACCOUNT) : 0;
    record->has_available = !row_is_null(row, TABLE_ENTRY_AVAILABLE);
    record->available = record->has_available ? row_money(row, TABLE_ENTRY_AVAILABLE) : 0;
    record->ref = row_is_null(row, TABLE_ENTRY_REF) ? 0 : row_bigint(row, TABLE_ENTRY_REF);
}

enum ledger_status record_code(const struct record *record)
{
    char code[40];
    if (!record->code.bytes)
        return LEDGER_OK;
    if (record->code.size >= sizeof code)
        return LEDGER_STATUS_COUNT;
    memcpy(code, record->code.bytes, record->code.size);
    code[record->code.size] = '\0';
    return status_of_name(code);
}

/* ---- postings and holds -------------------------------------------------------------------- */

void record_read_terms(struct record_posting *posting, const struct row *row, unsigned column)
{
    posting->from = row_bigint(row, column + TERMS_FROM_NO);
    posting->to = row_bigint(row, column + TERMS_TO_NO);
    posting->amount = row_money(row, column + TERMS_AMOUNT);
}

void record_read_after(struct record_posting *posting, const struct row *row, unsigned column)
{
    posting->from_after = row_money(row, column + AFTER_FROM_AFTER);
    posting->to_after = row_money(row, column + AFTER_TO_AFTER);
}

void record_read_before(struct record_posting *posting, const struct row *row, unsigned column)
{
    posting->from_prev = row_bigint(row, column + BEFORE_FROM_PREV);
    posting->to_prev = row_bigint(row, column + BEFORE_TO_PREV);
}

void record_read_posting(struct record_posting *posting, const struct row *row)
{
    posting->leg = row_smallint(row, TABLE_POSTING_LEG);
    record_read_terms(posting, row, TABLE_POSTING_FROM_NO);
    record_read_after(posting, row, TABLE_POSTING_FROM_AFTER);
    record_read_before(posting, row, TABLE_POSTING_FROM_PREV);
}

void record_read_hold(struct record_hold *hold, const struct row *row)
{
    struct record_posting terms;
    record_read_terms(&terms, row, TABLE_HOLD_FROM_NO);
    hold->seq = row_bigint(row, TABLE_HOLD_SEQ);
    hold->from = terms.from;
    hold->to = terms.to;
    hold->amount = terms.amount;
    hold->expires_us =
        row_is_null(row, TABLE_HOLD_EXPIRES_AT) ? 0 : row_time(row, TABLE_HOLD_EXPIRES_AT);
}

/* ---- accounts ------------------------------------------------------------------------------ */

bool record_read_account(
    struct record_account *account, uint64_t number, const struct row *row, unsigned column)
{
    account->number = number;
    account->opened = row_bigint(row, column + OPENING_OPENED);
    account->has_floor = !row_is_null(row, column + OPENING_FLOOR);
    account->floor = account->has_floor ? row_money(row, column + OPENING_FLOOR) : 0;
    return row_text(row, column + OPENING_ID, account->id, sizeof account->id) &&
           row_text(row, column + OPENING_ASSET, account->asset, sizeof account->asset) &&
           account_id_is_valid(account->id) && asset_is_valid(account->asset);
}

struct account *record_open_account(
    const struct record_account *record, struct account_table *accounts, bool *taken)
{
    *taken = account_by_number(accounts, record->number) != NULL;
    if (*taken)
        return NULL;

    /* An account that was there before has its number already. */
    struct account *account = account_find_or_add(accounts, record->id);
    *taken = account && (account->number || account->opened);
    const char *asset = asset_intern(record->asset);
    if (*taken || !account || !asset || !account_renumber(accounts, account, record->number))
        return NULL;
    account->asset = asset;
    account->has_floor = record->has_floor;
    account->floor = record->floor;
    account->opened = account->seq = account->moved = record->opened;
    return account;
}

/* ---- segments of keys ---------------------------------------------------------------------- */

bool record_read_segment(struct segment *segment, const struct row *row)
{
    size_t size;
    bool wrong = false;
    struct row head = *row;
    head.wrong = &wrong;
    *segment = (struct segment){.first_seq = row_bigint(&head, TABLE_SEGMENT_FIRST_SEQ),
        .last_seq = row_bigint(&head, TABLE_SEGMENT_LAST_SEQ),
        .keys = row_bigint(&head, TABLE_SEGMENT_KEYS)};
    const char *digest = row_bytes(&head, TABLE_SEGMENT_DIGEST, &size);
    if (wrong)
        *segment = (struct segment){0};
    else if (size == sizeof segment->digest)
        memcpy(segment->digest, digest, size);
    return !wrong;
}
