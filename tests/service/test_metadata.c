/* SPDX-License-Identifier: MIT */
/* Metadata is kept, and given back, as it was given: on every way in, on every way out, after a
 * restart, and in what a key replays. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/command.h"
#include "tests/service/visit.h"

/* What a program that reads numbers as doubles, or sorts members, would change. */
#define ODD                                                                                        \
    "{\"z\":7.6,\"a\":1e3,\"b\":0.10000000000000000000000000000000000001,\"c\":1E400,"             \
    "\"d\":123456789012345678901234567890,\"e\":[-0,1.0,-0.0],\"f\":\"\\u00e9\\/\"}"
#define SPACED                                                                                     \
    " {\n\"z\" : 7.6 , \"a\":1e3,\t\"b\":0.10000000000000000000000000000000000001,\"c\":1E400,"    \
    "\"d\":123456789012345678901234567890,\"e\":[ -0 , 1.0,-0.0 ],\"f\":\"\\u00e9\\/\" } "
#define REORDERED                                                                                  \
    "{\"a\":1e3,\"z\":7.6,\"b\":0.10000000000000000000000000000000000001,\"c\":1E400,"             \
    "\"d\":123456789012345678901234567890,\"e\":[-0,1.0,-0.0],\"f\":\"\xc3\xa9/\"}"
#define CHANGED                                                                                    \
    "{\"z\":7.60,\"a\":1e3,\"b\":0.10000000000000000000000000000000000001,\"c\":1E400,"            \
    "\"d\":123456789012345678901234567890,\"e\":[-0,1.0,-0.0],\"f\":\"\\u00e9\\/\"}"

static bool last_has(const struct visit *visit, const char *text)
{
    return memmem(visit->response.body, visit->response.body_length, text, strlen(text)) != NULL;
}

#define EXPECT_ODD(visit)                                                                          \
    do {                                                                                           \
        CU_ASSERT(last_has((visit), "\"metadata\":" ODD));                                         \
        if (!last_has((visit), "\"metadata\":" ODD))                                               \
            visit_print((visit), 200);                                                             \
    } while (0)

/* Each way to give metadata, with a key where it takes one: what comes back immediately, and
 * later. */
static void give(struct visit *visit, const char *path, const char *key, int status,
    const char *before, const char *behind)
{
    static const char *const all[] = {ODD, SPACED, REORDERED};
    char body[2048];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(body, sizeof body, "%s\"metadata\":%s%s", before, all[i], behind);
        visit_post(visit, path, key, body);
        EXPECT_STATUS(visit, key || i == 0 ? status : 200); /* an account has no key */
        if (!strstr(path, "/capture")) /* it answers with the hold, and that one's metadata */
            EXPECT_ODD(visit);
    }
    snprintf(body, sizeof body, "%s\"metadata\":" CHANGED "%s", before, behind);
    visit_post(visit, path, key, body);
    CU_ASSERT(last_has(visit, key ? "\"key_reused\"" : "\"account_exists\""));
    EXPECT_STATUS(visit, key ? 422 : 409);
}

static int64_t make_hold(struct visit *visit)
{
    int64_t id = 0;
    visit_post(visit, "/holds", NULL, "{\"from\":\"odd\",\"to\":\"even\",\"amount\":1}");
    CU_ASSERT(api_id(&visit->response, &id));
    return id;
}

#define LEG "{\"from\":\"odd\",\"to\":\"even\",\"amount\":1,"
#define LEGS "{\"postings\":[{\"from\":\"odd\",\"to\":\"even\",\"amount\":1}],"

static void give_all(struct visit *visit)
{
    char path[64];
    int64_t id = 0;
    give(visit, "/accounts", NULL, 201, "{\"id\":\"odd\",\"asset\":\"USD/2\",\"floor\":null,", "}");
    CU_ASSERT(visit_fund(visit, "even", 100));
    give(visit, "/accounts/odd/deposit", "k1", 201, "{\"amount\":5,", "}");
    give(visit, "/accounts/odd/withdraw", "k2", 201, "{\"amount\":5,", "}");
    give(visit, "/transfers", "k3", 201, LEG, "}");
    give(visit, "/transfers", "k4", 201, LEGS, "}");
    give(visit, "/transfers/batch", "k5", 200, "{\"transfers\":[" LEG "\"key\":\"k5a\"}," LEG,
        ","
        "\"key\":\"k5b\"}]}");
    give(visit, "/holds", "k6", 201, LEG, "}");
    snprintf(path, sizeof path, "/holds/%" PRId64 "/capture", make_hold(visit));
    give(visit, path, "k7", 201, "{\"amount\":1,", "}");
    visit_post(visit, "/transfers", NULL, LEG "\"metadata\":{}}");
    CU_ASSERT(api_id(&visit->response, &id));
    snprintf(path, sizeof path, "/transfers/%" PRId64 "/reverse", id);
    give(visit, path, "k8", 201, "{", "}");
}

