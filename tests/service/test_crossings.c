/* SPDX-License-Identifier: MIT */
/* Transfers between two ledgers: told once and for all, refused without a trace of money, and done
 * exactly once wherever the program is killed. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"

#define OTHER "/v1/ledgers/branch"
#define PAY(from, to, amount)                                                                      \
    "{\"from\":{\"ledger\":\"main\",\"account\":\"" from "\"},\"to\":{\"ledger\":\"branch\","      \
    "\"account\":\"" to "\"},\"amount\":" amount "}"

enum { PATIENCE_S = 60, KILLED = 128 + 9, BODY = 1024 };

/* The ledger "branch", and in it an account; the shared service may have both already. */
static void open_in_branch(struct visit *visit, const char *account, const char *asset)
{
    char body[120];
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    CU_ASSERT(visit->response.status == 201 || visit->response.status == 200);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"%s\"}", account, asset);
    visit_post(visit, OTHER "/accounts", NULL, body);
    EXPECT_STATUS(visit, 201);
}

/* The balance and what is held of an account, which the path names. */
static bool stands_at(struct visit *visit, const char *path, const char *balance, const char *held)
{
    visit_get(visit, path);
    bool good = visit_is(visit, "balance", balance) && visit_is(visit, "held", held);
    if (!good)
        visit_print(visit, 200);
    return good;
}

static void pay(struct visit *visit, const char *key, const char *body)
{
    visit_post(visit, "/v1/transfers", key, body);
}

/* What became of a key: is it in that state? "": there is none. */
static bool state_is(struct visit *visit, const char *key, const char *state)
{
    char path[200], text[40];
    snprintf(path, sizeof path, "/v1/transfers?ledger=main&key=%s", key);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    snprintf(text, sizeof text, *state ? "\"state\":\"%s\"" : "\"items\":[]%s", state);
    return memmem(visit->response.body, visit->response.body_length, text, strlen(text)) != NULL;
}

static bool state_becomes(struct visit *visit, const char *key, const char *state)
{
    bool so = state_is(visit, key, state);
    for (int i = 0; i < PATIENCE_S * 20 && !so; i++) {
        co_sleep(50 * CO_CLOCK_MS);
        so = state_is(visit, key, state);
    }
    return so;
}

/* The last answer, kept beside a later one. */
struct kept {
    int status;
    size_t length;
    char body[BODY];
};

static void keep(const struct visit *visit, struct kept *kept)
{
    kept->status = visit->response.status;
    kept->length = visit->response.body_length;
    CU_ASSERT_FATAL(kept->length < sizeof kept->body);
    memcpy(kept->body, visit->response.body, kept->length);
}

static bool is_replay(const struct visit *visit, const struct kept *kept)
{
    return visit->response.status == kept->status && visit->response.body_length == kept->length &&
           memcmp(visit->response.body, kept->body, kept->length) == 0 &&
           visit_header_is(visit, "Idempotency-Replayed", "true");
}

/* ---- told once ------------------------------------------------------------------------------ */

static void goes_over_once(const char *strategy)
{
    struct visit visit;
    struct kept first;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "over-a", 1000));
    open_in_branch(&visit, "over-x", "USD/2");
    static const char body[] =
        "{\"from\":{\"ledger\":\"main\",\"account\":\"over-a\"},\"to\":{\"ledger\":\"branch\","
        "\"account\":\"over-x\"},\"amount\":\"300\",\"metadata\":{\"n\":1.50}}";
    pay(&visit, "over/1", body);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Location", "/v1/transfers?ledger=main&key=over%2F1"));
    CU_ASSERT(visit_is(&visit, "state", "\"done\"") && visit_is(&visit, "amount", "\"300\""));
    CU_ASSERT(visit_is(&visit, "key", "\"over/1\"") && visit_is(&visit, "asset", "\"USD/2\""));
    CU_ASSERT(visit_is(&visit, "metadata", "{\"n\":1.50}"));
    keep(&visit, &first);

    pay(&visit, "over/1", body);
    CU_ASSERT(is_replay(&visit, &first));
    pay(&visit, "over/1", PAY("over-a", "over-x", "300"));
    EXPECT_PROBLEM(&visit, 422, "key_reused");
    CU_ASSERT(state_is(&visit, "over%2F1", "done"));
    CU_ASSERT(stands_at(&visit, "/accounts/over-a", "\"700\"", "\"0\""));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/over-x", "\"300\"", "\"0\""));

    /* And back: the same key in the other ledger is another one. */
    pay(&visit, "over/1",
        "{\"from\":{\"ledger\":\"branch\",\"account\":\"over-x\"},\"to\":{\"ledger\":\"main\","
        "\"account\":\"over-a\"},\"amount\":300}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(stands_at(&visit, "/accounts/over-a", "\"1000\"", "\"0\""));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
}
BOTH_STRATEGIES(goes_over_once)

