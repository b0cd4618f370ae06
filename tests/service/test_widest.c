/* SPDX-License-Identifier: MIT */
/*
 * Money at the ends of its range. What one entry changes of an account, and what many accounts have
 * together, can be more than any amount or balance may be: it is shown, exported and audited all
 * the same.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"

#define NINES "99999999999999999999999999999999999999" /* 10^38 - 1: the most */
#define TWICE "199999999999999999999999999999999999998"
#define THREE_TIMES "299999999999999999999999999999999999997"
#define MOST "\"amount\":\"" NINES "\""

enum { TEXT = 300 };

static void post(struct visit *visit, int wanted, const char *path, const char *body)
{
    visit->got = api_post(&visit->api, path, NULL, body, &visit->response);
    if (visit->got != CLIENT_ANSWERED)
        visit->response = (struct response){0};
    EXPECT_STATUS(visit, wanted);
}

static void open_account(struct visit *visit, const char *id, const char *floor)
{
    char body[TEXT];
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"W/0\",\"floor\":%s}", id, floor);
    post(visit, 201, "/accounts", body);
}

/* x comes to M and falls to -M by one entry; then it comes back by another. */
static void swing(struct visit *visit)
{
    open_account(visit, "x", "null");
    open_account(visit, "a", "null");
    open_account(visit, "b", "null");
    post(visit, 201, "/transfers", "{\"from\":\"a\",\"to\":\"x\"," MOST "}");
    post(visit, 201, "/transfers",
        "{\"postings\":[{\"from\":\"x\",\"to\":\"a\"," MOST "},"
        "{\"from\":\"x\",\"to\":\"b\"," MOST "}]}");
    post(visit, 201, "/transfers",
        "{\"postings\":[{\"from\":\"b\",\"to\":\"x\"," MOST "},"
        "{\"from\":\"a\",\"to\":\"x\"," MOST "}]}");
    post(visit, 422, "/transfers", "{\"from\":\"b\",\"to\":\"x\",\"amount\":1}");
}

/* Three accounts of M each, of one parent that has M too. */
static void gather(struct visit *visit)
{
    static const char *const ids[] = {"p", "p:q", "p:r"};
    char body[TEXT], from[8];
    for (size_t i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "n%zu", i);
        open_account(visit, ids[i], "\"-" NINES "\"");
        open_account(visit, from, "null");
        snprintf(body, sizeof body, "{\"from\":\"%s\",\"to\":\"%s\"," MOST "}", from, ids[i]);
        post(visit, 201, "/transfers", body);
    }
    /* All that can be held, and one more. */
    post(visit, 201, "/holds", "{\"from\":\"a\",\"to\":\"b\"," MOST "}");
    post(visit, 422, "/holds", "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}");
}

static bool shows(struct visit *visit, const char *path, const char *text)
{
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    return memmem(visit->response.body, visit->response.body_length, text, strlen(text)) != NULL;
}

/* Everything that a token which may only read can ask for. */
static void read_all(const struct service *service, const char *ledger)
{
    struct service other = *service;
    struct visit visit;
    struct command command = {0};
    const char *const create[] = {"token", "create", "--scope", "read", NULL};
    command_teller(&command, service, create);
    EXPECT_EXIT(&command, 0);
    command.out[strcspn(command.out, "\n")] = '\0';
    snprintf(other.target.token, sizeof other.target.token, "%s", command.out);
    visit_begin(&visit, &other);
    visit.api.ledger = ledger;
    for (int i = 0; i < 100 && visit.response.status != 200; i++) { /* it is known soon */
        co_sleep(100 * CO_CLOCK_MS);
        visit_get(&visit, "/v1/ledgers/widest");
    }
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/accounts/x/entries",
        "\"amount\":\"" TWICE "\",\"balance\":\"" NINES "\""));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/accounts/x/entries",
        "\"amount\":\"-" TWICE "\",\"balance\":\"-" NINES "\""));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/accounts/p", "\"available\":\"" NINES "\""));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/accounts/a", "\"held\":\"" NINES "\""));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/accounts", NINES));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/transfers", NINES));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/transfers?account=x", NINES));
    CU_ASSERT(shows(&visit, "/v1/ledgers/widest/journal?limit=1000", NINES));
    CU_ASSERT(shows(&visit, "/metrics", "teller_accounts{ledger=\"widest\"}"));
    command_free(&command);
    visit_end(&visit);
}

static void export_all(const struct service *service)
{
    static const char *const formats[] = {"hledger", "ledger", "beancount", "csv", "jsonl"};
    struct command command = {0};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *const words[] = {"export", "--format", formats[i], "--ledger", "widest", NULL};
        command_teller(&command, service, words);
        EXPECT_EXIT(&command, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.out, NINES));
        if (strcmp(formats[i], "beancount") == 0) /* the parent's assertion is of all below it */
            CU_ASSERT_PTR_NOT_NULL(strstr(command.out, " " THREE_TIMES " ~ 0 W.0\n"));
        command_free(&command);
    }
    const char *const audit[] = {"audit", "--ledger", "widest", NULL};
    command_teller(&command, service, audit);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

static void is_shown(const char *strategy)
{
    struct visit visit;
    struct service service;
    char body[TEXT];
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    snprintf(body, sizeof body, "{\"name\":\"widest\",\"strategy\":\"%s\"}", strategy);
    visit_post(&visit, "/v1/ledgers", NULL, body);
    EXPECT_STATUS(&visit, 201);
    visit.api.ledger = "widest";
    swing(&visit);
    gather(&visit);
    read_all(&service, "widest");
    export_all(&service);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_FATAL(service_run(&service)); /* and it is all there after a restart */
    read_all(&service, "widest");
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(is_shown)

const struct unit_suite widest_suite = {
    "widest", 2, (const struct unit_test[]){BOTH_ROWS(is_shown), {0}}};
