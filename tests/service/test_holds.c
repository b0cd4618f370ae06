/* SPDX-License-Identifier: MIT */
/* Holds: each is settled once, all see each other, and time releases what is not settled. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"

static int64_t number(const struct visit *visit, const char *member)
{
    int64_t value = -1;
    (void)json_view_integer(json_view_member(visit->body, member), &value);
    return value;
}

/* POST /holds/ID/ACTION */
static void settle(
    struct visit *visit, int64_t hold, const char *action, const char *key, const char *body)
{
    char path[64];
    snprintf(path, sizeof path, "/holds/%" PRId64 "/%s", hold, action);
    visit_post(visit, path, key, body);
}

static void get_hold(struct visit *visit, int64_t hold)
{
    char path[64];
    snprintf(path, sizeof path, "/holds/%" PRId64, hold);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
}

static int64_t hold(struct visit *visit, const char *body)
{
    visit_post(visit, "/holds", NULL, body);
    EXPECT_STATUS(visit, 201);
    return number(visit, "id");
}

static bool account_is(
    struct visit *visit, const char *path, const char *balance, const char *available)
{
    visit_get(visit, path);
    return visit_is(visit, "balance", balance) && visit_is(visit, "available", available);
}

/* A part is captured; the rest is free again, and the hold is over. */
static void captured_in_part(const char *strategy)
{
    struct visit visit;
    char location[96], first[1024];
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "part-a", 1000) && visit_fund(&visit, "part-b", 0));
    int64_t id = hold(&visit, "{\"from\":\"part-a\",\"to\":\"part-b\",\"amount\":600}");
    CU_ASSERT(visit_is(&visit, "status", "\"held\"") && visit_is(&visit, "expires_at", "null"));
    snprintf(location, sizeof location, "/v1/ledgers/main/holds/%" PRId64, id);
    CU_ASSERT(visit_header_is(&visit, "Location", location));
    CU_ASSERT(account_is(&visit, "/accounts/part-a", "\"1000\"", "\"400\""));

    settle(&visit, id, "capture", NULL, "{\"amount\":601}");
    EXPECT_PROBLEM(&visit, 422, "capture_exceeds_hold");
    settle(&visit, id, "capture", "part-1", "{\"amount\":250,\"metadata\":{\"n\":1}}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(
        visit_is(&visit, "status", "\"captured\"") && visit_is(&visit, "captured", "\"250\""));
    CU_ASSERT(
        json_view_is(json_view_member(json_view_member(visit.body, "balances"), "part-a"), "750"));
    int64_t capture = number(&visit, "settled_by");
    CU_ASSERT_EQUAL(visit.response.seq, capture);
    size_t length = visit.response.body_length;
    CU_ASSERT_FATAL(length < sizeof first);
    memcpy(first, visit.response.body, length);
    CU_ASSERT(account_is(&visit, "/accounts/part-a", "\"750\"", "\"750\""));

    settle(&visit, id, "capture", "part-1", "{\"amount\":250,\"metadata\":{\"n\":1}}");
    CU_ASSERT(visit_header_is(&visit, "Idempotency-Replayed", "true"));
    CU_ASSERT_EQUAL_FATAL(visit.response.body_length, length);
    CU_ASSERT_NSTRING_EQUAL(visit.response.body, first, length);
    settle(&visit, id, "release", NULL, NULL);
    EXPECT_PROBLEM(&visit, 409, "already_settled");
    snprintf(location, sizeof location, "/transfers/%" PRId64, capture);
    visit_get(&visit, location);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(number(&visit, "hold"), id);
    CU_ASSERT(visit_is(&visit, "reverses", "null"));
    visit_end(&visit);
}
BOTH_STRATEGIES(captured_in_part)

