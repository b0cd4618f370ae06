/* SPDX-License-Identifier: MIT */
/* Ledgers that are given to another server while something is in the way: of one ledger it is no
 * other one's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/banks.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/several.h"

enum { MANY = 60, AT_ONCE = 8, FOREVER_MS = 600000, A_WHILE_MS = 2500, TURNS = 3000 };

static const struct bank_options patient = {.patience_ms = FOREVER_MS};

static struct {
    const char *db;
    struct several servers[2];
    struct pg *pg; /* somebody else's session */
} t;

static void begin(void)
{
    char error[300];
    memset(&t, 0, sizeof t);
    t.db = fixture_database();
    several_begin(&t.servers[0], t.db, 0, &patient);
    several_await_open(&t.servers[0]);
    t.pg = pg_connect(co_context_background(), t.db, NULL, error, sizeof error);
    co_ensure(t.pg != NULL);
}

static void begin_second(void)
{
    several_begin(&t.servers[1], t.db, 1, &patient);
    several_await_peers(&t.servers[0], 2);
    several_await_peers(&t.servers[1], 2);
}

static void end(void)
{
    pg_close(&t.pg);
    bank_close(&t.servers[0].bank);
    several_await_open(&t.servers[1]);
    bank_close(&t.servers[1].bank);
}

static void say(const char *sql)
{
    CU_ASSERT_EQUAL(pg_script(co_context_background(), t.pg, sql), PG_OK);
}

/* Ask for the ledger to go to the second server. */
static void want(const char *name)
{
    CU_ASSERT_EQUAL(
        bank_want(co_context_background(), t.servers[0].bank, name, several_number(&t.servers[1])),
        BANK_WANTED);
}

static bool can_read(struct ledger *ledger)
{
    struct ledger_account account;
    uint64_t seq;
    return ledger_read_account(co_context_background(), ledger, "world:USD.2", &account, &seq) ==
           LEDGER_OK;
}

/* ---- a writer's row that somebody has locked ----------------------------------------------- */

/* It cannot be given now. The lease does not wait for that, so other ledgers are told. */
static void the_giver_keeps_its_lease(void)
{
    struct ledger *main_ledger, *moved;
    begin();
    several_make(&t.servers[0], "moved");
    begin_second();
    CU_ASSERT_EQUAL_FATAL(bank_find(t.servers[0].bank, "main", &main_ledger), LEDGER_OK);
    CU_ASSERT_EQUAL_FATAL(bank_find(t.servers[0].bank, "moved", &moved), LEDGER_OK);
    /* As long as somebody is in the ledger it is not given away. */
    want("moved");
    struct ledger *entered;
    for (int i = 0; i < TURNS; i++, co_sleep(10 * CO_CLOCK_MS)) {
        if (bank_find(t.servers[0].bank, "moved", &entered) != LEDGER_OK)
            break;
        ledger_leave(entered);
    }
    say("BEGIN; SELECT FROM teller.writer WHERE ledger = 2 FOR UPDATE");
    ledger_leave(moved);
    co_sleep(A_WHILE_MS * CO_CLOCK_MS);
    bool told = false;
    for (int i = 0; i < 10 && !told; i++)
        told = can_read(main_ledger);
    CU_ASSERT(told);
    say("COMMIT");
    several_await_ledger(&t.servers[1], "moved");
    ledger_leave(main_ledger);
    end();
}

/* It cannot be taken now. Others are. */
static void others_are_taken(void)
{
    begin();
    several_make(&t.servers[0], "locked");
    several_make(&t.servers[0], "other");
    begin_second();
    say("BEGIN; SELECT FROM teller.writer WHERE ledger = 2 FOR UPDATE");
    bank_close(&t.servers[0].bank);
    several_await_ledger(&t.servers[1], "other");
    several_await_ledger(&t.servers[1], "main");
    say("COMMIT");
    several_await_ledger(&t.servers[1], "locked");
    end();
}

/* ---- refused ------------------------------------------------------------------------------- */

/* The database refuses for good to have it given away: it is opened again where it was, and other
 * ledgers go where they are wanted. */
