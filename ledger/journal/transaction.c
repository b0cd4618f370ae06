/* SPDX-License-Identifier: MIT */
/*
 * One text does all of it, so that it costs three round trips, however many ledgers there are:
 *
 *     BEGIN; SELECT batches_advance(...); COPY account; COPY entry; COPY posting; COMMIT
 *
 * batches_advance() fences: it fails unless for each ledger our epoch is the current one and this
 * batch is the next. If the connection is lost on the way the outcome is unknown, not failed: the
 * same batches are sent again on a new connection, where it first waits for the old transaction to
 * end and then tells whether it was committed. So a batch gets in exactly once or, after a
 * takeover, never.
 */
#include "ledger/journal/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/db/tables.h"
#include "ledger/failpoint.h"

enum { TEXT_HEAD = 2500, TEXT_PART = 180 }; /* bytes of the text of statements, and of a part */

struct transaction {
    const char *conninfo;
    struct lease *lease;
    struct pg *pg;
    struct batch_rows rows;
    struct pg_data tables[BATCH_TABLES];
    struct batch *batches[TRANSACTION_PARTS];
    uint64_t server;   /* that the session is of */
    unsigned silences; /* tries in a row that ended because the database did not answer */
    char problem[LEASE_WHY];
    char arguments[TEXT_PART * TRANSACTION_PARTS];
    char sql[TEXT_HEAD + TEXT_PART * TRANSACTION_PARTS];
};

/* What COPY is told of each table: its columns in the order of the rows that batch.h makes. */
static const char *const targets[BATCH_TABLES] = {
    [BATCH_ACCOUNTS] = "account (" TABLES_COLUMNS(ACCOUNT) ")",
    [BATCH_ENTRIES] = "entry (" TABLES_COLUMNS(ENTRY) ")",
    [BATCH_POSTINGS] = "further_posting (" TABLES_COLUMNS(POSTING) ")",
    [BATCH_HELD] = "held (" TABLES_COLUMNS(HELD) ")",
    [BATCH_WAYPOINTS] = "waypoint (" TABLES_COLUMNS(WAYPOINT) ")",
};

/* What the functions of sql/ raise, and the text below. */
#define STATE_CLEAR "TL000"      /* nothing is in its way */
#define STATE_COMMITTED "TL001"  /* this very batch is in already */
#define STATE_FENCED "TL002"     /* the epoch has ended */
#define STATE_LOST "TL004"       /* batches before this one are gone */
#define STATE_STOPPED "TL005"    /* writes were stopped */
#define STATE_NO_STANDBY "TL010" /* there is to be one, and none is named */
#define STATE_SOME "TL011"       /* of several batches some cannot get in */
#define STATE_LOCKED "TL012"     /* somebody has locked the ledger's row */

/* With --require-sync: before anything is written, is there to be a standby that must have it? */
static const char require_sync[] =
    "DO $$BEGIN IF current_setting('synchronous_standby_names') = '' THEN"
    " RAISE 'synchronous_standby_names is empty, and --require-sync is on'"
    " USING ERRCODE = '" STATE_NO_STANDBY "'; END IF; END$$;";

/* ---- the session --------------------------------------------------------------------------- */

struct transaction *transaction_make(const char *conninfo, struct lease *lease)
{
    struct transaction *transaction = calloc(1, sizeof *transaction);
    if (transaction) {
        transaction->conninfo = conninfo;
        transaction->lease = lease;
    }
    return transaction;
}

void transaction_free(struct transaction **transaction)
{
    struct transaction *freed = *transaction;
    *transaction = NULL;
    if (!freed)
        return;
    pg_close(&freed->pg);
    batch_rows_free(&freed->rows);
    free(freed);
}

/* One that began before this server was declared dead has the name of its former life, by which
 * nobody would end it. */
bool transaction_is_connected(const struct transaction *transaction)
{
    return transaction->pg && !pg_is_lost(transaction->pg) &&
           transaction->server == lease_server(transaction->lease);
}

bool transaction_connect(struct co_context *context, struct transaction *transaction)
{
    /* The session in which this server writes, of all its ledgers: they are not told apart. */
    static const struct pg_statement session = {
        1, "SELECT writer_session(0, (SELECT life FROM server WHERE no = $1::bigint))"};
    char server[24];
    const char *values[] = {server};
    transaction->server = lease_server(transaction->lease);
    snprintf(server, sizeof server, "%lu", transaction->server);
    pg_close(&transaction->pg);
    transaction->pg = pg_connect(context, transaction->conninfo, PG_APP_ROLE, transaction->problem,
        sizeof transaction->problem);
    if (!transaction->pg)
        return false;
    pg_bound(transaction->pg, TRANSACTION_SILENCE_S * CO_CLOCK_S);
    if (pg_run(context, transaction->pg, &session, values, NULL) == PG_OK)
        return true;
    snprintf(transaction->problem, sizeof transaction->problem, "%s", pg_message(transaction->pg));
    pg_close(&transaction->pg);
    return false;
}

