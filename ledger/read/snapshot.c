/* SPDX-License-Identifier: MIT */
/*
 * The rows of an entry (entry_rows.h) come with its last posting first: so the first row tells how
 * many there are.
 *
 * Rows are read CHUNK positions at a time: each query is a short walk along indexes, and neither
 * side ever sorts or holds more. Accounts are looked up by the database (an account's row may be
 * anywhere among millions) and kept until there are ACCOUNTS of them.
 */
#include "ledger/read/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/row.h"
#include "ledger/db/sql_tail.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"
#include "ledger/read/entry_rows.h"

enum { CHUNK = 4096, ACCOUNTS = 4096, SQL_TEXT = 2048 };

/* ---- failing ------------------------------------------------------------------------------- */

static bool fail(struct snapshot *snapshot, const char *why)
{
    snprintf(snapshot->error, sizeof snapshot->error, "%s", why);
    return false;
}

/* A query has ended; the first error stays, as the others follow from it. */
static bool ended(struct snapshot *snapshot, enum pg_status status)
{
    if (status == PG_OK)
        return true;
    return *snapshot->error ? false : fail(snapshot, pg_message(snapshot->pg));
}

/* ---- begin and end ------------------------------------------------------------------------- */

static bool take_seq(const struct row *row, void *arg)
{
    *(uint64_t *)arg = row_bigint(row, 0);
    return true;
}

