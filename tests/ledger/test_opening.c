/* SPDX-License-Identifier: MIT */
/* Accounts are opened once; a refused request leaves no trace. */
#include <stdio.h>

#include "tests/ledger/fixture.h"

static enum ledger_status open_as(
    struct ledger *ledger, const char *id, const char *asset, bool *opened)
{
    const struct ledger_open_account request = {.id = id, .asset = asset, .has_floor = true};
    struct ledger_account account;
    uint64_t seq;
    return ledger_open_account(co_context_background(), ledger, &request, &account, opened, &seq);
}

/* The world account of an asset comes with the first account of it, and with no refusal. */
static void refused_leaves_nothing(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t end = ledger_durable_seq(ledger);
    struct ledger_figures before, after;
    bool opened;
    ledger_read_figures(ledger, &before);
    CU_ASSERT_EQUAL(open_as(ledger, "a", "EUR/2", &opened), LEDGER_ACCOUNT_EXISTS);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end);
    ledger_read_figures(ledger, &after);
    CU_ASSERT_EQUAL(after.head_seq, before.head_seq);
    CU_ASSERT_EQUAL(after.accounts, before.accounts);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.account WHERE asset = 'EUR/2'"), "0");

    CU_ASSERT_EQUAL(open_as(ledger, "a", "USD/2", &opened), LEDGER_OK);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end);
    CU_ASSERT_EQUAL(open_as(ledger, "e", "EUR/2", &opened), LEDGER_OK);
    CU_ASSERT_TRUE(opened);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end + 2);
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X) X(refused_leaves_nothing)
FIXTURE_BOTH(opening)
