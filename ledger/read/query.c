/* SPDX-License-Identifier: MIT */
/*
 * Entries come as binary rows (entry_rows.h), all else as texts.
 */
#include "ledger/read/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/db/sql_tail.h"
#include "ledger/memory/account_table.h"
#include "ledger/read/entry_rows.h"

/* The metadata is needed beside posting 0 only: an entry may have 1,000. */
#define OPENS_ACCOUNT "e.kind = " SQL_KIND(ACCOUNT)
#define METADATA                                                                                   \
    "CASE WHEN " OPENS_ACCOUNT " THEN (SELECT a.metadata FROM account a WHERE a.ledger = $1"       \
    " AND a.no = e.account) WHEN coalesce(p.leg, 0) = 0 THEN e.metadata END"
#define ENTRY_COLUMNS ENTRY_ROWS_SELECT(METADATA)

/* How many rows of entries one page has at most: with 1,000 postings each, 1,000 entries would be a
 * gigabyte. More than an entry can have. */
#define MOST_ROWS " 8192"
#define LIMIT_ROWS " LIMIT" MOST_ROWS
enum { ROWS = 8192 };

/* After that many rows other coroutines of this worker run. */
enum { TURN = 512 };

/* ---- rows to entries ----------------------------------------------------------------------- */

/* What is read may have been altered, or be of an account that another server has opened since it
 * took over: then it is damaged. */

static bool money_at(const struct pg_result *rows, size_t row, int column, money *value)
{
    return money_parse(pg_text(rows, row, column), pg_length(rows, row, column), true, value);
}

static const char *text_or_null(const struct pg_result *rows, size_t row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : pg_text(rows, row, column);
}

static struct account *find_account(
    void *arg, const struct row *row, enum entry_rows_side side, uint64_t number)
{
    (void)row;
    (void)side;
    return account_by_number(arg, number);
}

/* Where the rows of the entry that begins at `first` end, and in *leg_0 the one that has its
 * metadata: that of posting 0. */
static size_t rows_of_entry(const struct pg_result *rows, size_t first, size_t *leg_0)
{
    bool wrong = false;
    struct row row;
    pg_row(rows, first, &wrong, &row);
    uint64_t seq = row_bigint(&row, TABLE_ENTRY_SEQ);
    size_t end = first;
    *leg_0 = first;
    do {
        if (row_smallint(&row, ENTRY_ROWS_LEG) == 0)
            *leg_0 = end;
        if (++end < pg_rows(rows))
            pg_row(rows, end, &wrong, &row);
    } while (end < pg_rows(rows) && row_bigint(&row, TABLE_ENTRY_SEQ) == seq);
    return end;
}

/* The entry that starts at row *at, which moves on to the next one. PG_ERROR: memory is short. */
static enum pg_status entry_of_rows(
    struct account_table *table, const struct pg_result *rows, size_t *at, struct entry **entry)
{
    const struct entry_rows_accounts accounts = {find_account, table};
    bool wrong = false;
    struct row row, leg_0;
    size_t metadata, first = *at, end = rows_of_entry(rows, first, &metadata);
    *at = end;
    pg_row(rows, first, &wrong, &row);
    pg_row(rows, metadata, &wrong, &leg_0);
    size_t postings = row_is_null(&row, TABLE_ENTRY_FROM_NO) ? 0 : end - first;
    enum pg_status status = entry_rows_begin(entry, &row, &leg_0, postings, &accounts);
    for (size_t i = 0; i < postings && status == PG_OK; i++) {
        pg_row(rows, first + i, &wrong, &row);
        if (!entry_rows_add(*entry, &row, &accounts))
            status = PG_DAMAGED;
    }
    if (status != PG_OK)
        entry_drop(entry);
    return status;
}

/* Run a statement that gives entries, in at most ROWS rows: what does not fit is left out. */
static enum pg_status entries_of(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct pg_statement *statement, const char *const *values,
    struct ledger_entry_page *page)
{
    const struct pg_statement binary = {statement->parameters | PG_BINARY, statement->sql};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &binary, values, &rows);
    size_t yielded_at = 0;
    page->count = 0;
    for (size_t row = 0; status == PG_OK && row < pg_rows(rows) && page->count < page->limit;) {
        struct entry *entry;
        if (row - yielded_at >= TURN) {
            yielded_at = row;
            co_yield();
        }
        status = entry_of_rows(accounts, rows, &row, &entry);
        if (status == PG_OK)
            page->entries[page->count++] = entry;
    }
    if (status == PG_OK && pg_rows(rows) >= ROWS && page->count > 1)
        entry_drop(&page->entries[--page->count]); /* perhaps it has more postings than came */
    while (status != PG_OK && page->count > 0)
        entry_drop(&page->entries[--page->count]);
    pg_free(&rows);
    return status;
}

