/* SPDX-License-Identifier: MIT */
/*
 * Two programs on one database: what the one without the ledgers is asked about them, it asks the
 * other, and answers as that one would. And what is told when that one hangs, or dies.
 */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/client.h"
#include "loadtest/json_view.h"
#include "tests/service/joint.h"
#include "tests/service/sse.h"
#include "tests/service/visit.h"

enum { TEXT = 200, LARGE = 200 * 1024, TOO_LARGE = 300 * 1024 };

#define L "/v1/ledgers/main"
#define PASSED_ON "teller_forwarded_requests_total"

/* ---- the same answers ------------------------------------------------------------------------ */

static const struct row {
    const char *method, *path, *key, *headers, *body;
} rows[] = {
    {"GET", L, NULL, NULL, NULL},
    {"GET", L "/accounts?limit=2", NULL, NULL, NULL},
    {"GET", L "/accounts/a", NULL, NULL, NULL},
    {"HEAD", L "/accounts/a", NULL, NULL, NULL},
    {"GET", L "/accounts/a?at=3", NULL, NULL, NULL},
    {"GET", L "/accounts/nobody", NULL, NULL, NULL},
    {"GET", L "/accounts/a/entries?limit=1", NULL, NULL, NULL},
    {"GET", L "/transfers/3", NULL, NULL, NULL},
    {"GET", L "/transfers/zero", NULL, NULL, NULL},
    {"GET", L "/transfers?key=fund-a", NULL, NULL, NULL},
    {"GET", L "/transfers?account=a&order=desc&limit=1", NULL, NULL, NULL},
    {"GET", L "/journal", NULL, "Accept-Encoding: gzip\r\n", NULL},
    {"GET", L "/holds/999", NULL, NULL, NULL},
    {"GET", L "/audits/999", NULL, NULL, NULL},
    {"GET", L "/accounts?nonsense=1", NULL, NULL, NULL},
    {"GET", L "/accounts/a", NULL, "Prefer: wait=5\r\n", NULL},
    {"GET", L "/events?after=1000000", NULL, NULL, NULL},
    {"GET", L "/events", NULL, "Last-Event-ID: x\r\n", NULL},
    {"HEAD", L "/events", NULL, NULL, NULL},
    {"GET", L "/nonsense", NULL, NULL, NULL},
    {"DELETE", L "/accounts/a", NULL, NULL, NULL},
    {"OPTIONS", L "/accounts/a", NULL, NULL, NULL},
    {"GET", "/v1/ledgers/nonsense/accounts/a", NULL, NULL, NULL},
    {"POST", "/v1/ledgers", NULL, NULL, "{\"name\":\"main\"}"},
    {"POST", L "/accounts", NULL, NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}"},
    {"POST", L "/accounts/a/deposit", "first", NULL, "{\"amount\":5}"},
    {"POST", L "/accounts/a/deposit", "first", NULL, "{\"amount\":6}"},
    {"POST", L "/accounts/a/deposit", "first", "Prefer: wait=7\r\n", "{\"amount\":5}"},
    {"POST", L "/accounts/a/withdraw", "much", NULL, "{\"amount\":500000}"},
    {"POST", L "/accounts/a/deposit", NULL, NULL, "{\"amount\":0}"},
    {"POST", L "/accounts/a/deposit", NULL, NULL, "{\"amount\":"},
    {"POST", L "/accounts/a/deposit", "", NULL, "{\"amount\":1}"},
    {"POST", L "/transfers", "t", NULL, "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}"},
    {"POST", L "/holds", "h", NULL, "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}"},
    {"POST", L "/transfers/batch", "b", NULL,
        "{\"transfers\":[{\"from\":\"a\",\"to\":\"b\",\"amount\":1},{\"from\":\"a\",\"to\":\"x\","
        "\"amount\":1}]}"},
    {"POST", L "/accounts/a/freeze", NULL, NULL, NULL},
    {"POST", L "/accounts/a/unfreeze", NULL, NULL, NULL},
};

static bool differs_by_nature(const struct co_http_field *field)
{
    return co_http_field_is(field, "Date") || co_http_field_is(field, "X-Request-Id") ||
           co_http_field_is(field, "Server-Timing") || co_http_field_is(field, "Teller-Owner");
}

/* Each header of the one is the other's too, but for those. */
static bool has_headers_of(const struct response *one, const struct response *other)
{
    const char *at = NULL;
    struct co_http_field field;
    while (co_http_head_next(&other->head, &at, &field)) {
        char name[TEXT], value[1000];
        snprintf(name, sizeof name, "%.*s", (int)field.name_length, field.name);
        bool is_there =
            differs_by_nature(&field) || (response_header(one, name, value, sizeof value) &&
                                             strlen(value) == field.value_length &&
                                             memcmp(value, field.value, field.value_length) == 0);
        if (!is_there)
            return false;
    }
    return true;
}

