/* SPDX-License-Identifier: MIT */
/* Many ledgers in one database. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"
#include "ledger/db/errands.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/strategy/strategy.h"
#include "tests/ledger/fixture.h"

enum { MAY_BE = 1024 }; /* as many as there may be */

static struct bank *open_bank(const char *db, const char *strategies)
{
    char error[300];
    const struct bank_options options = {
        .conninfo = db, .strategies = strategies, .max_ledgers = MAY_BE};
    struct bank *bank = bank_make(&options, error, sizeof error);
    bool open = bank && bank_open(co_context_background(), bank, error, sizeof error);
    if (!open)
        fprintf(stderr, "the bank did not open: %s\n", error);
    co_ensure(open);
    return bank;
}

static struct ledger *create(struct bank *bank, const char *name, const char *strategy)
{
    struct ledger *ledger;
    bool created;
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), bank, name, strategy, &ledger, &created), LEDGER_OK);
    CU_ASSERT(created);
    co_ensure(ledger != NULL);
    ledger_leave(ledger); /* nobody takes it away here */
    return ledger;
}

static struct ledger *find(struct bank *bank, const char *name)
{
    struct ledger *ledger;
    if (bank_find(bank, name, &ledger) != LEDGER_OK)
        return NULL;
    ledger_leave(ledger);
    return ledger;
}

static const char *strategy_of(struct bank *bank, const char *name)
{
    struct ledger_figures figures;
    ledger_read_figures(find(bank, name), &figures);
    return figures.strategy;
}

static void ledgers_are_islands(void)
{
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, "owner");
    struct ledger_figures figures;
    struct ledger *savings = create(bank, "savings", "sharded"), *none;
    struct ledger *all[] = {find(bank, "main"), savings};
    CU_ASSERT_PTR_EQUAL(find(bank, "savings"), savings);
    CU_ASSERT_EQUAL(bank_find(bank, "saving", &none), LEDGER_LEDGER_NOT_FOUND);
    CU_ASSERT_EQUAL(bank_count(bank), 2);
    bank_figures(bank, 0, &figures);
    CU_ASSERT_STRING_EQUAL(figures.name, "main");
    bank_figures(bank, 1, &figures);
    CU_ASSERT_STRING_EQUAL(figures.name, "savings");
    for (int i = 0; i < 2; i++) { /* the same account, the same key */
        fixture_account(all[i], "a", "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(all[i], "k", "world:USD.2", "a", 5 + i), LEDGER_OK);
        CU_ASSERT_EQUAL(ledger_durable_seq(all[i]), 3);
    }
    CU_ASSERT_EQUAL(fixture_move(all[1], NULL, "world:USD.2", "a", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_durable_seq(all[0]), 3);
    CU_ASSERT(fixture_balance(all[0], "a") == 5);
    CU_ASSERT(fixture_balance(all[1], "a") == 7);
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "main"), "owner");
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "savings"), "sharded");
    bank_close(&bank);

    bank = open_bank(db, "sharded,savings=owner"); /* both change at the next start */
    all[0] = find(bank, "main");
    all[1] = find(bank, "savings");
    CU_ASSERT_EQUAL(bank_count(bank), 2);
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "main"), "sharded");
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "savings"), "owner");
    CU_ASSERT(fixture_balance(all[0], "a") == 5);
    CU_ASSERT(fixture_balance(all[1], "a") == 7);
    fixture_check(all[1]);
    bank_close(&bank);

    bank = open_bank(db, "sharded"); /* not named: as it was */
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "savings"), "owner");
    bank_close(&bank);
}

static void names_and_strategies(void)
{
    static const char *const good[] = {"main", "a", "A-1_b.c"};
    static const char *const bad[] = {"", "a b", "a/b", "\xc3\xa4", "a:b"};
    static const char *const wrong[] = {
        "", "fast", "owner,", "owner,a", "owner,a=", "owner,=owner", "owner,a=fast", "owner,,"};
    char name[66], error[300];
    struct bank_options options = {.conninfo = "unused"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT(bank_name_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(bank_name_is_valid(bad[i]));
    memset(name, 'x', 65);
    name[65] = '\0';
    CU_ASSERT_FALSE(bank_name_is_valid(name));
    CU_ASSERT(bank_name_is_valid(name + 1));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options.strategies = wrong[i];
        CU_ASSERT_PTR_NULL(bank_make(&options, error, sizeof error));
    }
}

static void made_again(void)
{
    struct bank *bank = open_bank(fixture_database(), "sharded,later=owner");
    struct ledger *first = create(bank, "x", NULL), *again;
    bool created = true;
    create(bank, "later", NULL);
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "x"), "sharded");
    CU_ASSERT_STRING_EQUAL(strategy_of(bank, "later"), "owner");
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), bank, "x", "sharded", &again, &created), LEDGER_OK);
    CU_ASSERT_FALSE(created);
    CU_ASSERT_PTR_EQUAL(again, first);
    ledger_leave(again);
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), bank, "x", NULL, &again, &created), LEDGER_OK);
    ledger_leave(again);
    CU_ASSERT_EQUAL(bank_create(co_context_background(), bank, "x", "owner", &again, &created),
        LEDGER_LEDGER_EXISTS);
    CU_ASSERT_PTR_NULL(again);
    bank_close(&bank);
}