/* An object without members and none at all are one request; each is given back as it came. */
static void none_is_none(struct visit *visit)
{
    static const char *const forms[] = {"{\"amount\":1}", "{\"amount\":1,\"metadata\":{}}",
        "{\"amount\":1,\"metadata\": { } }", "{\"amount\":1,\"metadata\":null}"};
    char key[16];
    for (size_t first = 0; first < 4; first++)
        for (size_t again = 0; again < 4; again++) {
            snprintf(key, sizeof key, "none-%zu", first);
            visit_post(visit, "/accounts/odd/deposit", key, forms[again == 0 ? first : again]);
            EXPECT_STATUS(visit, 201);
            CU_ASSERT_EQUAL(visit->response.replayed, again > 0);
            CU_ASSERT(last_has(
                visit, first == 1 || first == 2 ? "\"metadata\":{}" : "\"metadata\":null"));
        }
    visit_post(visit, "/accounts", NULL, "{\"id\":\"bare\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/accounts", NULL, "{\"id\":\"bare\",\"asset\":\"USD/2\",\"metadata\":{}}");
    EXPECT_STATUS(visit, 200);
    visit_post(visit, "/accounts", NULL,
        "{\"id\":\"world:USD.2\",\"asset\":\"USD/2\",\"floor\":null,\"metadata\":{}}");
    EXPECT_STATUS(visit, 400);
}

static size_t count_odd(const char *text, size_t length, const char *odd)
{
    size_t count = 0;
    for (const char *at = text; (at = memmem(at, length - (size_t)(at - text), odd, strlen(odd)));
         at++)
        count++;
    return count;
}

/* Each way to read it: a page has it as often as it was given. */
static void read_all(struct visit *visit, const struct service *service)
{
    static const struct {
        const char *path;
        size_t times;
    } pages[] = {{"/accounts/odd", 1}, {"/accounts?prefix=odd", 1}, {"/journal?limit=1000", 9},
        {"/accounts/odd/entries?limit=1000", 7}, {"/transfers?account=odd", 7},
        {"/transfers?key=k3", 1}, {"/transfers?key=k5b", 1}, {"/accounts/odd?at=4", 1}};
    struct command command = {0};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        visit_get(visit, pages[i].path);
        EXPECT_STATUS(visit, 200);
        CU_ASSERT_EQUAL(
            count_odd(visit->response.body, visit->response.body_length, "\"metadata\":" ODD),
            pages[i].times);
    }
    const char *const export[] = {"export", "--format", "jsonl", NULL};
    command_teller(&command, service, export);
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_EQUAL(count_odd(command.out, command.length, "\"metadata\":" ODD), 9);
    const char *const audit[] = {"audit", NULL};
    command_teller(&command, service, audit);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

static void as_given(const char *strategy)
{
    struct visit visit;
    struct service service;
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    give_all(&visit);
    read_all(&visit, &service);
    none_is_none(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_FATAL(service_run(&service));
    visit_end(&visit);
    visit_begin(&visit, &service);
    read_all(&visit, &service);
    give(&visit, "/transfers", "k4", 201, LEGS, "}"); /* replayed from the database */
    give(&visit, "/holds", "k6", 201, LEG, "}");
    visit_post(&visit, "/accounts", NULL,
        "{\"id\":\"odd\",\"asset\":\"USD/2\",\"floor\":null,\"metadata\":" REORDERED "}");
    EXPECT_STATUS(&visit, 200);
    EXPECT_ODD(&visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(as_given)

/* The same when memory keeps none of the accounts'. */
static void of_accounts_is_read_when_asked_for(void)
{
    co_ensure(setenv("TELLER_FAILPOINTS", "account.metadata=error", 1) == 0);
    as_given("sharded");
    co_ensure(unsetenv("TELLER_FAILPOINTS") == 0);
}

const struct unit_suite metadata_suite = {"metadata", 2,
    (const struct unit_test[]){BOTH_ROWS(as_given),
        {"of_accounts_is_read_when_asked_for", of_accounts_is_read_when_asked_for}, {0}}};