static void captured_in_full_or_released(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "full-a", 1000) && visit_fund(&visit, "full-b", 0));
    int64_t full = hold(&visit, "{\"from\":\"full-a\",\"to\":\"full-b\",\"amount\":600}");
    int64_t none = hold(&visit, "{\"from\":\"full-a\",\"to\":\"full-b\",\"amount\":400}");
    CU_ASSERT(account_is(&visit, "/accounts/full-a", "\"1000\"", "\"0\""));
    settle(&visit, full, "capture", NULL, NULL);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_is(&visit, "captured", "\"600\""));
    settle(&visit, none, "release", NULL, NULL);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_is(&visit, "status", "\"released\"") && visit_is(&visit, "captured", "null"));
    CU_ASSERT(account_is(&visit, "/accounts/full-a", "\"400\"", "\"400\""));
    get_hold(&visit, none);
    CU_ASSERT(visit_is(&visit, "status", "\"released\""));
    settle(&visit, 1, "capture", NULL, NULL);
    EXPECT_PROBLEM(&visit, 404, "hold_not_found");
    visit_end(&visit);
}
BOTH_STRATEGIES(captured_in_full_or_released)

/* Six want a thousand of five thousand: five get it. */
static void see_each_other(const char *strategy)
{
    struct visit visit;
    int held = 0, refused = 0;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "six-a", 5000) && visit_fund(&visit, "six-b", 0));
    for (int i = 0; i < 6; i++) {
        visit_post(&visit, "/holds", NULL, "{\"from\":\"six-a\",\"to\":\"six-b\",\"amount\":1000}");
        held += visit.response.status == 201;
        refused += visit.response.status == 422;
    }
    CU_ASSERT_EQUAL(held, 5);
    CU_ASSERT_EQUAL(refused, 1);
    visit_post(&visit, "/accounts/six-a/withdraw", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(account_is(&visit, "/accounts/six-a", "\"5000\"", "\"0\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(see_each_other)

static void expire(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "time-a", 10) && visit_fund(&visit, "time-b", 0));
    int64_t id =
        hold(&visit, "{\"from\":\"time-a\",\"to\":\"time-b\",\"amount\":10,\"expires_in\":1}");
    CU_ASSERT_FALSE(visit_is(&visit, "expires_at", "null"));
    for (int i = 0; i < 100 && !account_is(&visit, "/accounts/time-a", "\"10\"", "\"10\""); i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT(account_is(&visit, "/accounts/time-a", "\"10\"", "\"10\""));
    get_hold(&visit, id);
    CU_ASSERT(visit_is(&visit, "status", "\"expired\""));
    settle(&visit, id, "capture", NULL, NULL);
    EXPECT_PROBLEM(&visit, 409, "already_settled");
    visit_post(&visit, "/holds", NULL,
        "{\"from\":\"time-a\",\"to\":\"time-b\",\"amount\":10,\"expires_in\":0}");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"expires_in\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(expire)

/* Nothing moves of a frozen account; what was held for it can still be let go. */
static void frozen_account(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "ice-a", 100) && visit_fund(&visit, "ice-b", 0));
    int64_t id = hold(&visit, "{\"from\":\"ice-a\",\"to\":\"ice-b\",\"amount\":60}");
    visit_post(&visit, "/accounts/ice-a/freeze", NULL, NULL);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "frozen", "true"));
    int64_t since = (int64_t)visit.response.seq;
    visit_post(&visit, "/accounts/ice-a/freeze", NULL, "{}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "frozen", "true"));
    CU_ASSERT_EQUAL(number(&visit, "seq"), since);
    visit_post(&visit, "/accounts/ice-a/deposit", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 422, "account_frozen");
    CU_ASSERT(visit_is(&visit, "account", "\"ice-a\""));
    settle(&visit, id, "capture", NULL, NULL);
    EXPECT_PROBLEM(&visit, 422, "account_frozen");
    settle(&visit, id, "release", NULL, NULL);
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts/ice-a/unfreeze", NULL, NULL);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "frozen", "false") && visit_is(&visit, "available", "\"100\""));
    visit_post(&visit, "/accounts/ice-a/deposit", NULL, "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
}
BOTH_STRATEGIES(frozen_account)

static const struct unit_test tests[] = {BOTH_ROWS(captured_in_part),
    BOTH_ROWS(captured_in_full_or_released), BOTH_ROWS(see_each_other), BOTH_ROWS(expire),
    BOTH_ROWS(frozen_account), {0}};
const struct unit_suite holds_suite = {"holds", 2, tests};
