/* SPDX-License-Identifier: MIT */
/*
 * How a batch gets in. One text does all of it, so that it costs three round trips:
 *
 *     BEGIN; SELECT writer_advance(...); COPY account; COPY entry; COPY posting; COMMIT
 *
 * writer_advance() fences: it fails unless our epoch is the current one and this batch is the next.
 * If the connection is lost on the way the outcome is unknown, not failed: the same batch is sent
 * again on a new connection, where writer_advance() first waits for the old transaction to end and
 * then tells whether it was committed. So a batch gets in exactly once or, after a takeover, never.
 */
#include "ledger/journal/store.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/db/tables.h"
#include "ledger/failpoint.h"
#include "ledger/journal/store_private.h"

/* What COPY is told of each table: its columns in the order of the rows that batch.h makes. */
static const char *const targets[STORE_TABLES] = {
    [STORE_ACCOUNTS] = "account (" TABLES_COLUMNS(ACCOUNT) ")",
    [STORE_ENTRIES] = "entry (" TABLES_COLUMNS(ENTRY) ")",
    [STORE_POSTINGS] = "further_posting (" TABLES_COLUMNS(POSTING) ")",
    [STORE_HELD] = "held (" TABLES_COLUMNS(HELD) ")",
    [STORE_WAYPOINTS] = "waypoint (" TABLES_COLUMNS(WAYPOINT) ")",
};

/* What the functions of sql/ raise, and the text below. */
#define STATE_COMMITTED "TL001"  /* this very batch is in already */
#define STATE_FENCED "TL002"     /* the epoch has ended */
#define STATE_WRONG_SUMS "TL003" /* a checkpoint finds other sums than were written */
#define STATE_LOST "TL004"       /* batches before this one are gone */
#define STATE_STOPPED "TL005"    /* writes were stopped */
#define STATE_NO_STANDBY "TL010" /* there is to be one, and none is named */

/* With --require-sync: before anything is written, is there to be a standby that must have it? */
static const char require_sync[] =
    "DO $$BEGIN IF current_setting('synchronous_standby_names') = '' THEN"
    " RAISE 'synchronous_standby_names is empty, and --require-sync is on'"
    " USING ERRCODE = '" STATE_NO_STANDBY "'; END IF; END$$;";

static enum pg_status send_batch(struct co_context *context, struct store *store,
    const struct store_batch *batch, bool *committed)
{
    char sql[2000], hash[2 * HASH_CHAIN + 1];
    struct pg_data data[STORE_TABLES];
    size_t tables = 0;
    hash_to_hex(batch->hash, sizeof batch->hash, hash);
    size_t length = (size_t)snprintf(sql, sizeof sql,
        "BEGIN;%sSELECT writer_advance(%d,%lu,%lu,%lu,%lu,'\\x%s');",
        pg_demands_sync() ? require_sync : "", store->ledger, store->epoch, batch->number,
        batch->first_seq, batch->last_seq, hash);
    for (int i = 0; i < STORE_TABLES; i++)
        if (batch->tables[i].size > 0) {
            length += (size_t)snprintf(sql + length, sizeof sql - length,
                "COPY %s FROM STDIN (FORMAT binary);", targets[i]);
            data[tables++] = batch->tables[i];
        }
    snprintf(sql + length, sizeof sql - length, "COMMIT");
    return pg_load(context, store->writer, sql, data, tables, committed);
}

/* Class 22 and 23 (data, constraint), 42 (schema, rights) and ours: the batch itself is wrong. */
static enum store_commit judge(const char *state)
{
    if (strcmp(state, STATE_COMMITTED) == 0)
        return STORE_COMMITTED;
    if (strcmp(state, STATE_FENCED) == 0)
        return STORE_FENCED;
    if (strcmp(state, STATE_LOST) == 0)
        return STORE_LOST;
    if (strcmp(state, STATE_STOPPED) == 0)
        return STORE_STOPPED;
    if (strcmp(state, STATE_NO_STANDBY) == 0)
        return STORE_RETRY;
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||
        strncmp(state, "42", 2) == 0 || strncmp(state, "TL", 2) == 0)
        return STORE_REFUSED;
    return STORE_RETRY; /* shutting down, out of space or memory, cancelled … */
}

