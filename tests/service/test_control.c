/* SPDX-License-Identifier: MIT */
/* --cluster-control: an admin's token may have parts of a cluster killed and started by a program;
 * without it there is nothing of that. */
#include "tests/service/suites.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/bearer.h"
#include "tests/service/lines.h"
#include "tests/service/visit.h"

static char program[PATH_MAX];

static bool begin(struct service *service)
{
    char *whole = realpath("tests/service/control_standin", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
    snprintf(program, sizeof program, "%s", whole);
    free(whole);
    service_prepare(service, "owner", (const char *const[]){"--cluster-control", program, NULL});
    CU_ASSERT_EQUAL_FATAL(setenv("CLUSTER", service->folder, 1), 0);
    return service_run(service);
}

static bool parts_have(struct visit *visit, const char *text)
{
    visit_get(visit, "/v1/cluster");
    EXPECT_STATUS(visit, 200);
    return strstr(visit->response.body, text) != NULL;
}

static void parts_die_and_come_back(void)
{
    static struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(begin(&service));
    visit_begin(&visit, &service);
    visit_get(&visit, "/v1/servers");
    CU_ASSERT(visit_is(&visit, "cluster_control", "true"));
    CU_ASSERT(
        parts_have(&visit, "{\"parts\":[{\"part\":\"teller1\",\"runs\":true,\"says\":\"ready\"},"));
    CU_ASSERT(parts_have(
        &visit, "{\"part\":\"node2\",\"runs\":true,\"says\":\"sync_standby\",\"lag_bytes\":16},"));
    CU_ASSERT(parts_have(&visit, "{\"part\":\"etcd1\",\"runs\":true}]}"));
    visit_post(&visit, "/v1/cluster/node2/kill", NULL, NULL);
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(visit_is(&visit, "part", "\"node2\""));
    CU_ASSERT(service_logged(&service, "info", "node2 of the cluster is killed"));
    CU_ASSERT(parts_have(&visit, "{\"part\":\"node2\",\"runs\":false}"));
    visit_post(&visit, "/v1/cluster/node2/start", NULL, NULL);
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(parts_have(&visit, "{\"part\":\"node2\",\"runs\":true,"));
    visit_end(&visit);
    service_remove(&service);
}

/* It is asked one thing at a time: who waits for that is told so in time. */
struct lasting {
    struct visit visit;
    struct co_waitgroup done;
};

static void start_what_lasts(void *arg)
{
    struct lasting *lasting = arg;
    visit_call(&lasting->visit,
        &(struct request){
            .path = "/v1/cluster/lasts/start", .method = "POST", .headers = "Prefer: wait=5\r\n"});
    EXPECT_PROBLEM(&lasting->visit, 503, "cluster_control_failed");
    co_waitgroup_done(&lasting->done);
}

static void who_waits_for_it_is_told(void)
{
    static struct service service;
    static struct lasting lasting;
    struct visit visit;
    CU_ASSERT_FATAL(begin(&service));
    visit_begin(&visit, &service);
    visit_begin(&lasting.visit, &service);
    co_waitgroup_add(&lasting.done, 1);
    co_ensure(co_spawn(start_what_lasts, &lasting));
    bool is_told = false;
    for (int tries = 0; tries < 100 && !is_told; tries++) {
        visit_call(
            &visit, &(struct request){.path = "/v1/cluster", .headers = "Prefer: wait=1\r\n"});
        is_told = visit.response.status == 503;
        co_sleep(50 * CO_CLOCK_MS);
    }
    CU_ASSERT(is_told);
    CU_ASSERT(visit_is(&visit, "detail", "\"It is still busy with what it was asked before.\""));
    co_waitgroup_wait(&lasting.done);
    visit_get(&visit, "/v1/cluster");
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
    visit_end(&lasting.visit);
    service_remove(&service);
}

/* Unknown parts, a program that fails, one that does not end, and tokens that may not. */
static void refusals(void)
{
    static const char *const strange[] = {"nobody", "node", "1", "node1x", "NODE1", "node1%20",
        "node1%3Bls", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static struct service service;
    struct visit visit;
    struct bearer bearer;
    char path[200];
    CU_ASSERT_FATAL(begin(&service));
    visit_begin(&visit, &service);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        snprintf(path, sizeof path, "/v1/cluster/%s/kill", strange[i]);
        visit_post(&visit, path, NULL, NULL);
        EXPECT_PROBLEM(&visit, 404, "cluster_part_not_found");
    }
    visit_post(&visit, "/v1/cluster/node99/start", NULL, NULL);
    EXPECT_PROBLEM(&visit, 404, "cluster_part_not_found");
    visit_post(&visit, "/v1/cluster/front/kill", NULL, NULL);
    EXPECT_PROBLEM(&visit, 503, "cluster_control_failed");
    CU_ASSERT(visit_is(&visit, "detail", "\"cluster: it does not come up: front.log\""));
    /* Before anything is done: a body has no members here. */
    visit_post(&visit, "/v1/cluster/front/kill", NULL, "{\"now\":true}");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"now\""));
    int64_t since_ns = co_clock_now_ns();
    visit_call(&visit,
        &(struct request){
            .path = "/v1/cluster/lasts/start", .method = "POST", .headers = "Prefer: wait=1\r\n"});
    EXPECT_PROBLEM(&visit, 503, "cluster_control_failed");
    CU_ASSERT(co_clock_now_ns() - since_ns < 50 * CO_CLOCK_S); /* it was ended */
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"write\"}");
    bearer_read(&bearer, &visit);
    CU_ASSERT_EQUAL(
        bearer_status(&service, bearer.token, &(struct request){.path = "/v1/cluster"}), 403);
    visit_end(&visit);
    service_remove(&service);
}

/* As if no such route had ever been; not even an admin is told otherwise. */
static void without_it_there_is_nothing(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/v1/servers");
    CU_ASSERT(visit_is(&visit, "cluster_control", "false"));
    visit_get(&visit, "/v1/cluster");
    EXPECT_PROBLEM(&visit, 404, "not_found");
    visit_post(&visit, "/v1/cluster/teller1/kill", NULL, NULL);
    EXPECT_PROBLEM(&visit, 404, "not_found");
    visit_call(&visit, &(struct request){.path = "/v1/cluster/teller1/kill", .method = "OPTIONS"});
    EXPECT_PROBLEM(&visit, 404, "not_found");
    visit_end(&visit);
}

static void options(void)
{
    static const struct lines_row rows[] = {
        {2, "--cluster-control is for loopback only",
            "$teller serve --listen 0.0.0.0:0 --cluster-control /bin/true"},
        {2, "--cluster-control must be the absolute path of a program",
            "$teller serve --cluster-control bin/true"},
        {2, "--cluster-control must be the absolute path of a program",
            "$teller serve --cluster-control /bin/nothing-at-all"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

const struct unit_suite control_suite = {"control", 1,
    (const struct unit_test[]){{"parts_die_and_come_back", parts_die_and_come_back},
        {"who_waits_for_it_is_told", who_waits_for_it_is_told}, {"refusals", refusals},
        {"without_it_there_is_nothing", without_it_there_is_nothing}, {"options", options}, {0}}};
