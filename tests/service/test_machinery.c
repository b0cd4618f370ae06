/* SPDX-License-Identifier: MIT */
/* The machinery of a ledger, as it is told to people who look at it. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/visit.h"

enum { DEPOSITS = 20, LARGEST = 1 << 15 };

static int64_t number(struct json_view object, const char *name)
{
    int64_t value = -1;
    return json_view_integer(json_view_member(object, name), &value) ? value : -1;
}

static void expect_strategy(struct visit *visit, const char *strategy)
{
    char path[40], wanted[40];
    struct json_view told = json_view_member(visit->body, "strategy");
    snprintf(wanted, sizeof wanted, "/%s.c", strategy);
    CU_ASSERT(json_view_is(json_view_member(told, "name"), strategy));
    CU_ASSERT(json_view_copy(json_view_member(told, "code"), path, sizeof path));
    CU_ASSERT_STRING_EQUAL(path, wanted);
    bool owner = strcmp(strategy, "owner") == 0;
    CU_ASSERT(visit_is(visit, owner ? "locks" : "queue", "null"));
    struct json_view place = json_view_member(visit->body, owner ? "queue" : "locks");
    CU_ASSERT_EQUAL(number(place, owner ? "capacity" : "count"), owner ? 1024 : 256);
    CU_ASSERT(number(place, "waiting") >= 0);
}

/* All batches have a size, and the sizes are powers of two. */
static void expect_sizes(struct json_view commit)
{
    int64_t sum = 0, upto = 1;
    struct json_view_walk walk = {.rest = json_view_member(commit, "sizes")};
    for (struct json_view size; json_view_next(&walk, &size); upto *= 2) {
        CU_ASSERT_EQUAL(number(size, "upto"), upto);
        sum += number(size, "batches");
    }
    CU_ASSERT(upto > 1 && upto <= LARGEST);
    CU_ASSERT_EQUAL(sum, number(commit, "batches"));
}

static void expect_coroutines(struct json_view coroutines)
{
    int64_t in_groups = 0;
    struct json_view_walk walk = {.rest = json_view_member(coroutines, "waits")};
    for (struct json_view group; json_view_next(&walk, &group);) {
        char text[80];
        in_groups += number(group, "count");
        CU_ASSERT(json_view_copy(json_view_member(group, "name"), text, sizeof text) && text[0]);
        CU_ASSERT(json_view_copy(json_view_member(group, "on"), text, sizeof text) && text[0]);
        CU_ASSERT(number(group, "longest_ms") >= 0);
    }
    CU_ASSERT_EQUAL(in_groups, number(coroutines, "waiting"));
    CU_ASSERT_EQUAL(number(coroutines, "alive"), number(coroutines, "running") +
                                                     number(coroutines, "ready") +
                                                     number(coroutines, "waiting"));
    CU_ASSERT(number(coroutines, "running") >= 1); /* the one that counts */
}

static void what_is_told(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT_FATAL(visit_fund(&visit, "machine", 1));
    visit_get(&visit, "/machinery");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit.response.seq > 0);
    CU_ASSERT(visit_is(&visit, "ledger", "\"main\""));
    expect_strategy(&visit, strategy);
    expect_coroutines(json_view_member(visit.body, "coroutines"));
    struct json_view commit = json_view_member(visit.body, "commit");
    expect_sizes(commit);
    int64_t entries = number(commit, "entries"), batches = number(commit, "batches");
    for (int i = 0; i < DEPOSITS; i++)
        CU_ASSERT(visit_fund(&visit, "machine", 1));

    /* Each was in a batch of its own: the next was sent when it was durable. */
    visit_get(&visit, "/machinery");
    commit = json_view_member(visit.body, "commit");
    CU_ASSERT(number(commit, "entries") >= entries + DEPOSITS); /* holds expire, too */
    CU_ASSERT(number(commit, "batches") >= batches + DEPOSITS);
    CU_ASSERT(number(commit, "last_entries") >= 1);
    CU_ASSERT_EQUAL(number(commit, "waiting_entries"), 0);
    CU_ASSERT(number(commit, "last_us") > 0);
    expect_sizes(commit);
    visit_end(&visit);
}
BOTH_STRATEGIES(what_is_told)

/* The code is there to be read, as it was built. */
static void its_code(const char *strategy)
{
    struct visit visit;
    char path[40], wanted[80];
    visit_begin_shared(&visit, strategy);
    snprintf(path, sizeof path, "/%s.c", strategy);
    snprintf(wanted, sizeof wanted, "const struct strategy_kind %s_strategy", strategy);
    visit_call(&visit, &(struct request){.path = path, .without_token = true});
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_header_is(&visit, "Content-Type", "text/plain; charset=utf-8"));
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, wanted, strlen(wanted)));
    visit_end(&visit);
}
BOTH_STRATEGIES(its_code)

