/* SPDX-License-Identifier: MIT */
/*
 * Invariant: `state` is written by the watch alone, but for what makes it worse: AWAY when a
 * session was lost, APART when it contradicted the database.
 *
 * How far behind it is, is known without comparing clocks: where the database's log was at some
 * moment here, and whether the replica has come to that place since.
 */
#include "ledger/db/replica.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/duty.h"
#include "coro/eventcount.h"
#include "ledger/db/pg_secret.h"
#include "ledger/notice.h"

enum {
    READERS = 8,
    LOOK_MS = 1000,   /* how often it is looked at */
    ASK_MS = 20,      /* it is given a moment to come to where the database is, */
    ASKS = 10,        /* so many times */
    SILENCE_S = 2,    /* its session is lost if it says nothing for so long */
    SETTLE_S = 5,     /* how long a start waits to know */
    PLACE_TEXT = 200, /* bytes of where it is, for people, */
    WHY = 300,        /* and of a reason */
};

struct replica {
    char *conninfo, place[PLACE_TEXT];
    struct readers *primary, *readers;
    struct errands *errands;
    struct co_duty watching;
    struct co_eventcount settled;
    _Atomic enum replica_state state;
    _Atomic int64_t caught_ns, apart_until_ns;
    _Atomic uint64_t passed_on;

    /* the watch's own */
    struct pg *pg;
    enum replica_state told;  /* what the log says */
    char lsn[32], system[24]; /* where the database's log was at some moment */
    int64_t asked_ns;         /* which one; 0: it is to be asked again */
};

/* ---- the watch ----------------------------------------------------------------------------- */

/* False: the database could not be asked, and nothing is known of either. */
static bool ask_primary(struct replica *r)
{
    static const struct pg_statement ask = {
        .sql = "SELECT pg_current_wal_lsn(), system_identifier FROM pg_control_system()"};
    struct pg_result *rows = NULL;
    if (r->asked_ns != 0)
        return true;
    int64_t now_ns = co_clock_boot_ns();
    bool good = readers_run(r->watching.running, r->primary, &ask, NULL, &rows) == PG_OK;
    if (good) {
        snprintf(r->lsn, sizeof r->lsn, "%s", pg_text(rows, 0, 0));
        snprintf(r->system, sizeof r->system, "%s", pg_text(rows, 0, 1));
        r->asked_ns = now_ns;
    }
    pg_free(&rows);
    return good;
}

/* What it says of itself: GOOD, it has come so far; LATE, not yet; or why it cannot be used. */
static enum replica_state ask_once(struct replica *r, char why[WHY])
{
    static const struct pg_statement ask = {2,
        "SELECT system_identifier = $2::bigint, system_identifier,"
        " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
        " ELSE pg_current_wal_lsn() END >= $1::pg_lsn FROM pg_control_system()"};
    enum { SAME, SYSTEM, REACHED };
    const char *values[] = {r->lsn, r->system};
    struct pg_result *rows = NULL;
    enum replica_state found = REPLICA_LATE;
    if (pg_run(r->watching.running, r->pg, &ask, values, &rows) != PG_OK) {
        snprintf(why, WHY, "%s", pg_message(r->pg));
        found = REPLICA_AWAY;
    } else if (*pg_text(rows, 0, SAME) != 't') {
        snprintf(why, WHY, "it is of another cluster (its system identifier is %s, not %s)",
            pg_text(rows, 0, SYSTEM), r->system);
        found = REPLICA_APART;
    } else if (*pg_text(rows, 0, REACHED) == 't') {
        found = REPLICA_GOOD;
    }
    pg_free(&rows);
    return found;
}

static enum replica_state ask_replica(struct replica *r, char why[WHY])
{
    enum replica_state found = REPLICA_LATE;
    if (r->pg && pg_is_lost(r->pg))
        pg_close(&r->pg);
    if (!r->pg)
        r->pg = pg_connect_reading(r->watching.running, r->conninfo, why, WHY);
    if (!r->pg)
        return REPLICA_AWAY;
    pg_bound(r->pg, SILENCE_S * CO_CLOCK_S);
    for (int i = 0; i < ASKS && found == REPLICA_LATE; i++)
        if (i == 0 || co_duty_rest(&r->watching, ASK_MS * CO_CLOCK_MS))
            found = ask_once(r, why);
    return found;
}

/* UNKNOWN: nothing is. */
static enum replica_state look(struct replica *r, char why[WHY])
{
    if (!ask_primary(r))
        return REPLICA_UNKNOWN;
    enum replica_state found = ask_replica(r, why);
    if (found == REPLICA_GOOD) {
        atomic_store(&r->caught_ns, r->asked_ns);
        r->asked_ns = 0;
    }
    int64_t lag_ns = co_clock_boot_ns() - atomic_load(&r->caught_ns);
    bool is_late = lag_ns > REPLICA_LATE_S * CO_CLOCK_S;
    if (is_late)
        snprintf(why, WHY, "it lacks what the database had %d s ago", REPLICA_LATE_S);
    if (found == REPLICA_GOOD || found == REPLICA_LATE)
        return is_late ? REPLICA_LATE : found == REPLICA_GOOD ? REPLICA_GOOD : REPLICA_UNKNOWN;
    return found;
}

