/* SPDX-License-Identifier: MIT */
/* Two banks on one database: the one that stands by follows, and goes on where it is. */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"
#include "ledger/bank/follow_list.h"
#include "tests/ledger/fixture.h"

static struct bank *make_bank(const char *db, const char *follow)
{
    char error[300];
    const struct bank_options options = {.conninfo = db, .strategies = "sharded", .follow = follow};
    struct bank *bank = bank_make(&options, error, sizeof error);
    co_ensure(bank != NULL);
    return bank;
}

struct opening {
    struct bank *bank;
    struct co_waitgroup all;
    _Atomic bool open;
};

static void open_main(void *arg)
{
    struct opening *o = arg;
    char error[300];
    atomic_store(&o->open, bank_open(co_context_background(), o->bank, error, sizeof error));
    co_waitgroup_done(&o->all);
}

static struct ledger *find_followed(struct bank *bank, const char *name)
{
    struct ledger *ledger = NULL;
    for (int i = 0; i < 6000 && bank_find_followed(bank, name, &ledger) != LEDGER_OK; i++)
        co_sleep(10 * CO_CLOCK_MS);
    return ledger;
}

/* Until it has been taken. Whoever is told that it runs must get in. */
static struct ledger *await_taken(struct bank *bank, size_t index, const char *name)
{
    struct ledger *ledger = NULL;
    enum ledger_status status = LEDGER_UNAVAILABLE;
    int64_t until_ns = co_clock_now_ns() + 60 * CO_CLOCK_S;
    while (status != LEDGER_OK && co_clock_now_ns() < until_ns) {
        struct ledger_figures figures;
        bank_figures(bank, index, &figures);
        status = bank_find(bank, name, &ledger);
        CU_ASSERT(figures.state != LEDGER_RUNNING || status == LEDGER_OK);
        co_sleep(CO_CLOCK_MS / 10);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    return ledger;
}

static void banks_take_over(void)
{
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    struct bank *first = make_bank(db, NULL);
    struct opening o = {.bank = make_bank(db, "main,extra")};
    struct ledger *ledger, *none;
    struct ledger_figures figures;
    char error[300];
    bool created;
    CU_ASSERT_FATAL(bank_open(context, first, error, sizeof error));
    CU_ASSERT_EQUAL(bank_create(context, first, "extra", NULL, &ledger, &created), LEDGER_OK);
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "world:USD.2", "a", 7), LEDGER_OK);
    uint64_t seq = ledger_durable_seq(ledger);
    ledger_leave(ledger);
    CU_ASSERT_EQUAL(bank_create(context, first, "other", NULL, &ledger, &created), LEDGER_OK);
    ledger_leave(ledger);

    co_waitgroup_add(&o.all, 1);
    co_ensure(co_spawn(open_main, &o));
    ledger = find_followed(o.bank, "extra");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    CU_ASSERT(ledger_await(context, ledger, seq - 1));
    CU_ASSERT(fixture_balance(ledger, "a") == 7);
    CU_ASSERT_EQUAL(bank_find(o.bank, "extra", &none), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(bank_find_followed(o.bank, "other", &none), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(bank_find_followed(o.bank, "no", &none), LEDGER_LEDGER_NOT_FOUND);
    bank_figures(o.bank, 1, &figures);
    CU_ASSERT_STRING_EQUAL(figures.name, "extra");
    CU_ASSERT_EQUAL(figures.state, LEDGER_FOLLOWING);

    /* It goes on where it is, with whoever is inside. */
    bank_close(&first);
    co_waitgroup_wait(&o.all);
    CU_ASSERT(o.open);
    struct ledger *taken = await_taken(o.bank, 1, "extra");
    CU_ASSERT_PTR_EQUAL(taken, ledger);
    CU_ASSERT_EQUAL(bank_find_followed(o.bank, "extra", &none), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(fixture_move(taken, "k", "world:USD.2", "a", 7), LEDGER_OK); /* a replay */
    CU_ASSERT_EQUAL(fixture_move(taken, NULL, "a", "world:USD.2", 2), LEDGER_OK);
    CU_ASSERT(fixture_balance(taken, "a") == 5);
    fixture_check(taken);
    ledger_leave(taken);
    ledger_leave(ledger);
    bank_close(&o.bank);
}

/* What was followed is gone from the database while nobody had it: who followed it does not open it
 * from what is left. */
static void lost_is_not_opened(void)
{
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    struct bank *first = make_bank(db, NULL);
    struct opening o = {.bank = make_bank(db, "main")};
    struct ledger *ledger;
    char error[300];
    CU_ASSERT_FATAL(bank_open(context, first, error, sizeof error));
    CU_ASSERT_EQUAL_FATAL(bank_find(first, "main", &ledger), LEDGER_OK);
    fixture_account(ledger, "a", "USD/2", "0");
    uint64_t seq = ledger_durable_seq(ledger);
    co_waitgroup_add(&o.all, 1);
    co_ensure(co_spawn(open_main, &o));
    struct ledger *followed = find_followed(o.bank, "main");
    CU_ASSERT_PTR_NOT_NULL_FATAL(followed);
    CU_ASSERT(ledger_await(context, followed, seq - 1));
    fixture_do(db,
        "SET session_replication_role = replica;"
        "DELETE FROM teller.entry WHERE seq = (SELECT max(last_seq) FROM teller.batch);"
        "DELETE FROM teller.batch WHERE last_seq = (SELECT max(last_seq) FROM teller.batch)");
    for (int i = 0; i < 6000 && !ledger_is_over(followed); i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT(ledger_is_over(followed));
    ledger_leave(followed);
    ledger_leave(ledger);
    bank_close(&first);
    for (int i = 0; i < 6000 && !bank_is_lost(o.bank); i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT(bank_is_lost(o.bank));
    co_waitgroup_wait(&o.all);
    CU_ASSERT_EQUAL(bank_find(o.bank, "main", &ledger), LEDGER_UNAVAILABLE);
    bank_close(&o.bank);
}

static void lists(void)
{
    static const char *const good[] = {"all", "none", "fit", "main", "a,b", "a,all-of"};
    static const char *const bad[] = {"", ",", "a,", "a,,b", "all,a", "a,none", "a b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT(follow_list_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(follow_list_is_valid(bad[i]));
    CU_ASSERT_EQUAL(follow_list_find("all", "x"), FOLLOW_LIST_YES);
    CU_ASSERT_EQUAL(follow_list_find("none", "x"), FOLLOW_LIST_NO);
    CU_ASSERT_EQUAL(follow_list_find("fit", "x"), FOLLOW_LIST_IF_IT_FITS);
    CU_ASSERT_EQUAL(follow_list_find("a,b", "b"), FOLLOW_LIST_YES);
    CU_ASSERT_EQUAL(follow_list_find("a,bc", "b"), FOLLOW_LIST_NO);
    CU_ASSERT_EQUAL(follow_list_count("all", "main"), 0);
    CU_ASSERT_EQUAL(follow_list_count("main", "main"), 0);
    CU_ASSERT_EQUAL(follow_list_count("a,main,bc", "main"), 2);
}

const struct unit_suite follow_suite = {.name = "follow",
    .tests = (const struct unit_test[]){{"banks_take_over", banks_take_over},
        {"lost_is_not_opened", lost_is_not_opened}, {"lists", lists}, {0}}};