static void who_may_look(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_call(&visit, &(struct request){.path = "/machinery", .without_token = true});
    EXPECT_PROBLEM(&visit, 401, "unauthorized");
    visit_get(&visit, "/v1/ledgers/nowhere/machinery");
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_get(&visit, "/machinery?verbose=1");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_post(&visit, "/machinery", NULL, "{}");
    EXPECT_PROBLEM(&visit, 405, "method_not_allowed");
    visit_end(&visit);
}

/* A group is one place of the code: its functions are named, and the sum is right. */
static void expect_groups(struct json_view told, bool *owner_waits)
{
    int64_t in_groups = number(told, "others");
    struct json_view_walk walk = {.rest = json_view_member(told, "groups")};
    for (struct json_view group; json_view_next(&walk, &group);) {
        struct json_view_walk frames = {.rest = json_view_member(group, "stack")};
        char name[80], frame[80] = "";
        in_groups += number(group, "count");
        CU_ASSERT(number(group, "longest_ms") >= number(group, "shortest_ms"));
        CU_ASSERT(number(group, "line") > 0);
        CU_ASSERT(json_view_copy(json_view_member(group, "name"), name, sizeof name) && name[0]);
        for (struct json_view one; json_view_next(&frames, &one);)
            CU_ASSERT(json_view_copy(one, frame, sizeof frame) && strchr(frame, '+'));
        *owner_waits |= strcmp(name, "ledger owner") == 0 && frame[0];
    }
    CU_ASSERT_EQUAL(in_groups, number(told, "waiting"));
    CU_ASSERT(number(told, "waiting") < number(told, "alive")); /* who counts runs */
}

static void where_coroutines_wait(void)
{
    struct visit visit;
    bool owner_waits = false;
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/v1/coroutines");
    EXPECT_STATUS(&visit, 200);
    expect_groups(visit.body, &owner_waits);
    CU_ASSERT(owner_waits);
    visit_get(&visit, "/v1/coroutines?at_least_ms=86400000");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(number(visit.body, "waiting"), 0);
    visit_get(&visit, "/v1/coroutines?at_least_ms=-1");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_call(&visit, &(struct request){.path = "/v1/coroutines", .without_token = true});
    EXPECT_PROBLEM(&visit, 401, "unauthorized");
    visit_call(&visit, &(struct request){.path = "/metrics", .without_token = true});
    EXPECT_STATUS(&visit, 200);
    static const char hogs[] = "teller_worker_hogs_total{by=\"computing\"} ";
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, hogs, strlen(hogs)));
    visit_end(&visit);
}

/* Once it is its turn: of the service that all tests share, one recording is made at a time. */
static void get_recording(struct visit *visit, const char *path)
{
    for (visit_get(visit, path); visit->response.status == 409; visit_get(visit, path))
        co_sleep(10 * CO_CLOCK_MS);
}

static bool answer_has(const struct visit *visit, const char *text)
{
    const struct response *response = &visit->response;
    return memmem(response->body, response->body_length, text, strlen(text)) != NULL;
}

struct recorder {
    struct co_waitgroup ended;
    bool is_whole;
};

/* A recording of all that the test does meanwhile. */
static void record_long(void *arg)
{
    struct recorder *recorder = arg;
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    get_recording(&visit, "/v1/trace?ms=5000");
    EXPECT_STATUS(&visit, 200);
    recorder->is_whole = answer_has(&visit, "\"name\":\"ledger owner\"") &&
                         answer_has(&visit, "\"thread_name\",\"args\":{\"name\":\"worker 0\"}");
    visit_end(&visit);
    co_waitgroup_done(&recorder->ended);
}

/* While one is being made there is no other; payments go on, and are in it. */
static void what_coroutines_did(void)
{
    struct visit visit;
    struct recorder recorder = {.is_whole = false};
    visit_begin_shared(&visit, "owner");
    co_waitgroup_add(&recorder.ended, 1);
    co_ensure(co_spawn(record_long, &recorder));
    for (visit_get(&visit, "/v1/trace?ms=1"); visit.response.status == 200;)
        visit_get(&visit, "/v1/trace?ms=1");
    EXPECT_PROBLEM(&visit, 409, "recording");
    CU_ASSERT(visit_fund(&visit, "recorded", 5));
    co_waitgroup_wait(&recorder.ended);
    CU_ASSERT(recorder.is_whole);
    get_recording(&visit, "/v1/trace?ms=1");
    EXPECT_STATUS(&visit, 200);
    for (size_t i = 0; i < 3; i++) {
        static const char *const bad[] = {"ms=0", "ms=5001", "ms=x"};
        char path[40];
        snprintf(path, sizeof path, "/v1/trace?%s", bad[i]);
        visit_get(&visit, path);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
    }
    visit_end(&visit);
}

const struct unit_suite machinery_suite = {"machinery", 2,
    (const struct unit_test[]){BOTH_ROWS(what_is_told), BOTH_ROWS(its_code),
        {"who_may_look", who_may_look}, {"where_coroutines_wait", where_coroutines_wait},
        {"what_coroutines_did", what_coroutines_did}, {0}}};