/* What is used from now on. News goes to the log. */
static void note(struct replica *r, enum replica_state state, const char *why)
{
    atomic_store(&r->state, state);
    if (state == r->told)
        return;
    r->told = state;
    if (state == REPLICA_GOOD)
        notice(NOTICE_INFO, "what is followed is read from the read database, %s", r->place);
    else
        notice(NOTICE_TROUBLE,
            "the read database, %s, is not used: %s; what is followed is read from the database "
            "itself",
            r->place, why);
}

static void watch(void *arg)
{
    struct replica *r = arg;
    do {
        char why[WHY] = "";
        enum replica_state found = look(r, why);
        if (co_context_err(r->watching.running) != CO_CONTEXT_OK)
            break;
        bool is_apart = co_clock_boot_ns() < atomic_load(&r->apart_until_ns);
        if (is_apart)
            r->told = REPLICA_APART; /* said when it was found */
        else if (found != REPLICA_UNKNOWN)
            note(r, found, why);
        if (is_apart || found != REPLICA_UNKNOWN)
            co_eventcount_advance(&r->settled, 1);
    } while (co_duty_rest(&r->watching, LOOK_MS * CO_CLOCK_MS));
    pg_close(&r->pg);
}

/* ---- making and freeing -------------------------------------------------------------------- */

struct replica *replica_start(const char *conninfo, struct readers *primary)
{
    struct replica *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->primary = primary;
    atomic_store(&r->caught_ns, co_clock_boot_ns());
    pg_secret_describe(conninfo, r->place, sizeof r->place);
    if (!(r->conninfo = strdup(conninfo)) ||
        !(r->readers = readers_make(conninfo, PG_READS, READERS)) ||
        !(r->errands = errands_make(conninfo, PG_READS)) ||
        !co_duty_start("replica watch", &r->watching, watch, r))
        replica_stop(&r);
    return r;
}

void replica_stop(struct replica **replica)
{
    struct replica *stopped = *replica;
    *replica = NULL;
    if (!stopped)
        return;
    co_duty_stop(&stopped->watching);
    readers_free(&stopped->readers);
    errands_free(&stopped->errands);
    free(stopped->conninfo);
    free(stopped);
}

/* ---- using it ------------------------------------------------------------------------------ */

bool replica_is_good(struct replica *r)
{
    return r && atomic_load(&r->state) == REPLICA_GOOD;
}

void replica_settle(struct co_context *context, struct replica *r)
{
    struct co_context *bounded = co_context_with_timeout(context, SETTLE_S * CO_CLOCK_S);
    if (!bounded)
        return;
    (void)!co_eventcount_await(bounded, &r->settled, 1);
    co_context_release(&bounded);
}

/* Only what is good becomes worse: of the rest the watch says what it is. */
static bool degrade(struct replica *r, enum replica_state state)
{
    enum replica_state good = REPLICA_GOOD;
    return atomic_compare_exchange_strong(&r->state, &good, state);
}

int64_t replica_caught_ns(struct replica *replica)
{
    return atomic_load(&replica->caught_ns);
}

void replica_distrust(struct replica *r, const char *why)
{
    atomic_store(&r->apart_until_ns, co_clock_boot_ns() + REPLICA_APART_S * CO_CLOCK_S);
    if (degrade(r, REPLICA_APART))
        notice(NOTICE_TROUBLE,
            "the read database, %s, is not used for %d s: %s; what is followed is read from the "
            "database itself",
            r->place, REPLICA_APART_S, why);
}

struct readers *replica_readers(struct replica *r)
{
    return r->readers;
}

struct errands *replica_errands(struct replica *r)
{
    return r->errands;
}

enum pg_status replica_run(struct co_context *context, struct replica *r,
    const struct replica_place *place, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result)
{
    static const struct pg_statement has = {3,
        "SELECT FROM batch WHERE ledger = $1::int AND no = $2::bigint"
        " AND ($3 = '' OR encode(hash, 'hex') = $3)"};
    char ledger[16], batch[24], hash[2 * HASH_CHAIN + 1] = "";
    const char *places[] = {ledger, batch, hash};
    const struct readers_condition condition = {&has, places};
    snprintf(ledger, sizeof ledger, "%d", place->ledger);
    snprintf(batch, sizeof batch, "%lu", place->batch);
    if (place->chained)
        hash_to_hex(place->hash, sizeof place->hash, hash);
    enum pg_status status = readers_run_where(
        context, r->readers, place->batch > 0 ? &condition : NULL, statement, values, result);
    if (status != PG_OK)
        atomic_fetch_add(&r->passed_on, 1);
    if (status == PG_LOST && co_context_err(context) == CO_CONTEXT_OK)
        (void)degrade(r, REPLICA_AWAY);
    return status;
}

void replica_read_figures(struct replica *r, struct replica_figures *figures)
{
    *figures = (struct replica_figures){.state = atomic_load(&r->state),
        .lag_ns = co_clock_boot_ns() - atomic_load(&r->caught_ns),
        .passed_on = atomic_load(&r->passed_on)};
}
