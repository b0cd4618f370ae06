/* SPDX-License-Identifier: MIT */
/* Several databases of one service: a ledger lives in one of them, and its name stands for it. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/audit/audit_apart.h"
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks.h"
#include "ledger/bank/banks_elsewhere.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"

enum { TURNS = 1500, TURN_MS = 20 };

/* ---- what --database says -------------------------------------------------------------------- */

static const struct {
    const char *text, *wrong; /* "": nothing */
    size_t count;
    const char *name, *place; /* of the last */
} texts[] = {
    {"postgres://a/b", "", 1, "default", "postgres://a/b"},
    {"host=/run dbname=x", "", 1, "default", "host=/run dbname=x"},
    {"host=/run", "", 1, "default", "host=/run"},
    {"bank", "", 1, "default", "bank"},
    {"postgres://a/b?options=x", "", 1, "default", "postgres://a/b?options=x"},
    {"hots=/run", "", 1, "default", "hots=/run"}, /* a misspelt word is no name */
    {"east=postgres://a/b", "", 1, "east", "postgres://a/b"},
    {"east=host=/run dbname=x", "", 1, "east", "host=/run dbname=x"},
    {"e=postgres://a/b\nw_2-=postgresql://c/d?x=y", "", 2, "w_2-", "postgresql://c/d?x=y"},
    {"e=postgres://a/b  w=postgres://c/d ", "", 2, "w", "postgres://c/d"},
    {"e=host=/run dbname=x\nw=host=/run dbname=y\n", "", 2, "w", "host=/run dbname=y"},
    {"e=postgres://a,b/b w=postgres://c/d", "", 2, "w", "postgres://c/d"},
    {"postgres://a/b\npostgres://c/d", "must be NAME=URL", 0, NULL, NULL},
    {"e=postgres://a/b\npostgres://c/d", "must be NAME=URL", 0, NULL, NULL},
    {"e=postgres://a/b\nhost=postgres://c/d", "must be NAME=URL", 0, NULL, NULL},
    {"e=postgres://a/b e=postgres://c/d", "has two databases of the name e", 0, NULL, NULL},
};

static void what_is_said_is_read(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct database_list list;
        char text[200], error[DATABASE_LIST_ERROR];
        snprintf(text, sizeof text, "%s", texts[i].text);
        bool good = database_list_read(&list, text, error);
        if (good != !*texts[i].wrong || !strstr(error, texts[i].wrong))
            printf("\n    %s: %s ", texts[i].text, good ? "is read" : error);
        CU_ASSERT_EQUAL(good, !*texts[i].wrong);
        CU_ASSERT_PTR_NOT_NULL(strstr(error, texts[i].wrong));
        if (!good)
            continue;
        CU_ASSERT_EQUAL_FATAL(list.count, texts[i].count);
        CU_ASSERT_STRING_EQUAL(list.rows[list.count - 1].name, texts[i].name);
        CU_ASSERT_STRING_EQUAL(list.rows[list.count - 1].conninfo, texts[i].place);
    }
}

/* ---- two databases --------------------------------------------------------------------------- */

struct two { /* the names, and where */
    struct database_list list;
    struct banks *banks;
};

static struct banks *try_open(const struct database_list *list, char error[300])
{
    const struct banks_options options = {{.strategies = "owner"}, list, NULL};
    struct banks *banks = banks_make(&options, error, 300);
    co_ensure(banks != NULL);
    if (!banks_open(co_context_background(), banks, error, 300))
        banks_close(&banks);
    return banks;
}

static void open_two(struct two *two)
{
    char error[300];
    two->banks = try_open(&two->list, error);
    if (!two->banks)
        printf("\n    %s", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two->banks);
}

static void name_two(struct two *two, const char *east, const char *west)
{
    two->list = (struct database_list){.count = 2, .rows = {{"east", east}, {"west", west}}};
}