/* What is kept with it has many values, as many as a request may have. */
static void keeps_what_comes_with_it(const char *strategy)
{
    static char list[2001], body[2400];
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "many-a", 1000));
    open_in_branch(&visit, "many-x", "USD/2");
    for (size_t i = 0; i + 2 < sizeof list; i += 2)
        memcpy(&list[i], "1,", 2);
    list[sizeof list - 2] = '1';
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"main\",\"account\":\"many-a\"},\"to\":{\"ledger\":\"branch\","
        "\"account\":\"many-x\"},\"amount\":\"300\",\"metadata\":{\"n\":[%s]}}",
        list);
    pay(&visit, "many-1", body);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(state_is(&visit, "many-1", "done"));
    CU_ASSERT(stands_at(&visit, "/accounts/many-a", "\"700\"", "\"0\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(keeps_what_comes_with_it)

/* A refusal of either ledger is the key's answer for good, and what was held is free again. */
static void refused_once(const char *strategy)
{
    struct visit visit;
    struct kept here, there, other;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "ref-a", 50));
    open_in_branch(&visit, "ref-x", "USD/2");
    open_in_branch(&visit, "ref-euro", "EUR/2");

    pay(&visit, "ref-1", PAY("ref-a", "ref-x", "51"));
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(visit_is(&visit, "ledger", "\"main\"") && visit_is(&visit, "available", "\"50\""));
    keep(&visit, &here);
    visit_post(&visit, OTHER "/accounts/ref-x/freeze", NULL, NULL);
    pay(&visit, "ref-2", PAY("ref-a", "ref-x", "20"));
    EXPECT_PROBLEM(&visit, 422, "account_frozen");
    CU_ASSERT(visit_is(&visit, "ledger", "\"branch\"") && visit_is(&visit, "account", "\"ref-x\""));
    keep(&visit, &there);
    pay(&visit, "ref-3", PAY("ref-a", "ref-euro", "20"));
    EXPECT_PROBLEM(&visit, 422, "asset_mismatch");
    keep(&visit, &other);

    /* Nothing stands in the way any more, but these were answered. */
    visit_post(&visit, OTHER "/accounts/ref-x/unfreeze", NULL, NULL);
    visit_post(&visit, "/accounts/ref-a/deposit", NULL, "{\"amount\":50}");
    EXPECT_STATUS(&visit, 201);
    pay(&visit, "ref-1", PAY("ref-a", "ref-x", "51"));
    CU_ASSERT(is_replay(&visit, &here));
    pay(&visit, "ref-2", PAY("ref-a", "ref-x", "20"));
    CU_ASSERT(is_replay(&visit, &there));
    pay(&visit, "ref-3", PAY("ref-a", "ref-euro", "20"));
    CU_ASSERT(is_replay(&visit, &other));
    for (int i = 1; i <= 3; i++) {
        char key[16];
        snprintf(key, sizeof key, "ref-%d", i);
        CU_ASSERT(state_is(&visit, key, "refused"));
    }
    CU_ASSERT(stands_at(&visit, "/accounts/ref-a", "\"100\"", "\"0\""));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/ref-x", "\"0\"", "\"0\""));
    CU_ASSERT(visit_audit(&visit, "main"));
    visit_end(&visit);
}
BOTH_STRATEGIES(refused_once)

