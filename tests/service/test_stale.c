/* SPDX-License-Identifier: MIT */
/*
 * Two programs on one database: the one without the ledgers follows them, and answers reads of them
 * by itself for whoever says that it may (`Prefer: stale`), exactly as of the position that it
 * names; nobody else is told anything but what the owner says.
 */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/joint.h"
#include "tests/service/visit.h"

enum { TEXT = 300, PATIENCE_S = 60, ROUNDS = 20, PAGE = 64 * 1024, BEFORE = 10 };

#define L "/v1/ledgers/main"

static struct joint joint;

/* ---- asking ---------------------------------------------------------------------------------- */

static void ask(struct visit *visit, const char *method, const char *path, const char *headers)
{
    visit_call(visit, &(struct request){.method = method, .path = path, .headers = headers});
    CU_ASSERT_EQUAL(visit->got, CLIENT_ANSWERED);
}

static bool has_header(const struct visit *visit, const char *name)
{
    char value[TEXT];
    return response_header(&visit->response, name, value, sizeof value);
}

static uint64_t seq_of(const struct visit *visit)
{
    char value[TEXT];
    return response_header(&visit->response, "Ledger-Seq", value, sizeof value)
               ? strtoull(value, NULL, 10)
               : 0;
}

/* It was told of what is followed, by the one that was asked. */
static bool is_stale(const struct visit *visit)
{
    return has_header(visit, "Ledger-Stale") && !has_header(visit, "Teller-Owner");
}

static bool is_passed_on(const struct visit *visit)
{
    return !has_header(visit, "Ledger-Stale") && has_header(visit, "Teller-Owner");
}

static void await_followed(struct visit *other)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    ask(other, "GET", L "/accounts/a", "Prefer: stale\r\n");
    while (!is_stale(other) && co_clock_now_ns() < until_ns) {
        co_sleep(10 * CO_CLOCK_MS);
        ask(other, "GET", L "/accounts/a", "Prefer: stale\r\n");
    }
    CU_ASSERT_FATAL(is_stale(other));
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* Each read, with the owner's answer to it at that position. */
static void tells_as_the_owner(struct visit *owner, struct visit *other, uint64_t hold)
{
    static char told[PAGE];
    char open[TEXT], settled[TEXT], headers[TEXT];
    const char *const paths[] = {L "/accounts/a", L "/accounts?limit=2",
        L "/accounts/a/entries?limit=2", L "/accounts/a/entries?order=asc&after=2",
        L "/accounts/a?at=4", L "/transfers/6", L "/transfers?key=t", L "/transfers?account=a",
        L "/transfers", L "/journal", L "/journal?order=desc&limit=3", open, settled};
    snprintf(open, sizeof open, L "/holds/%lu", hold);
    snprintf(settled, sizeof settled, L "/holds/%lu", hold + 1);
    ask(owner, "GET", L "/accounts/a", NULL);
    uint64_t seq = seq_of(owner);
    snprintf(headers, sizeof headers, "Prefer: stale, wait=30\r\nIf-Ledger-Seq: %lu\r\n", seq);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(owner, "GET", paths[i], "Prefer: stale\r\n");
        CU_ASSERT_FALSE(has_header(owner, "Ledger-Stale"));
        CU_ASSERT_FALSE(has_header(owner, "Preference-Applied"));
        int status = owner->response.status;
        uint64_t its = seq_of(owner);
        size_t length = owner->response.body_length;
        CU_ASSERT_FATAL(length < sizeof told);
        memcpy(told, owner->response.body, length);
        ask(other, "GET", paths[i], headers);
        bool same = other->response.status == status && seq_of(other) == its && is_stale(other) &&
                    other->response.body_length == length &&
                    memcmp(told, other->response.body, length) == 0;
        CU_ASSERT(same);
        if (!same) {
            printf("\n    %s: seq %lu, owner's %lu: ", paths[i], seq_of(other), its);
            visit_print(other, status);
        }
        char applied[TEXT] = "";
        CU_ASSERT(response_header(&other->response, "Preference-Applied", applied, sizeof applied));
        CU_ASSERT_STRING_EQUAL(applied, "stale, wait=30");
        ask(other, "HEAD", paths[i], headers);
        CU_ASSERT(other->response.status == status && is_stale(other));
    }
}

