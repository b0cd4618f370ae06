/* SPDX-License-Identifier: MIT */
/*
 * What is encoded for the database is decoded from it again, column by column, without a database:
 * every value of every row is one that no other column has.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/db/row.h"
#include "ledger/db/sql_kind.h"
#include "ledger/db/tables.h"
#include "ledger/journal/batch.h"
#include "ledger/journal/record.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"
#include "tests/unit.h"

enum { LEDGER = 7, TRANSFER = 1001, HOLD, OPENING, REJECTED, ENTRIES = 4 };

static struct account_table *accounts;
static struct account *payer, *payee;
static struct entry *entries[ENTRIES];
static struct batch_rows encoded;
static struct pg_data tables[BATCH_TABLES];

/* ---- what is encoded ------------------------------------------------------------------------ */

static struct account *make_account(const char *id, uint64_t number, bool has_floor)
{
    struct account *account = account_find_or_add(accounts, id);
    co_ensure(account && account_renumber(accounts, account, number));
    account->asset = asset_intern("USD/2");
    account->has_floor = has_floor;
    account->floor = -33;
    return account;
}

static struct entry *make_entry(enum entry_kind kind, const char *key, size_t postings)
{
    static int made;
    struct entry *entry = entry_make(kind, key, "{\"a\":1}", postings);
    co_ensure(entry != NULL);
    entry->seq = (uint64_t)(TRANSFER + made);
    entry->at_us = INT64_C(1790000000000000) + made;
    memset(entry->fingerprint, 0x41 + made, sizeof entry->fingerprint);
    for (uint32_t i = 0; i < postings; i++)
        entry->postings[i] = (struct posting){.from = payer,
            .to = payee,
            .amount = 100 + (money)i,
            .from_after = -200 - (money)i,
            .to_after = 300 + (money)i,
            .from_prev = 400 + i,
            .to_prev = 500 + i};
    entries[made++ % ENTRIES] = entry;
    return entry;
}

/* As it would be sent. */
static void encode(void)
{
    struct batch batch = {.ledger = LEDGER}, *const batches[] = {&batch};
    accounts = account_table_make();
    co_ensure(accounts != NULL);
    payer = make_account("payer", 11, true);
    payee = make_account("payee", 22, false);
    make_entry(ENTRY_TRANSFER, "key", 2)->postings[1].to_waypoint = true;
    struct entry *hold = make_entry(ENTRY_HOLD, NULL, 1);
    hold->expires_us = INT64_C(1790000000600000);
    hold->held = 77;
    make_entry(ENTRY_ACCOUNT, NULL, 0)->account = payer;
    struct entry *rejected = make_entry(ENTRY_REJECTED, "other", 0);
    rejected->account = payee;
    rejected->code = LEDGER_INSUFFICIENT_FUNDS;
    rejected->available = 88;
    rejected->ref = 99;
    for (int i = 0; i + 1 < ENTRIES; i++)
        entries[i]->next_in_batch = entries[i + 1];
    batch.first = entries[0];
    bool good = batch_encode(&encoded, batches, 1, tables);
    co_ensure(good);
}

static void forget(void)
{
    for (int i = 0; i < ENTRIES; i++)
        entry_drop(&entries[i]);
    batch_rows_free(&encoded);
    account_table_free(&accounts);
}

/* ---- and decoded ---------------------------------------------------------------------------- */

struct reading {
    const char *types;
    int columns;
    void (*check)(const struct row *row, int index);
    int rows;
};

static bool take(const struct row *row, void *arg)
{
    struct reading *reading = arg;
    CU_ASSERT_EQUAL((int)row->columns, reading->columns);
    CU_ASSERT(row_is_plain(row, reading->types));
    CU_ASSERT_EQUAL(row_int(row, 0), LEDGER); /* in every table the first column */
    reading->check(row, reading->rows++);
    return true;
}

static void read_rows(const struct pg_data *data, const char *types, int columns,
    void (*check)(const struct row *row, int index), int rows)
{
    struct reading reading = {.types = types, .columns = columns, .check = check};
    struct row_stream stream = {.take = take, .arg = &reading};
    CU_ASSERT(row_stream_feed(&stream, data->bytes, data->size));
    CU_ASSERT(stream.ended && !stream.wrong);
    CU_ASSERT_EQUAL(reading.rows, rows);
    row_stream_free(&stream);
}

static bool is_text(const struct record_text *text, const char *expected)
{
    return expected ? text->bytes && text->size == strlen(expected) &&
                          memcmp(text->bytes, expected, text->size) == 0
                    : !text->bytes;
}

