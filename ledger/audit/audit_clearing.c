/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_clearing.h"

#include <stdio.h>
#include <string.h>

#include "ledger/db/sql_kind.h"
#include "ledger/db/sql_tail.h"
#include "ledger/domain/clearing.h"
#include "ledger/domain/money_sum.h"

/*
 * Each statement is about one ledger, as ledgers need not be in one place. In one snapshot,
 * whatever moment that shows, the sum comes out: a hold is durable before it is paid, and the
 * payment before the hold ends.
 *
 * Of two databases there are two snapshots, and the first side's is older. What that one says has
 * happened before the other one was taken, so the second side is looked at as if it had ended where
 * the first one did: without payments for holds that the first has not yet, and without captures
 * for payments that the first has not yet. Each says which position in the first ledger it is for
 * (`hold` and `seq` in their metadata). They are looked for behind where the second side was before
 * the first snapshot was taken.
 */
enum { PREFIX = CLEARING_TEXT, SIDES = 2 };

struct clearing {
    struct co_context *context;
    struct audit_report *report;
    uint64_t seq;
};

/* One of two ledgers, and its accounts that stand for the other one, sorted by what they hold. */
struct side {
    struct pg *pg;
    const char *no, *name;
    const char *first_end; /* of the second side alone: where the first one's snapshot ends; */
    const char *since;     /* and its own position before that. NULL: it is the same snapshot */
    char prefix[PREFIX];   /* of their ids */
    size_t length;         /* of the prefix */
    struct pg_result *accounts;
};
enum { SIDE_ID, SIDE_NO, SIDE_BALANCE };

/* The same asset's account on each side, by its row; NONE: it was never opened, and is as good as
 * empty. */
enum { NONE = -1 };
struct pair {
    const struct side *sides;
    ptrdiff_t rows[SIDES];
};

/* ---- what is asked -------------------------------------------------------------------------- */

/* The side's accounts and their balances. */
static enum pg_status ask_accounts(const struct clearing *c, struct side *side)
{
    static const struct pg_statement statement = {3,
        "WITH side AS MATERIALIZED"
        " (SELECT no, id FROM account WHERE ledger = $1 AND id >= $2 AND id < $3)"
        " SELECT s.id, s.no, coalesce(b.balance, 0) + coalesce(t.delta, 0) FROM side s"
        " LEFT JOIN balance b ON b.ledger = $1 AND b.account = s.no"
        " LEFT JOIN " SQL_TAIL("$1") " t ON t.account = s.no ORDER BY s.id"};
    char end[PREFIX];
    memcpy(end, side->prefix, side->length + 1);
    end[side->length - 1]++; /* what comes behind its colon */
    const char *const values[] = {side->no, side->prefix, end};
    return pg_run(c->context, side->pg, &statement, values, &side->accounts);
}

/* The open holds for an account, by its number: their keys, and what they reserve. */
static enum pg_status ask_holds(const struct clearing *c, const struct side *side,
    const char *account, struct pg_result **holds)
{
    static const struct pg_statement statement = {2,
        "SELECT e.key, h.amount FROM"
        " (SELECT o.seq, o.amount FROM open_hold o WHERE o.ledger = $1 AND o.to_no = $2"
        "  UNION ALL SELECT n.seq, n.amount FROM hold n WHERE n.ledger = $1 AND n.to_no = $2"
        "   AND n.seq > coalesce((SELECT c.seq FROM checkpoint c WHERE c.ledger = $1), 0)) h"
        " JOIN entry e ON e.ledger = $1 AND e.seq = h.seq"
        " WHERE NOT EXISTS (SELECT FROM entry x WHERE x.ledger = $1 AND x.ref = h.seq"
        "  AND x.kind IN (" SQL_KINDS_SETTLING "))"};
    const char *const values[] = {side->no, account};
    return pg_run(c->context, side->pg, &statement, values, holds);
}