enum ledger_status query_status(enum pg_status status)
{
    return status == PG_OK ? LEDGER_OK : status == PG_DAMAGED ? LEDGER_DAMAGED : LEDGER_UNAVAILABLE;
}

/* A number as the text that a statement takes. */
struct number_text {
    char text[24];
};

static const char *number(struct number_text *buffer, uint64_t value)
{
    snprintf(buffer->text, sizeof buffer->text, "%lu", value);
    return buffer->text;
}

/* ---- the journal --------------------------------------------------------------------------- */

enum pg_status query_journal(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t after, struct ledger_entry_page *page)
{
    static const struct pg_statement journal = {4,
        "SELECT " ENTRY_COLUMNS " FROM (SELECT * FROM entry WHERE ledger = $1 AND seq > $2"
        " AND seq <= $4 ORDER BY seq LIMIT $3) e LEFT" ENTRY_ROWS_JOIN(
            "$1") " ORDER BY e.seq" LIMIT_ROWS}; /* to sort them by leg all would have to be read */
    struct number_text texts[4];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), number(&texts[1], after),
        number(&texts[2], page->limit), number(&texts[3], page->seq)};
    return entries_of(context, store, accounts, &journal, values, page);
}

enum pg_status query_journal_back(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t before, struct ledger_entry_page *page)
{
    static const struct pg_statement journal = {3,
        "SELECT " ENTRY_COLUMNS " FROM (SELECT * FROM entry WHERE ledger = $1 AND seq < $2"
        " ORDER BY seq DESC LIMIT $3) e LEFT" ENTRY_ROWS_JOIN(
            "$1") " ORDER BY e.seq DESC" LIMIT_ROWS};
    struct number_text texts[3];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), number(&texts[1], before),
        number(&texts[2], page->limit)};
    return entries_of(context, store, accounts, &journal, values, page);
}

enum pg_status query_entry_by_key(struct co_context *context, struct store *store,
    struct account_table *accounts, const char *key, struct entry **entry)
{
    static const struct pg_statement by_key = {
        2, "SELECT " ENTRY_COLUMNS " FROM entry e LEFT" ENTRY_ROWS_JOIN(
               "$1") " WHERE e.ledger = $1 AND e.key = $2 ORDER BY p.leg"};
    struct number_text text;
    const char *values[] = {number(&text, (uint64_t)store->ledger), key};
    struct ledger_entry_page page = {.entries = entry, .limit = 1};
    *entry = NULL;
    return entries_of(context, store, accounts, &by_key, values, &page);
}

enum pg_status query_items(struct co_context *context, struct store *store,
    const struct query_items *items, struct query_item **found, size_t *count)
{
    static const struct pg_statement read = {4,
        "SELECT i, e.seq FROM generate_series(0, $3::bigint - 1) i JOIN entry e"
        " ON e.ledger = $1 AND e.key = $2::text || '/' || i"
        " WHERE e.seq <= $4 AND e.kind IN (" SQL_KINDS_OF_ITEMS ") ORDER BY i"};
    struct number_text texts[3];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), items->key,
        number(&texts[1], items->count), number(&texts[2], items->upto)};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &read, values, &rows);
    *count = status == PG_OK ? pg_rows(rows) : 0;
    *found = calloc(*count + 1, sizeof **found);
    if (!*found)
        status = PG_ERROR;
    for (size_t row = 0; status == PG_OK && row < *count; row++)
        (*found)[row] =
            (struct query_item){(size_t)pg_number(rows, row, 0), (uint64_t)pg_number(rows, row, 1)};
    pg_free(&rows);
    return status;
}

enum pg_status query_item_keys(
    struct co_context *context, struct store *store, uint64_t end, uint64_t *upto)
{
    static const struct pg_statement ask = {2, "SELECT item_keys_end($1::int, $2::bigint)"};
    struct number_text texts[2];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), number(&texts[1], end)};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &ask, values, &rows);
    if (status == PG_OK)
        *upto = (uint64_t)pg_number(rows, 0, 0);
    pg_free(&rows);
    return status;
}

/* The entry of a statement with (ledger, ref), or NULL. */
static enum pg_status entry_about(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct pg_statement *statement, uint64_t ref,
    struct entry **entry)
{
    struct number_text texts[2];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), number(&texts[1], ref)};
    struct ledger_entry_page page = {.entries = entry, .limit = 1};
    *entry = NULL;
    return entries_of(context, store, accounts, statement, values, &page);
}