static void check_posting(const struct record_posting *posting, int leg)
{
    CU_ASSERT_EQUAL(posting->leg, leg);
    CU_ASSERT_EQUAL(posting->from, 11);
    CU_ASSERT_EQUAL(posting->to, 22);
    CU_ASSERT(posting->amount == 100 + leg);
    CU_ASSERT(posting->from_after == -200 - leg);
    CU_ASSERT(posting->to_after == 300 + leg);
    CU_ASSERT_EQUAL(posting->from_prev, 400 + (uint64_t)leg);
    CU_ASSERT_EQUAL(posting->to_prev, 500 + (uint64_t)leg);
}

/* The columns of its table behind those that every entry has. */
static void check_rest(const struct row *row, enum entry_kind kind)
{
    struct record_posting posting = {0};
    bool moves = kind == ENTRY_TRANSFER, reserves = kind == ENTRY_HOLD;
    CU_ASSERT_EQUAL(row_is_null(row, TABLE_ENTRY_FROM_NO), !moves && !reserves);
    CU_ASSERT_EQUAL(row_is_null(row, TABLE_ENTRY_FROM_AFTER), !moves);
    CU_ASSERT_EQUAL(row_is_null(row, TABLE_ENTRY_TO_PREV), !moves);
    CU_ASSERT_EQUAL(row_is_null(row, TABLE_ENTRY_EXPIRES_AT), !reserves);
    if (moves || reserves)
        record_read_terms(&posting, row, TABLE_ENTRY_FROM_NO);
    if (moves) {
        record_read_after(&posting, row, TABLE_ENTRY_FROM_AFTER);
        record_read_before(&posting, row, TABLE_ENTRY_FROM_PREV);
        check_posting(&posting, 0);
    }
    if (reserves) {
        CU_ASSERT(posting.amount == 100);
        CU_ASSERT_EQUAL(row_time(row, TABLE_ENTRY_EXPIRES_AT), INT64_C(1790000000600000));
    }
}

static void check_entry(const struct row *row, int index)
{
    const struct entry *entry = entries[index];
    struct record record;
    record_read(&record, row);
    CU_ASSERT_EQUAL(record.seq, entry->seq);
    CU_ASSERT_EQUAL(record.at_us, entry->at_us);
    CU_ASSERT_EQUAL(record.kind, entry->kind);
    CU_ASSERT(is_text(&record.key, entry->key));
    CU_ASSERT(entry->key
                  ? record.fingerprint.size == ENTRY_FINGERPRINT &&
                        memcmp(record.fingerprint.bytes, entry->fingerprint, ENTRY_FINGERPRINT) == 0
                  : !record.fingerprint.bytes);
    CU_ASSERT(is_text(&record.metadata, entry->kind == ENTRY_ACCOUNT ? NULL : "{\"a\":1}"));
    CU_ASSERT_EQUAL(record.has_account, entry->account != NULL);
    CU_ASSERT_EQUAL(record.account, entry->account ? entry->account->number : 0);
    CU_ASSERT_EQUAL(record_code(&record), entry->code);
    CU_ASSERT(record.available == entry->available);
    CU_ASSERT_EQUAL(record.ref, entry->ref);
    if (row->columns == TABLE_ENTRY_COLUMNS)
        check_rest(row, record.kind);
}

static void check_further_posting(const struct row *row, int index)
{
    struct record_posting posting;
    record_read_posting(&posting, row);
    check_posting(&posting, 1 + index);
    CU_ASSERT_EQUAL(row_bigint(row, TABLE_POSTING_SEQ), TRANSFER);
}

static void check_account(const struct row *row, int index)
{
    struct record_account account;
    (void)index;
    CU_ASSERT(
        record_read_account(&account, row_bigint(row, TABLE_ACCOUNT_NO), row, TABLE_ACCOUNT_ID));
    CU_ASSERT_EQUAL(account.number, 11);
    CU_ASSERT_EQUAL(account.opened, OPENING);
    CU_ASSERT_STRING_EQUAL(account.id, "payer");
    CU_ASSERT_STRING_EQUAL(account.asset, "USD/2");
    CU_ASSERT(account.has_floor && account.floor == -33);
    CU_ASSERT(!row_is_null(row, TABLE_ACCOUNT_METADATA));
}

static void check_held(const struct row *row, int index)
{
    (void)index;
    CU_ASSERT_EQUAL(row_bigint(row, TABLE_HELD_ACCOUNT), 11);
    CU_ASSERT_EQUAL(row_bigint(row, TABLE_HELD_SEQ), HOLD);
    CU_ASSERT(row_money(row, TABLE_HELD_HELD) == 77);
}