/* Did the ledger pay for a key? By a transfer, or by a batch of one that was not refused. */
static enum pg_status ask_payment(
    const struct clearing *c, const struct side *side, const char *key, bool *is_paid)
{
    static const struct pg_statement statement = {2,
        "SELECT FROM entry WHERE ledger = $1 AND key = $2"
        " AND (kind = " SQL_KIND(TRANSFER) " OR (kind = " SQL_KIND(
            BATCH) " AND metadata->'results'->0->>'entries' IS NOT NULL))"};
    const char *const values[] = {side->no, key};
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(c->context, side->pg, &statement, values, &rows);
    if (status != PG_OK)
        return status;
    *is_paid = pg_rows(rows) > 0;
    pg_free(&rows);
    return PG_OK;
}

/* What the account of the second side was moved by for what the first one has not yet: paid less
 * captured. */
static enum pg_status ask_later(
    const struct clearing *c, const struct side *side, const char *account, struct pg_result **sum)
{
#define LATER(POSITION)                                                                            \
    "CASE WHEN " POSITION " ~ '^[0-9]{1,18}$' THEN (" POSITION ")::bigint > $4::bigint END"
    static const struct pg_statement statement = {4,
        "SELECT coalesce(sum(CASE WHEN p.from_no = $2::bigint THEN p.amount ELSE -p.amount END),"
        " 0) FROM posting p JOIN entry e ON e.ledger = $1::int AND e.seq = p.seq"
        " WHERE p.ledger = $1::int AND p.seq > $3::bigint"
        " AND (p.from_no = $2::bigint AND " LATER(
            "e.metadata->'from'->>'hold'") " OR"
                                           " p.to_no = $2::bigint AND " LATER(
                                               "e.metadata->>'seq'") ")"};
#undef LATER
    const char *const values[] = {side->no, account, side->since, side->first_end};
    return pg_run(c->context, side->pg, &statement, values, sum);
}

/* ---- a pair --------------------------------------------------------------------------------- */

static bool add(struct money_sum *sum, const struct pg_result *rows, size_t row, int column)
{
    money amount;
    if (!money_parse(pg_text(rows, row, column), pg_length(rows, row, column), true, &amount))
        return false;
    money_sum_add(sum, amount);
    return true;
}

/* The key of what pays for a hold: it ends in 2, that of the hold in 1. False: the hold is not of
 * a transfer between ledgers. */
static bool payment_key(const struct pg_result *holds, size_t row, char key[ENTRY_KEY_MAX + 1])
{
    size_t length = pg_length(holds, row, 0);
    if (length < 1 || length > ENTRY_KEY_MAX || pg_text(holds, row, 0)[length - 1] != '1')
        return false;
    memcpy(key, pg_text(holds, row, 0), length + 1);
    key[length - 1] = '2';
    return true;
}

/* What the other side has paid already for holds of this one that are still open. False in *sound:
 * an amount could not have been written. */
static enum pg_status add_paid(const struct clearing *c, const struct side *side,
    const char *account, const struct side *other, struct money_sum *paid, bool *sound)
{
    char key[ENTRY_KEY_MAX + 1];
    struct pg_result *holds = NULL;
    enum pg_status status = ask_holds(c, side, account, &holds);
    if (status != PG_OK)
        return status;
    for (size_t i = 0; status == PG_OK && i < pg_rows(holds); i++) {
        bool is_paid = false;
        if (payment_key(holds, i, key))
            status = ask_payment(c, other, key, &is_paid);
        if (is_paid && !add(paid, holds, i, 1))
            *sound = false;
    }
    pg_free(&holds);
    return status;
}

static void note(const struct clearing *c, const struct pair *pair, const struct money_sum *paid)
{
    const char *balances[SIDES], *asset = "";
    char text[MONEY_SUM_TEXT];
    for (int i = 0; i < SIDES; i++) {
        const struct side *side = &pair->sides[i];
        bool opened = pair->rows[i] != NONE;
        balances[i] = opened ? pg_text(side->accounts, (size_t)pair->rows[i], SIDE_BALANCE) : "0";
        if (opened)
            asset = pg_text(side->accounts, (size_t)pair->rows[i], SIDE_ID) + side->length;
    }
    money_sum_format(paid, text);
    audit_note(c->report, c->seq,
        "the clearing accounts of the ledgers %s and %s for %s do not add up: %s here, %s there, "
        "and %s paid by holds that are still open",
        pair->sides[0].name, pair->sides[1].name, asset, balances[0], balances[1], text);
}