static void begin(struct two *two, char west[400])
{
    static char east[400];
    snprintf(east, sizeof east, "%s", fixture_database());
    snprintf(west, 400, "%s", fixture_database());
    name_two(two, east, west);
    open_two(two);
}

static enum ledger_status create(
    struct banks *banks, const char *name, const char *database, bool *created)
{
    const struct banks_wanted wanted = {.name = name, .database = database};
    struct ledger *ledger;
    enum ledger_status status =
        banks_create(co_context_background(), banks, &wanted, &ledger, created);
    if (status == LEDGER_OK)
        ledger_leave(ledger);
    return status;
}

/* In which database it lives; "": in none. */
static const char *home(struct banks *banks, const char *name)
{
    size_t index;
    return banks_home(banks, name, &index) ? banks_database(banks, index) : "";
}

static enum ledger_status find(struct banks *banks, const char *name)
{
    struct ledger *ledger;
    enum ledger_status status = banks_find(banks, name, &ledger);
    if (status == LEDGER_OK)
        ledger_leave(ledger);
    return status;
}

static void a_ledger_lives_in_one(void)
{
    char west[400];
    struct two two;
    bool created;
    begin(&two, west);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "main"), "east");
    CU_ASSERT_EQUAL(bank_count(banks_at(two.banks, 1)), 0);
    /* The one that has fewest is chosen. */
    CU_ASSERT(create(two.banks, "a", NULL, &created) == LEDGER_OK && created);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "a"), "west");
    CU_ASSERT(create(two.banks, "b", "west", &created) == LEDGER_OK && created);
    CU_ASSERT(create(two.banks, "c", NULL, &created) == LEDGER_OK && created);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "c"), "east");
    /* The same again, with the place or without; in another one it is not the same. */
    CU_ASSERT(create(two.banks, "b", NULL, &created) == LEDGER_OK && !created);
    CU_ASSERT(create(two.banks, "b", "west", &created) == LEDGER_OK && !created);
    CU_ASSERT_EQUAL(create(two.banks, "b", "east", &created), LEDGER_LEDGER_EXISTS);
    CU_ASSERT_EQUAL(create(two.banks, "main", "west", &created), LEDGER_LEDGER_EXISTS);
    CU_ASSERT_EQUAL(find(two.banks, "nobody"), LEDGER_LEDGER_NOT_FOUND);
    banks_turn(two.banks);
    banks_close(&two.banks);

    open_two(&two);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "a"), "west");
    CU_ASSERT_STRING_EQUAL(home(two.banks, "c"), "east");
    CU_ASSERT(find(two.banks, "a") == LEDGER_OK && find(two.banks, "c") == LEDGER_OK);
    banks_close(&two.banks);
}

/* ---- one name, one ledger -------------------------------------------------------------------- */

struct maker {
    struct banks *banks;
    const char *database;
    enum ledger_status status;
    struct co_waitgroup *done;
};

static void make_same(void *arg)
{
    struct maker *maker = arg;
    bool created;
    maker->status = create(maker->banks, "same", maker->database, &created);
    co_waitgroup_done(maker->done);
}

/* Two servers make it at the same time, each in another database. */
static void a_name_is_had_once(void)
{
    char west[400];
    struct two one, other;
    struct co_waitgroup done = {.state = 0};
    begin(&one, west);
    other = one;
    open_two(&other);
    struct maker makers[] = {
        {one.banks, "east", LEDGER_OK, &done}, {other.banks, "west", LEDGER_OK, &done}};
    co_waitgroup_add(&done, 2);
    for (int i = 0; i < 2; i++)
        co_ensure(co_spawn(make_same, &makers[i]));
    co_waitgroup_wait(&done);
    CU_ASSERT(makers[0].status != makers[1].status);
    CU_ASSERT(makers[0].status == LEDGER_OK || makers[1].status == LEDGER_OK);
    CU_ASSERT(makers[0].status == LEDGER_LEDGER_EXISTS || makers[1].status == LEDGER_LEDGER_EXISTS);
    banks_close(&other.banks);
    open_two(&other);
    CU_ASSERT_STRING_EQUAL(
        home(other.banks, "same"), makers[0].status == LEDGER_OK ? "east" : "west");
    banks_close(&other.banks);
    banks_close(&one.banks);
}