static bool is_the_same(const struct response *direct, const struct response *passed)
{
    return direct->status == passed->status && direct->body_length == passed->body_length &&
           memcmp(direct->body, passed->body, direct->body_length) == 0 &&
           has_headers_of(direct, passed) && has_headers_of(passed, direct);
}

static void ask(struct visit *visit, const struct row *row)
{
    const struct request request = {.method = row->method,
        .path = row->path,
        .key = row->key,
        .headers = row->headers,
        .body = row->body,
        .body_length = row->body ? strlen(row->body) : 0};
    visit_call(visit, &request);
}

static void compare(struct visit *direct, struct visit *passed, const struct row *row)
{
    char owner[TEXT] = "";
    ask(direct, row); /* what it does, it does now: from here on it is the same again */
    ask(direct, row);
    ask(passed, row);
    bool same = direct->response.status > 0 && is_the_same(&direct->response, &passed->response);
    CU_ASSERT(same);
    if (!same) {
        printf("\n    %s %s: %d %.*s\n", row->method, row->path, direct->response.status,
            (int)direct->response.head.text_length, direct->response.head.text);
        visit_print(passed, direct->response.status);
        printf("    %.*s\n", (int)passed->response.head.text_length, passed->response.head.text);
    }
    CU_ASSERT_FALSE(response_header(&direct->response, "Teller-Owner", owner, sizeof owner));
}

static void answers_are_the_same(void)
{
    static struct joint joint;
    struct visit direct, passed;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&direct, &joint.owner);
    visit_begin(&passed, joint.other);
    CU_ASSERT(visit_fund(&direct, "a", 1000));
    CU_ASSERT(visit_fund(&direct, "b", 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        compare(&direct, &passed, &rows[i]);

    /* Who has answered is said. */
    visit_get(&passed, "/accounts/a");
    CU_ASSERT(visit_header_is(&passed, "Teller-Owner", joint.owner.url));
    CU_ASSERT_EQUAL(visit_figure(&passed, PASSED_ON "{result=\"unknown\"}"), 0);
    CU_ASSERT(visit_figure(&passed, PASSED_ON "{result=\"answered\"}") > 30);
    visit_end(&direct);
    visit_end(&passed);
    joint_remove(&joint);
}

/* ---- keys, bodies, streams ------------------------------------------------------------------- */

static void key_is_one(struct visit *direct, struct visit *passed)
{
    char body[2000];
    visit_post(passed, "/accounts/a/deposit", "there", "{\"amount\":3}");
    EXPECT_STATUS(passed, 201);
    snprintf(body, sizeof body, "%.*s", (int)passed->response.body_length, passed->response.body);
    visit_post(direct, "/accounts/a/deposit", "there", "{\"amount\":3}");
    EXPECT_STATUS(direct, 201);
    CU_ASSERT(direct->response.replayed);
    CU_ASSERT_EQUAL(strlen(body), direct->response.body_length);
    CU_ASSERT(memcmp(body, direct->response.body, strlen(body)) == 0);
    CU_ASSERT(visit_balance_is(passed, "a", 103));
}

/* A body of many pieces gets there whole; one that is too long gets nowhere. */
static void bodies_are_bounded(struct visit *passed)
{
    char *body = malloc(TOO_LARGE + 1);
    co_ensure(body);
    memset(body, ' ', TOO_LARGE);
    memcpy(body, "{\"amount\":1", 11);
    body[LARGE - 1] = '}';
    body[LARGE] = '\0';
    visit_post(passed, "/accounts/a/deposit", "large", body);
    EXPECT_STATUS(passed, 201);
    body[LARGE] = ' ';
    body[TOO_LARGE] = '\0';
    visit_post(passed, "/accounts/a/deposit", "larger", body);
    EXPECT_PROBLEM(passed, 413, "payload_too_large");
    visit_get(passed, "/transfers?key=larger");
    CU_ASSERT_PTR_NOT_NULL(strstr(passed->response.body, "\"items\":[]"));
    free(body);
}

/* A request that was passed on once is not passed on again, and does nothing. */
static void hops_once(struct visit *direct, struct visit *passed)
{
    static const char body[] = "{\"amount\":1}";
    const struct request request = {.path = L "/accounts/a/deposit",
        .key = "hop",
        .headers = "Teller-Hop: 1\r\n",
        .body = body,
        .body_length = sizeof body - 1};
    visit_call(passed, &request);
    EXPECT_PROBLEM(passed, 421, "not_owner");
    visit_get(direct, "/transfers?key=hop");
    CU_ASSERT_PTR_NOT_NULL(strstr(direct->response.body, "\"items\":[]"));
    visit_call(direct, &request); /* the owner answers it */
    EXPECT_STATUS(direct, 201);
}

static int64_t next_entry(struct sse *sse, struct sse_event *event)
{
    do
        if (!sse_next(sse, event))
            return -1;
    while (event->id < 0);
    return event->id;
}

/* An event stream through the other: as it comes, and from where its client was. */
static void events_pass(struct joint *joint, struct visit *direct)
{
    static struct sse sse;
    static struct sse_event event;
    CU_ASSERT_FATAL(sse_open(&sse, joint->other, -1, 0));
    for (int64_t i = 1; i <= 3; i++)
        CU_ASSERT_EQUAL(next_entry(&sse, &event), i);
    sse_close(&sse);
    CU_ASSERT_FATAL(sse_open(&sse, joint->other, 2, -1));
    CU_ASSERT_EQUAL(next_entry(&sse, &event), 3);
    while (next_entry(&sse, &event) < direct->response.seq)
        ;
    visit_post(direct, "/accounts/a/deposit", "event", "{\"amount\":1}");
    EXPECT_STATUS(direct, 201);
    CU_ASSERT_EQUAL(next_entry(&sse, &event), direct->response.seq);
    CU_ASSERT_PTR_NOT_NULL(strstr(event.data, "event"));
    /* It ends at the owner when its client goes. */
    CU_ASSERT(visit_figure_becomes(direct, "teller_event_streams", 1));
    sse_close(&sse);
    CU_ASSERT(visit_figure_becomes(direct, "teller_event_streams", 0));
}

static void all_of_it_passes(void)
{
    static struct joint joint;
    struct visit direct, passed;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&direct, &joint.owner);
    visit_begin(&passed, joint.other);
    CU_ASSERT(visit_fund(&direct, "a", 100));
    key_is_one(&direct, &passed);
    bodies_are_bounded(&passed);
    hops_once(&direct, &passed);
    events_pass(&joint, &direct);
    CU_ASSERT(visit_figure_becomes(&passed, "teller_forwarding", 0));
    visit_end(&direct);
    visit_end(&passed);
    joint_remove(&joint);
}

