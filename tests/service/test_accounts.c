/* SPDX-License-Identifier: MIT */
/* Accounts: opening, reading, listing, and their statements. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

static void opening(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    static const char body[] = "{\"id\":\"open.1\",\"asset\":\"EUR/2\",\"floor\":\"-500\","
                               "\"metadata\":{\"owner\":\"Ann\",\"level\":3}}";
    visit_post(&visit, "/accounts", NULL, body);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Location", "/v1/ledgers/main/accounts/open.1"));
    CU_ASSERT(visit_header_is(&visit, "Content-Type", "application/json"));
    CU_ASSERT(visit.response.seq > 0);
    CU_ASSERT(visit_is(&visit, "id", "\"open.1\""));
    CU_ASSERT(visit_is(&visit, "asset", "\"EUR/2\""));
    CU_ASSERT(visit_is(&visit, "floor", "\"-500\""));
    CU_ASSERT(visit_is(&visit, "balance", "\"0\""));
    CU_ASSERT(visit_is(&visit, "held", "\"0\""));
    CU_ASSERT(visit_is(&visit, "available", "\"500\""));
    CU_ASSERT(visit_is(&visit, "frozen", "false"));
    CU_ASSERT(
        json_view_is(json_view_member(json_view_member(visit.body, "metadata"), "owner"), "Ann"));

    visit_post(&visit, "/accounts", NULL, body); /* the same again */
    EXPECT_STATUS(&visit, 200);
    visit_post(&visit, "/accounts", NULL, "{\"id\":\"open.1\",\"asset\":\"EUR/2\"}");
    EXPECT_PROBLEM(&visit, 409, "account_exists");
    visit_post(&visit, "/accounts", NULL, "{\"id\":\"open.1\",\"asset\":\"USD/2\"}");
    EXPECT_PROBLEM(&visit, 409, "account_exists");

    visit_get(&visit, "/accounts/open.1");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "floor", "\"-500\""));
    CU_ASSERT(visit.response.seq > 0);
    visit_end(&visit);
}
BOTH_STRATEGIES(opening)