enum pg_status query_settlement(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t hold, struct entry **entry)
{
    static const struct pg_statement settles = {
        2, "SELECT " ENTRY_COLUMNS " FROM entry e LEFT" ENTRY_ROWS_JOIN(
               "$1") " WHERE e.ledger = $1 AND e.ref = $2 AND e.kind IN (" SQL_KINDS_SETTLING ")"};
    return entry_about(context, store, accounts, &settles, hold, entry);
}

enum pg_status query_reversal(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t transfer, struct entry **entry)
{
    static const struct pg_statement reverses = {2,
        "SELECT " ENTRY_COLUMNS
        " FROM entry e LEFT" ENTRY_ROWS_JOIN("$1") " WHERE e.ledger = $1 AND e.ref = $2 AND e.kind "
                                                   "= " SQL_KIND(REVERSAL) " ORDER BY p.leg"};
    return entry_about(context, store, accounts, &reverses, transfer, entry);
}

/* ---- statements ---------------------------------------------------------------------------- */

/* The step of the walk: from an entry to the one that touched the account before. */
#define PREVIOUS                                                                                   \
    "(SELECT CASE WHEN p.from_no = $2 THEN p.from_prev ELSE p.to_prev END FROM posting p"          \
    " WHERE p.ledger = $1 AND p.seq = w.seq AND $2 IN (p.from_no, p.to_no) LIMIT 1)"

/* How many postings that entry has. */
#define LEGS "(SELECT count(*) FROM posting p WHERE p.ledger = $1 AND p.seq = w.seq)"

/* The first waypoint at or after $4. */
#define WAYPOINT "(SELECT min(seq) FROM waypoint WHERE ledger = $1 AND account = $2 AND seq >= $4)"

/* The walk ends where its entries fill the rows of a page: no more of them are read and sorted. */
enum pg_status query_statement(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct account *account, uint64_t from,
    struct ledger_entry_page *page)
{
    static const struct pg_statement walk = {5,
        "WITH RECURSIVE w (seq, n, legs) AS (SELECT $3::bigint, 1, 0::bigint WHERE $3 > $5"
        " UNION ALL SELECT x.* FROM (SELECT " PREVIOUS ", w.n + 1, w.legs + " LEGS
        "  FROM w WHERE w.n < $4) x (seq, n, legs) WHERE x.seq > $5 AND x.legs <" MOST_ROWS ")"
        " SELECT " ENTRY_COLUMNS
        " FROM w JOIN LATERAL (SELECT * FROM entry x WHERE x.ledger = $1 AND x.seq = w.seq"
        " OFFSET 0) e ON true" ENTRY_ROWS_JOIN("$1") " ORDER BY e.seq DESC, p.leg" LIMIT_ROWS};
    struct number_text texts[5];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger),
        number(&texts[1], account->number), number(&texts[2], from), number(&texts[3], page->limit),
        number(&texts[4], account->opened)};
    return entries_of(context, store, accounts, &walk, values, page);
}

/* So many waypoints ahead there are as many movements as a page takes; fewer behind a start, which
 * does not know how far the one before is and may set one early. */
static uint64_t waypoints_of(size_t limit)
{
    return (limit + 2 * ACCOUNT_STEPS - 2) / ACCOUNT_STEPS;
}

/* What one walk finds, which may be less than a page. */
static enum pg_status walk_forward(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct account *account,
    const struct query_stretch *stretch, struct ledger_entry_page *page)
{
    static const struct pg_statement walk = {7,
        "WITH RECURSIVE w (seq) AS (SELECT coalesce((SELECT seq FROM waypoint WHERE ledger = $1"
        "  AND account = $2 AND seq > $4 AND seq < $3 ORDER BY seq OFFSET $6::bigint - 1 LIMIT 1),"
        "  $3::bigint)"
        " UNION ALL SELECT x.* FROM (SELECT " PREVIOUS " FROM w) x (seq)"
        "  WHERE x.seq > $4 AND x.seq > $7)"
        " SELECT " ENTRY_COLUMNS
        " FROM (SELECT seq FROM w WHERE seq > $4 ORDER BY seq LIMIT $5::bigint) w"
        " JOIN LATERAL (SELECT * FROM entry x WHERE x.ledger = $1 AND x.seq = w.seq"
        " OFFSET 0) e ON true" ENTRY_ROWS_JOIN("$1") " ORDER BY w.seq" LIMIT_ROWS};
    struct number_text texts[7];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger),
        number(&texts[1], account->number), number(&texts[2], stretch->head),
        number(&texts[3], stretch->after), number(&texts[4], page->limit),
        number(&texts[5], waypoints_of(page->limit)), number(&texts[6], account->opened)};
    return entries_of(context, store, accounts, &walk, values, page);
}

