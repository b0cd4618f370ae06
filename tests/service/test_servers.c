/* SPDX-License-Identifier: MIT */
/* GET /v1/servers: who serves from the database, and that one that is gone is not told any more,
 * also if it had no ledger; and which is about to go. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/command.h"
#include "tests/service/joint.h"
#include "tests/service/visit.h"

enum { GONE_S = 30 };

/* What is told of the server at that URL. False: nothing. */
static bool find_server(struct visit *visit, const struct service *at, struct json_view *server)
{
    char url[80];
    snprintf(url, sizeof url, "http%s://127.0.0.1:%d", at->secret ? "s" : "",
        at->secret ? at->inner : at->port);
    visit_get(visit, "/v1/servers");
    EXPECT_STATUS(visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "servers")};
    while (json_view_next(&walk, server))
        if (json_view_is(json_view_member(*server, "url"), url))
            return true;
    return false;
}

static bool is_raw(struct json_view object, const char *member, const char *text)
{
    struct json_view value = json_view_member(object, member);
    return value.at && value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

/* The one that has all ledgers, and the one that has none. */
static void tells_both(
    struct visit *visit, const struct service *owner, const struct service *other)
{
    struct json_view server, ledger;
    CU_ASSERT_FATAL(find_server(visit, owner, &server));
    CU_ASSERT(is_raw(server, "this", "true"));
    struct json_view_walk walk = {.rest = json_view_member(server, "ledgers")};
    CU_ASSERT_FATAL(json_view_next(&walk, &ledger));
    CU_ASSERT(json_view_is(json_view_member(ledger, "ledger"), "main"));
    CU_ASSERT(is_raw(ledger, "epoch", "1"));
    CU_ASSERT(json_view_is(json_view_member(ledger, "state"), "running"));
    CU_ASSERT_FALSE(json_view_next(&walk, &ledger));
    CU_ASSERT_FATAL(find_server(visit, other, &server));
    CU_ASSERT(is_raw(server, "this", "false"));
    CU_ASSERT(is_raw(server, "leaving", "false"));
    CU_ASSERT(is_raw(server, "ledgers", "[]"));
    CU_ASSERT(is_raw(visit->body, "free", "[]"));
}

/* A killed server does not leave: the others see that its beat stands still (and for how long, is
 * tested beside the lease). */
static void tells_no_more(struct visit *visit, struct service *other)
{
    struct json_view server;
    int64_t since_ns = co_clock_now_ns();
    service_kill(other);
    while (find_server(visit, other, &server) && co_clock_now_ns() - since_ns < GONE_S * CO_CLOCK_S)
        co_sleep(50 * CO_CLOCK_MS);
    CU_ASSERT_FALSE(find_server(visit, other, &server));
}

/* Bound tokens learn nothing of the service as a whole. */
static void is_for_the_unbound(struct visit *visit, const struct service *service)
{
    struct bearer bearer;
    visit_post(visit, "/v1/tokens", NULL, "{\"scope\":\"admin\",\"ledgers\":[\"main\"]}");
    EXPECT_STATUS(visit, 201);
    bearer_read(&bearer, visit);
    CU_ASSERT_EQUAL(
        bearer_status(service, bearer.token, &(struct request){.path = "/v1/servers"}), 403);
}

static bool find_leaving(struct visit *visit)
{
    struct json_view server;
    visit_get(visit, "/v1/servers");
    EXPECT_STATUS(visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "servers")};
    while (json_view_next(&walk, &server))
        if (json_view_is(json_view_member(server, "url"), "http://leaving:8080"))
            return is_raw(server, "leaving", "true");
    return false;
}

/* One that says that it is leaving, until it is declared dead: as often as it takes to be seen. */
static void tells_who_leaves(struct visit *visit, const char *url)
{
    bool found = false;
    for (int tries = 0; tries < 20 && !found; tries++) {
        struct command command = {.discard = false};
        command_run(&command,
            (const char *const[]){"psql", "-AtqX", "-d", url, "-c",
                "SELECT teller.server_enter('http://leaving:8080', '');"
                "UPDATE teller.server SET leaving = true WHERE url = 'http://leaving:8080'",
                NULL});
        EXPECT_EXIT(&command, 0);
        command_free(&command);
        for (int i = 0; i < 40 && !(found = find_leaving(visit)); i++)
            co_sleep(50 * CO_CLOCK_MS);
    }
    CU_ASSERT(found);
}

static void of_two_servers(void)
{
    static struct joint joint;
    struct json_view server;
    struct visit visit;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&visit, &joint.owner);
    int64_t until_ns = co_clock_now_ns() + GONE_S * CO_CLOCK_S;
    while (!find_server(&visit, joint.other, &server) && co_clock_now_ns() < until_ns)
        co_sleep(50 * CO_CLOCK_MS);
    tells_both(&visit, &joint.owner, joint.other);
    is_for_the_unbound(&visit, &joint.owner);
    tells_who_leaves(&visit, joint.url);
    tells_no_more(&visit, joint.other);
    visit_end(&visit);
    joint_remove(&joint);
}

const struct unit_suite servers_suite = {
    "servers", 2, (const struct unit_test[]){{"of_two_servers", of_two_servers}, {0}}};