static void open_alone(const char *db, const char *name)
{
    char error[300];
    struct two alone;
    bool created;
    database_list_of_one(&alone.list, db);
    alone.banks = try_open(&alone.list, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alone.banks);
    CU_ASSERT_EQUAL(create(alone.banks, name, NULL, &created), LEDGER_OK);
    banks_close(&alone.banks);
}

/* Each was a service of its own before: what has a name of another one's is not served. */
static void a_name_had_twice_is_the_first_ones(void)
{
    char east[400], west[400];
    struct two two;
    snprintf(east, sizeof east, "%s", fixture_database());
    snprintf(west, sizeof west, "%s", fixture_database());
    open_alone(east, "both");
    open_alone(west, "both");
    open_alone(west, "only");
    name_two(&two, east, west);
    open_two(&two);
    CU_ASSERT(fixture_heard(
        NOTICE_TROUBLE, "database west has a ledger both, which is not served: that name"));
    CU_ASSERT_STRING_EQUAL(home(two.banks, "both"), "east");
    CU_ASSERT_STRING_EQUAL(home(two.banks, "main"), "east");
    CU_ASSERT_STRING_EQUAL(home(two.banks, "only"), "west");
    CU_ASSERT_EQUAL(bank_count(banks_at(two.banks, 1)), 1);
    banks_close(&two.banks);
}

/* It would have a "main" that nobody knows, and none of the tokens. */
static void another_is_not_taken_for_the_first(void)
{
    char west[400], error[300] = "";
    struct two two;
    begin(&two, west);
    banks_close(&two.banks);
    database_list_of_one(&two.list, west);
    two.banks = try_open(&two.list, error);
    CU_ASSERT_PTR_NULL(two.banks);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "the ledger main is in another database of the service"));
}

/* What that database says of a name; "": that it is there. */
static void expect_said(const char *database, const char *name, const char *home)
{
    char sql[160];
    snprintf(sql, sizeof sql,
        "SELECT coalesce(max(database), '') FROM teller.ledger_name WHERE name = '%s'", name);
    CU_ASSERT_STRING_EQUAL(fixture_ask(database, sql), home);
}

/* A name was mistyped, and the two were swapped, in a start each: nothing is lost for good. */
static void what_was_ceded_by_mistake_comes_back(void)
{
    char east[400], west[400];
    struct two two;
    bool created;
    snprintf(east, sizeof east, "%s", fixture_database());
    snprintf(west, sizeof west, "%s", fixture_database());
    open_alone(west, "before");
    name_two(&two, east, west);
    open_two(&two);
    CU_ASSERT_EQUAL(create(two.banks, "new", "west", &created), LEDGER_OK);
    banks_close(&two.banks);

    snprintf(two.list.rows[1].name, sizeof two.list.rows[1].name, "wets");
    open_two(&two);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "new"), "");
    banks_close(&two.banks);
    expect_said(west, "new", "another one");
    name_two(&two, west, east);
    open_two(&two);
    banks_close(&two.banks);
    expect_said(east, "main", "east");

    name_two(&two, east, west);
    open_two(&two);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "new"), "west");
    CU_ASSERT_STRING_EQUAL(home(two.banks, "before"), "west");
    CU_ASSERT_EQUAL(find(two.banks, "new"), LEDGER_OK);
    banks_close(&two.banks);
    expect_said(west, "new", "");
    expect_said(west, "main", "east");
    expect_said(east, "main", "");
}

/* ---- one that is away ------------------------------------------------------------------------ */