struct makers {
    struct bank *bank;
    struct co_waitgroup running;
    _Atomic int made, same;
    const char *name;
};

static void make_main(void *arg)
{
    struct makers *makers = arg;
    struct ledger *ledger;
    bool created;
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), makers->bank, makers->name, NULL, &ledger, &created),
        LEDGER_OK);
    makers->made += created;
    makers->same += ledger == find(makers->bank, makers->name);
    ledger_leave(ledger);
    co_waitgroup_done(&makers->running);
}

static void made_by_many(void)
{
    enum { MAKERS = 100 };
    const char *db = fixture_database();
    struct makers makers = {.bank = open_bank(db, "owner"), .name = "rush"};
    co_waitgroup_add(&makers.running, MAKERS);
    for (int i = 0; i < MAKERS; i++)
        co_ensure(co_spawn(make_main, &makers));
    co_waitgroup_wait(&makers.running);
    CU_ASSERT_EQUAL(makers.made, 1);
    CU_ASSERT_EQUAL(makers.same, MAKERS);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.ledger"), "2");
    bank_close(&makers.bank);
}

/* However many ledgers there are, they hold only a few connections, and one of them writes. */
static void full_house(void)
{
    enum { OURS = 100 };
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, "owner");
    struct ledger *ledger;
    bool created;
    char name[16], sql[400];
    for (int i = 1; i < OURS; i++) {
        snprintf(name, sizeof name, "l%d", i);
        fixture_account(create(bank, name, NULL), "a", "USD/2", "0");
    }
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                           " current_database() AND application_name LIKE"
                                           " 'teller %'"),
        "1");
    /* The others are another server's. */
    snprintf(sql, sizeof sql,
        "INSERT INTO teller.ledger (name, strategy) SELECT 'x' || i, 'owner'"
        " FROM generate_series(1, %d) i;"
        "WITH s AS (SELECT no FROM teller.server_enter('elsewhere', ''))"
        " INSERT INTO teller.writer (ledger, epoch, server)"
        " SELECT l.no, 1, s.no FROM teller.ledger l, s WHERE l.name LIKE 'x%%'",
        MAY_BE - OURS);
    fixture_do(db, sql);
    for (int i = 0; i < 1000 && bank_count(bank) < MAY_BE; i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(bank_create(co_context_background(), bank, "more", NULL, &ledger, &created),
        LEDGER_LEDGER_LIMIT);
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), bank, "l1", NULL, &ledger, &created), LEDGER_OK);
    ledger_leave(ledger);
    CU_ASSERT_EQUAL(bank_count(bank), MAY_BE);
    const char *connections = fixture_ask(db,
        "SELECT (count(*) < 20)::text FROM pg_stat_activity WHERE datname = current_database()");
    CU_ASSERT_STRING_EQUAL(connections, "true");
    bank_close(&bank);
}

/* As if there were as many accounts as there can be: one more is refused, and not for a while. */
static void full_ledger(void)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, "sharded");
    const struct ledger_open_account more = {.id = "more", .asset = "USD/2"};
    const struct ledger_open_account again = {.id = "a", .asset = "USD/2", .has_floor = true};
    struct ledger_account account;
    bool opened;
    uint64_t seq;
    fixture_account(ledger, "a", "USD/2", "0");
    struct account *last = account_find_or_add(ledger->accounts, "last");
    CU_ASSERT_FATAL(last && account_renumber(ledger->accounts, last, (UINT64_C(1) << 28) - 1));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(
            ledger_open_account(co_context_background(), ledger, &more, &account, &opened, &seq),
            LEDGER_ACCOUNT_LIMIT);
    CU_ASSERT_EQUAL(seq, 2);
    CU_ASSERT_EQUAL(
        ledger_open_account(co_context_background(), ledger, &again, &account, &opened, &seq),
        LEDGER_OK);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_EQUAL(account_count(ledger->accounts), (UINT64_C(1) << 28) - 1);
    ledger_close(&ledger);
}

