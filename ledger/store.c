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
 *
 * Who may serve a ledger is an advisory lock on the writer's session: that is liveness only, a hint
 * to a second process that it should wait. Safety is the epoch.
 */
#include "ledger/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "coro/clock.h"
#include "ledger/failpoint.h"
#include "ledger/migrate.h"

enum { SERVE_LOCK = 731029588 }; /* first half of the advisory lock; the second is the ledger */

/* How long the session that has the lock may leave the database waiting before a standby ends it;
 * and how long while it folds the journal, for which its application_name is OPENING. */
#define HANGS_AFTER "10 s"
#define OPENS_WITHIN "300 s"
#define OPENING "teller opening"

/* ---- connections --------------------------------------------------------------------------- */

/* The writer's session, with the lock that says "served". *held: nobody else has that lock. */
static enum pg_status connect_writer(struct context *context, struct store *store, bool *held)
{
    static const struct pg_statement lock = {
        STORE_SLOT_LOCK, 2, "SELECT pg_try_advisory_lock($1::int, $2::int)"};
    char class[16], ledger[16];
    const char *values[] = {class, ledger};
    struct pg_result *rows = NULL;
    snprintf(class, sizeof class, "%d", SERVE_LOCK);
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    if (!store->writer)
        store->writer = pg_connect(
            context, store->conninfo, PG_APP_ROLE, store->problem, sizeof store->problem);
    if (!store->writer)
        return PG_LOST;
    pg_bound(store->writer, STORE_SILENCE_S * CLOCK_S);
    enum pg_status status = pg_run(context, store->writer, &lock, values, &rows);
    *held = status == PG_OK && *pg_text(rows, 0, 0) == 't';
    pg_free(&rows);
    return status;
}

struct pg *store_connect(
    struct context *context, struct store *store, char *error, size_t error_size)
{
    struct pg *pg = pg_connect(context, store->conninfo, PG_APP_ROLE, error, error_size);
    if (pg)
        pg_bound(pg, STORE_LONG_SILENCE_S * CLOCK_S);
    return pg;
}