static void without_a_floor(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_post(
        &visit, "/accounts", NULL, "{\"id\":\"bottomless\",\"asset\":\"USD/2\",\"floor\":null}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_is(&visit, "floor", "null"));
    CU_ASSERT(visit_is(&visit, "available", "null"));
    visit_post(&visit, "/accounts/bottomless/withdraw", NULL, "{\"amount\":70}");
    EXPECT_STATUS(&visit, 201);
    visit_get(&visit, "/accounts/bottomless");
    CU_ASSERT(visit_is(&visit, "balance", "\"-70\""));
    visit_end(&visit);
}

/* The floor is the last balance that is allowed, not the first that is not. */
static void down_to_the_floor(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    visit_post(
        &visit, "/accounts", NULL, "{\"id\":\"overdraft\",\"asset\":\"USD/2\",\"floor\":\"-100\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts/overdraft/withdraw", NULL, "{\"amount\":\"101\"}");
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(visit_is(&visit, "account", "\"overdraft\""));
    CU_ASSERT(visit_is(&visit, "available", "\"100\""));
    visit_post(&visit, "/accounts/overdraft/withdraw", NULL, "{\"amount\":\"100\"}");
    EXPECT_STATUS(&visit, 201);
    visit_get(&visit, "/accounts/overdraft");
    CU_ASSERT(visit_is(&visit, "balance", "\"-100\""));
    CU_ASSERT(visit_is(&visit, "available", "\"0\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(down_to_the_floor)

/* Reads a list page after page; the ids, each followed by a space. */
static void list_all(struct visit *visit, const char *query, char *ids, size_t size)
{
    char path[256], next[72] = "";
    ids[0] = '\0';
    do {
        snprintf(path, sizeof path, "/accounts?%s%s%s", query, next[0] ? "&after=" : "", next);
        visit_get(visit, path);
        EXPECT_STATUS(visit, 200);
        struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
        struct json_view item;
        char id[72];
        while (json_view_next(&walk, &item))
            if (json_view_copy(json_view_member(item, "id"), id, sizeof id))
                snprintf(ids + strlen(ids), size - strlen(ids), "%s ", id);
        next[0] = '\0';
        if (!json_view_copy(json_view_member(visit->body, "next"), next, sizeof next))
            CU_ASSERT(json_view_says_null(json_view_member(visit->body, "next")));
    } while (next[0]);
}

static void listing(const char *strategy)
{
    struct visit visit;
    char ids[256];
    visit_begin_shared(&visit, strategy);
    for (int i = 4; i >= 0; i--) {
        char body[128];
        snprintf(body, sizeof body, "{\"id\":\"list-%d\",\"asset\":\"%s\"}", i,
            i % 2 ? "JPY/0" : "USD/2");
        visit_post(&visit, "/accounts", NULL, body);
        EXPECT_STATUS(&visit, 201);
    }
    list_all(&visit, "prefix=list-&limit=2", ids, sizeof ids);
    CU_ASSERT_STRING_EQUAL(ids, "list-0 list-1 list-2 list-3 list-4 ");
    list_all(&visit, "prefix=list-&limit=5", ids, sizeof ids);
    CU_ASSERT_STRING_EQUAL(ids, "list-0 list-1 list-2 list-3 list-4 ");
    list_all(&visit, "prefix=list-&asset=JPY/0&limit=1", ids, sizeof ids);
    CU_ASSERT_STRING_EQUAL(ids, "list-1 list-3 ");
    list_all(&visit, "prefix=list-&asset=JPY%2F0", ids, sizeof ids);
    CU_ASSERT_STRING_EQUAL(ids, "list-1 list-3 ");
    list_all(&visit, "prefix=nobody-", ids, sizeof ids);
    CU_ASSERT_STRING_EQUAL(ids, "");
    visit_end(&visit);
}
BOTH_STRATEGIES(listing)

/* The statement goes back in time, and its balances are those after each entry. */
static void statement(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "stated", 100));
    CU_ASSERT(visit_fund(&visit, "counterpart", 0));
    visit_post(&visit, "/accounts/stated/withdraw", "statement-1", "{\"amount\":30}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/transfers", NULL,
        "{\"from\":\"stated\",\"to\":\"counterpart\",\"amount\":\"5\"}");
    EXPECT_STATUS(&visit, 201);
    static const char *const rows[][2] = {
        {"\"-5\"", "\"65\""}, {"\"-30\"", "\"70\""}, {"\"100\"", "\"100\""}};
    char path[96] = "/accounts/stated/entries?limit=1", before[24];
    for (int i = 0; i < 3; i++) {
        visit_get(&visit, path);
        EXPECT_STATUS(&visit, 200);
        struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
        struct json_view item = {0};
        CU_ASSERT_FATAL(json_view_next(&walk, &item));
        struct json_view amount = json_view_member(item, "amount"),
                         balance = json_view_member(item, "balance");
        CU_ASSERT_FATAL(amount.at && balance.at);
        CU_ASSERT_NSTRING_EQUAL(amount.at, rows[i][0], strlen(rows[i][0]));
        CU_ASSERT_NSTRING_EQUAL(balance.at, rows[i][1], strlen(rows[i][1]));
        CU_ASSERT_FALSE(json_view_next(&walk, &item));
        struct json_view next = json_view_member(visit.body, "next");
        CU_ASSERT_EQUAL(json_view_says_null(next), i == 2);
        snprintf(before, sizeof before, "%.*s", (int)next.length, next.at);
        snprintf(path, sizeof path, "/accounts/stated/entries?limit=1&before=%s", before);
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(statement)

static void unknown_ones(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/accounts/nobody");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    CU_ASSERT(visit.response.seq >= 0);
    visit_get(&visit, "/accounts/nobody/entries");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    visit_get(&visit, "/v1/ledgers/nowhere/accounts/nobody");
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_get(&visit, "/transfers/999999999");
    EXPECT_PROBLEM(&visit, 404, "transfer_not_found");
    visit_end(&visit);
}

const struct unit_suite accounts_suite = {"accounts", 2,
    (const struct unit_test[]){BOTH_ROWS(opening), {"without_a_floor", without_a_floor},
        BOTH_ROWS(down_to_the_floor), BOTH_ROWS(listing), BOTH_ROWS(statement),
        {"unknown_ones", unknown_ones}, {0}}};