static void what_is_refused_stays(void)
{
    struct ledger *ledger;
    begin();
    several_make(&t.servers[0], "stays");
    several_make(&t.servers[0], "goes");
    begin_second();
    say("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'it stays'; END$$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON teller.writer FOR EACH ROW"
        " WHEN (NEW.ledger = 2 AND NEW.server IS NULL) EXECUTE FUNCTION refuse()");
    want("stays");
    want("goes");
    several_await_ledger(&t.servers[1], "goes");
    enum ledger_status found = LEDGER_UNAVAILABLE;
    for (int i = 0; i < TURNS && found != LEDGER_OK; i++, co_sleep(10 * CO_CLOCK_MS))
        if (strcmp(fixture_ask(t.db, "SELECT epoch FROM teller.writer WHERE ledger = 2"), "2") == 0)
            found = bank_find(t.servers[0].bank, "stays", &ledger);
    CU_ASSERT_EQUAL_FATAL(found, LEDGER_OK);
    CU_ASSERT(can_read(ledger));
    ledger_leave(ledger);
    say("DROP TRIGGER refuse ON teller.writer; DROP FUNCTION refuse()");
    end();
    /* And when the server has ended it is the other one's as ever. */
}

/* ---- one that is not open ------------------------------------------------------------------ */

/* Change the time that the journal of "main" says of its second entry. */
static void write_time(const char *at)
{
    char sql[200];
    snprintf(sql, sizeof sql,
        "SET session_replication_role = replica;"
        " UPDATE teller.entry SET at = '%s' WHERE ledger = 1 AND seq = 2;"
        " RESET session_replication_role",
        at);
    say(sql);
}

/* Its owner cannot open it, and so has nothing to close: it goes where it is wanted all the
 * same. */
static void what_cannot_be_opened_is_given_away(void)
{
    struct bank_owner owner;
    struct ledger *ledger;
    begin();
    several_make(&t.servers[0], "other");
    CU_ASSERT_EQUAL_FATAL(bank_find(t.servers[0].bank, "main", &ledger), LEDGER_OK);
    fixture_account(ledger, "a", "USD/2", "0");
    ledger_leave(ledger);
    bank_close(&t.servers[0].bank);
    fixture_forget(t.db);
    write_time("infinity");
    several_begin(&t.servers[0], t.db, 0, &patient);
    several_await_open(&t.servers[0]);
    CU_ASSERT_EQUAL_FATAL(bank_find(t.servers[0].bank, "main", &ledger), LEDGER_UNAVAILABLE);
    begin_second();
    want("main");
    several_await_owner(&t.servers[1], "main", &owner);
    for (int i = 0; i < TURNS && !owner.here; i++, co_sleep(10 * CO_CLOCK_MS))
        several_await_owner(&t.servers[1], "main", &owner);
    CU_ASSERT(owner.here);
    write_time("now");
    several_await_ledger(&t.servers[1], "main");
    end();
}

/* Whoever makes a ledger that another server has learns that, and does not wait for it here. */
static void what_is_elsewhere_is_not_waited_for(void)
{
    struct ledger *ledger;
    bool created;
    begin();
    several_make(&t.servers[0], "there");
    begin_second();
    struct co_context *minute = co_context_with_timeout(co_context_background(), 60 * CO_CLOCK_S);
    CU_ASSERT_EQUAL(bank_create(minute, t.servers[1].bank, "there", NULL, &ledger, &created),
        LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(co_context_err(minute), CO_CONTEXT_OK);
    co_context_release(&minute);
    end();
}

/* ---- one that takes its time --------------------------------------------------------------- */

struct waiter {
    struct bank *bank;
    struct co_context *context;
    struct co_waitgroup *running;
    enum ledger_status status;
};

static void await_moved(void *arg)
{
    struct waiter *waiter = arg;
    struct ledger *ledger = NULL;
    waiter->status = bank_await(waiter->context, waiter->bank, "moved", &ledger);
    if (ledger)
        ledger_leave(ledger);
    co_waitgroup_done(waiter->running);
}

static bool await_moving(struct bank *bank)
{
    struct ledger *ledger;
    bool moves = false;
    for (int i = 0; i < TURNS && !moves; i++, co_sleep(10 * CO_CLOCK_MS))
        if (bank_find_moving(bank, "moved", &ledger, &moves) == LEDGER_OK)
            ledger_leave(ledger);
    return moves;
}

/* The second server takes it once this session lets it: until then it is on its way, and somebody
 * waits for it at both. */
static void begin_move(struct waiter waiters[2], struct co_waitgroup *running)
{
    begin();
    several_make(&t.servers[0], "moved");
    begin_second();
    say("CREATE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END$$;"
        "CREATE TRIGGER hinder BEFORE UPDATE ON teller.writer FOR EACH ROW"
        " WHEN (NEW.ledger = 2 AND OLD.server IS NULL) EXECUTE FUNCTION hinder();"
        "SELECT pg_advisory_lock(77)");
    want("moved");
    CU_ASSERT_FATAL(await_moving(t.servers[0].bank) && await_moving(t.servers[1].bank));
    co_waitgroup_add(running, 2);
    for (int i = 0; i < 2; i++) {
        waiters[i] = (struct waiter){.bank = t.servers[i].bank,
            .context = co_context_with_timeout(co_context_background(), 600 * CO_CLOCK_S),
            .running = running};
        co_ensure(waiters[i].context != NULL);
        co_ensure(co_spawn(await_moved, &waiters[i]));
    }
}

static void end_move(struct waiter waiters[2], struct co_waitgroup *running)
{
    co_waitgroup_wait(running);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(co_context_err(waiters[i].context), CO_CONTEXT_OK);
        co_context_release(&waiters[i].context);
    }
}