static void check_waypoint(const struct row *row, int index)
{
    (void)index;
    CU_ASSERT_EQUAL(row_bigint(row, TABLE_WAYPOINT_ACCOUNT), 22);
    CU_ASSERT_EQUAL(row_bigint(row, TABLE_WAYPOINT_SEQ), TRANSFER);
}

static void check_hold(const struct row *row, int index)
{
    struct record_hold hold;
    (void)index;
    record_read_hold(&hold, row);
    CU_ASSERT_EQUAL(hold.seq, HOLD);
    CU_ASSERT_EQUAL(hold.from, 11);
    CU_ASSERT_EQUAL(hold.to, 22);
    CU_ASSERT(hold.amount == 100);
    CU_ASSERT_EQUAL(hold.expires_us, INT64_C(1790000000600000));
}

static struct pg_data rows_of(const struct copy *copy)
{
    return (struct pg_data){copy->bytes, copy->size};
}

/* Entries that make no posting, and no hold, have nothing in those columns. */
static void reads_what_was_written(void)
{
    encode();
    struct pg_data heads = rows_of(&encoded.entries), holds = rows_of(&encoded.holds);
    read_rows(
        &tables[BATCH_ENTRIES], "?" TABLES_TYPES(ENTRY), TABLE_ENTRY_COLUMNS, check_entry, ENTRIES);
    read_rows(&heads, TABLES_TYPES(ENTRY_HEAD), TABLE_ENTRY_HEAD_COLUMNS, check_entry, ENTRIES);
    read_rows(&tables[BATCH_POSTINGS], TABLES_TYPES(POSTING), TABLE_POSTING_COLUMNS,
        check_further_posting, 1);
    read_rows(&holds, TABLES_TYPES(HOLD), TABLE_HOLD_COLUMNS, check_hold, 1);
    read_rows(
        &tables[BATCH_ACCOUNTS], TABLES_TYPES(ACCOUNT), TABLE_ACCOUNT_COLUMNS, check_account, 1);
    read_rows(&tables[BATCH_HELD], TABLES_TYPES(HELD), TABLE_HELD_COLUMNS, check_held, 1);
    read_rows(&tables[BATCH_WAYPOINTS], TABLES_TYPES(WAYPOINT), TABLE_WAYPOINT_COLUMNS,
        check_waypoint, 1);
    forget();
}

/* ---- shapes and opening --------------------------------------------------------------------- */

static void states_columns_once(void)
{
    CU_ASSERT_STRING_EQUAL(TABLES_COLUMNS(HELD), "ledger,account,seq,held");
    CU_ASSERT_STRING_EQUAL(TABLES_COLUMNS_OF(HELD, d), "d.ledger,d.account,d.seq,d.held");
    CU_ASSERT_STRING_EQUAL(TABLES_TYPES(HELD), "-BBM");
    CU_ASSERT_EQUAL(TABLE_HELD_HELD, 3);
    CU_ASSERT_EQUAL(TABLE_HELD_COLUMNS, 4);
    CU_ASSERT_STRING_EQUAL(SQL_KINDS_OF_HOLDS, "4,5,6,7");
}

/* An id or a number that is taken is told from want of memory. */
static void opens_an_account_once(void)
{
    struct record_account opening = {.number = 3, .opened = 5, .id = "a", .asset = "USD/2"};
    bool taken;
    accounts = account_table_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(accounts);
    struct account *account = record_open_account(&opening, accounts, &taken);
    CU_ASSERT_FATAL(account && !taken);
    CU_ASSERT(account->opened == 5 && account->seq == 5 && account->moved == 5);
    opening.number = 4;
    CU_ASSERT(!record_open_account(&opening, accounts, &taken) && taken);
    strcpy(opening.id, "b");
    opening.number = 3;
    CU_ASSERT(!record_open_account(&opening, accounts, &taken) && taken);
    opening.number = 4;
    opening.opened = 0; /* as nobody writes it */
    CU_ASSERT(record_open_account(&opening, accounts, &taken) && !taken);
    opening.number = 5;
    CU_ASSERT(!record_open_account(&opening, accounts, &taken) && taken);
    account_table_free(&accounts);
}

const struct unit_suite record_suite = {.name = "record",
    .tests = (const struct unit_test[]){{"reads_what_was_written", reads_what_was_written},
        {"states_columns_once", states_columns_once},
        {"opens_an_account_once", opens_an_account_once}, {0}}};