static const char *number_of(const struct pair *pair, int side)
{
    return pg_text(pair->sides[side].accounts, (size_t)pair->rows[side], SIDE_NO);
}

/* Take what came later out of the second side. */
static enum pg_status add_later(
    const struct clearing *c, const struct pair *pair, struct money_sum *sum, bool *sound)
{
    const struct side *side = &pair->sides[1];
    struct pg_result *later = NULL;
    if (!side->since || pair->rows[1] == NONE)
        return PG_OK;
    enum pg_status status = ask_later(c, side, number_of(pair, 1), &later);
    if (status == PG_OK && !add(sum, later, 0, 0))
        *sound = false;
    pg_free(&later);
    return status;
}

static enum pg_status judge(const struct clearing *c, const struct pair *pair)
{
    struct money_sum paid = {.high = 0}, sum;
    bool sound = true;
    enum pg_status status = PG_OK;
    for (int i = 0; i < SIDES && status == PG_OK; i++)
        if (pair->rows[i] != NONE)
            status =
                add_paid(c, &pair->sides[i], number_of(pair, i), &pair->sides[!i], &paid, &sound);

    /* Both balances and that are zero together. */
    sum = paid;
    if (status == PG_OK)
        status = add_later(c, pair, &sum, &sound);
    for (int i = 0; i < SIDES; i++)
        if (pair->rows[i] != NONE &&
            !add(&sum, pair->sides[i].accounts, (size_t)pair->rows[i], SIDE_BALANCE))
            sound = false;
    if (status == PG_OK && (!sound || sum.high != 0 || sum.low != 0))
        note(c, pair, &paid);
    return status;
}

/* ---- two ledgers ---------------------------------------------------------------------------- */

/* From that row on the next clearing account; NONE: there are no more. Others may be called so. */
static ptrdiff_t next_account(const struct side *side, ptrdiff_t row)
{
    while ((size_t)row < pg_rows(side->accounts))
        if (clearing_is_id(pg_text(side->accounts, (size_t)row, SIDE_ID)))
            return row;
        else
            row++;
    return NONE;
}

/* Whose asset comes first? Below 0: the first side's. */
static int compare(const struct side sides[SIDES], const ptrdiff_t rows[SIDES])
{
    if (rows[0] == NONE || rows[1] == NONE)
        return rows[0] == NONE ? 1 : -1;
    return strcmp(pg_text(sides[0].accounts, (size_t)rows[0], SIDE_ID) + sides[0].length,
        pg_text(sides[1].accounts, (size_t)rows[1], SIDE_ID) + sides[1].length);
}

static enum pg_status judge_all(const struct clearing *c, const struct side sides[SIDES])
{
    enum pg_status status = PG_OK;
    ptrdiff_t rows[SIDES] = {next_account(&sides[0], 0), next_account(&sides[1], 0)};
    while (status == PG_OK && (rows[0] != NONE || rows[1] != NONE)) {
        int order = compare(sides, rows);
        const struct pair pair = {
            sides, {order <= 0 ? rows[0] : NONE, order >= 0 ? rows[1] : NONE}};
        status = judge(c, &pair);
        for (int i = 0; i < SIDES; i++)
            if (pair.rows[i] != NONE)
                rows[i] = next_account(&sides[i], rows[i] + 1);
    }
    return status;
}

static enum pg_status judge_ledgers(const struct clearing *c, struct side sides[SIDES])
{
    enum pg_status status = PG_OK;
    for (int i = 0; i < SIDES && status == PG_OK; i++) {
        int length = snprintf(sides[i].prefix, PREFIX, "clearing:%s:", sides[!i].name);
        if (length >= PREFIX)
            return PG_DAMAGED;
        sides[i].length = (size_t)length;
        status = ask_accounts(c, &sides[i]);
    }
    if (status == PG_OK)
        status = judge_all(c, sides);
    for (int i = 0; i < SIDES; i++)
        if (sides[i].accounts)
            pg_free(&sides[i].accounts);
    return status;
}