enum pg_status store_read(struct context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    return readers_run(context, store->readers, statement, values, result);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* As the schema's owner: migrate, and find or make the ledger. */
static bool prepare_database(struct context *context, struct store *store, const char *ledger,
    const char *strategy, char *error, size_t error_size)
{
    static const struct pg_statement find = {1, 2,
        "WITH l AS (INSERT INTO ledger (name, strategy) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET strategy = excluded.strategy RETURNING no),"
        " w AS (INSERT INTO writer (ledger) SELECT no FROM l ON CONFLICT DO NOTHING),"
        " c AS (INSERT INTO checkpoint (ledger) SELECT no FROM l ON CONFLICT DO NOTHING)"
        " SELECT no FROM l"};
    const char *values[] = {ledger, strategy};
    struct pg_result *rows = NULL;
    struct pg *owner = pg_connect(context, store->conninfo, NULL, error, error_size);
    if (!owner)
        return false;
    enum pg_status status = migrate(context, owner, error, error_size);
    if (status == PG_OK && (status = pg_run(context, owner, &find, values, &rows)) != PG_OK)
        snprintf(error, error_size, "%s", pg_message(owner));
    if (status == PG_OK)
        store->ledger = (int)pg_number(rows, 0, 0);
    pg_free(&rows);
    pg_close(&owner);
    return status == PG_OK;
}

/*
 * End the session that has the lock if its process hangs: if it has left the database waiting for
 * its next word for HANGS_AFTER_S, where a serving one speaks each second. Who folds a long journal
 * says nothing for longer, and says so beforehand. As the schema's owner: teller_app cannot see
 * what others do. That this is a guess does no harm: the epoch decides who writes.
 */
static void end_hanging(struct context *context, struct store *store, struct pg *owner)
{
    static const struct pg_statement end = {1, 2,
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity a USING (pid)"
        " WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND a.datname = "
        "current_database()"
        " AND database = a.datid AND classid = $1::text::oid AND objid = $2::text::oid"
        " AND wait_event IN ('ClientRead', 'ClientWrite') AND clock_timestamp() - state_change >"
        " CASE application_name WHEN '" OPENING "' THEN interval '" OPENS_WITHIN
        "' ELSE interval '" HANGS_AFTER "' END"};
    char class[16], ledger[16];
    const char *values[] = {class, ledger};
    struct pg_result *rows = NULL;
    snprintf(class, sizeof class, "%d", SERVE_LOCK);
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    if (pg_run(context, owner, &end, values, &rows) == PG_OK && pg_rows(rows) > 0)
        fprintf(stderr, "teller: the process that serves ledger %s hangs; taking over\n", ledger);
    pg_free(&rows);
}

/* Ask for the lock again and again; `owner` (NULL: to be connected) looks after who has it. */
static bool stand_by(
    struct context *context, struct store *store, struct pg **owner, char *error, size_t size)
{
    enum { ASK_AGAIN_MS = 200 };
    for (bool told = false;;) {
        bool held;
        if (connect_writer(context, store, &held) != PG_OK) {
            snprintf(error, size, "%s", store->writer ? pg_message(store->writer) : store->problem);
            return false;
        }
        if (held)
            return true;
        if (!told)
            fprintf(stderr, "teller: another process serves this ledger; standing by\n");
        told = true;
        if (context_err(context) != CONTEXT_OK) {
            snprintf(error, size, "another process serves this ledger");
            return false;
        }
        if (*owner && pg_is_lost(*owner))
            pg_close(owner);
        if (!*owner)
            *owner = pg_connect(context, store->conninfo, NULL, error, size);
        if (*owner)
            end_hanging(context, store, *owner);
        co_sleep(ASK_AGAIN_MS * CLOCK_MS);
    }
}

static bool wait_for_turn(struct context *context, struct store *store, char *error, size_t size)
{
    struct pg *owner = NULL;
    bool ours = stand_by(context, store, &owner, error, size);
    pg_close(&owner);
    return ours;
}

static bool take_epoch(struct context *context, struct store *store, char *error, size_t size)
{
    static const struct pg_statement take = {STORE_SLOT_EPOCH, 1,
        "UPDATE writer w SET epoch = epoch + 1 WHERE ledger = $1 RETURNING epoch, batch,"
        " (SELECT encode(hash, 'hex') FROM batch b WHERE b.ledger = w.ledger AND b.no = w.batch),"
        " set_config('application_name', '" OPENING "', false)"};
    char ledger[16];
    const char *values[] = {ledger};
    struct pg_result *rows = NULL;
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    failpoint("epoch.before");
    if (pg_run(context, store->writer, &take, values, &rows) != PG_OK) {
        snprintf(error, size, "%s", pg_message(store->writer));
        return false;
    }
    failpoint("epoch.taken");
    store->epoch = (uint64_t)pg_number(rows, 0, 0);
    store->batch = (uint64_t)pg_number(rows, 0, 1);
    hash_of_hex(pg_text(rows, 0, 2), store->hash, sizeof store->hash);
    pg_free(&rows);
    return true;
}

struct store *store_open(struct context *context, const char *conninfo, const char *ledger,
    const char *strategy, struct readers *readers, char *error, size_t error_size)
{
    struct store *store = calloc(1, sizeof *store);
    if (store && !readers)
        readers = store->own_readers = readers_make(conninfo, STORE_READERS);
    if (!store || !(store->conninfo = strdup(conninfo)) || !(store->readers = readers)) {
        snprintf(error, error_size, "out of memory");
        store_close(&store);
    } else if (!prepare_database(context, store, ledger, strategy, error, error_size) ||
               !wait_for_turn(context, store, error, error_size) ||
               !take_epoch(context, store, error, error_size)) {
        store_close(&store);
    }
    return store;
}

void store_close(struct store **store)
{
    struct store *closed = *store;
    *store = NULL;
    if (!closed)
        return;
    readers_free(&closed->own_readers);
    pg_close(&closed->writer);
    free(closed->conninfo);
    free(closed);
}

/* ---- committing ---------------------------------------------------------------------------- */

const char *const store_tables[STORE_TABLES] = {
    [STORE_ACCOUNTS] = "account (ledger,no,id,asset,floor,opened,metadata)",
    [STORE_ENTRIES] =
        "entry (ledger,seq,at,kind,key,fingerprint,account,code,available,metadata,ref,"
        "from_no,to_no,amount,from_after,to_after,from_prev,to_prev,expires_at)",
    [STORE_POSTINGS] =
        "further_posting "
        "(ledger,seq,leg,from_no,to_no,amount,from_after,to_after,from_prev,to_prev)",
    [STORE_HELD] = "held (ledger,account,seq,held)",
    [STORE_WAYPOINTS] = "waypoint (ledger,account,seq)",
};

/* With --require-sync: before anything is written, is there to be a standby that must have it? */
static const char require_sync[] =
    "DO $$BEGIN IF current_setting('synchronous_standby_names') = '' THEN"
    " RAISE 'synchronous_standby_names is empty, and --require-sync is on' USING ERRCODE = 'TL010';"
    " END IF; END$$;";

static enum pg_status send_batch(
    struct context *context, struct store *store, const struct store_batch *batch, bool *committed)
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
                "COPY %s FROM STDIN (FORMAT binary);", store_tables[i]);
            data[tables++] = batch->tables[i];
        }
    snprintf(sql + length, sizeof sql - length, "COMMIT");
    return pg_load(context, store->writer, sql, data, tables, committed);
}

