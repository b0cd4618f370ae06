/* SPDX-License-Identifier: MIT */
/* Moving money: the two forms of a transfer, what is refused, and the journal of it all. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

/* The answer of a withdrawal has every member of the contract, and can be read again. */
static void one_withdrawal(const char *strategy)
{
    struct visit visit;
    char location[128], first[1024];
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "payer", 100));
    visit_post(&visit, "/accounts/payer/withdraw", "pay-1",
        "{\"amount\":\"80\",\"metadata\":{\"for\":\"rent\"}}");
    EXPECT_STATUS(&visit, 201);
    int64_t id = 0;
    CU_ASSERT(json_view_integer(json_view_member(visit.body, "id"), &id));
    CU_ASSERT_EQUAL(visit.response.seq, id);
    CU_ASSERT(visit_is(&visit, "key", "\"pay-1\""));
    CU_ASSERT(visit_is(
        &visit, "postings", "[{\"from\":\"payer\",\"to\":\"world:USD.2\",\"amount\":\"80\"}]"));
    CU_ASSERT(visit_is(&visit, "metadata", "{\"for\":\"rent\"}"));
    struct json_view balances = json_view_member(visit.body, "balances");
    CU_ASSERT(json_view_is(json_view_member(balances, "payer"), "20"));
    CU_ASSERT(json_view_member(balances, "world:USD.2").at != NULL);
    CU_ASSERT_EQUAL(
        json_view_member(visit.body, "at").length, strlen("\"2026-11-21T09:00:00.123456Z\""));
    snprintf(location, sizeof location, "/v1/ledgers/main/transfers/%" PRId64, id);
    CU_ASSERT(visit_header_is(&visit, "Location", location));
    size_t length = visit.response.body_length;
    CU_ASSERT_FATAL(length < sizeof first);
    memcpy(first, visit.response.body, length);

    visit_get(&visit, location);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(visit.response.body_length, length);
    CU_ASSERT_NSTRING_EQUAL(visit.response.body, first, length);
    CU_ASSERT(visit_balance_is(&visit, "payer", 20));
    visit_get(&visit, "/transfers?key=pay-1");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_PTR_NOT_NULL(memmem(visit.response.body, visit.response.body_length, first, length));
    visit_end(&visit);
}
BOTH_STRATEGIES(one_withdrawal)

/* Several postings are one transfer: all of it or none, judged by where it ends. */
static void several_postings(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "multi-a", 100));
    CU_ASSERT(visit_fund(&visit, "multi-b", 0));
    CU_ASSERT(visit_fund(&visit, "multi-c", 0));
    visit_post(&visit, "/transfers", NULL,
        "{\"postings\":[{\"from\":\"multi-a\",\"to\":\"multi-b\",\"amount\":60},"
        "{\"from\":\"multi-b\",\"to\":\"multi-c\",\"amount\":50}]}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_balance_is(&visit, "multi-a", 40));
    CU_ASSERT(visit_balance_is(&visit, "multi-b", 10));
    CU_ASSERT(visit_balance_is(&visit, "multi-c", 50));
    visit_post(&visit, "/transfers", NULL,
        "{\"postings\":[{\"from\":\"multi-a\",\"to\":\"multi-b\",\"amount\":40},"
        "{\"from\":\"multi-c\",\"to\":\"multi-b\",\"amount\":51}]}");
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(visit_is(&visit, "account", "\"multi-c\""));
    CU_ASSERT(visit_balance_is(&visit, "multi-a", 40));
    CU_ASSERT(visit_balance_is(&visit, "multi-b", 10));
    CU_ASSERT(visit_balance_is(&visit, "multi-c", 50));
    visit_end(&visit);
}
BOTH_STRATEGIES(several_postings)

static void refused(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "usd", 100));
    visit_post(&visit, "/accounts", NULL, "{\"id\":\"eur\",\"asset\":\"EUR/2\"}");
    EXPECT_STATUS(&visit, 201);
    static const struct {
        const char *body;
        int status;
        const char *code;
    } rows[] = {
        /* in the order of precedence: each breaks its own rule and all that come after it */
        {"{\"from\":\"nobody\",\"to\":\"nobody\",\"amount\":1000}", 404, "account_not_found"},
        {"{\"from\":\"usd\",\"to\":\"nobody\",\"amount\":1000}", 404, "account_not_found"},
        {"{\"from\":\"usd\",\"to\":\"usd\",\"amount\":1000}", 422, "same_account"},
        {"{\"from\":\"usd\",\"to\":\"eur\",\"amount\":1000}", 422, "asset_mismatch"},
        {"{\"from\":\"usd\",\"to\":\"world:USD.2\",\"amount\":1000}", 422, "insufficient_funds"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        visit_post(&visit, "/transfers", NULL, rows[i].body);
        EXPECT_PROBLEM(&visit, rows[i].status, rows[i].code);
        CU_ASSERT(visit.response.seq > 0);
    }
    CU_ASSERT(visit_balance_is(&visit, "usd", 100));
    visit_end(&visit);
}
BOTH_STRATEGIES(refused)

/* Up to 10^38 - 1, and not one more. */
static void largest_amounts(const char *strategy)
{
    static const char all[] = "{\"amount\":\"99999999999999999999999999999999999999\"}";
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    visit_post(&visit, "/accounts", NULL, "{\"id\":\"rich\",\"asset\":\"XAU/9\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts/rich/deposit", NULL, all);
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts/rich/deposit", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 422, "amount_out_of_range");
    visit_get(&visit, "/accounts/rich");
    CU_ASSERT(visit_is(&visit, "balance", "\"99999999999999999999999999999999999999\""));
    visit_post(&visit, "/accounts/rich/withdraw", NULL, all);
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts/rich/deposit", NULL, "{\"amount\":9007199254740991}");
    EXPECT_STATUS(&visit, 201);
    visit_get(&visit, "/accounts/rich");
    CU_ASSERT(visit_is(&visit, "balance", "\"9007199254740991\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(largest_amounts)

static void journal_pages(const char *strategy)
{
    struct visit visit;
    char path[96];
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "journaled", 5));
    int64_t end = visit.response.seq, after = end - 2, next;
    snprintf(path, sizeof path, "/journal?after=%" PRId64 "&limit=1", after);
    visit_get(&visit, path);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_FATAL(json_view_integer(json_view_member(visit.body, "next"), &next));
    CU_ASSERT_EQUAL(next, after + 1);
    snprintf(path, sizeof path, "/journal?after=%" PRId64 "&limit=10", next);
    visit_get(&visit, path);
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    struct json_view item = {0};
    CU_ASSERT_FATAL(json_view_next(&walk, &item));
    int64_t seq = 0;
    CU_ASSERT(json_view_integer(json_view_member(item, "seq"), &seq));
    CU_ASSERT_EQUAL(seq, end);
    CU_ASSERT(json_view_is(json_view_member(item, "kind"), "transfer"));
    CU_ASSERT_FALSE(json_view_next(&walk, &item));
    CU_ASSERT(json_view_says_null(json_view_member(visit.body, "next")));
    visit_end(&visit);
}
BOTH_STRATEGIES(journal_pages)

const struct unit_suite transfers_suite = {"transfers", 2,
    (const struct unit_test[]){BOTH_ROWS(one_withdrawal), BOTH_ROWS(several_postings),
        BOTH_ROWS(refused), BOTH_ROWS(largest_amounts), BOTH_ROWS(journal_pages), {0}}};