const char *transaction_problem(const struct transaction *transaction)
{
    return transaction->problem;
}

/* ---- its text ------------------------------------------------------------------------------ */

bool transaction_fill(
    struct transaction *transaction, struct transaction_part *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        parts[i]->fate = TRANSACTION_RETRY;
        transaction->batches[i] = &parts[i]->batch;
    }
    return batch_encode(&transaction->rows, transaction->batches, count, transaction->tables);
}

static size_t write_array(
    char *text, size_t size, struct transaction_part *const *parts, size_t count, int column)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        const struct batch *batch = &parts[i]->batch;
        const uint64_t columns[] = {(uint64_t)batch->ledger, batch->epoch, batch->number,
            batch->first_seq, batch->last_seq};
        length += (size_t)snprintf(
            text + length, size - length, "%s%lu", i > 0 ? "," : "'{", columns[column]);
    }
    return length + (size_t)snprintf(text + length, size - length, "}',");
}

/* What the functions for several batches are given: an array of each kind, and the hashes. */
static void write_arrays(
    struct transaction *transaction, struct transaction_part *const *parts, size_t count)
{
    enum { COLUMNS = 5 };
    char *text = transaction->arguments;
    size_t length = 0, size = sizeof transaction->arguments;
    for (int column = 0; column < COLUMNS; column++)
        length += write_array(text + length, size - length, parts, count, column);
    length += (size_t)snprintf(text + length, size - length, "'\\x");
    for (size_t i = 0; i < count; i++, length += (size_t)2 * HASH_CHAIN)
        hash_to_hex(parts[i]->batch.hash, HASH_CHAIN, text + length);
    snprintf(text + length, size - length, "'");
}

static void write_one(struct transaction *transaction, const struct batch *batch)
{
    char hash[2 * HASH_CHAIN + 1];
    hash_to_hex(batch->hash, HASH_CHAIN, hash);
    snprintf(transaction->arguments, sizeof transaction->arguments, "%d,%lu,%lu,%lu,%lu,'\\x%s'",
        batch->ledger, batch->epoch, batch->number, batch->first_seq, batch->last_seq, hash);
}

static enum pg_status send(struct co_context *context, struct transaction *transaction,
    struct transaction_part *const *parts, size_t count, bool *committed)
{
    char *sql = transaction->sql;
    struct pg_data data[BATCH_TABLES];
    size_t tables = 0, size = sizeof transaction->sql;
    if (count == 1)
        write_one(transaction, &parts[0]->batch);
    else
        write_arrays(transaction, parts, count);
    size_t length =
        (size_t)snprintf(sql, size, "BEGIN;%sSELECT %s(%s);", pg_demands_sync() ? require_sync : "",
            count == 1 ? "batch_advance" : "batches_advance", transaction->arguments);
    for (int i = 0; i < BATCH_TABLES; i++)
        if (transaction->tables[i].size > 0) {
            length += (size_t)snprintf(
                sql + length, size - length, "COPY %s FROM STDIN (FORMAT binary);", targets[i]);
            data[tables++] = transaction->tables[i];
        }
    snprintf(sql + length, size - length, "COMMIT");
    return pg_load(context, transaction->pg, sql, data, tables, committed);
}

/* ---- what became of it --------------------------------------------------------------------- */

/* Class 22 and 23 (data, constraint), 42 (schema, rights) and ours: the batch itself is wrong. */
static enum transaction_fate judge(const char *state)
{
    static const struct {
        const char *state;
        enum transaction_fate fate;
    } known[] = {{STATE_CLEAR, TRANSACTION_RETRY}, {STATE_COMMITTED, TRANSACTION_COMMITTED},
        {STATE_FENCED, TRANSACTION_FENCED}, {STATE_LOST, TRANSACTION_LOST},
        {STATE_STOPPED, TRANSACTION_STOPPED}, {STATE_NO_STANDBY, TRANSACTION_RETRY},
        {STATE_SOME, TRANSACTION_SOME}, {STATE_LOCKED, TRANSACTION_LOCKED}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(state, known[i].state) == 0)
            return known[i].fate;
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||
        strncmp(state, "42", 2) == 0 || strncmp(state, "TL", 2) == 0)
        return TRANSACTION_REFUSED;
    return TRANSACTION_RETRY; /* shutting down, out of space or memory, cancelled … */
}

/*
 * The database knows the batch: a former try of it was committed. But that may have been before a
 * standby had it, and its wait cut short; so it counts as durable only when something that was
 * written behind it on this session has been committed cleanly.
 */