/* ---- the owner hangs, or dies ---------------------------------------------------- */

/* It does not answer, and keeps its connections: until it is declared dead. Then the outcome of
 * what it was asked to do is not known, and what only reads is answered by whoever has the ledger.
 */
static void owner_hangs(void)
{
    static struct joint joint;
    struct visit passed, reading;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&passed, joint.other);
    visit_begin(&reading, joint.other);
    CU_ASSERT(visit_fund(&passed, "a", 5));
    kill(joint.owner.pid, SIGSTOP);
    int64_t since_ns = co_clock_now_ns();
    visit_post(&passed, "/accounts/a/deposit", "hung", "{\"amount\":1}");
    EXPECT_PROBLEM(&passed, 504, "outcome_unknown");
    CU_ASSERT(visit_is(&passed, "settle", "\"" L "/transfers?key=hung\""));
    printf("[told after %lld ms] ", (long long)((co_clock_now_ns() - since_ns) / CO_CLOCK_MS));
    CU_ASSERT(service_await_ready(joint.other, 60 * CO_CLOCK_S));
    CU_ASSERT(visit_balance_is(&reading, "a", 5));
    visit_post(&passed, "/accounts/a/deposit", "hung", "{\"amount\":1}");
    EXPECT_STATUS(&passed, 201);
    CU_ASSERT_EQUAL(visit_entries_of(&passed, "hung"), 1);
    kill(joint.owner.pid, SIGCONT);
    visit_end(&passed);
    visit_end(&reading);
    joint_remove(&joint);
}

/* It is not there: nothing is done, and that is said, until the other has the ledgers. */
static void owner_dies(void)
{
    static struct joint joint;
    struct visit passed;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&passed, joint.other);
    CU_ASSERT(visit_fund(&passed, "a", 5));
    service_kill(&joint.owner);
    int refused = 0;
    for (;; co_sleep(50 * CO_CLOCK_MS)) {
        char key[TEXT];
        snprintf(key, sizeof key, "dead-%d", refused);
        visit_post(&passed, "/accounts/a/deposit", key, "{\"amount\":1}");
        if (passed.response.status != 503)
            break;
        EXPECT_PROBLEM(&passed, 503, "unavailable");
        CU_ASSERT(visit_header_is(&passed, "Retry-After", "1"));
        refused++;
    }
    EXPECT_STATUS(&passed, 201);
    CU_ASSERT(refused > 0);
    CU_ASSERT(visit_balance_is(&passed, "a", 6)); /* none of the others was done */
    visit_end(&passed);
    joint_remove(&joint);
}

const struct unit_suite forward_suite = {"forward", 1,
    (const struct unit_test[]){{"answers_are_the_same", answers_are_the_same},
        {"all_of_it_passes", all_of_it_passes}, {"owner_hangs", owner_hangs},
        {"owner_dies", owner_dies}, {0}}};