/* Whoever wants it waits for as long as that takes, and then is told where it is. */
static void what_moves_is_waited_for(void)
{
    struct waiter waiters[2];
    struct co_waitgroup running = {0};
    struct bank_owner owner;
    begin_move(waiters, &running);
    co_sleep(A_WHILE_MS * CO_CLOCK_MS);
    say("SELECT pg_advisory_unlock(77)");
    end_move(waiters, &running);
    CU_ASSERT_EQUAL(waiters[0].status, LEDGER_UNAVAILABLE);
    CU_ASSERT(bank_owner(t.servers[0].bank, "moved", &owner) && banks_owner_is_other(&owner));
    CU_ASSERT_EQUAL(waiters[1].status, LEDGER_OK);
    end();
}

/* But not once the database answers no more: no beat gets through. */
static void what_moves_is_not_waited_for_in_vain(void)
{
    struct waiter waiters[2];
    struct co_waitgroup running = {0};
    begin_move(waiters, &running);
    say("BEGIN; SELECT FROM teller.server FOR UPDATE");
    end_move(waiters, &running);
    CU_ASSERT_EQUAL(waiters[0].status, LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(waiters[1].status, LEDGER_UNAVAILABLE);
    say("COMMIT; SELECT pg_advisory_unlock(77)");
    end();
}

/* ---- many of them -------------------------------------------------------------------------- */

static void leave(void *arg)
{
    struct co_waitgroup *running = arg;
    bank_leave(t.servers[0].bank);
    co_waitgroup_done(running);
}

/* A server that leaves gives no more of them at a time than another one can take soon. */
static void many_are_given_a_few_at_a_time(void)
{
    struct co_waitgroup running = {0};
    char name[20];
    begin();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many-%d", i);
        several_make(&t.servers[0], name);
    }
    begin_second();
    co_waitgroup_add(&running, 1);
    co_ensure(co_spawn(leave, &running));
    int left = MANY, most = 0, turns = 0;
    while (left > 0 && turns++ < TURNS) {
        const char *counts =
            fixture_ask(t.db, "SELECT count(*) FILTER (WHERE server IS NULL) || ' '"
                              " || count(*) FILTER (WHERE epoch = 1) FROM"
                              " teller.writer");
        char *end;
        int on_their_way = (int)strtol(counts, &end, 10);
        left = (int)strtol(end, NULL, 10);
        most = most < on_their_way ? on_their_way : most;
        co_sleep(2 * CO_CLOCK_MS);
    }
    co_waitgroup_wait(&running);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT(most <= AT_ONCE);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many-%d", i);
        several_await_ledger(&t.servers[1], name);
    }
    end();
}

const struct unit_suite giving_suite = {.name = "giving",
    .tests = (const struct unit_test[]){{"the_giver_keeps_its_lease", the_giver_keeps_its_lease},
        {"others_are_taken", others_are_taken}, {"what_is_refused_stays", what_is_refused_stays},
        {"what_cannot_be_opened_is_given_away", what_cannot_be_opened_is_given_away},
        {"what_is_elsewhere_is_not_waited_for", what_is_elsewhere_is_not_waited_for},
        {"what_moves_is_waited_for", what_moves_is_waited_for},
        {"what_moves_is_not_waited_for_in_vain", what_moves_is_not_waited_for_in_vain},
        {"many_are_given_a_few_at_a_time", many_are_given_a_few_at_a_time}, {0}}};
