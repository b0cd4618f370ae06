/* SPDX-License-Identifier: MIT */
/*
 * The ledger against a real PostgreSQL. Both strategies are held to the same tests: each test below
 * takes the strategy's name, and the two suites at the foot run them all.
 */
#include <stdio.h>
#include <string.h>

#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "tests/ledger/fixture.h"

/* ---- one after the other ------------------------------------------------------------------- */

static void opens_accounts(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_open_account alice = {.id = "alice", .asset = "USD/2", .has_floor = true};
    struct ledger_account account;
    bool opened;
    uint64_t seq, again;
    struct context *context = context_background();
    CU_ASSERT_EQUAL(
        ledger_open_account(context, ledger, &alice, &account, &opened, &seq), LEDGER_OK);
    CU_ASSERT_TRUE(opened);
    CU_ASSERT_EQUAL(seq, 2); /* 1 is the world account's */
    CU_ASSERT_EQUAL(
        ledger_open_account(context, ledger, &alice, &account, &opened, &again), LEDGER_OK);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_EQUAL(again, 2);
    alice.asset = "EUR/2";
    CU_ASSERT_EQUAL(ledger_open_account(context, ledger, &alice, &account, &opened, &seq),
        LEDGER_ACCOUNT_EXISTS);
    CU_ASSERT_EQUAL(
        ledger_read_account(context, ledger, "bob", &account, &seq), LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(ledger_read_account(context, ledger, "world:CHF.2", &account, &seq), LEDGER_OK);
    CU_ASSERT_FALSE(account.has_floor);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void moves_money(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "-50");
    fixture_account(ledger, "e", "EUR/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 100), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 101), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 100), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "a", 150), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "a", 1), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "a", 1), LEDGER_SAME_ACCOUNT);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "e", 1), LEDGER_ASSET_MISMATCH);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "x", 1), LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "x", "a", 1), LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT(fixture_balance(ledger, "a") == 150);
    CU_ASSERT(fixture_balance(ledger, "b") == -50);
    CU_ASSERT(fixture_balance(ledger, "world:USD.2") == -100);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT string_agg(account || '=' || balance, ' ' ORDER BY account)"
                        " FROM teller.balances WHERE asset = 'USD/2'"),
        "a=150 b=-50 world:USD.2=-100");
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT string_agg(amount || '>' || balance, ' ' ORDER BY seq)"
                        " FROM teller.statement WHERE account = 'a'"),
        "100>100 -100>0 150>150");
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void holds_the_range(const char *strategy)
{
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    fixture_account(ledger, "a", "X/0", NULL);
    fixture_account(ledger, "b", "X/0", NULL);
    fixture_account(ledger, "c", "X/0", NULL);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", money_max()), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "c", 1), LEDGER_AMOUNT_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "c", "b", 1), LEDGER_AMOUNT_OUT_OF_RANGE);
    CU_ASSERT(fixture_balance(ledger, "a") == -money_max());
    CU_ASSERT(fixture_balance(ledger, "b") == money_max());
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void moves_many_legs(const char *strategy)
{
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    fixture_account(ledger, "fee", "USD/2", "0");
    const struct ledger_leg good[] = {
        {"a", "b", 30}, {"world:USD.2", "a", 100}, {"a", "fee", 5}, {"b", "fee", 1}};
    const struct ledger_leg bad[] = {{"a", "b", 60}, {"a", "fee", 6}};
    struct ledger_transfer transfer = {.legs = good, .leg_count = 4};
    struct ledger_outcome outcome;
    ledger_transfer(context_background(), ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(
        outcome.status, LEDGER_OK); /* the floor is held to the whole, not to each leg */
    entry_drop(&outcome.entry);
    transfer = (struct ledger_transfer){.legs = bad, .leg_count = 2};
    ledger_transfer(context_background(), ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_STRING_EQUAL(outcome.account, "a");
    CU_ASSERT(outcome.available == 65);
    CU_ASSERT(fixture_balance(ledger, "a") == 65);
    CU_ASSERT(fixture_balance(ledger, "b") == 29);
    CU_ASSERT(fixture_balance(ledger, "fee") == 6);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void keeps_keys(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    for (int restarts = 0; restarts < 2; restarts++) {
        CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 100), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 99), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(
            fixture_move(ledger, "out", "a", "world:USD.2", 150), LEDGER_INSUFFICIENT_FUNDS);
        CU_ASSERT_EQUAL(fixture_move(ledger, "none", "a", "nobody", 1), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT(fixture_balance(ledger, "a") == 100);
        ledger_close(&ledger);
        ledger = fixture_open(db, strategy);
    }
    /* The rejection is frozen even when there would be money now; a fresh key is not bound by it.
     */
    CU_ASSERT_EQUAL(fixture_move(ledger, "more", "world:USD.2", "a", 100), LEDGER_OK);
    CU_ASSERT_EQUAL(
        fixture_move(ledger, "out", "a", "world:USD.2", 150), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(fixture_move(ledger, "out2", "a", "world:USD.2", 150), LEDGER_OK);
    /* What was not found has used up no key. */
    fixture_account(ledger, "nobody", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, "none", "a", "nobody", 1), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void reads_the_journal(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct context *context = context_background();
    struct entry *entries[50];
    size_t count;
    uint64_t next, seq;
    fixture_account(ledger, "a", "USD/2", "0");
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 10), LEDGER_OK);
    for (int restarts = 0; restarts < 2; restarts++) { /* from memory, then from the database */
        CU_ASSERT_EQUAL(ledger_journal(context, ledger, 0, 50, entries, &count, &seq), LEDGER_OK);
        CU_ASSERT_EQUAL(count, 22);
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(entries[i]->seq, i + 1);
            entry_drop(&entries[i]);
        }
        CU_ASSERT_EQUAL(
            ledger_statement(context, ledger, "a", 0, 15, entries, &count, &next, &seq), LEDGER_OK);
        CU_ASSERT_EQUAL(count, 15);
        CU_ASSERT_EQUAL(entries[0]->seq, 22);
        CU_ASSERT(entries[0]->postings[0].to_after == 200);
        CU_ASSERT_EQUAL(next, 8);
        while (count > 0)
            entry_drop(&entries[--count]);
        CU_ASSERT_EQUAL(
            ledger_statement(context, ledger, "a", next, 15, entries, &count, &next, &seq),
            LEDGER_OK);
        CU_ASSERT_EQUAL(count, 5);
        CU_ASSERT_EQUAL(next, 0);
        CU_ASSERT_EQUAL(entries[4]->seq, 3);
        while (count > 0)
            entry_drop(&entries[--count]);
        ledger_close(&ledger);
        ledger = fixture_open(db, strategy);
    }
    /* A page that ends with the oldest entry has none after it. */
    CU_ASSERT_EQUAL(
        ledger_statement(context, ledger, "a", 0, 20, entries, &count, &next, &seq), LEDGER_OK);
    CU_ASSERT_EQUAL(count, 20);
    CU_ASSERT_EQUAL(next, 0);
    while (count > 0)
        entry_drop(&entries[--count]);
    ledger_close(&ledger);
}

static void lists_accounts(const char *strategy)
{
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    struct ledger_account accounts[4];
    size_t count;
    bool more;
    uint64_t seq;
    struct context *context = context_background();
    static const char *const ids[] = {"b:2", "a", "b:1", "B", "b~", "b:3"};
    for (size_t i = 0; i < 6; i++)
        if (account_id_is_valid(ids[i]))
            fixture_account(ledger, ids[i], i == 5 ? "EUR/2" : "USD/2", "0");
    CU_ASSERT_EQUAL(
        ledger_list_accounts(context, ledger, "b:", "", "", 2, accounts, &count, &more, &seq),
        LEDGER_OK);
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_TRUE(more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:1");
    CU_ASSERT_EQUAL(
        ledger_list_accounts(context, ledger, "b:", "", "b:2", 2, accounts, &count, &more, &seq),
        LEDGER_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:3");
    CU_ASSERT_EQUAL(
        ledger_list_accounts(context, ledger, "", "EUR/2", "", 4, accounts, &count, &more, &seq),
        LEDGER_OK);
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_STRING_EQUAL(accounts[1].id, "world:EUR.2");
    ledger_close(&ledger);
}

/* ---- at once ------------------------------------------------------------------------------- */

struct racer {
    struct ledger *ledger;
    struct waitgroup *all;
    const char *key, *from, *to;
    money amount;
    int times;
    unsigned seed;
    _Atomic int *succeeded, *refused;
};

static void race_main(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < r->times; i++) {
        enum ledger_status status = fixture_move(r->ledger, r->key, r->from, r->to, r->amount);
        if (status == LEDGER_OK)
            (*r->succeeded)++;
        else if (status == LEDGER_INSUFFICIENT_FUNDS)
            (*r->refused)++;
    }
    waitgroup_done(r->all);
}

static void start_racer(struct racer *racer)
{
    waitgroup_add(racer->all, 1);
    bool started = co_spawn(race_main, racer);
    ensure(started);
}

static void withdraws_once(const char *strategy)
{
    enum { ROUNDS = 100, CLIENTS = 5 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    for (int round = 0; round < ROUNDS; round++) {
        char id[20];
        struct racer racers[CLIENTS];
        struct waitgroup all = {0};
        _Atomic int succeeded = 0, refused = 0;
        snprintf(id, sizeof id, "a%d", round);
        fixture_account(ledger, id, "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", id, 100), LEDGER_OK);
        for (int i = 0; i < CLIENTS; i++) {
            racers[i] = (struct racer){
                ledger, &all, NULL, id, "world:USD.2", 80, 1, 0, &succeeded, &refused};
            start_racer(&racers[i]);
        }
        waitgroup_wait(&all);
        CU_ASSERT_EQUAL(succeeded, 1);
        CU_ASSERT_EQUAL(refused, CLIENTS - 1);
        CU_ASSERT(fixture_balance(ledger, id) == 20);
    }
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void same_key_once(const char *strategy)
{
    enum { CLIENTS = 50 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] =
            (struct racer){ledger, &all, "k", "world:USD.2", "a", 7, 3, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(succeeded, CLIENTS * 3);
    CU_ASSERT(fixture_balance(ledger, "a") == 7);
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.replays, CLIENTS * 3 - 1);
    ledger_close(&ledger);
}

static void crosses_without_deadlock(const char *strategy)
{
    enum { CLIENTS = 40, TIMES = 25, ACCOUNTS = 4 };
    static const char *const ids[ACCOUNTS] = {"a", "b", "c", "d"};
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    for (int i = 0; i < ACCOUNTS; i++) {
        fixture_account(ledger, ids[i], "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", ids[i], 30), LEDGER_OK);
    }
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) { /* each pair in both directions */
        const char *from = ids[i % ACCOUNTS], *to = ids[(i + 1 + i / ACCOUNTS % 3) % ACCOUNTS];
        racers[i] =
            (struct racer){ledger, &all, NULL, from, to, 10, TIMES, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(succeeded + refused, CLIENTS * TIMES);
    money sum = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        money balance = fixture_balance(ledger, ids[i]);
        CU_ASSERT(balance >= 0);
        sum += balance;
    }
    CU_ASSERT(sum == 30 * ACCOUNTS);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void opens_once(const char *strategy);

/* ---- restarts and rivals ------------------------------------------------------------------- */

static void folds_after_restart(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures before, after;
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "-5");
    for (int i = 0; i < 30; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", i % 3 ? "a" : "b", 9), LEDGER_OK);
    ledger_read_figures(ledger, &before);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT seq FROM teller.checkpoint"), "33");
    /* As if the checkpoint had never been made: the whole journal is folded. */
    fixture_ask(
        db, "WITH gone AS (DELETE FROM teller.balance) UPDATE teller.checkpoint SET seq = 3");
    for (int restarts = 0; restarts < 2; restarts++) {
        ledger = fixture_open(db, strategy);
        ledger_read_figures(ledger, &after);
        CU_ASSERT_EQUAL(after.durable_seq, before.durable_seq);
        CU_ASSERT_EQUAL(after.epoch, before.epoch + 1 + (unsigned)restarts);
        CU_ASSERT(fixture_balance(ledger, "a") == 180);
        CU_ASSERT(fixture_balance(ledger, "b") == 90);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "a", 96), LEDGER_INSUFFICIENT_FUNDS);
        fixture_check(ledger);
        ledger_close(&ledger);
    }
}

/* Another process takes over: what this one decides from then on must never get in. */
static void is_fenced(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures figures;
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    fixture_ask(db, "UPDATE teller.writer SET epoch = epoch + 1");
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "world:USD.2", "a", 5), LEDGER_OUTCOME_UNKNOWN);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_FENCED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT max(seq) FROM teller.entry"), "3");
    ledger_close(&ledger);
}