static bool confirm(struct co_context *context, struct transaction *transaction)
{
    static const char barrier[] =
        "BEGIN; SELECT pg_logical_emit_message(true, 'teller', ''); COMMIT";
    bool committed = false;
    return pg_load(context, transaction->pg, barrier, NULL, 0, &committed) == PG_OK && committed;
}

static void note(struct transaction_part *part, const char *state, const char *why)
{
    part->fate = judge(state);
    snprintf(part->why, sizeof part->why, "%s", why);
}

/* Of several batches some cannot get in: which, and why? False: that cannot be asked now. */
static bool ask_which(struct co_context *context, struct transaction *transaction,
    struct transaction_part *const *parts, size_t count)
{
    struct pg_statement which = {.parameters = 0, .sql = transaction->sql};
    struct pg_result *rows = NULL;
    snprintf(transaction->sql, sizeof transaction->sql, "SELECT state, why FROM batches_judge(%s)",
        transaction->arguments);
    bool good =
        pg_run(context, transaction->pg, &which, NULL, &rows) == PG_OK && pg_rows(rows) == count;
    for (size_t i = 0; good && i < count; i++)
        note(parts[i], pg_text(rows, i, 0), pg_text(rows, i, 1));
    pg_free(&rows);
    return good;
}

/* A part that was committed by a former try counts only if that is confirmed; if it is not, or
 * nothing is in the way of any, all of them are to be sent again. */
static enum transaction_fate settle(struct co_context *context, struct transaction *transaction,
    struct transaction_part *const *parts, size_t count)
{
    bool committed = false, some = false;
    for (size_t i = 0; i < count; i++) {
        committed |= parts[i]->fate == TRANSACTION_COMMITTED;
        some |= parts[i]->fate != TRANSACTION_RETRY;
    }
    if (some && (!committed || confirm(context, transaction)))
        return TRANSACTION_SOME;
    for (size_t i = 0; i < count; i++)
        parts[i]->fate = TRANSACTION_RETRY;
    return TRANSACTION_RETRY;
}

/* Of several batches one is there already. That shows by the key of their table, and not whose it
 * is. */
static bool is_in_already(const struct pg *pg)
{
    return strcmp(pg_sqlstate(pg), "23505") == 0 && strstr(pg_message(pg), "batch_pkey");
}

/* The database has refused it. */
static enum transaction_fate take_refusal(struct co_context *context,
    struct transaction *transaction, struct transaction_part *const *parts, size_t count)
{
    enum transaction_fate fate = judge(pg_sqlstate(transaction->pg));
    if (count > 1 && is_in_already(transaction->pg))
        fate = TRANSACTION_SOME;
    if (fate == TRANSACTION_RETRY || fate == TRANSACTION_REFUSED)
        return fate;
    if (count == 1)
        note(parts[0], pg_sqlstate(transaction->pg), pg_message(transaction->pg));
    if (pg_script(context, transaction->pg, "ROLLBACK") != PG_OK ||
        (count > 1 && !ask_which(context, transaction, parts, count)))
        return TRANSACTION_RETRY;
    return settle(context, transaction, parts, count);
}

enum transaction_fate transaction_send(struct co_context *context, struct transaction *transaction,
    struct transaction_part *const *parts, size_t count)
{
    unsigned doublings = transaction->silences < 3 ? transaction->silences : 3;
    enum transaction_fate fate = TRANSACTION_RETRY;
    bool committed = false;
    if (!transaction_is_connected(transaction) && !transaction_connect(context, transaction))
        return TRANSACTION_RETRY;
    if (failpoint("batch.begin"))
        return TRANSACTION_RETRY;
    pg_bound(transaction->pg, (TRANSACTION_SILENCE_S * CO_CLOCK_S) << doublings);
    enum pg_status status = send(context, transaction, parts, count, &committed);
    if (failpoint("commit.answered")) {
        status = PG_LOST;
        committed = false;
    }
    if (status == PG_ERROR)
        snprintf(
            transaction->problem, sizeof transaction->problem, "%s", pg_message(transaction->pg));
    if (status == PG_OK && committed)
        fate = TRANSACTION_COMMITTED;
    else if (status == PG_ERROR)
        fate = take_refusal(context, transaction, parts, count);

    /* Its transaction may be open still: the end of the session ends it. */
    transaction->silences = pg_is_silent(transaction->pg) ? transaction->silences + 1 : 0;
    if (!committed) {
        if (status != PG_ERROR || pg_is_lost(transaction->pg))
            snprintf(transaction->problem, sizeof transaction->problem, "%s",
                pg_message(transaction->pg));
        pg_close(&transaction->pg);
    }
    return fate;
}
