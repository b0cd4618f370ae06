/* SPDX-License-Identifier: MIT */
/* More ledgers than may be open: they are opened when they are used, and closed when they are
 * not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/requests.h"
#include "tests/ledger/several.h"

enum { LEDGERS = 12, IDLE_MS = 300, LOOKS = 3000, LOOK_MS = 20, TRY_MS = 30000 };

static struct bank *open_bank(const char *db, size_t max_open)
{
    char error[300];
    const struct bank_options options = {
        .conninfo = db, .strategies = "owner", .max_open = max_open, .idle_ms = IDLE_MS};
    struct bank *bank = bank_make(&options, error, sizeof error);
    bool open = bank && bank_open(co_context_background(), bank, error, sizeof error);
    if (!open)
        fprintf(stderr, "the bank did not open: %s\n", error);
    co_ensure(open);
    return bank;
}

static const char *name_of(int ledger)
{
    static _Thread_local char name[16];
    snprintf(name, sizeof name, "l%d", ledger);
    return name;
}

/* Enter the ledger, as a request does. */
static enum ledger_status enter(struct bank *bank, const char *name, struct ledger **ledger)
{
    struct co_context *context =
        co_context_with_timeout(co_context_background(), TRY_MS * CO_CLOCK_MS);
    co_ensure(context != NULL);
    enum ledger_status status = bank_await(context, bank, name, ledger);
    co_context_release(&context);
    return status;
}

static void pay(struct bank *bank, const char *name, const char *key, money amount)
{
    struct ledger *ledger;
    CU_ASSERT_EQUAL_FATAL(enter(bank, name, &ledger), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, key, "world:USD.2", "a", amount), LEDGER_OK);
    ledger_leave(ledger);
}

static money balance_of(struct bank *bank, const char *name)
{
    struct ledger *ledger;
    CU_ASSERT_EQUAL_FATAL(enter(bank, name, &ledger), LEDGER_OK);
    money balance = fixture_balance(ledger, "a");
    ledger_leave(ledger);
    return balance;
}

static void make_ledgers(struct bank *bank, int count)
{
    for (int i = 0; i < count; i++) {
        struct ledger *ledger;
        bool created;
        CU_ASSERT_EQUAL_FATAL(
            bank_create(co_context_background(), bank, name_of(i), NULL, &ledger, &created),
            LEDGER_OK);
        CU_ASSERT(created);
        fixture_account(ledger, "a", "USD/2", "0");
        ledger_leave(ledger);
    }
}

static size_t count_kept(struct bank *bank)
{
    size_t indexes[LEDGERS + 1];
    return bank_list_kept(bank, indexes, LEDGERS + 1);
}

static void await_kept(struct bank *bank, size_t count)
{
    for (int i = 0; i < LOOKS && count_kept(bank) != count; i++)
        co_sleep(LOOK_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(count_kept(bank), count);
}

static size_t count_open(struct bank *bank)
{
    size_t open = 0;
    struct ledger_figures figures;
    for (size_t i = 0; i < bank_count(bank); i++) {
        bank_figures(bank, i, &figures);
        open += figures.state == LEDGER_RUNNING;
    }
    return open;
}

/* ---- one server ---------------------------------------------------------------------------- */

static void opened_when_used_and_closed_when_not(void)
{
    enum { OPEN = 4 };
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, OPEN);
    make_ledgers(bank, LEDGERS);
    for (int i = 0; i < LEDGERS; i++) {
        pay(bank, name_of(i), "first", 5);
        CU_ASSERT(count_open(bank) <= OPEN);
    }
    /* All but "main" come to rest, and the database knows. */
    await_kept(bank, 1);
    CU_ASSERT_EQUAL(bank_count(bank), LEDGERS + 1);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.writer WHERE opens_at IS NULL"), "12");
    struct ledger *none;
    CU_ASSERT_EQUAL(bank_find(bank, "l1", &none), LEDGER_UNAVAILABLE);
    struct ledger_figures figures;
    bank_figures(bank, 1, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_CLOSED);

    /* Keys are kept, and what was paid is there. */
    for (int i = LEDGERS; i-- > 0;) {
        pay(bank, name_of(i), "first", 5);
        pay(bank, name_of(i), "second", 2);
        CU_ASSERT(balance_of(bank, name_of(i)) == 7);
    }
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
    bank_close(&bank);
}

struct crowd {
    struct bank *bank;
    struct co_waitgroup running;
    _Atomic int next;
};