/* As many rows as the page was read from, or some fewer. */
static size_t rows_of_page(const struct ledger_entry_page *page)
{
    size_t rows = 0;
    for (size_t i = 0; i < page->count; i++)
        rows += page->entries[i]->posting_count;
    return rows;
}

enum pg_status query_statement_forward(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct account *account,
    const struct query_stretch *stretch, struct ledger_entry_page *page)
{
    struct query_stretch rest = *stretch;
    enum pg_status status = PG_OK;
    page->count = 0;
    while (status == PG_OK && rest.after < rest.head && page->count < page->limit &&
           rows_of_page(page) < ROWS / 2) {
        struct ledger_entry_page more = {
            .entries = page->entries + page->count, .limit = page->limit - page->count};
        status = walk_forward(context, store, accounts, account, &rest, &more);
        if (status == PG_OK && more.count == 0)
            break;
        page->count += more.count;
        if (page->count > 0)
            rest.after = page->entries[page->count - 1]->seq;
    }
    while (status != PG_OK && page->count > 0)
        entry_drop(&page->entries[--page->count]);
    return status;
}

enum pg_status query_statement_start(struct co_context *context, struct store *store,
    const struct account *account, uint64_t head, uint64_t before, uint64_t *from)
{
    /* `before` is most often an entry of the account, the last of a page: one step then. */
    static const struct pg_statement start = {4,
        "WITH RECURSIVE w (seq) AS (SELECT coalesce((SELECT $4::bigint FROM posting p"
        " WHERE p.ledger = $1 AND p.seq = $4 AND $2 IN (p.from_no, p.to_no) LIMIT 1), " WAYPOINT
        ", $3) UNION ALL SELECT " PREVIOUS " FROM w WHERE w.seq >= $4)"
        " SELECT coalesce(min(seq), 0) FROM w WHERE seq < $4"};
    struct number_text texts[4];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger),
        number(&texts[1], account->number), number(&texts[2], head), number(&texts[3], before)};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &start, values, &rows);
    if (status == PG_OK)
        *from = (uint64_t)pg_number(rows, 0, 0);
    pg_free(&rows);
    return status;
}

/* ---- the past ------------------------------------------------------------------------------ */

enum pg_status query_past(struct co_context *context, struct store *store,
    const struct account *account, uint64_t head, uint64_t at, struct query_past *past)
{
    enum { BALANCE, HELD, FROZEN, LAST };
    static const struct pg_statement read = {4,
        "WITH RECURSIVE w (seq) AS (SELECT coalesce(" WAYPOINT ", $3::bigint)"
        " UNION ALL SELECT " PREVIOUS " FROM w WHERE w.seq > $4),"
        " m AS (SELECT seq, CASE WHEN from_no = $2 THEN from_after ELSE to_after END AS balance"
        "   FROM posting WHERE ledger = $1 AND seq = (SELECT max(seq) FROM w WHERE seq <= $4)"
        "   AND $2 IN (from_no, to_no) ORDER BY leg DESC LIMIT 1),"
        " h AS (SELECT seq, held FROM held WHERE ledger = $1 AND account = $2 AND seq <= $4"
        "   ORDER BY seq DESC LIMIT 1),"
        " f AS (SELECT seq, (kind = " SQL_KIND(
            FREEZE) ")::int AS frozen FROM entry WHERE ledger = $1"
                    "   AND account = $2 AND kind IN (" SQL_KINDS_FREEZING
                    ") AND seq <= $4 ORDER BY seq DESC LIMIT 1)"
                    " SELECT coalesce(m.balance, 0), coalesce(h.held, 0), coalesce(f.frozen, 0),"
                    " greatest(m.seq, h.seq, f.seq, 0)"
                    " FROM (SELECT) one LEFT JOIN m ON true LEFT JOIN h ON true LEFT JOIN f ON "
                    "true"};

    /* w: the walk back from the first waypoint behind `at`, or from `head`; m: where it ends. */
    struct number_text texts[4];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger),
        number(&texts[1], account->number), number(&texts[2], head), number(&texts[3], at)};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &read, values, &rows);
    if (status == PG_OK) {
        *past = (struct query_past){
            .frozen = pg_number(rows, 0, FROZEN) == 1, .seq = (uint64_t)pg_number(rows, 0, LAST)};
        if (!money_at(rows, 0, BALANCE, &past->balance) || !money_at(rows, 0, HELD, &past->held))
            status = PG_DAMAGED;
    }
    pg_free(&rows);
    return status;
}