static void one_that_is_away_is_no_matter_to_others(void)
{
    char east[400], why[LEDGER_REASON];
    struct two two;
    bool created;
    snprintf(east, sizeof east, "%s", fixture_database());
    name_two(&two, east, "host=/nowhere dbname=west");
    open_two(&two);
    CU_ASSERT(find(two.banks, "main") == LEDGER_OK);
    CU_ASSERT(banks_is_well(two.banks, 0, why));
    CU_ASSERT_FALSE(banks_is_well(two.banks, 1, why));
    CU_ASSERT_STRING_EQUAL(why, "the database is away");
    /* It may be there: who says that it is not might be wrong. */
    CU_ASSERT_EQUAL(find(two.banks, "nobody"), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(create(two.banks, "b", "west", &created), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(create(two.banks, "c", NULL, &created), LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "c"), "east");
    /* It was chosen for that place, so it stays that one's. */
    CU_ASSERT_EQUAL(create(two.banks, "b", "east", &created), LEDGER_LEDGER_EXISTS);
    banks_turn(two.banks);
    banks_leave(two.banks);
    banks_close(&two.banks);
}

/* It was open, and has fewest: it is not chosen while it is lost. */
static void one_that_went_away_is_not_chosen(void)
{
    char west[400];
    struct two two;
    bool created;
    begin(&two, west);
    /* As a server that has not renewed what it has: its look fails. */
    fixture_do(west, "ALTER TABLE teller.server RENAME TO gone");
    for (int i = 0; i < TURNS && lease_is_good(banks_at(two.banks, 1)->lease); i++)
        co_sleep(TURN_MS * CO_CLOCK_MS);
    CU_ASSERT_FALSE(lease_is_good(banks_at(two.banks, 1)->lease));
    CU_ASSERT_EQUAL(create(two.banks, "a", NULL, &created), LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(home(two.banks, "a"), "east");
    fixture_do(west, "ALTER TABLE teller.gone RENAME TO server");
    banks_close(&two.banks);
}

/* The first does not answer: whoever asks it whose a ledger is does so in the middle of the end. */
static void closed_while_the_first_is_asked(void)
{
    static const struct pg_statement start = {0, "BEGIN"},
                                     lock = {0, "LOCK TABLE teller.ledger_name"};
    char west[400], error[300];
    struct two two;
    begin(&two, west);
    const char *east = two.list.rows[0].conninfo;
    struct pg *holder = pg_connect(co_context_background(), east, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(holder);
    CU_ASSERT_EQUAL(pg_run(co_context_background(), holder, &start, NULL, NULL), PG_OK);
    CU_ASSERT_EQUAL(pg_run(co_context_background(), holder, &lock, NULL, NULL), PG_OK);
    fixture_do(west,
        "WITH l AS (INSERT INTO teller.ledger (name, strategy) VALUES ('late', 'owner')"
        " RETURNING no), w AS (INSERT INTO teller.writer (ledger) SELECT no FROM l)"
        " INSERT INTO teller.checkpoint (ledger) SELECT no FROM l");
    bool waits = false;
    for (int i = 0; i < TURNS && !waits; i++) {
        waits = strcmp(fixture_ask(east, "SELECT count(*) FROM pg_locks WHERE NOT granted"
                                         " AND relation = 'teller.ledger_name'::regclass"),
                    "0") != 0;
        co_sleep(TURN_MS * CO_CLOCK_MS);
    }
    CU_ASSERT(waits);
    banks_close(&two.banks);
    pg_close(&holder);
}

/* ---- what went between two of them ----------------------------------------------------------- */

#define KEY "\xE2\x87\x84main/0/"

static struct ledger *enter(struct banks *banks, const char *name, const char *clearing)
{
    struct ledger *ledger;
    CU_ASSERT_EQUAL_FATAL(banks_find(banks, name, &ledger), LEDGER_OK);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_clearing(ledger, clearing);
    return ledger;
}

static void take_away(struct ledger *payer)
{
    struct co_context *context = co_context_background();
    const struct ledger_hold hold = {
        .key = KEY "1", .from = "a", .to = "clearing:branch:USD.2", .amount = 30, .clears = true};
    struct ledger_outcome held, settled;
    CU_ASSERT_EQUAL(fixture_move(payer, NULL, "world:USD.2", "a", 100), LEDGER_OK);
    ledger_hold(context, payer, &hold, &held);
    CU_ASSERT_EQUAL_FATAL(held.status, LEDGER_OK);
    const struct ledger_settlement capture = {.hold = held.seq, .capture = true, .clears = true};
    ledger_settle(context, payer, &capture, &settled);
    CU_ASSERT_EQUAL_FATAL(settled.status, LEDGER_OK);
    entry_drop(&held.entry);
    entry_drop(&settled.entry);
}

static void hand_over(struct ledger *payee)
{
    const struct ledger_leg leg = {"clearing:main:USD.2", "a", 30};
    const struct ledger_transfer pay = {
        .key = KEY "2", .legs = &leg, .leg_count = 1, .clears = true};
    struct ledger_outcome outcome;
    ledger_transfer(co_context_background(), payee, &pay, &outcome);
    CU_ASSERT_EQUAL_FATAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
}

static void expect_found(struct banks *banks, uint64_t found)
{
    static const char *const names[] = {"main", "branch"};
    for (int i = 0; i < 2; i++) {
        static struct audit_report report;
        memset(&report, 0, sizeof report);
        CU_ASSERT(banks_audit(co_context_background(), banks, names[i], &report));
        CU_ASSERT_EQUAL(report.found, found);
        CU_ASSERT(!found || strstr(report.text, "do not add up"));
    }
}

/* A database that was put back to an earlier state has not what the other one has sent. */
static void what_did_not_arrive_is_found(void)
{
    static struct audit_report report;
    char west[400];
    struct two two;
    bool created;
    begin(&two, west);
    CU_ASSERT_EQUAL_FATAL(create(two.banks, "branch", "west", &created), LEDGER_OK);
    struct ledger *payer = enter(two.banks, "main", "clearing:branch:USD.2");
    struct ledger *payee = enter(two.banks, "branch", "clearing:main:USD.2");
    expect_found(two.banks, 0);
    take_away(payer);
    expect_found(two.banks, 1);
    hand_over(payee);
    expect_found(two.banks, 0);
    ledger_leave(payer);
    ledger_leave(payee);

    const struct audit_apart away = {
        .count = 2, .rows = {{"east", two.list.rows[0].conninfo}, {"west", "host=/nowhere"}}};
    CU_ASSERT_FALSE(audit_apart(co_context_background(), &away, "main", &report));
    CU_ASSERT_PTR_NOT_NULL(strstr(report.reason, "database west was not compared"));
    banks_close(&two.banks);
}

static const struct unit_test tests[] = {
    {"what_is_said_is_read", what_is_said_is_read},
    {"a_ledger_lives_in_one", a_ledger_lives_in_one},
    {"a_name_is_had_once", a_name_is_had_once},
    {"a_name_had_twice_is_the_first_ones", a_name_had_twice_is_the_first_ones},
    {"another_is_not_taken_for_the_first", another_is_not_taken_for_the_first},
    {"what_was_ceded_by_mistake_comes_back", what_was_ceded_by_mistake_comes_back},
    {"one_that_went_away_is_not_chosen", one_that_went_away_is_not_chosen},
    {"closed_while_the_first_is_asked", closed_while_the_first_is_asked},
    {"what_did_not_arrive_is_found", what_did_not_arrive_is_found},
    {"one_that_is_away_is_no_matter_to_others", one_that_is_away_is_no_matter_to_others},
    {0},
};

const struct unit_suite banks_suite = {.name = "banks", .tests = tests};
