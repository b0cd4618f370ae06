/* SPDX-License-Identifier: MIT */
/* Two programs on one database: what one does with a token holds at the other, whichever of them
 * has the ledgers. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/sse.h"
#include "tests/service/standby.h"

enum { PATH = 80, TRIES = 400 };

static void make(const struct service *service, struct bearer *bearer)
{
    struct visit visit;
    visit_begin(&visit, service);
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
    EXPECT_STATUS(&visit, 201);
    bearer_read(bearer, &visit);
    visit_end(&visit);
}

/* What asks for a token and for no ledger, of which one of the two has none. */
static int answer_to(const struct service *service, const struct bearer *bearer)
{
    return bearer_status(
        service, bearer->token, &(struct request){.method = "POST", .path = "/v1/session"});
}

static bool answer_becomes(const struct service *service, const struct bearer *bearer, int wanted)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (answer_to(service, bearer) == wanted)
            return true;
        co_sleep(50 * CO_CLOCK_MS);
    }
    return false;
}

/* Its token is revoked at the server that does not have the ledgers, and it ends at the other. */
static void revoke_there(const struct service *from, const struct service *at)
{
    static struct sse sse;
    static struct sse_event event;
    struct bearer bearer;
    struct visit visit;
    char path[PATH];
    make(at, &bearer);
    CU_ASSERT(answer_becomes(from, &bearer, 204));
    struct service other = bearer_service(at, bearer.token);
    CU_ASSERT_FATAL(sse_open(&sse, &other, -1, -1));
    snprintf(path, sizeof path, "/v1/tokens/%lld", (long long)bearer.id);
    visit_begin(&visit, from);
    visit_call(&visit, &(struct request){.method = "DELETE", .path = path});
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
    CU_ASSERT_EQUAL(answer_to(from, &bearer), 401);
    CU_ASSERT(answer_becomes(at, &bearer, 401));
    while (sse_next(&sse, &event))
        ;
    CU_ASSERT(sse.ended);
    sse_close(&sse);
}

/* One made here is rotated there: of its secrets both know which is good. */
static void rotate_there(const struct service *from, const struct service *at)
{
    struct bearer former, fresh;
    struct visit visit;
    char path[PATH];
    make(at, &former);
    CU_ASSERT(answer_becomes(from, &former, 204));
    snprintf(path, sizeof path, "/v1/tokens/%lld/rotate", (long long)former.id);
    visit_begin(&visit, from);
    visit_post(&visit, path, NULL, "{}");
    EXPECT_STATUS(&visit, 200);
    bearer_read(&fresh, &visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(answer_to(from, &former), 401);
    CU_ASSERT(answer_becomes(at, &former, 401));
    CU_ASSERT(answer_becomes(at, &fresh, 204));
}

static void of_two_servers(void)
{
    static struct service host, first; /* the host lends its PostgreSQL */
    static struct standby second;
    char url[STANDBY_URL];
    CU_ASSERT_FATAL(standby_host(&host, "owner", url));
    standby_prepare(&first, "owner", url);
    CU_ASSERT_FATAL(service_run(&first));
    standby_make(&second, &first, url);
    standby_start(&second);
    while (service_probe(&second.service, "/livez") != 200 && !second.over)
        co_sleep(20 * CO_CLOCK_MS);
    /* After this the first stands by, and goes on checking tokens. */
    kill(first.pid, SIGSTOP);
    CU_ASSERT(standby_await(&second));
    kill(first.pid, SIGCONT);
    if (second.up) {
        revoke_there(&first, &second.service);
        rotate_there(&first, &second.service);
        rotate_there(&second.service, &first);
    }
    service_remove(&first);
    service_remove(&second.service);
    service_remove(&host);
}

const struct unit_suite token_servers_suite = {
    "token_servers", 2, (const struct unit_test[]){{"of_two_servers", of_two_servers}, {0}}};