/* Who does not ask for it, and what cannot be told here: the owner says it. */
static void is_for_those_who_ask(struct visit *other)
{
    static const struct {
        const char *path, *headers;
        int status;
    } rows[] = {
        {L "/accounts/a", NULL, 200},
        {L "/accounts/a", "Prefer: wait=5\r\n", 200},
        {L "/accounts/a", "Prefer: stale=no\r\n", 200},
        {L "/accounts/a", "If-Ledger-Seq: 3\r\n", 200},
        {L, "Prefer: stale\r\n", 200},
        {L "/transfers?key=never", "Prefer: stale\r\n", 200},
        {L "/accounts/nobody", "Prefer: stale\r\n", 404},
        {L "/accounts/a?at=2001-01-01", "Prefer: stale\r\n", 404},
        {L "/accounts/nobody/entries", "Prefer: stale\r\n", 404},
        {L "/transfers?account=nobody", "Prefer: stale\r\n", 404},
        {L "/transfers/1", "Prefer: stale\r\n", 404},
        {L "/holds/1", "Prefer: stale\r\n", 404},
        {L "/journal?after=100000", "Prefer: stale\r\n", 409},
        {L "/accounts/a?at=100000", "Prefer: stale\r\n", 409},
        {L "/accounts/a", "Prefer: stale, wait=0\r\nIf-Ledger-Seq: 100000\r\n", 409},
        {L "/accounts/a", "Prefer: wait=0\r\nIf-Ledger-Seq: 100000\r\n", 409},
        {L "/accounts", "Prefer: wait=0\r\nIf-Ledger-Seq: 100000\r\n", 409},
        {L "/transfers/1", "Prefer: wait=0\r\nIf-Ledger-Seq: 100000\r\n", 409},
        {L "/holds/1", "Prefer: wait=0\r\nIf-Ledger-Seq: 100000\r\n", 409},
        {L "/accounts/a", "If-Ledger-Seq: x\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(other, "GET", rows[i].path, rows[i].headers);
        CU_ASSERT(other->response.status == rows[i].status && is_passed_on(other));
        if (other->response.status != rows[i].status || !is_passed_on(other))
            visit_print(other, rows[i].status);
    }
    ask(other, "GET", L "/accounts/a", "Prefer: stale\r\nIf-Ledger-Seq: -1\r\n");
    EXPECT_PROBLEM(other, 400, "invalid_request");
    visit_call(other, &(struct request){.path = L "/accounts/a/deposit",
                          .key = "with-stale",
                          .headers = "Prefer: stale\r\n",
                          .body = "{\"amount\":1}",
                          .body_length = 12});
    CU_ASSERT(other->response.status == 201 && is_passed_on(other));
}

/* What a client was told it finds. */
static void reads_its_writes(struct visit *other)
{
    char key[TEXT], headers[TEXT], balance[TEXT];
    for (int i = 1; i <= ROUNDS; i++) {
        snprintf(key, sizeof key, "write-%d", i);
        visit_post(other, "/accounts/b/deposit", key, "{\"amount\":1}");
        EXPECT_STATUS(other, 201);
        snprintf(headers, sizeof headers, "Prefer: stale, wait=30\r\nIf-Ledger-Seq: %lu\r\n",
            seq_of(other));
        ask(other, "GET", L "/accounts/b", headers);
        snprintf(balance, sizeof balance, "\"%lld\"", (long long)(BEFORE + i));
        CU_ASSERT(is_stale(other));
        CU_ASSERT(visit_is(other, "balance", balance));
    }
}

/* What was made a moment ago is found by whoever was told of it, as of whatever position. */
static void finds_what_was_made(struct visit *owner, struct visit *other)
{
    char text[TEXT], path[TEXT];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "{\"id\":\"made-%d\",\"asset\":\"USD/2\"}", i);
        visit_post(owner, "/accounts", NULL, text);
        EXPECT_STATUS(owner, 201);
        snprintf(path, sizeof path, L "/accounts/made-%d", i);
        ask(other, "GET", path, "Prefer: stale\r\n");
        EXPECT_STATUS(other, 200);
        visit_post(owner, "/holds", NULL, "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}");
        EXPECT_STATUS(owner, 201);
        snprintf(path, sizeof path, L "/holds/%lu", seq_of(owner));
        ask(other, "GET", path, "Prefer: stale\r\n");
        EXPECT_STATUS(other, 200);
    }
}

static void prepare(struct visit *owner, uint64_t *hold)
{
    visit_begin(owner, &joint.owner);
    CU_ASSERT(visit_fund(owner, "a", 100));
    CU_ASSERT(visit_fund(owner, "b", 7));
    visit_post(owner, "/transfers", "t", "{\"from\":\"a\",\"to\":\"b\",\"amount\":3}");
    EXPECT_STATUS(owner, 201);
    visit_post(owner, "/holds", "h1", "{\"from\":\"a\",\"to\":\"b\",\"amount\":4}");
    EXPECT_STATUS(owner, 201);
    *hold = seq_of(owner);
    visit_post(owner, "/holds", "h2", "{\"from\":\"a\",\"to\":\"b\",\"amount\":5}");
    EXPECT_STATUS(owner, 201);
    char path[TEXT];
    snprintf(path, sizeof path, "/holds/%lu/release", seq_of(owner));
    visit_post(owner, path, "r", "{}");
    EXPECT_STATUS(owner, 201);
}

/* How far it is, for those who run it. */
static void tells_how_far(struct visit *owner, struct visit *other)
{
    CU_ASSERT(visit_figure_becomes(other, "teller_followed_ledgers", 1));
    CU_ASSERT(visit_figure_becomes(other, "teller_follower_behind_entries{ledger=\"main\"}", 0));
    ask(owner, "GET", L "/accounts/a", NULL);
    CU_ASSERT(visit_figure_becomes(
        other, "teller_follower_seq{ledger=\"main\"}", (int64_t)seq_of(owner)));
    CU_ASSERT(visit_figure_becomes(owner, "teller_followed_ledgers", 0));
}