static void pay_one(void *arg)
{
    struct crowd *crowd = arg;
    char key[24];
    snprintf(key, sizeof key, "k%d", atomic_fetch_add(&crowd->next, 1));
    pay(crowd->bank, "l0", key, 1);
    co_waitgroup_done(&crowd->running);
}

static void those_who_want_one_have_it_opened_once(void)
{
    enum { CROWD = 50 };
    const char *db = fixture_database();
    static const char epoch[] = "SELECT epoch FROM teller.writer WHERE ledger = 2";
    struct crowd crowd = {.bank = open_bank(db, 2)};
    make_ledgers(crowd.bank, 3);
    await_kept(crowd.bank, 1);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, epoch), "1");
    co_waitgroup_add(&crowd.running, CROWD);
    for (int i = 0; i < CROWD; i++)
        co_ensure(co_spawn(pay_one, &crowd));
    co_waitgroup_wait(&crowd.running);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, epoch), "2");
    CU_ASSERT(balance_of(crowd.bank, "l0") == CROWD);
    bank_close(&crowd.bank);
}

/* While all that may be open are in use another one is refused; then it is opened. */
static void no_more_are_open_than_may_be(void)
{
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, 2);
    struct ledger *used, *refused;
    make_ledgers(bank, 3);
    await_kept(bank, 1);
    CU_ASSERT_EQUAL_FATAL(enter(bank, "l0", &used), LEDGER_OK);
    CU_ASSERT_EQUAL(enter(bank, "l1", &refused), LEDGER_UNAVAILABLE);
    CU_ASSERT_PTR_NULL(refused);
    CU_ASSERT_EQUAL(fixture_move(used, "k", "world:USD.2", "a", 3), LEDGER_OK);
    ledger_leave(used);
    pay(bank, "l1", "k", 4);
    CU_ASSERT(balance_of(bank, "l0") == 3);
    bank_close(&bank);
}

/* What was open when a server ended is opened by the next one; and one at rest when a hold of it
 * ends. */
