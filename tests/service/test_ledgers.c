/* SPDX-License-Identifier: MIT */
/* Many ledgers, each an island; one that is frozen as a whole; and accounts as they were. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

static void made_once(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"made\",\"strategy\":\"sharded\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Location", "/v1/ledgers/made"));
    CU_ASSERT(visit_is(&visit, "strategy", "\"sharded\"") && visit_is(&visit, "frozen", "false"));
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"made\",\"strategy\":\"sharded\"}");
    EXPECT_STATUS(&visit, 200);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"made\",\"strategy\":\"owner\"}");
    EXPECT_PROBLEM(&visit, 409, "ledger_exists");
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"m/x\"}");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"name\""));
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"n\",\"strategy\":\"fast\"}");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"strategy\""));
    visit_get(&visit, "/v1/ledgers/unmade/journal");
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_get(&visit, "/v1/ledgers");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, "\"name\":\"made\"", 13));
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, "\"name\":\"main\"", 13));
    visit_end(&visit);
}
BOTH_STRATEGIES(made_once)

/* The same account and the same key in two ledgers are two. */
static void islands(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "island", 0));
    visit_post(&visit, "/accounts/island/deposit", "island-1", "{\"amount\":5}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"other\"}");
    EXPECT_STATUS(&visit, 201);
    visit_get(&visit, "/v1/ledgers/other/accounts/island");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    visit_post(
        &visit, "/v1/ledgers/other/accounts", NULL, "{\"id\":\"island\",\"asset\":\"EUR/2\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Location", "/v1/ledgers/other/accounts/island"));
    CU_ASSERT_EQUAL(visit.response.seq, 2); /* the world's account came first */
    visit_post(&visit, "/v1/ledgers/other/accounts/island/deposit", "island-1", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Location", "/v1/ledgers/other/transfers/3"));
    visit_get(&visit, "/v1/ledgers/other/accounts/island");
    CU_ASSERT(visit_is(&visit, "balance", "\"7\"") && visit_is(&visit, "asset", "\"EUR/2\""));
    visit_get(&visit, "/accounts/island");
    CU_ASSERT(visit_is(&visit, "balance", "\"5\"") && visit_is(&visit, "asset", "\"USD/2\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(islands)

/* A frozen ledger moves nothing and says so; the others go on. */
static void frozen_as_a_whole(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"cold\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/v1/ledgers/cold/accounts", NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/v1/ledgers/cold/freeze", NULL, NULL);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "frozen", "true"));
    CU_ASSERT_EQUAL(visit.response.seq, 3);
    visit_post(&visit, "/v1/ledgers/cold/accounts/a/deposit", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 422, "account_frozen");
    CU_ASSERT_PTR_NULL(json_view_member(visit.body, "account").at);
    visit_get(&visit, "/v1/ledgers/cold");
    CU_ASSERT(visit_is(&visit, "frozen", "true"));
    CU_ASSERT(visit_fund(&visit, "warm", 1));
    visit_post(&visit, "/v1/ledgers/cold/unfreeze", NULL, "{}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "frozen", "false"));
    visit_post(&visit, "/v1/ledgers/cold/accounts/a/deposit", NULL, "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
}
BOTH_STRATEGIES(frozen_as_a_whole)

static void get_at(struct visit *visit, const char *account, const char *at)
{
    char path[128];
    snprintf(path, sizeof path, "/accounts/%s?at=%s", account, at);
    visit_get(visit, path);
}

/* The account as it was: by position, by time, before it was, and in what is yet to come. */
static void as_it_was(const char *strategy)
{
    struct visit visit;
    char seq[24], before[24], time[40] = "";
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "was", 0));
    visit_post(&visit, "/accounts/was/deposit", NULL, "{\"amount\":5}");
    EXPECT_STATUS(&visit, 201);
    snprintf(seq, sizeof seq, "%llu", (unsigned long long)visit.response.seq);
    snprintf(before, sizeof before, "%llu", (unsigned long long)visit.response.seq - 1);
    struct json_view at = json_view_member(visit.body, "at");
    CU_ASSERT_FATAL(at.length > 2 && at.length < sizeof time);
    memcpy(time, at.at + 1, at.length - 2);
    visit_post(&visit, "/accounts/was/deposit", NULL, "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    get_at(&visit, "was", seq);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "balance", "\"5\"") && visit_is(&visit, "seq", seq));
    CU_ASSERT(visit_header_is(&visit, "Ledger-Seq", seq));
    get_at(&visit, "was", before);
    CU_ASSERT(visit_is(&visit, "balance", "\"0\""));
    get_at(&visit, "was", time);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "balance", "\"5\"") && visit_header_is(&visit, "Ledger-Seq", seq));
    get_at(&visit, "was", "1");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    get_at(&visit, "was", "1970-01-01T00:00:00Z");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    CU_ASSERT(visit_header_is(&visit, "Ledger-Seq", "0"));
    static const char *const ahead[] = {"/accounts/was?at=9999-12-31T23:59:59.5Z",
        "/accounts/was?at=900719925474099", "/journal?after=900719925474099",
        "/events?after=900719925474099", "/transfers?after=900719925474099",
        "/transfers?account=was&after=900719925474099"};
    for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
        visit_get(&visit, ahead[i]);
        EXPECT_PROBLEM(&visit, 409, "position_ahead");
        CU_ASSERT(visit.response.seq > 0);
    }
    visit_call(
        &visit, &(struct request){.path = "/events", .headers = "Last-Event-ID: 1234567890\r\n"});
    EXPECT_PROBLEM(&visit, 409, "position_ahead");
    static const char *const bad[] = {"", "x", "-1", "2026-02-30", "2026-02-30T00:00:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        get_at(&visit, "was", bad[i]);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(visit_is(&visit, "member", "\"at\""));
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(as_it_was)

static const struct unit_test tests[] = {BOTH_ROWS(made_once), BOTH_ROWS(islands),
    BOTH_ROWS(frozen_as_a_whole), BOTH_ROWS(as_it_was), {0}};
const struct unit_suite ledgers_suite = {"ledgers", 2, tests};