enum pg_status query_seq_at(
    struct co_context *context, struct store *store, int64_t at_us, uint64_t *seq)
{
    static const struct pg_statement ask = {
        2, "SELECT seq_at($1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond')"};
    static const int64_t last_us = INT64_C(253402300799999999); /* the end of the year 9999 */
    struct number_text texts[2];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger),
        number(&texts[1], at_us < 0 ? 0 : (uint64_t)(at_us > last_us ? last_us : at_us))};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &ask, values, &rows);
    if (status == PG_OK)
        *seq = (uint64_t)pg_number(rows, 0, 0);
    pg_free(&rows);
    return status;
}

/* ---- accounts ------------------------------------------------------------------------------ */

/* What was not asked for is any. */
static const char *text_or_any(const char *text)
{
    return text ? text : "";
}

enum pg_status query_accounts(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct ledger_account_query *query,
    struct query_accounts *list)
{
    /* No id is longer than 64 of the last character there is: the prefix becomes a range of the
     * index, whose order is that of the bytes. */
#define RANGE                                                                                      \
    "SELECT no FROM account WHERE ledger = $1 AND opened <= $7 AND id > $4::text"                  \
    " AND id >= $2::text"                                                                          \
    " AND id <= $2::text || repeat(chr(1114111), 64)"                                              \
    " AND id < coalesce(nullif($6::text, ''), repeat(chr(1114111), 65))"                           \
    " AND ($3::text = '' OR asset = $3::text) ORDER BY id"
    static const struct pg_statement forwards = {7, RANGE " LIMIT $5::bigint"},
                                     backwards = {7, RANGE " DESC LIMIT $5::bigint"};
#undef RANGE
    struct number_text texts[3];
    const char *values[] = {number(&texts[0], (uint64_t)store->ledger), text_or_any(query->prefix),
        text_or_any(query->asset), text_or_any(query->after), number(&texts[1], list->limit),
        text_or_any(query->before), number(&texts[2], list->upto)};
    struct pg_result *rows = NULL;
    enum pg_status status =
        store_read(context, store, query->backwards ? &backwards : &forwards, values, &rows);
    list->count = status == PG_OK ? pg_rows(rows) : 0;
    for (size_t row = 0; row < list->count; row++)
        if (!(list->accounts[row] = account_by_number(accounts, (uint64_t)pg_number(rows, row, 0))))
            status = PG_DAMAGED;
    pg_free(&rows);
    return status;
}

enum pg_status query_metadata(struct co_context *context, struct store *store, const char *numbers,
    bool (*take)(void *arg, size_t index, const char *metadata), void *arg)
{
    static const struct pg_statement read = {2,
        "SELECT o.i, a.metadata FROM unnest($2::bigint[]) WITH ORDINALITY o (no, i)"
        " JOIN account a ON a.ledger = $1 AND a.no = o.no"};
    struct number_text text;
    const char *values[] = {number(&text, (uint64_t)store->ledger), numbers};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &read, values, &rows);
    for (size_t row = 0; status == PG_OK && row < pg_rows(rows); row++)
        if (!take(arg, (size_t)pg_number(rows, row, 0) - 1, text_or_null(rows, row, 1)))
            status = PG_ERROR;
    pg_free(&rows);
    return status;
}

enum pg_status query_balance(struct co_context *context, struct store *store,
    const struct account *account, money *balance, uint64_t *seq)
{
    static const struct pg_statement read = {2,
        "SELECT coalesce(b.balance, 0) + coalesce(t.delta, 0), greatest(a.opened, b.seq, t.seq)"
        " FROM account a LEFT JOIN balance b ON b.ledger = $1 AND b.account = a.no"
        " LEFT JOIN " SQL_TAIL("$1") " t ON t.account = a.no WHERE a.ledger = $1 AND a.id = $2"};
    struct number_text text;
    const char *values[] = {number(&text, (uint64_t)store->ledger), account->id};
    struct pg_result *rows = NULL;
    enum pg_status status = store_read(context, store, &read, values, &rows);
    if (status == PG_OK && pg_rows(rows) == 0)
        status = PG_ERROR;
    if (status == PG_OK) {
        *seq = (uint64_t)pg_number(rows, 0, 1);
        if (!money_at(rows, 0, 0, balance))
            status = PG_DAMAGED;
    }
    pg_free(&rows);
    return status;
}