static void opened_when_their_time_has_come(void)
{
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, 2);
    struct ledger *ledger;
    uint64_t hold;
    make_ledgers(bank, 3);
    await_kept(bank, 1);
    pay(bank, "l0", "k", 10);
    bank_close(&bank);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.writer WHERE opens_at = '-infinity'"), "2");
    bank = open_bank(db, 2);
    for (int i = 0; i < LOOKS && bank_find(bank, "l0", &ledger) != LEDGER_OK; i++)
        co_sleep(LOOK_MS * CO_CLOCK_MS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    const struct ledger_hold wanted = {
        .key = "h", .from = "a", .to = "world:USD.2", .amount = 4, .expires_in_s = 6};
    CU_ASSERT_EQUAL(request_hold_as(ledger, &wanted, &hold), LEDGER_OK);
    ledger_leave(ledger);
    await_kept(bank, 1);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.writer WHERE isfinite(opens_at)"), "1");
    /* It ends though nobody asks. */
    for (int i = 0; i < LOOKS && strcmp(fixture_ask(db, "SELECT count(*) FROM teller.entry"
                                                        " WHERE ledger = 2 AND kind = 7"),
                                     "1") != 0;
         i++)
        co_sleep(LOOK_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL_FATAL(enter(bank, "l0", &ledger), LEDGER_OK);
    CU_ASSERT_EQUAL(request_settled(ledger, hold), ENTRY_EXPIRY);
    ledger_leave(ledger);
    await_kept(bank, 1);
    bank_close(&bank);
}

/* ---- a storm ------------------------------------------------------------------------------- */

enum { PAYERS = 8, KEYS = 20, ROUNDS = 30 };

struct storm {
    struct bank *banks[2];
    struct co_waitgroup running;
    _Atomic unsigned seed;
    _Atomic bool paid[LEDGERS][KEYS];
};

/* Until it is paid: by whichever server has the ledger. */
static void pay_somehow(struct storm *storm, int number, int key_number, unsigned *seed)
{
    char name[16], key[16];
    enum ledger_status status = LEDGER_UNAVAILABLE;
    snprintf(name, sizeof name, "l%d", number);
    snprintf(key, sizeof key, "k%d", key_number);
    for (int i = 0; i < LOOKS && status != LEDGER_OK; i++) {
        struct bank *bank = storm->banks[rand_r(seed) % 2];
        struct ledger *ledger;
        status = enter(bank, name, &ledger);
        if (status == LEDGER_OK) {
            status = fixture_move(ledger, key, "world:USD.2", "a", 1);
            ledger_leave(ledger);
        }
        if (status != LEDGER_OK)
            co_sleep(LOOK_MS * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(status, LEDGER_OK);
    atomic_store(&storm->paid[number][key_number], true);
}

static void pay_at_random(void *arg)
{
    struct storm *storm = arg;
    unsigned seed = atomic_fetch_add(&storm->seed, 1);
    for (int i = 0; i < ROUNDS; i++) {
        /* Some are used much more than others. */
        int number = rand_r(&seed) % (rand_r(&seed) % LEDGERS + 1);
        pay_somehow(storm, number, rand_r(&seed) % KEYS, &seed);
        if (rand_r(&seed) % 8 == 0)
            co_sleep(rand_r(&seed) % (2 * IDLE_MS) * CO_CLOCK_MS);
    }
    co_waitgroup_done(&storm->running);
}

static void run_storm(struct storm *storm, const char *db)
{
    atomic_store(&storm->seed, (unsigned)unit_seed());
    co_waitgroup_add(&storm->running, PAYERS);
    for (int i = 0; i < PAYERS; i++)
        co_ensure(co_spawn(pay_at_random, storm));
    co_waitgroup_wait(&storm->running);
    for (int i = 0; i < LEDGERS; i++) {
        int expected = 0;
        char ask[200], said[16];
        for (int key = 0; key < KEYS; key++)
            expected += atomic_load(&storm->paid[i][key]);
        snprintf(ask, sizeof ask,
            "SELECT coalesce(sum(p.amount), 0)::bigint FROM teller.entry p WHERE p.kind = 2"
            " AND p.ledger = (SELECT no FROM teller.ledger WHERE name = 'l%d')",
            i);
        snprintf(said, sizeof said, "%d", expected);
        CU_ASSERT_STRING_EQUAL(fixture_ask(db, ask), said);
    }
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
}

static void a_storm_loses_and_doubles_nothing(void)
{
    const char *db = fixture_database();
    struct bank *bank = open_bank(db, 3);
    struct storm storm = {.banks = {bank, bank}};
    make_ledgers(bank, LEDGERS);
    run_storm(&storm, db);
    bank_close(&bank);
}

/* ---- two servers --------------------------------------------------------------------------- */

static void begin_two(struct several servers[2], const char *db)
{
    const struct bank_options options = {.max_open = 3, .idle_ms = IDLE_MS};
    for (int i = 0; i < 2; i++)
        several_begin(&servers[i], db, i, &options);
    for (int i = 0; i < 2; i++) {
        several_await_open(&servers[i]);
        several_await_peers(&servers[i], 2);
    }
}

/* Ledgers at rest, of that server or nobody (0); both know them. */
static void make_at_rest(struct several servers[2], const char *db, uint64_t server)
{
    char sql[500];
    snprintf(sql, sizeof sql,
        "INSERT INTO teller.ledger (name, strategy)"
        " SELECT 'l' || i, 'owner' FROM generate_series(0, 11) i;"
        "INSERT INTO teller.writer (ledger, server, opens_at)"
        " SELECT no, nullif(%lu, 0), NULL FROM teller.ledger WHERE name LIKE 'l%%';"
        "INSERT INTO teller.checkpoint (ledger)"
        " SELECT no FROM teller.ledger WHERE name LIKE 'l%%'",
        server);
    fixture_do(db, sql);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < LOOKS && bank_count(servers[i].bank) < LEDGERS + 1; j++)
            co_sleep(LOOK_MS * CO_CLOCK_MS);
}

static void one_of_two_servers_opens_it(void)
{
    const char *db = fixture_database();
    struct several servers[2];
    begin_two(servers, db);
    make_at_rest(servers, db, 0);
    int opened[2] = {0};
    for (int i = 0; i < LEDGERS; i++) {
        struct ledger *ledger;
        struct bank_owner owner;
        enum ledger_status status = enter(servers[0].bank, name_of(i), &ledger);
        int has = status == LEDGER_OK ? 0 : 1;
        if (has == 1) { /* as a request is passed on */
            CU_ASSERT_EQUAL(status, LEDGER_UNAVAILABLE);
            CU_ASSERT(bank_owner(servers[0].bank, name_of(i), &owner));
            CU_ASSERT_EQUAL(owner.server, several_number(&servers[1]));
            CU_ASSERT_STRING_EQUAL(owner.url, servers[1].url);
            CU_ASSERT_EQUAL_FATAL(enter(servers[1].bank, name_of(i), &ledger), LEDGER_OK);
        }
        fixture_account(ledger, "a", "USD/2", "0");
        ledger_leave(ledger);
        opened[has]++;
    }
    CU_ASSERT(opened[0] > 0 && opened[1] > 0);
    struct storm storm = {.banks = {servers[0].bank, servers[1].bank}};
    run_storm(&storm, db);

    /* One ends: the other has all of them. */
    bank_leave(servers[0].bank);
    bank_close(&servers[0].bank);
    several_await_peers(&servers[1], 1);
    for (int i = 0; i < LEDGERS; i++)
        pay(servers[1].bank, name_of(i), "last", 1);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
    bank_close(&servers[1].bank);
}

/* ---- one that leaves ----------------------------------------------------------------------- */

/* Until that one has seen that another server leaves it opens none that it takes for that one's. */
static void open_soon(struct bank *bank, const char *name)
{
    struct ledger *ledger = NULL;
    for (int i = 0; i < LOOKS && enter(bank, name, &ledger) != LEDGER_OK; i++)
        co_sleep(LOOK_MS * CO_CLOCK_MS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    fixture_account(ledger, "a", "USD/2", "0");
    ledger_leave(ledger);
}

/* What the first one of two has at rest, or nobody has and its place is there, the second one opens
 * while the first one lives still. That one tells whom to ask. */
static void expect_second_opens(bool is_owned)
{
    const char *db = fixture_database();
    struct several servers[2];
    struct bank_owner owner;
    begin_two(servers, db);
    make_at_rest(servers, db, is_owned ? several_number(&servers[0]) : 0);
    uint64_t first = several_number(&servers[0]), second = several_number(&servers[1]);
    bank_leave(servers[0].bank);
    for (int i = 0; i < LEDGERS; i++)
        open_soon(servers[1].bank, name_of(i));
    for (int i = 0; i < LOOKS; i++, co_sleep(LOOK_MS * CO_CLOCK_MS))
        if (bank_owner(servers[0].bank, name_of(LEDGERS - 1), &owner) && owner.server == second)
            break;
    CU_ASSERT(!owner.here && owner.server == second);
    CU_ASSERT_EQUAL(
        bank_want(co_context_background(), servers[1].bank, name_of(0), first), BANK_GONE);
    several_await_peers(&servers[1], 2);

    /* There is nobody left to leave anything to: it has what it has until its end. */
    bank_leave(servers[1].bank);
    pay(servers[1].bank, name_of(0), "last", 1);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
    for (int i = 0; i < 2; i++)
        bank_close(&servers[i].bank);
}

static void one_that_leaves_opens_none(void)
{
    expect_second_opens(true);
    expect_second_opens(false);
}

/* That is all: what it has open is its own, and what one has at rest that stays is, too. */
static void only_what_is_at_rest_is_taken(void)
{
    const char *db = fixture_database();
    struct several servers[2];
    begin_two(servers, db);
    make_at_rest(servers, db, several_number(&servers[0]));
    fixture_do(db, "DO $$ DECLARE its bigint; me bigint; BEGIN"
                   " SELECT no INTO its FROM teller.server_enter('http://gone:8080', '');"
                   " SELECT no INTO me FROM teller.server_enter('http://next:8080', '');"
                   " UPDATE teller.writer SET server = its WHERE ledger IN (2, 3);"
                   " UPDATE teller.writer SET opens_at = '-infinity' WHERE ledger = 2;"
                   " ASSERT teller.writer_take(3, me, 'owner', false) IS NULL;"
                   " UPDATE teller.server SET leaving = true WHERE no = its;"
                   " ASSERT teller.writer_take(2, me, 'owner', false) IS NULL;"
                   " ASSERT teller.writer_take(3, me, 'owner', false) = 1;"
                   " ASSERT teller.writer_take(4, me, 'owner', false) IS NULL;"
                   " ASSERT teller.writer_take(3, its, 'owner', false) IS NULL;"
                   " END $$");
    for (int i = 0; i < 2; i++)
        bank_close(&servers[i].bank);
}

const struct unit_suite resting_suite = {.name = "resting",
    .tests = (const struct unit_test[]){
        {"opened_when_used_and_closed_when_not", opened_when_used_and_closed_when_not},
        {"those_who_want_one_have_it_opened_once", those_who_want_one_have_it_opened_once},
        {"no_more_are_open_than_may_be", no_more_are_open_than_may_be},
        {"opened_when_their_time_has_come", opened_when_their_time_has_come},
        {"a_storm_loses_and_doubles_nothing", a_storm_loses_and_doubles_nothing},
        {"one_of_two_servers_opens_it", one_of_two_servers_opens_it},
        {"one_that_leaves_opens_none", one_that_leaves_opens_none},
        {"only_what_is_at_rest_is_taken", only_what_is_at_rest_is_taken}, {0}}};