bool snapshot_begin(
    struct snapshot *snapshot, struct co_context *context, struct pg *pg, int ledger)
{
    char sql[SQL_TEXT];
    *snapshot = (struct snapshot){.context = context, .pg = pg, .ledger = ledger};
    /* The reader of the rows may be slow (a pager, a pipe): that must not cut it off. */
    if (!ended(snapshot, pg_script(context, pg,
                             "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                             "SET LOCAL idle_in_transaction_session_timeout = 0")))
        return false;
    snprintf(sql, sizeof sql,
        "COPY (SELECT coalesce(max(seq), 0) FROM entry WHERE ledger = %d) TO STDOUT (FORMAT "
        "binary)",
        ledger);
    return ended(snapshot, pg_unload(context, pg, sql, take_seq, &snapshot->seq));
}

/* The last position before a moment. */
static bool find_position(struct snapshot *snapshot, int64_t before_us, uint64_t *seq)
{
    char sql[SQL_TEXT];
    snprintf(sql, sizeof sql,
        "COPY (SELECT seq_at(%d, timestamptz 'epoch' + interval '1 microsecond' * %ld))"
        " TO STDOUT (FORMAT binary)",
        snapshot->ledger, before_us - 1);
    return ended(snapshot, pg_unload(snapshot->context, snapshot->pg, sql, take_seq, seq));
}

bool snapshot_narrow(struct snapshot *snapshot, int64_t from_us, int64_t to_us)
{
    uint64_t last = snapshot->seq;
    if ((from_us > 0 && !find_position(snapshot, from_us, &snapshot->after)) ||
        (to_us < INT64_MAX && !find_position(snapshot, to_us, &last)))
        return false;
    snapshot->seq = last > snapshot->after ? last : snapshot->after;
    return true;
}

void snapshot_end(struct snapshot *snapshot)
{
    /* It only read: how the transaction ends does not matter. */
    if (!pg_is_lost(snapshot->pg))
        (void)!pg_script(snapshot->context, snapshot->pg, "COMMIT");
}

/* ---- assets and amounts -------------------------------------------------------------------- */

struct assets {
    struct snapshot *snapshot;
    bool (*take)(const char *asset, void *arg);
    void *arg;
};

static bool take_asset(const struct row *row, void *arg)
{
    const struct assets *assets = arg;
    char asset[ASSET_TEXT];
    if (!row_text(row, 0, asset, sizeof asset) || !asset_is_valid(asset))
        return fail(assets->snapshot, "an account has no asset; see teller audit");
    return assets->take(asset, assets->arg);
}

bool snapshot_assets(
    struct snapshot *snapshot, bool (*take)(const char *asset, void *arg), void *arg)
{
    char sql[SQL_TEXT];
    struct assets assets = {snapshot, take, arg};
    snprintf(sql, sizeof sql,
        "COPY (SELECT DISTINCT asset FROM account WHERE ledger = %d ORDER BY asset)"
        " TO STDOUT (FORMAT binary)",
        snapshot->ledger);
    return ended(snapshot, pg_unload(snapshot->context, snapshot->pg, sql, take_asset, &assets));
}

static bool take_largest(const struct row *row, void *arg)
{
    *(money *)arg = row_money(row, 0);
    return true;
}

bool snapshot_largest(struct snapshot *snapshot, money *largest)
{
    char sql[SQL_TEXT];
    snprintf(sql, sizeof sql,
        "COPY (SELECT coalesce(greatest(max(amount), max(abs(from_after)), max(abs(to_after))), 0)"
        " FROM posting WHERE ledger = %d AND seq BETWEEN %lu AND %lu) TO STDOUT (FORMAT binary)",
        snapshot->ledger, snapshot->after + 1, snapshot->seq);
    return ended(snapshot, pg_unload(snapshot->context, snapshot->pg, sql, take_largest, largest));
}

/* ---- entries ------------------------------------------------------------------------------- */

struct reading {
    struct snapshot *snapshot;
    bool (*take)(const struct entry *entry, void *arg);
    void *arg;
    uint64_t seq;        /* the last entry that was begun */
    struct entry *entry; /* the one that is not complete yet */
    size_t missing;      /* how many of its postings have not come */
    struct account_table *accounts;
    size_t known; /* how many have been put into it, at least */
};

/* What is asked for besides: an account is known by its id, as there is no table of all. */
enum column {
    ACCOUNT_ID = ENTRY_ROWS_COLUMNS,
    ACCOUNT_ASSET,
    ACCOUNT_FLOOR,
    FROM_ID,
    FROM_ASSET,
    TO_ID,
    TO_ASSET,
};

/* Takes the ledger, the first and the last position. */
#define OPENS_ACCOUNT "e.kind = " SQL_KIND(ACCOUNT)
#define METADATA "CASE WHEN " OPENS_ACCOUNT " THEN a.metadata ELSE e.metadata END"
#define ENTRY_COLUMNS ENTRY_ROWS_SELECT(METADATA)
static const char entries_sql[] =
    "COPY (SELECT " ENTRY_COLUMNS ",a.id,a.asset,a.floor,f.id,f.asset,t.id,t.asset FROM entry e"
    " LEFT" ENTRY_ROWS_JOIN(
        "%1$d") " LEFT JOIN LATERAL (SELECT * FROM account x WHERE x.ledger = %1$d"
                " AND x.no = e.account OFFSET 0) a ON true"
                " LEFT JOIN LATERAL (SELECT * FROM account x WHERE x.ledger = %1$d"
                " AND x.no = coalesce(p.from_no, h.from_no) OFFSET 0) f ON true"
                " LEFT JOIN LATERAL (SELECT * FROM account x WHERE x.ledger = %1$d"
                " AND x.no = coalesce(p.to_no, h.to_no) OFFSET 0) t ON true"
                " WHERE e.ledger = %1$d AND e.seq BETWEEN %2$lu AND %3$lu ORDER BY e.seq, p.leg "
                "DESC)"
                " TO STDOUT (FORMAT binary)";

static bool damaged(struct reading *reading, uint64_t seq)
{
    char why[100];
    snprintf(why, sizeof why, "the entry %lu is not whole; see teller audit", seq);
    return fail(reading->snapshot, why);
}

/* The account of that id and asset; NULL: it does not exist, or memory is short. */
static struct account *account_at(struct reading *reading, const struct row *row, unsigned column)
{
    char id[ACCOUNT_ID_MAX + 1], asset[ASSET_TEXT];
    if (!row_text(row, column, id, sizeof id) || !account_id_is_valid(id) ||
        !row_text(row, column + 1, asset, sizeof asset) || !asset_is_valid(asset))
        return NULL;
    struct account *account = account_find_or_add(reading->accounts, id);
    if (account && !*account->asset) {
        const char *interned = asset_intern(asset);
        if (!interned)
            return NULL;
        account->asset = interned;
        reading->known++;
    }
    return account;
}

static struct account *find_account(
    void *arg, const struct row *row, enum entry_rows_side side, uint64_t number)
{
    static const unsigned ids[] = {
        [ENTRY_ROWS_ACCOUNT] = ACCOUNT_ID, [ENTRY_ROWS_FROM] = FROM_ID, [ENTRY_ROWS_TO] = TO_ID};
    (void)number;
    struct account *account = account_at(arg, row, ids[side]);
    if (account && side == ENTRY_ROWS_ACCOUNT) {
        account->has_floor = !row_is_null(row, ACCOUNT_FLOOR);
        account->floor = account->has_floor ? row_money(row, ACCOUNT_FLOOR) : 0;
    }
    return account;
}

/* The first of its rows is that of its last posting. */
static bool begin_entry(struct reading *reading, const struct row *row)
{
    const struct entry_rows_accounts accounts = {find_account, reading};
    int leg = row_smallint(row, ENTRY_ROWS_LEG);
    reading->missing = row_is_null(row, TABLE_ENTRY_FROM_NO) ? 0 : (size_t)(leg + 1);
    return leg >= 0 &&
           entry_rows_begin(&reading->entry, row, row, reading->missing, &accounts) == PG_OK;
}

/* Accounts that no entry is using can be looked up again. */
static bool forget_accounts(struct reading *reading)
{
    account_table_free(&reading->accounts);
    reading->accounts = account_table_make();
    reading->known = 0;
    return reading->accounts || fail(reading->snapshot, "out of memory");
}

static bool take_row(const struct row *row, void *arg)
{
    struct reading *reading = arg;
    const struct entry_rows_accounts accounts = {find_account, reading};
    uint64_t seq = row_bigint(row, TABLE_ENTRY_SEQ);
    if (!reading->entry) {
        if (reading->known >= ACCOUNTS && !forget_accounts(reading))
            return false;
        reading->seq++;
        if (seq != reading->seq || !begin_entry(reading, row))
            return damaged(reading, reading->seq);
    }

    /* A posting, each once, until none is missing. */
    if (seq != reading->seq ||
        (reading->missing > 0 && !entry_rows_add(reading->entry, row, &accounts)))
        return damaged(reading, reading->seq);
    if (reading->missing > 0 && --reading->missing > 0)
        return true;
    bool good = reading->take(reading->entry, reading->arg);
    entry_drop(&reading->entry);
    return good;
}

static bool read_chunk(struct reading *reading)
{
    char sql[SQL_TEXT];
    struct snapshot *snapshot = reading->snapshot;
    uint64_t first = reading->seq + 1, last = reading->seq + CHUNK;
    last = last < snapshot->seq ? last : snapshot->seq;
    snprintf(sql, sizeof sql, entries_sql, snapshot->ledger, first, last);
    if (!ended(snapshot, pg_unload(snapshot->context, snapshot->pg, sql, take_row, reading)))
        return false;
    return (reading->seq == last && !reading->entry) ||
           damaged(reading, reading->entry ? reading->seq : reading->seq + 1);
}

bool snapshot_entries(
    struct snapshot *snapshot, bool (*take)(const struct entry *entry, void *arg), void *arg)
{
    struct reading reading = {
        .snapshot = snapshot, .take = take, .arg = arg, .seq = snapshot->after};
    bool good = forget_accounts(&reading);
    while (good && reading.seq < snapshot->seq)
        good = read_chunk(&reading);
    entry_drop(&reading.entry);
    account_table_free(&reading.accounts);
    return good;
}

/* ---- balances ------------------------------------------------------------------------------ */

struct balances {
    struct snapshot *snapshot;
    bool (*take)(const struct snapshot_balance *balance, void *arg);
    void *arg;
};

static bool take_balance(const struct row *row, void *arg)
{
    const struct balances *balances = arg;
    struct snapshot_balance balance;
    if (!row_text(row, 0, balance.id, sizeof balance.id) ||
        !row_text(row, 1, balance.asset, sizeof balance.asset))
        return fail(balances->snapshot, "an account is not whole; see teller audit");
    balance.balance = row_money(row, 2);
    return balances->take(&balance, balances->arg);
}

/* The balances of now, less what moved behind that position. */
bool snapshot_balances(struct snapshot *snapshot, uint64_t at,
    bool (*take)(const struct snapshot_balance *balance, void *arg), void *arg)
{
    char sql[SQL_TEXT];
    struct balances balances = {snapshot, take, arg};
    snprintf(sql, sizeof sql,
        "COPY (WITH later AS (SELECT m.no, sum(m.delta) AS delta FROM posting p"
        " CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount), (p.to_no, p.amount)) m (no, delta)"
        " WHERE p.ledger = %1$d AND p.seq > %2$lu GROUP BY m.no)"
        " SELECT a.id, a.asset,"
        " coalesce(b.balance, 0) + coalesce(t.delta, 0) - coalesce(l.delta, 0) FROM account a"
        " LEFT JOIN balance b ON b.ledger = %1$d AND b.account = a.no"
        " LEFT JOIN " SQL_TAIL(
            "%1$d") " t ON t.account = a.no LEFT JOIN later l ON l.no = a.no"
                    " WHERE a.ledger = %1$d AND a.opened <= %2$lu"
                    " ORDER BY translate(a.id, ':', E'\\x01')) TO STDOUT (FORMAT binary)",
        snapshot->ledger, at);
    return ended(
        snapshot, pg_unload(snapshot->context, snapshot->pg, sql, take_balance, &balances));
}
