/* SPDX-License-Identifier: MIT */
/*
 * The rules of a transfer as a table: a row is a transfer, with the expected status last; the rows
 * follow the order of precedence. The accounts start anew for each row:
 *
 *     a 100, floor 0 | b 0, floor -50 | w 0, no floor | e 100 of another asset | f 100, frozen
 *     t: the largest balance there is | n: the smallest, no floor
 */
#include <stdio.h>
#include <string.h>

#include "ledger/rules.h"
#include "tests/unit.h"

enum { ACCOUNTS = 7, LEGS = 3 };
static const char names[] = "abweftn";

static const struct {
    const char *legs; /* "a>b 60, b>w 10" */
    enum ledger_status status;
    char broken;       /* the account that is named */
    const char *after; /* the balances of a, b and w, when it is done */
} cases[] = {
    {"a>a 1", LEDGER_SAME_ACCOUNT, 'a', NULL},
    {"a>b 1, f>f 999", LEDGER_SAME_ACCOUNT, 'f', NULL},
    {"a>e 999, a>a 1", LEDGER_SAME_ACCOUNT, 'a', NULL},
    {"a>e 1", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"f>e 999", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"f>a 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"a>f 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"a>f 999", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"a>b 101", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"b>a 51", LEDGER_INSUFFICIENT_FUNDS, 'b', NULL},
    {"a>b 60, a>b 41", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"a>t 101", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"w>t 1, a>b 101", LEDGER_AMOUNT_OUT_OF_RANGE, 't', NULL},
    {"a>b 101, w>t 1", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"a>t 1", LEDGER_AMOUNT_OUT_OF_RANGE, 't', NULL},
    {"n>a 1", LEDGER_AMOUNT_OUT_OF_RANGE, 'n', NULL},
    {"a>b 100", LEDGER_OK, 0, "0 100 0"},
    {"b>a 50", LEDGER_OK, 0, "150 -50 0"},
    {"w>a 1", LEDGER_OK, 0, "101 0 -1"},
    {"a>b 120, w>a 20", LEDGER_OK, 0, "0 120 -20"}, /* below the floor only in between */
    {"a>b 10, b>w 60, w>a 5", LEDGER_OK, 0, "95 -50 55"},
};

static void make_accounts(struct account accounts[ACCOUNTS])
{
    static const int balances[ACCOUNTS] = {100, 0, 0, 100, 100, 0, 0};
    for (int i = 0; i < ACCOUNTS; i++) {
        accounts[i] = (struct account){.opened = 1,
            .seq = 10 + (unsigned)i,
            .has_floor = i < 6,
            .frozen = names[i] == 'f',
            .balance = balances[i],
            .floor = names[i] == 'b' ? -50 : 0};
        accounts[i].has_floor = names[i] != 'w' && names[i] != 'n';
        strcpy(accounts[i].asset, names[i] == 'e' ? "EUR/2" : "USD/2");
    }
    accounts[5].balance = money_max();
    accounts[6].balance = -money_max();
}

static size_t read_legs(const char *text, struct account *accounts, struct posting *postings)
{
    size_t count = 0;
    char from, to;
    int amount, used;
    while (sscanf(text, "%c>%c %d%n", &from, &to, &amount, &used) == 3) {
        postings[count++] = (struct posting){.from = &accounts[strchr(names, from) - names],
            .to = &accounts[strchr(names, to) - names],
            .amount = amount};
        text += used;
        if (*text == ',')
            text += 2;
    }
    return count;
}

static void follows_the_ladder(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct account accounts[ACCOUNTS], *broken;
        struct posting postings[LEGS];
        char after[100];
        make_accounts(accounts);
        size_t count = read_legs(cases[i].legs, accounts, postings);
        enum ledger_status status = rules_decide(postings, count, &broken);
        CU_ASSERT_EQUAL(status, cases[i].status);
        if (status != cases[i].status)
            printf("\n    %s: %s\n", cases[i].legs, status_name(status));
        CU_ASSERT_EQUAL(broken ? names[broken - accounts] : 0, cases[i].broken);
        CU_ASSERT(accounts[0].balance == 100); /* deciding changes nothing */
        if (status != LEDGER_OK)
            continue;
        CU_ASSERT_EQUAL(
            postings[count - 1].from_prev, 10 + (uint64_t)(postings[count - 1].from - accounts));
        rules_apply(postings, count, 77);
        snprintf(after, sizeof after, "%d %d %d", (int)accounts[0].balance,
            (int)accounts[1].balance, (int)accounts[2].balance);
        CU_ASSERT_STRING_EQUAL(after, cases[i].after);
        CU_ASSERT_EQUAL(postings[0].from->seq, 77);
    }
}

static void tells_what_is_available(void)
{
    struct account account = {.has_floor = true, .floor = -50, .balance = 20};
    CU_ASSERT(account_available(&account) == 70);
    account.has_floor = false;
    CU_ASSERT(account_available(&account) == money_max());
    account = (struct account){.has_floor = true, .floor = -money_max(), .balance = money_max()};
    CU_ASSERT(account_available(&account) == money_max());
}

static const struct unit_test tests[] = {{"follows_the_ladder", follows_the_ladder},
    {"tells_what_is_available", tells_what_is_available}, {0}};
const struct unit_suite rules_suite = {.name = "rules", .tests = tests};