enum pg_status audit_clearing(struct co_context *context, struct pg *pg, int ledger, uint64_t seq,
    struct audit_report *report)
{
    static const struct pg_statement names = {0,
        "SELECT no, name FROM ledger l WHERE NOT EXISTS (SELECT FROM ledger_name n"
        " WHERE n.name = l.name AND n.database <> '') ORDER BY no"};
    const struct clearing c = {.context = context, .report = report, .seq = seq};
    struct pg_result *ledgers = NULL;
    enum pg_status status = pg_run(context, pg, &names, NULL, &ledgers);
    if (status != PG_OK)
        return status;
    size_t count = pg_rows(ledgers), own = 0;
    while (own < count && pg_number(ledgers, own, 0) != ledger)
        own++;
    for (size_t i = 0; i < count && own < count && status == PG_OK; i++) {
        struct side sides[SIDES] = {
            {.pg = pg, .no = pg_text(ledgers, own, 0), .name = pg_text(ledgers, own, 1)},
            {.pg = pg, .no = pg_text(ledgers, i, 0), .name = pg_text(ledgers, i, 1)}};
        if (i != own)
            status = judge_ledgers(&c, sides);
    }
    pg_free(&ledgers);
    return status;
}

/* ---- two databases -------------------------------------------------------------------------- */

/* All ledgers of the other database that are the service's, and where each is now. `mine` is one of
 * the names that the first database has for it, as an array; NULL: it is the first itself. */
static enum pg_status ask_others(
    const struct clearing *c, struct pg *other, const char *mine, struct pg_result **ledgers)
{
    static const struct pg_statement statement = {1,
        "SELECT l.no, l.name, coalesce((SELECT max(e.seq) FROM entry e WHERE e.ledger = l.no), 0)"
        " FROM ledger l WHERE CASE WHEN $1 = '' THEN NOT EXISTS (SELECT FROM ledger_name n"
        "  WHERE n.name = l.name AND n.database <> '') ELSE l.name = ANY ($1::text[]) END"
        " ORDER BY l.no"};
    const char *const values[] = {mine ? mine : ""};
    return pg_run(c->context, other, &statement, values, ledgers);
}

enum pg_status audit_clearing_names(
    struct co_context *context, struct pg *first, const char *database, struct pg_result **names)
{
    static const struct pg_statement statement = {
        1, "SELECT coalesce(array_agg(name)::text, '{}') FROM ledger_name WHERE database = $1"};
    return pg_run(context, first, &statement, &database, names);
}

/* Each in a snapshot of its own: the first side's is taken first. */
static enum pg_status begin(
    const struct clearing *c, struct pg *pg, const char *ledger, struct pg_result **end)
{
    static const struct pg_statement statement = {
        1, "SELECT coalesce(max(seq), 0) FROM entry WHERE ledger = $1::int"};
    enum pg_status status =
        pg_script(c->context, pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return status == PG_OK ? pg_run(c->context, pg, &statement, &ledger, end) : status;
}

enum pg_status audit_clearing_apart(struct co_context *context,
    const struct audit_clearing_places *places, const char *name, struct audit_report *report)
{
    static const struct pg_statement find = {1, "SELECT no FROM ledger WHERE name = $1"};
    const struct clearing c = {.context = context, .report = report, .seq = report->seq};
    struct pg_result *others = NULL, *own = NULL, *end = NULL, *begun = NULL;
    enum pg_status status = ask_others(&c, places->other, places->names, &others);
    if (status == PG_OK)
        status = pg_run(context, places->own, &find, &name, &own);
    if (status == PG_OK && pg_rows(own) == 0)
        status = PG_DAMAGED;
    if (status == PG_OK)
        status = begin(&c, places->own, pg_text(own, 0, 0), &end);
    if (status == PG_OK)
        status = begin(&c, places->other, "0", &begun);
    for (size_t i = 0; status == PG_OK && i < pg_rows(others); i++) {
        struct side sides[SIDES] = {{.pg = places->own, .no = pg_text(own, 0, 0), .name = name},
            {.pg = places->other,
                .no = pg_text(others, i, 0),
                .name = pg_text(others, i, 1),
                .since = pg_text(others, i, 2),
                .first_end = pg_text(end, 0, 0)}};
        status = judge_ledgers(&c, sides);
    }
    pg_free(&others);
    pg_free(&own);
    pg_free(&end);
    pg_free(&begun);
    return status;
}
