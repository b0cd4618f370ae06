/* SPDX-License-Identifier: MIT */
/* The accounts by which money goes from one ledger to another: whose they are, and that the audit
 * adds them up. */
#include <stdio.h>
#include <string.h>

#include "ledger/audit/audit_report.h"
#include "ledger/bank/bank.h"
#include "ledger/domain/clearing.h"
#include "tests/ledger/fixture.h"

static void names(void)
{
    static const char *const others[] = {"clearing:fees", "clearing:", "clearing::USD.2",
        "clearing:b:USD", "clearing:b:USD/2", "clearing:b c:USD.2", "clearing:b:USD.39",
        "Clearing:b:USD.2", "clearing:b:", "xclearing:b:USD.2", "world:USD.2", "",
        "clearing:0123456789012345678901234567890123456789012345678901234567890123x:USD.2"};
    char id[CLEARING_TEXT], longest[CLEARING_LEDGER], asset[ASSET_TEXT];
    clearing_id("branch", "USD/2", id);
    CU_ASSERT_STRING_EQUAL(id, "clearing:branch:USD.2");
    CU_ASSERT(clearing_is_id(id));
    clearing_id("A-1_b.c", "Green Apples/0", id);
    CU_ASSERT(clearing_is_id(id) && account_id_is_valid(id));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    snprintf(asset, sizeof asset, "%.*s/38", ASSET_CODE_MAX, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
    clearing_id(longest, asset, id);
    CU_ASSERT(clearing_is_id(id) && account_id_is_valid(id));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CU_ASSERT_FALSE(clearing_is_id(others[i]));
}

/* ---- the audit ------------------------------------------------------------------------------ */

#define KEY "\xE2\x87\x84main/0/"

static struct bank *bank;
static const char *database;
static struct ledger *ledgers[2];
static const char *const theirs[] = {"clearing:branch:USD.2", "clearing:main:USD.2"};

/* main and branch, each with an account `a` of 100 and the one that stands for the other. */
static void begin(void)
{
    struct co_context *context = co_context_background();
    char error[300];
    database = fixture_database();
    const struct bank_options options = {.conninfo = database, .strategies = "owner"};
    bool created;
    bank = bank_make(&options, error, sizeof error);
    co_ensure(bank && bank_open(context, bank, error, sizeof error));
    CU_ASSERT_EQUAL(bank_find(bank, "main", &ledgers[0]), LEDGER_OK);
    CU_ASSERT_EQUAL(bank_create(context, bank, "branch", NULL, &ledgers[1], &created), LEDGER_OK);
    for (int i = 0; i < 2; i++) {
        fixture_account(ledgers[i], "a", "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledgers[i], NULL, "world:USD.2", "a", 100), LEDGER_OK);
        fixture_clearing(ledgers[i], theirs[i]);
    }
}

static void end(void)
{
    for (int i = 0; i < 2; i++)
        ledger_leave(ledgers[i]);
    bank_close(&bank);
}

static uint64_t hold(const char *key, money amount)
{
    const struct ledger_hold asked = {
        .key = key, .from = "a", .to = theirs[0], .amount = amount, .clears = true};
    struct ledger_outcome outcome;
    ledger_hold(co_context_background(), ledgers[0], &asked, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    return outcome.seq;
}

static void pay(const char *key, money amount)
{
    const struct ledger_leg leg = {theirs[1], "a", amount};
    const struct ledger_transfer asked = {.key = key, .legs = &leg, .leg_count = 1, .clears = true};
    struct ledger_outcome outcome;
    ledger_transfer(co_context_background(), ledgers[1], &asked, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
}

static void pay_in_batch(const char *key, money amount)
{
    const struct ledger_leg leg = {theirs[1], "a", amount};
    const struct ledger_transfer item = {.legs = &leg, .leg_count = 1, .clears = true};
    const struct ledger_batch batch = {.key = key, .transfers = &item, .count = 1};
    struct ledger_outcome outcome, whole;
    ledger_keyed_batch(co_context_background(), ledgers[1], &batch, &outcome, &whole);
    CU_ASSERT(whole.status == LEDGER_OK && outcome.status == LEDGER_OK);
    entry_drop(&outcome.entry);
}

static void settle(uint64_t position, bool capture)
{
    const struct ledger_settlement asked = {.hold = position, .capture = capture, .clears = true};
    struct ledger_outcome outcome;
    ledger_settle(co_context_background(), ledgers[0], &asked, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
}

/* Both ledgers are found wrong, each for that alone; "": both are sound. */
static void expect_found(const char *words)
{
    static struct audit_report report;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(
            ledger_audit(co_context_background(), ledgers[i], NULL, &report), LEDGER_OK);
        CU_ASSERT_EQUAL(report.found, *words ? 1 : 0);
        if (report.found != (*words ? 1 : 0) || !strstr(report.text, words))
            printf("\n    %s ", report.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(report.text, words));
    }

    /* The view says the same, and the view of all. */
    CU_ASSERT_STRING_EQUAL(fixture_ask(database, "SELECT count(*) > 0 FROM teller.audit_clearing"),
        *words ? "t" : "f");
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(database, "SELECT (SELECT count(*) FROM teller.audit_clearing) ="
                              " (SELECT count(*) FROM teller.audit WHERE invariant = 'clearing')"),
        "t");
}

/* At each step of one that goes over, or does not. */
static void adds_up_at_each_step(void)
{
    begin();
    expect_found("");
    uint64_t position = hold(KEY "1", 30);
    expect_found("");
    pay(KEY "2", 30);
    expect_found("");
    uint64_t second = hold(KEY "b/1", 20);
    pay_in_batch(KEY "b/2", 20);
    expect_found("");
    settle(position, true);
    expect_found("");
    settle(second, true);
    settle(hold(KEY "c/1", 10), false);
    expect_found("");
    end();
}

static void finds_money_without_a_hold(void)
{
    begin();
    hold(KEY "1", 30);
    pay(KEY "x/2", 30);
    expect_found("do not add up");
    end();
}

static void finds_a_hold_that_ended_wrong(void)
{
    begin();
    uint64_t position = hold(KEY "1", 30);
    pay(KEY "2", 30);
    settle(position, false);
    expect_found("do not add up");
    end();
}

static void finds_a_capture_without_payment(void)
{
    begin();
    settle(hold(KEY "1", 30), true);
    expect_found("do not add up");
    end();
}

/* The other one's account was never opened. */
static void finds_one_alone(void)
{
    struct ledger_outcome outcome;
    const struct ledger_leg leg = {"clearing:main:EUR.2", "e", 7};
    const struct ledger_transfer asked = {.legs = &leg, .leg_count = 1, .clears = true};
    begin();
    const struct ledger_open_account request = {.id = leg.from, .asset = "EUR/2", .clears = true};
    struct ledger_account account;
    uint64_t seq;
    bool opened;
    CU_ASSERT_EQUAL(
        ledger_open_account(co_context_background(), ledgers[1], &request, &account, &opened, &seq),
        LEDGER_OK);
    fixture_account(ledgers[1], "e", "EUR/2", "0");
    expect_found("");
    ledger_transfer(co_context_background(), ledgers[1], &asked, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    expect_found("EUR.2 do not add up");
    end();
}

/* An account that is called nearly so is anybody's, and adds up to nothing. */
static void leaves_others_alone(void)
{
    static const char *const others[] = {"clearing:branch:USD.39", "clearing:branch:USD.99",
        "clearing:branch:x.USD", "clearing:main"};
    begin();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        fixture_account(ledgers[0], others[i], "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledgers[0], NULL, "world:USD.2", others[i], 5), LEDGER_OK);
    }
    expect_found("");
    end();
}

static const struct unit_test tests[] = {{"names", names},
    {"leaves_others_alone", leaves_others_alone}, {"adds_up_at_each_step", adds_up_at_each_step},
    {"finds_money_without_a_hold", finds_money_without_a_hold},
    {"finds_a_hold_that_ended_wrong", finds_a_hold_that_ended_wrong},
    {"finds_a_capture_without_payment", finds_a_capture_without_payment},
    {"finds_one_alone", finds_one_alone}, {0}};
const struct unit_suite clearing_suite = {.name = "clearing", .tests = tests};
