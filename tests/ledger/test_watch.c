/* SPDX-License-Identifier: MIT */
/* How long a server waits for another one that has gone silent. */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/pg.h"
#include "ledger/lease/lease_private.h"
#include "tests/ledger/fixture.h"

enum { ROUNDS = 20, STEP_MS = 5, PATIENCE_S = 60 };

/* Another server, which is no more than its row and the session that it beats in. */
struct other {
    struct pg *session;
    uint64_t no;
};

static struct pg *connect(const char *db)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    return pg;
}

/* One row with a number; the parameter is one, too. */
static uint64_t ask(struct pg *pg, unsigned parameters, const char *sql, uint64_t parameter)
{
    char text[24];
    const char *values[] = {text};
    const struct pg_statement statement = {parameters, sql};
    struct pg_result *rows = NULL;
    snprintf(text, sizeof text, "%lu", parameter);
    CU_ASSERT_EQUAL(
        pg_run(co_context_background(), pg, &statement, parameters ? values : NULL, &rows), PG_OK);
    uint64_t number = (uint64_t)pg_number(rows, 0, 0);
    pg_free(&rows);
    return number;
}

static struct other enter(const char *db)
{
    struct other other = {.session = connect(db)};
    other.no = ask(other.session, 0, "SELECT no FROM teller.server_enter('other', '')", 0);
    return other;
}

static void show_session(const struct other *other)
{
    (void)ask(other->session, 1,
        "SELECT 1 FROM pg_advisory_lock_shared(" LEASE_SESSION("$1::bigint") ")", other->no);
}

static void beat(struct pg *pg, uint64_t no)
{
    (void)ask(
        pg, 1, "UPDATE teller.server SET beat = beat + 1 WHERE no = $1::bigint RETURNING no", no);
}

static bool find(struct lease *lease, uint64_t no, struct lease_peer *peer)
{
    for (size_t i = 0; lease_peer(lease, i, peer); i++)
        if (peer->no == no)
            return true;
    return false;
}

/* It is seen, with its session. */
static void await_met(struct lease *lease, uint64_t no)
{
    struct lease_peer peer;
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    lease_look_soon(lease);
    while ((!find(lease, no, &peer) || !peer.met) && co_clock_now_ns() < until_ns)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    CU_ASSERT(find(lease, no, &peer) && peer.met);
}

/* How long after that it is declared dead. */
static int64_t await_end_ms(struct lease *lease, uint64_t no, int64_t since_ns)
{
    struct lease_peer peer;
    while (find(lease, no, &peer) && co_clock_now_ns() - since_ns < PATIENCE_S * CO_CLOCK_S)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    CU_ASSERT(lease_is_gone(lease, no));
    return (co_clock_now_ns() - since_ns) / CO_CLOCK_MS;
}

static struct lease *start(const char *db)
{
    char error[300];
    struct ledger *ledger = fixture_open(db, "owner"); /* makes the tables */
    ledger_close(&ledger);
    const struct lease_options options = {.conninfo = db};
    struct lease *lease;
    co_ensure(lease_start(co_context_background(), &options, &lease, error, sizeof error) == PG_OK);
    return lease;
}

/* The lease that it may have had is waited for, and not much longer: on a machine that stalls that
 * may take some tries to see. */
static void one_whose_session_ended(void)
{
    const char *db = fixture_database();
    struct lease *lease = start(db);
    struct pg *pg = connect(db);
    int64_t took_ms = LEASE_TAKE_MS;
    for (int i = 0; i < ROUNDS && took_ms >= LEASE_TAKE_MS; i++) {
        struct other other = enter(db);
        show_session(&other);
        await_met(lease, other.no);
        int64_t since_ns = co_clock_now_ns();
        beat(pg, other.no);
        pg_close(&other.session);
        took_ms = await_end_ms(lease, other.no, since_ns);
        CU_ASSERT(took_ms >= LEASE_MS);
    }
    CU_ASSERT(took_ms < LEASE_TAKE_MS);
    lease_stop(&lease);
    pg_close(&pg);
}

/* A session that is there, or never was, says nothing. */
static void others_are_waited_for(void)
{
    const char *db = fixture_database();
    struct lease *lease = start(db);
    struct pg *pg = connect(db);
    struct other hangs = enter(db), pooled = enter(db);
    show_session(&hangs);
    await_met(lease, hangs.no);
    pg_close(&pooled.session);
    int64_t since_ns = co_clock_now_ns();
    beat(pg, pooled.no);
    beat(pg, hangs.no);
    CU_ASSERT(await_end_ms(lease, pooled.no, since_ns) >= LEASE_TAKE_MS);
    CU_ASSERT(await_end_ms(lease, hangs.no, since_ns) >= LEASE_TAKE_MS);
    pg_close(&hangs.session);
    lease_stop(&lease);
    pg_close(&pg);
}

/* One that has lost its session, and is back, is waited for as if it had not. */
static void one_that_connects_again(void)
{
    struct lease_peer peer;
    const char *db = fixture_database();
    struct lease *lease = start(db);
    struct other other = enter(db);
    show_session(&other);
    await_met(lease, other.no);
    int64_t since_ns = co_clock_now_ns();
    beat(other.session, other.no);
    pg_close(&other.session);
    while (find(lease, other.no, &peer) && !peer.parted_ns)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    other.session = connect(db);
    show_session(&other);
    while (find(lease, other.no, &peer) && peer.parted_ns)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    bool back = find(lease, other.no, &peer);
    int64_t took_ms = await_end_ms(lease, other.no, since_ns);
    /* A machine that stalls may be too late with that. */
    CU_ASSERT(!back || took_ms >= LEASE_TAKE_MS);
    pg_close(&other.session);
    lease_stop(&lease);
}

const struct unit_suite watch_suite = {.name = "watch",
    .tests = (const struct unit_test[]){{"one_whose_session_ended", one_whose_session_ended},
        {"others_are_waited_for", others_are_waited_for},
        {"one_that_connects_again", one_that_connects_again}, {0}}};