/* Class 22 and 23 (data, constraint), 42 (schema, rights) and ours: the batch itself is wrong. */
static enum store_commit judge(const char *state)
{
    if (strcmp(state, "TL001") == 0)
        return STORE_COMMITTED;
    if (strcmp(state, "TL002") == 0)
        return STORE_FENCED;
    if (strcmp(state, "TL010") == 0)
        return STORE_RETRY;
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||
        strncmp(state, "42", 2) == 0 || strncmp(state, "TL", 2) == 0)
        return STORE_REFUSED;
    return STORE_RETRY; /* shutting down, out of space or memory, cancelled … */
}

/* Ask on the writer's session whether the epoch is still ours. */
static enum store_commit ask_epoch(struct context *context, struct store *store)
{
    static const struct pg_statement ask = {STORE_SLOT_WRITER, 1,
        "SELECT epoch, set_config('application_name', 'teller', false) FROM writer"
        " WHERE ledger = $1"};
    char ledger[16];
    const char *values[] = {ledger};
    struct pg_result *rows = NULL;
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    if (pg_run(context, store->writer, &ask, values, &rows) != PG_OK) {
        snprintf(store->problem, sizeof store->problem, "%s", pg_message(store->writer));
        return STORE_RETRY;
    }
    bool ours = pg_rows(rows) == 1 && (uint64_t)pg_number(rows, 0, 0) == store->epoch;
    pg_free(&rows);
    return ours ? STORE_COMMITTED : STORE_FENCED;
}

/* Have a good session to write on, and still be the writer. STORE_COMMITTED: we do. */
static enum store_commit ready_writer(struct context *context, struct store *store)
{
    bool held;
    if (store->writer && !pg_is_lost(store->writer))
        return STORE_COMMITTED;
    pg_close(&store->writer);
    store->rival = false;
    if (connect_writer(context, store, &held) != PG_OK)
        return STORE_RETRY;
    enum store_commit answer = ask_epoch(context, store);
    if (answer == STORE_COMMITTED && !held) {
        snprintf(store->problem, sizeof store->problem, "our former session has not ended yet");
        store->rival = true;
        answer = STORE_RETRY;
    }
    if (answer != STORE_COMMITTED)
        pg_close(&store->writer);
    return answer;
}

enum store_commit store_ping(struct context *context, struct store *store)
{
    enum store_commit answer = ready_writer(context, store);
    return answer == STORE_COMMITTED ? ask_epoch(context, store) : answer;
}

/*
 * The database knows the batch: a former try of it was committed. But that may have been before a
 * standby had it, and its wait cut short; so it counts as durable only when something that was
 * written behind it on this session has been committed cleanly.
 */
static bool confirm_batch(struct context *context, struct store *store)
{
    static const char barrier[] =
        "ROLLBACK; BEGIN; SELECT pg_logical_emit_message(true, 'teller', ''); COMMIT";
    bool committed = false;
    return pg_load(context, store->writer, barrier, NULL, 0, &committed) == PG_OK && committed;
}

/* Send the batch within the time that a try has, and tell what became of it. */
static enum store_commit try_batch(
    struct context *context, struct store *store, const struct store_batch *batch)
{
    unsigned doublings = store->silences < 3 ? store->silences : 3;
    bool committed = false;
    pg_bound(store->writer, (STORE_SILENCE_S * CLOCK_S) << doublings);
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
    struct context *context, struct store *store, const struct store_batch *batch)
{
    ensure(batch->number == store->batch + 1);
    enum store_commit ready = ready_writer(context, store);
    if (ready != STORE_COMMITTED)
        return ready;
    if (failpoint("batch.begin"))
        return STORE_RETRY;
    enum store_commit outcome = try_batch(context, store, batch);
    if (outcome == STORE_COMMITTED) {
        store->batch = batch->number;
        memcpy(store->hash, batch->hash, sizeof store->hash);
    }
    return outcome;
}

/* Whatever else it may be refused for (rights, a full disk) is no word about the journal. */
static bool adds_up(const char *state)
{
    return strcmp(state, "TL003") != 0 && strncmp(state, "22", 2) != 0 &&
           strncmp(state, "23", 2) != 0;
}

enum store_commit store_checkpoint(
    struct context *context, struct store *store, uint64_t seq, char *why, size_t size)
{
    static const struct pg_statement advance = {
        STORE_SLOT_CHECKPOINT, 2, "SELECT checkpoint_advance($1::int, $2::bigint)"};
    char ledger[16], upto[24];
    const char *values[] = {ledger, upto};
    enum pg_status status = PG_LOST;
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    snprintf(upto, sizeof upto, "%lu", seq);
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