static const struct {
    const char *body, *code, *says;
    int status;
} refusals[] = {
    {PAY("ask-a", "ask-none", "1"), "account_not_found", "\"ledger\":\"branch\"", 404},
    {PAY("ask-none", "ask-x", "1"), "account_not_found", "\"account\":\"ask-none\"", 404},
    {"{\"from\":{\"ledger\":\"main\",\"account\":\"ask-a\"},\"to\":{\"ledger\":\"no\","
     "\"account\":\"ask-x\"},\"amount\":1}",
        "ledger_not_found", "\"ledger\":\"no\"", 404},
    {"{\"from\":{\"ledger\":\"no\",\"account\":\"ask-a\"},\"to\":{\"ledger\":\"branch\","
     "\"account\":\"ask-x\"},\"amount\":1}",
        "ledger_not_found", "\"ledger\":\"no\"", 404},
    {"{\"from\":{\"ledger\":\"main\",\"account\":\"ask-a\"},\"to\":{\"ledger\":\"main\","
     "\"account\":\"ask-b\"},\"amount\":1}",
        "invalid_request", "\"member\":\"to.ledger\"", 400},
    {"{\"from\":\"ask-a\",\"to\":{\"ledger\":\"branch\",\"account\":\"ask-x\"},\"amount\":1}",
        "invalid_request", "\"member\":\"from\"", 400},
    {"{\"from\":{\"ledger\":\"main\"},\"to\":{\"ledger\":\"branch\",\"account\":\"x\"},\"amount\":"
     "1}",
        "invalid_request", "\"member\":\"from.account\"", 400},
    {"{\"from\":{\"ledger\":\"main\",\"account\":\"ask-a\"},\"to\":{\"ledger\":\"b/\","
     "\"account\":\"ask-x\"},\"amount\":1}",
        "invalid_request", "\"member\":\"to.ledger\"", 400},
    {"{\"from\":{\"ledger\":\"main\",\"account\":\"ask-a\",\"x\":1},\"to\":{},\"amount\":1}",
        "invalid_request", "\"member\":\"from.x\"", 400},
    {PAY("ask-a", "ask-x", "0"), "invalid_request", "\"member\":\"amount\"", 400},
    {PAY("ask-a", "clearing:main:USD.2", "1"), "account_reserved", "clearing:main", 403},
    {PAY("clearing:branch:USD.2", "ask-x", "1"), "account_reserved", "clearing:branch", 403},
};

/* What is not so much as begun leaves its key unused. */
static void not_begun(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "ask-a", 5));
    open_in_branch(&visit, "ask-x", "USD/2");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        pay(&visit, "ask-1", refusals[i].body);
        EXPECT_PROBLEM(&visit, refusals[i].status, refusals[i].code);
        CU_ASSERT_PTR_NOT_NULL(memmem(visit.response.body, visit.response.body_length,
            refusals[i].says, strlen(refusals[i].says)));
    }
    pay(&visit, NULL, PAY("ask-a", "ask-x", "1"));
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"Idempotency-Key\""));
    CU_ASSERT(state_is(&visit, "ask-1", ""));
    pay(&visit, "ask-1", PAY("ask-a", "ask-x", "1"));
    EXPECT_STATUS(&visit, 201);

    visit_get(&visit, "/v1/transfers?ledger=no&key=k");
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_get(&visit, "/v1/transfers?ledger=main");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_get(&visit, "/v1/transfers?key=k");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_end(&visit);
}
BOTH_STRATEGIES(not_begun)

/* Its accounts and its hold are nobody else's. */
static void reserved(const char *strategy)
{
    static const char clearing[] = "clearing:branch:USD.2";
    struct visit visit;
    char body[200];
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "res-a", 100));
    open_in_branch(&visit, "res-x", "USD/2");
    pay(&visit, "res-1", PAY("res-a", "res-x", "10"));
    EXPECT_STATUS(&visit, 201);
    int64_t capture = -1;
    CU_ASSERT(json_view_integer(json_view_member(visit.body, "settled_by"), &capture));

    static const char *const paths[] = {"/transfers", "/holds"};
    for (int i = 0; i < 4; i++) {
        snprintf(body, sizeof body, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":1}",
            i / 2 ? clearing : "res-a", i / 2 ? "res-a" : clearing);
        visit_post(&visit, paths[i % 2], NULL, body);
        EXPECT_PROBLEM(&visit, 403, "account_reserved");
    }
    visit_post(&visit, "/accounts/clearing:branch:USD.2/deposit", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 403, "account_reserved");
    visit_post(&visit, "/accounts", NULL, "{\"id\":\"clearing:none:USD.2\",\"asset\":\"USD/2\"}");
    EXPECT_PROBLEM(&visit, 403, "account_reserved");
    snprintf(body, sizeof body, "/transfers/%" PRId64 "/reverse", capture);
    visit_post(&visit, body, NULL, NULL);
    EXPECT_PROBLEM(&visit, 403, "account_reserved");
    snprintf(body, sizeof body, "{\"transfers\":[{\"from\":\"res-a\",\"to\":\"%s\",\"amount\":1}]}",
        clearing);
    visit_post(&visit, "/transfers/batch", NULL, body);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_PTR_NOT_NULL(memmem(
        visit.response.body, visit.response.body_length, "\"code\":\"account_reserved\"", 25));

    /* Names that are only like them are anybody's. */
    CU_ASSERT(visit_fund(&visit, "clearing:res", 3));
    CU_ASSERT(stands_at(&visit, "/accounts/res-a", "\"90\"", "\"0\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(reserved)

/* ---- on its way ----------------------------------------------------------------------------- */

static bool make_with(struct service *service, const char *strategy, const char *failpoints)
{
    setenv("TELLER_FAILPOINTS", failpoints, 1);
    bool made = service_make(service, strategy, NULL);
    unsetenv("TELLER_FAILPOINTS");
    return made;
}

static void prepare(struct visit *visit, const struct service *service)
{
    visit_begin(visit, service);
    CU_ASSERT(visit_fund(visit, "a", 100));
    open_in_branch(visit, "x", "USD/2");
}

/* It dies behind a step: the next start takes those that are left, and the client's retry is told
 * the same. */
static void killed_at(const char *strategy, const char *failpoints)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(make_with(&service, strategy, failpoints));
    prepare(&visit, &service);
    pay(&visit, "k", PAY("a", "x", "40"));
    CU_ASSERT_EQUAL(visit.response.status, 0);
    CU_ASSERT_EQUAL(service_await_end(&service, PATIENCE_S * CO_CLOCK_S), KILLED);
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT(state_becomes(&visit, "k", "done"));
    CU_ASSERT(stands_at(&visit, "/accounts/a", "\"60\"", "\"0\""));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/x", "\"40\"", "\"0\""));
    pay(&visit, "k", PAY("a", "x", "40"));
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Idempotency-Replayed", "true"));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/x", "\"40\"", "\"0\""));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
    service_remove(&service);
}