/* ---- sessions ------------------------------------------------------------------------------ */

struct closing {
    struct bank *bank;
    struct co_waitgroup done;
};

static void close_main(void *arg)
{
    struct closing *closing = arg;
    bank_close(&closing->bank);
    co_waitgroup_done(&closing->done);
}

/* Checkpoints that wait for a lock. */
static int count_folding(const char *db)
{
    const char *count =
        fixture_ask(db, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        " AND datname = current_database() AND query LIKE '%checkpoint_advance%'");
    return (int)strtol(count, NULL, 10);
}

/* All ledgers make their last checkpoint at the same time: not each in a session of its own. */
static void last_checkpoints_share_sessions(void)
{
    enum { LEDGERS = 3 * ERRANDS, LOOKS = 30 };
    const char *db = fixture_database();
    char error[300], name[16];
    struct closing closing = {.bank = open_bank(db, "owner")};
    for (int i = 0; i < LEDGERS; i++) {
        snprintf(name, sizeof name, "l%d", i);
        fixture_account(create(closing.bank, name, NULL), "a", "USD/2", "0");
    }
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg,
                        "BEGIN; LOCK TABLE teller.checkpoint IN ACCESS EXCLUSIVE MODE"),
        PG_OK);
    co_waitgroup_add(&closing.done, 1);
    CU_ASSERT_TRUE_FATAL(co_spawn(close_main, &closing));
    while (count_folding(db) < ERRANDS)
        co_sleep(CO_CLOCK_MS);
    for (int i = 0; i < LOOKS; i++) {
        CU_ASSERT_EQUAL(count_folding(db), ERRANDS);
        co_sleep(10 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "ROLLBACK"), PG_OK);
    pg_close(&pg);
    co_waitgroup_wait(&closing.done);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.checkpoint WHERE seq > 0"), "12");
}

struct folding {
    struct ledger *ledger;
    atomic_bool over;
    struct co_waitgroup done;
};

enum { SOON_S = 120 }; /* a session that is merely silent is given up after 300 */

/* A foreign lock keeps a ledger's checkpoint from being made, and nobody else for long. */
static void fold_main(void *arg)
{
    struct folding *folding = arg;
    ledger_fold_ahead(folding->ledger);
    atomic_store(&folding->over, true);
    co_waitgroup_done(&folding->done);
}

static bool is_over_soon(struct folding *folding)
{
    int64_t until_ns = co_clock_now_ns() + SOON_S * CO_CLOCK_S;
    while (!atomic_load(&folding->over) && co_clock_now_ns() < until_ns)
        co_sleep(10 * CO_CLOCK_MS);
    return atomic_load(&folding->over);
}

static void checkpoints_wait_for_no_lock(const char *lock)
{
    const char *db = fixture_database();
    char error[300];
    struct bank *bank = open_bank(db, "owner");
    struct folding folding = {.ledger = find(bank, "main")};
    fixture_account(folding.ledger, "a", "USD/2", "0");
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, lock), PG_OK);
    co_waitgroup_add(&folding.done, 1);
    CU_ASSERT_TRUE_FATAL(co_spawn(fold_main, &folding));
    CU_ASSERT(is_over_soon(&folding));
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "ROLLBACK"), PG_OK);
    co_waitgroup_wait(&folding.done);
    ledger_fold_ahead(folding.ledger);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT seq FROM teller.checkpoint"), "2");
    pg_close(&pg);
    bank_close(&bank);
}

static void locked_checkpoint(void)
{
    checkpoints_wait_for_no_lock("BEGIN; SELECT FROM teller.checkpoint FOR UPDATE");
    checkpoints_wait_for_no_lock("BEGIN; LOCK TABLE teller.balance IN EXCLUSIVE MODE");
}

const struct unit_suite bank_suite = {.name = "bank",
    .tests = (const struct unit_test[]){{"ledgers_are_islands", ledgers_are_islands},
        {"names_and_strategies", names_and_strategies}, {"made_again", made_again},
        {"made_by_many", made_by_many}, {"full_house", full_house}, {"full_ledger", full_ledger},
        {"last_checkpoints_share_sessions", last_checkpoints_share_sessions},
        {"locked_checkpoint", locked_checkpoint}, {0}}};
