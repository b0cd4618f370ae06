/* SPDX-License-Identifier: MIT */
/* What the ledger does, one request after the other, against a real PostgreSQL. */
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/hold_table.h"
#include "tests/ledger/requests.h"

static void opens_accounts(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    const struct ledger_open_account alice = {.id = "alice", .asset = "USD/2", .has_floor = true};
    struct ledger_account account;
    bool opened;
    uint64_t seq, again;
    struct co_context *context = co_context_background();
    CU_ASSERT_EQUAL(
        ledger_open_account(context, ledger, &alice, &account, &opened, &seq), LEDGER_OK);
    CU_ASSERT_TRUE(opened);
    CU_ASSERT_EQUAL(seq, 2); /* 1 is the world account's */
    CU_ASSERT_EQUAL(
        ledger_open_account(context, ledger, &alice, &account, &opened, &again), LEDGER_OK);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_EQUAL(again, 2);
    const struct ledger_open_account same = {
        .id = "alice", .asset = "USD/2", .has_floor = true, .metadata = "{}"};
    CU_ASSERT_EQUAL(
        ledger_open_account(context, ledger, &same, &account, &opened, &again), LEDGER_OK);
    const struct ledger_open_account others[] = {
        {.id = "alice", .asset = "EUR/2", .has_floor = true},
        {.id = "alice", .asset = "USD/2", .has_floor = true, .floor = -1},
        {.id = "alice", .asset = "USD/2"},
        {.id = "alice", .asset = "USD/2", .has_floor = true, .metadata = "{\"a\":1}"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CU_ASSERT_EQUAL(ledger_open_account(context, ledger, &others[i], &account, &opened, &seq),
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
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(
        outcome.status, LEDGER_OK); /* the floor is held to the whole, not to each leg */
    entry_drop(&outcome.entry);
    transfer = (struct ledger_transfer){.legs = bad, .leg_count = 2};
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_STRING_EQUAL(outcome.account, "a");
    CU_ASSERT(outcome.available == 65);
    CU_ASSERT(fixture_balance(ledger, "a") == 65);
    CU_ASSERT(fixture_balance(ledger, "b") == 29);
    CU_ASSERT(fixture_balance(ledger, "fee") == 6);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* A refusal is told again as it was told at first, whatever there is now. */
static void refuses_alike(struct ledger *ledger)
{
    const struct ledger_leg leg = {"a", "world:USD.2", 150};
    const struct ledger_transfer transfer = {.key = "out", .legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_STRING_EQUAL(outcome.account, "a");
    CU_ASSERT(outcome.available == 100);
    CU_ASSERT_EQUAL(outcome.seq, 4);
    entry_drop(&outcome.entry);
}

static void keeps_keys(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    for (int restarts = 0; restarts < 2; restarts++) {
        CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 100), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 99), LEDGER_KEY_REUSED);
        refuses_alike(ledger);
        refuses_alike(ledger);
        for (int again = 0; again < 2; again++)
            CU_ASSERT_EQUAL(
                fixture_move(ledger, "none", "a", "nobody", 1), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT(fixture_balance(ledger, "a") == 100);
        ledger_close(&ledger);
        ledger = fixture_open(db, strategy);
    }
    /* The rejection is frozen even when there would be money now; a fresh key is not bound by it.
     */
    CU_ASSERT_EQUAL(fixture_move(ledger, "more", "world:USD.2", "a", 100), LEDGER_OK);
    refuses_alike(ledger);
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
    struct co_context *context = co_context_background();
    struct entry *entries[50];
    struct ledger_entry_page page = {.entries = entries};
    fixture_account(ledger, "a", "USD/2", "0");
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 10), LEDGER_OK);
    for (int restarts = 0; restarts < 2; restarts++) { /* from memory, then from the database */
        page.limit = 50;
        CU_ASSERT_EQUAL(ledger_journal(context, ledger, 0, &page), LEDGER_OK);
        CU_ASSERT_EQUAL(page.count, 22);
        for (size_t i = 0; i < page.count; i++) {
            CU_ASSERT_EQUAL(entries[i]->seq, i + 1);
            entry_drop(&entries[i]);
        }
        page.limit = 15;
        CU_ASSERT_EQUAL(ledger_statement(context, ledger, "a", 0, &page), LEDGER_OK);
        CU_ASSERT_EQUAL(page.count, 15);
        CU_ASSERT_EQUAL(entries[0]->seq, 22);
        CU_ASSERT(entries[0]->postings[0].to_after == 200);
        CU_ASSERT_EQUAL(page.next, 8);
        while (page.count > 0)
            entry_drop(&entries[--page.count]);
        CU_ASSERT_EQUAL(ledger_statement(context, ledger, "a", page.next, &page), LEDGER_OK);
        CU_ASSERT_EQUAL(page.count, 5);
        CU_ASSERT_EQUAL(page.next, 0);
        CU_ASSERT_EQUAL(entries[4]->seq, 3);
        while (page.count > 0)
            entry_drop(&entries[--page.count]);
        ledger_close(&ledger);
        ledger = fixture_open(db, strategy);
    }
    /* A page that ends with the oldest entry has none after it. */
    page.limit = 20;
    CU_ASSERT_EQUAL(ledger_statement(context, ledger, "a", 0, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 20);
    CU_ASSERT_EQUAL(page.next, 0);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    ledger_close(&ledger);
}

/* It is in the table from the first request that wants to open it, and no sooner open than in the
 * journal: until then it is as if it were not there. */
static void knows_no_account_before_it_is_open(const char *strategy)
{
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    struct co_context *context = co_context_background();
    const struct ledger_leg leg = {"a", "soon", 1};
    const struct ledger_transfer transfer = {.key = "b", .legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    struct ledger_account account;
    uint64_t seq;
    fixture_account(ledger, "a", "USD/2", NULL);
    co_ensure(account_find_or_add(ledger->accounts, "soon") != NULL);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL(fixture_move(ledger, "k", "a", "soon", 1), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(fixture_move(ledger, "l", "soon", "a", 1), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(request_hold(ledger, "h", "a", "soon", 1, NULL), LEDGER_ACCOUNT_NOT_FOUND);
        ledger_transfer_batch(context, ledger, true, &transfer, 1, &outcome);
        CU_ASSERT_EQUAL(outcome.status, LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(request_freeze(ledger, "soon", true, NULL), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(
            ledger_read_account(context, ledger, "soon", &account, &seq), LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 2);
    }
    fixture_account(ledger, "soon", "USD/2", NULL);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "a", "soon", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "l", "soon", "a", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, "h", "a", "soon", 1, NULL), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void lists_accounts(const char *strategy)
{
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    struct ledger_account accounts[4];
    struct ledger_account_page page = {.accounts = accounts, .limit = 2};
    struct ledger_account_query query = {.prefix = "b:"};
    struct co_context *context = co_context_background();
    static const char *const ids[] = {"b:2", "a", "b:1", "B", "b~", "b:3"};
    for (size_t i = 0; i < 6; i++)
        if (account_id_is_valid(ids[i]))
            fixture_account(ledger, ids[i], i == 5 ? "EUR/2" : "USD/2", "0");
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 2);
    CU_ASSERT_TRUE(page.more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:1");
    query.after = "b:2";
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 1);
    CU_ASSERT_FALSE(page.more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:3");
    query = (struct ledger_account_query){.prefix = "b:", .backwards = true};
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT(page.count == 2 && page.more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:3");
    query.before = "b:2";
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT(page.count == 1 && !page.more);
    CU_ASSERT_STRING_EQUAL(accounts[0].id, "b:1");
    query.after = "b:1";
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT(page.count == 0 && !page.more);
    query = (struct ledger_account_query){.prefix = "", .asset = "EUR/2"};
    page.limit = 4;
    CU_ASSERT_EQUAL(ledger_list_accounts(context, ledger, &query, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 2);
    CU_ASSERT_STRING_EQUAL(accounts[1].id, "world:EUR.2");
    ledger_close(&ledger);
}

/* ---- under both strategies ----------------------------------------------------------------- */

#define TESTS(X)                                                                                   \
    X(opens_accounts)                                                                              \
    X(moves_money)                                                                                 \
    X(holds_the_range)                                                                             \
    X(moves_many_legs)                                                                             \
    X(keeps_keys)                                                                                  \
    X(knows_no_account_before_it_is_open)                                                          \
    X(reads_the_journal)                                                                           \
    X(lists_accounts)

FIXTURE_BOTH(moves)