static void killed_when_held(void)
{
    killed_at("owner", "crossing.held=kill");
}

static void killed_when_paid(void)
{
    killed_at("sharded", "crossing.paid=kill");
}

static void killed_when_settled(void)
{
    killed_at("owner", "crossing.settled=kill");
}

/* A step that fails is taken again, by whoever asked. */
static void tried_again(void)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(make_with(&service, "sharded", "crossing.held=error@1,crossing.paid=error@1"));
    prepare(&visit, &service);
    pay(&visit, "k", PAY("a", "x", "40"));
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/x", "\"40\"", "\"0\""));
    visit_end(&visit);
    service_remove(&service);
}

/* The hold of the one with that key. */
static int64_t hold_of(struct visit *visit, const char *key)
{
    int64_t id = -1;
    CU_ASSERT(state_is(visit, key, "open"));
    const char *at = memmem(visit->response.body, visit->response.body_length, "\"id\":", 5);
    if (at)
        id = strtoll(at + 5, NULL, 10);
    return id;
}

/* What is frozen after the money has arrived holds the last step up, and nothing else; nobody else
 * can settle the hold meanwhile. */
static void waits_for_a_freeze(const char *strategy)
{
    static const char body[] = PAY("a", "x", "40");
    static const char *const ends[] = {"release", "capture"};
    struct service service;
    struct visit visit;
    char path[100];
    CU_ASSERT_FATAL(make_with(&service, strategy, "crossing.paid=error"));
    prepare(&visit, &service);
    visit_call(&visit, &(struct request){.method = "POST",
                           .path = "/v1/transfers",
                           .key = "k",
                           .headers = "Prefer: wait=1\r\n",
                           .body = body,
                           .body_length = sizeof body - 1});
    EXPECT_PROBLEM(&visit, 504, "outcome_unknown");
    CU_ASSERT(visit_is(&visit, "settle", "\"/v1/transfers?ledger=main&key=k\""));
    int64_t hold = hold_of(&visit, "k");
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/holds/%" PRId64 "/%s", hold, ends[i]);
        visit_post(&visit, path, NULL, NULL);
        EXPECT_PROBLEM(&visit, 403, "account_reserved");
    }
    CU_ASSERT(stands_at(&visit, "/accounts/a", "\"100\"", "\"40\""));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/x", "\"40\"", "\"0\""));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));

    visit_post(&visit, "/accounts/a/freeze", NULL, NULL);
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    co_sleep(2 * CO_CLOCK_S); /* it is looked at now, and cannot go on */
    CU_ASSERT(state_is(&visit, "k", "open"));
    visit_post(&visit, "/accounts/a/unfreeze", NULL, NULL);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(state_becomes(&visit, "k", "done"));
    CU_ASSERT(stands_at(&visit, "/accounts/a", "\"60\"", "\"0\""));
    CU_ASSERT(stands_at(&visit, OTHER "/accounts/x", "\"40\"", "\"0\""));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(waits_for_a_freeze)

const struct unit_suite crossings_suite = {"crossings", 2,
    (const struct unit_test[]){BOTH_ROWS(goes_over_once), BOTH_ROWS(keeps_what_comes_with_it),
        BOTH_ROWS(refused_once), BOTH_ROWS(not_begun), BOTH_ROWS(reserved),
        {"killed_when_held", killed_when_held}, {"killed_when_paid", killed_when_paid},
        {"killed_when_settled", killed_when_settled}, {"tried_again", tried_again},
        BOTH_ROWS(waits_for_a_freeze), {0}}};