static void of_two_servers(void)
{
    struct visit owner, other;
    uint64_t hold;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    prepare(&owner, &hold);
    visit_begin(&other, joint.other);
    await_followed(&other);
    tells_as_the_owner(&owner, &other, hold);
    is_for_those_who_ask(&other);
    reads_its_writes(&other);
    finds_what_was_made(&owner, &other);
    tells_how_far(&owner, &other);
    visit_end(&other);
    visit_end(&owner);
    joint_remove(&joint);
}

/* ---- an owner that hangs --------------------------------------------------------------------- */

/* A stream of what is followed; open. */
static struct client *listen(const struct service *service)
{
    static struct response response;
    char value[TEXT];
    struct client *client = client_make(&service->target, PATIENCE_S * CO_CLOCK_S);
    const struct request request = {
        .path = L "/events?after=0", .headers = "Prefer: stale\r\nAccept-Encoding: identity\r\n"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    CU_ASSERT_EQUAL(client_send(client, &request), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_receive_head(client, &response), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(response.status, 200);
    CU_ASSERT(response_header(&response, "Ledger-Stale", value, sizeof value));
    return client;
}

/* Read on until those words came. */
static bool hears(struct client *client, const char *words)
{
    static char text[PAGE];
    size_t length = 0, more = 1;
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    *text = '\0';
    while (!strstr(text, words) && more > 0 && length + 1 < sizeof text &&
           co_clock_now_ns() < until_ns &&
           client_read(client, text + length, sizeof text - length - 1, &more) == CLIENT_ANSWERED) {
        length += more;
        text[length] = '\0';
    }
    return strstr(text, words) != NULL;
}

/* Until it has the ledger itself: it answers all the time, and never with less than before. */
static void look_until_taken(struct visit *other)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    uint64_t last = seq_of(other), stale = 0;
    bool taken = false;
    while (!taken && co_clock_now_ns() < until_ns) {
        ask(other, "GET", L "/accounts/a", "Prefer: stale\r\n");
        if (other->response.status != 200) {
            /* The moment between the two. */
            CU_ASSERT_EQUAL(other->response.status, 503);
            continue;
        }
        CU_ASSERT_FALSE(has_header(other, "Teller-Owner"));
        CU_ASSERT(seq_of(other) >= last);
        last = seq_of(other);
        stale += is_stale(other);
        taken = !is_stale(other);
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_ASSERT(taken);
    CU_ASSERT(stale > 0);
}

static void owner_hangs(void)
{
    struct visit owner, other;
    uint64_t hold;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    prepare(&owner, &hold);
    visit_end(&owner);
    visit_begin(&other, joint.other);
    await_followed(&other);
    struct client *events = listen(joint.other);
    CU_ASSERT(hears(events, "\"key\":\"t\""));
    ask(&other, "GET", L "/accounts/a", "Prefer: stale\r\n");
    kill(joint.owner.pid, SIGSTOP);
    look_until_taken(&other);
    visit_post(&other, "/accounts/a/deposit", "after-it", "{\"amount\":1}");
    EXPECT_STATUS(&other, 201);
    CU_ASSERT(hears(events, "\"key\":\"after-it\""));
    client_free(&events);
    visit_end(&other);
    kill(joint.owner.pid, SIGCONT);
    joint_remove(&joint);
}

/* ---- short of memory ------------------------------------------------------------------------- */

/* What was followed is given up, and read anew a little later. */
static void short_of_memory(void)
{
    struct visit owner, other;
    char headers[TEXT];
    uint64_t hold;
    co_ensure(setenv("TELLER_FAILPOINTS", "follow.short=error@2", 1) == 0);
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    co_ensure(unsetenv("TELLER_FAILPOINTS") == 0);
    visit_begin(&other, joint.other);
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    ask(&other, "GET", L "/journal", "Prefer: stale\r\n");
    while (!is_stale(&other) && co_clock_now_ns() < until_ns)
        ask(&other, "GET", L "/journal", "Prefer: stale\r\n");
    prepare(&owner, &hold);
    snprintf(headers, sizeof headers, "Prefer: stale\r\nIf-Ledger-Seq: %lu\r\n", seq_of(&owner));
    do
        ask(&other, "GET", L "/accounts/a", headers);
    while (!is_stale(&other) && co_clock_now_ns() < until_ns);
    CU_ASSERT(is_stale(&other));
    CU_ASSERT(visit_is(&other, "balance", "\"97\""));
    CU_ASSERT(service_logged(joint.other, "error", "until it is read anew: out of memory"));
    visit_end(&other);
    visit_end(&owner);
    joint_remove(&joint);
}

const struct unit_suite stale_suite = {"stale", 2,
    (const struct unit_test[]){{"of_two_servers", of_two_servers}, {"owner_hangs", owner_hangs},
        {"short_of_memory", short_of_memory}, {0}}};