/* Have a good session to write on. */
static enum pg_status ready_writer(struct co_context *context, struct store *store)
{
    if (store->writer && !pg_is_lost(store->writer))
        return PG_OK;
    pg_close(&store->writer);
    return store_connect_writer(context, store);
}

/*
 * The database knows the batch: a former try of it was committed. But that may have been before a
 * standby had it, and its wait cut short; so it counts as durable only when something that was
 * written behind it on this session has been committed cleanly.
 */
static bool confirm_batch(struct co_context *context, struct store *store)
{
    static const char barrier[] =
        "ROLLBACK; BEGIN; SELECT pg_logical_emit_message(true, 'teller', ''); COMMIT";
    bool committed = false;
    return pg_load(context, store->writer, barrier, NULL, 0, &committed) == PG_OK && committed;
}

/* Send the batch within the time that a try has, and return what became of it. */
static enum store_commit try_batch(
    struct co_context *context, struct store *store, const struct store_batch *batch)
{
    unsigned doublings = store->silences < 3 ? store->silences : 3;
    bool committed = false;
    pg_bound(store->writer, (STORE_SILENCE_S * CO_CLOCK_S) << doublings);
    enum pg_status status = send_batch(context, store, batch, &committed);
    if (failpoint("commit.answered")) {
        status = PG_LOST;
        committed = false;
    }
    enum store_commit outcome = STORE_RETRY;
    if (status == PG_OK && committed)
        outcome = STORE_COMMITTED;
    else if (status == PG_ERROR)
        outcome = judge(pg_sqlstate(store->writer));
    if (outcome == STORE_COMMITTED && !committed && !confirm_batch(context, store))
        outcome = STORE_RETRY;
    store->silences = pg_is_silent(store->writer) ? store->silences + 1 : 0;
    if (!committed) { /* its transaction may be open still: the end of the session ends it */
        snprintf(store->problem, sizeof store->problem, "%s", pg_message(store->writer));
        pg_close(&store->writer);
    }
    return outcome;
}

enum store_commit store_commit(
    struct co_context *context, struct store *store, const struct store_batch *batch)
{
    co_ensure(batch->number == store->batch + 1);
    if (ready_writer(context, store) != PG_OK)
        return STORE_RETRY;
    if (failpoint("batch.begin"))
        return STORE_RETRY;
    enum store_commit outcome = try_batch(context, store, batch);
    if (outcome == STORE_COMMITTED) {
        store->batch = batch->number;
        memcpy(store->hash, batch->hash, sizeof store->hash);
        store_acknowledge(store, batch->last_seq);
    }
    return outcome;
}

/* Any other refusal (rights, a full disk) says nothing about the journal. */
static bool adds_up(const char *state)
{
    return strcmp(state, STATE_WRONG_SUMS) != 0 && strncmp(state, "22", 2) != 0 &&
           strncmp(state, "23", 2) != 0;
}

enum store_commit store_checkpoint(
    struct co_context *context, struct store *store, uint64_t seq, char *why, size_t size)
{
    static const struct pg_statement advance = {
        2, "SELECT checkpoint_advance($1::int, $2::bigint)"};
    char ledger[16], upto[24];
    const char *values[] = {ledger, upto};
    enum pg_status status = PG_LOST;
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    snprintf(upto, sizeof upto, "%lu", seq);

    /* On a connection of its own: the writer does not wait for it. */
    failpoint("checkpoint.before");
    struct pg *pg = store_connect(context, store, why, size);
    if (pg)
        status = pg_run(context, pg, &advance, values, NULL);
    if (pg && status != PG_OK)
        snprintf(why, size, "%s", pg_message(pg));
    enum store_commit answer = status == PG_OK                                 ? STORE_COMMITTED
                               : status == PG_LOST || adds_up(pg_sqlstate(pg)) ? STORE_RETRY
                                                                               : STORE_REFUSED;
    pg_close(&pg);
    failpoint("checkpoint.after");
    return answer;
}