/* The database finds a batch in the wrong: writes stop, reads go on and tell what is durable. */
static void stops_when_refused(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures figures;
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    fixture_ask(db, "ALTER TABLE teller.posting ADD CHECK (amount <> 13)");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 13), LEDGER_OUTCOME_UNKNOWN);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT(fixture_balance(ledger, "a") == 5);
    ledger_close(&ledger);
    fixture_ask(db, "ALTER TABLE teller.posting DROP CONSTRAINT posting_amount_check1");
    ledger = fixture_open(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 13), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == 18);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* The writer's session is cut, again and again, while money moves: each move happens once. */
struct cutting {
    const char *db;
    _Atomic bool stop;
    _Atomic int cuts;
    struct waitgroup done;
};

static void cut_main(void *arg)
{
    struct cutting *c = arg;
    while (!c->stop) {
        fixture_ask(c->db, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()");
        c->cuts++;
        co_sleep(INT64_C(1000000) * (5 + (int)(random_next() % 40)));
    }
    waitgroup_done(&c->done);
}

static void survives_cuts(const char *strategy)
{
    enum { MOVES = 150 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct cutting cutting = {.db = db};
    int moved = 0;
    fixture_account(ledger, "a", "USD/2", "0");
    waitgroup_add(&cutting.done, 1);
    bool started = co_spawn(cut_main, &cutting);
    ensure(started);
    for (int i = 0; i < MOVES; i++) {
        char key[20];
        enum ledger_status status;
        snprintf(key, sizeof key, "k%d", i);
        while ((status = fixture_move(ledger, key, "world:USD.2", "a", 1)) != LEDGER_OK) {
            CU_ASSERT_EQUAL(status, LEDGER_UNAVAILABLE);
            co_sleep(2000000);
        }
        moved++;
    }
    cutting.stop = true;
    waitgroup_wait(&cutting.done);
    printf("(%d cuts) ", cutting.cuts);
    CU_ASSERT(fixture_balance(ledger, "a") == moved);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void opening_main(void *arg)
{
    struct racer *r = arg;
    struct ledger_open_account request = {.id = r->from, .asset = "USD/2", .has_floor = true};
    struct ledger_account account;
    bool opened;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_open_account(context_background(), r->ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
    (*(opened ? r->succeeded : r->refused))++;
    waitgroup_done(r->all);
}

static void opens_once(const char *strategy)
{
    enum { CLIENTS = 30 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int opened = 0, found = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] = (struct racer){
            .ledger = ledger, .all = &all, .from = "a", .succeeded = &opened, .refused = &found};
        waitgroup_add(&all, 1);
        bool started = co_spawn(opening_main, &racers[i]);
        ensure(started);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(opened, 1);
    CU_ASSERT_EQUAL(found, CLIENTS - 1);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 2);
    ledger_close(&ledger);
}

/* ---- the two suites ------------------------------------------------------------------------ */

#define TESTS(X)                                                                                   \
    X(opens_accounts)                                                                              \
    X(moves_money)                                                                                 \
    X(holds_the_range)                                                                             \
    X(moves_many_legs)                                                                             \
    X(keeps_keys)                                                                                  \
    X(reads_the_journal)                                                                           \
    X(lists_accounts)                                                                              \
    X(withdraws_once)                                                                              \
    X(same_key_once)                                                                               \
    X(crosses_without_deadlock)                                                                    \
    X(opens_once)                                                                                  \
    X(folds_after_restart)                                                                         \
    X(is_fenced)                                                                                   \
    X(stops_when_refused)                                                                          \
    X(survives_cuts)

#define X(test)                                                                                    \
    static void owner_##test(void)                                                                 \
    {                                                                                              \
        test("owner");                                                                             \
    }                                                                                              \
    static void sharded_##test(void)                                                               \
    {                                                                                              \
        test("sharded");                                                                           \
    }
TESTS(X)
#undef X

#define X(test) {#test, owner_##test},
static const struct unit_test owner_tests[] = {TESTS(X){0}};
#undef X
#define X(test) {#test, sharded_##test},
static const struct unit_test sharded_tests[] = {TESTS(X){0}};
#undef X

const struct unit_suite ledger_owner_suite = {.name = "owner", .tests = owner_tests};
const struct unit_suite ledger_sharded_suite = {.name = "sharded", .tests = sharded_tests};
