/* SPDX-License-Identifier: MIT */
/* Two programs that speak TLS, also to each other: each trusts the other's authority by --peer-ca,
 * which is read again on SIGHUP; and one that it does not trust it does not send a token. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/secret.h"
#include "tests/service/sse.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { PATIENCE_S = 60, TEXT = 1200 };

#define BRANCH "/v1/ledgers/branch"
#define FORWARDED "teller_forwarded_requests_total"

struct pair {
    struct service host; /* lends its PostgreSQL */
    struct service owner;
    struct standby second;
    struct service *other; /* the second */
    char url[STANDBY_URL], trusted[2][SERVICE_PROGRAM];
};

/* The file of what it trusts has the authority of that service in it, too. */
static bool trust(const char *file, const struct service *authority)
{
    char script[TEXT], path[SERVICE_PROGRAM];
    struct command command = {.exit_code = 0};
    secret_path(authority, "ca.pem", path);
    snprintf(script, sizeof script, "cat '%s' >> '%s'", path, file);
    command_run(&command, (const char *const[]){"/bin/bash", "-c", script, NULL});
    bool good = command.exit_code == 0;
    command_free(&command);
    return good;
}

/* Each trusts its own authority alone. */
static bool prepare(struct service *service, char file[SERVICE_PROGRAM])
{
    if (!secret_prepare(service))
        return false;
    secret_path(service, "peers.pem", file);
    service->arguments[2] = "--peer-ca";
    service->arguments[3] = file;
    return trust(file, service);
}

static bool make(struct pair *pair)
{
    memset(pair, 0, sizeof *pair); /* too large to be on the stack first */
    pair->other = &pair->second.service;
    if (!standby_host(&pair->host, "owner", pair->url))
        return false;
    standby_prepare_secret(&pair->owner, "owner", pair->url);
    if (!prepare(&pair->owner, pair->trusted[0]) || !service_run(&pair->owner))
        return false;
    standby_make(&pair->second, &pair->owner, pair->url);
    return prepare(pair->other, pair->trusted[1]) && service_run(pair->other);
}

/* What it trusts has changed. */
static bool trust_more(const struct service *service, const char *file, const struct service *other)
{
    return trust(file, other) && kill(service->pid, SIGHUP) == 0;
}

static int await_status(struct visit *visit, const char *path, int status)
{
    for (int i = 0; i < PATIENCE_S * 20; i++) {
        visit_get(visit, path);
        if (visit->response.status == status)
            break;
        co_sleep(50 * CO_CLOCK_MS);
    }
    return visit->response.status;
}

/* Nothing is done, and no token goes there. */
static void distrusts(struct visit *visit)
{
    CU_ASSERT_EQUAL(await_status(visit, "/v1/ledgers/main", 503), 503);
    for (int i = 0; i < PATIENCE_S && visit_figure(visit, FORWARDED "{result=\"not_sent\"}") <= 0;
         i++)
        CU_ASSERT_EQUAL(await_status(visit, "/v1/ledgers/main", 503), 503);
    CU_ASSERT(visit_figure(visit, FORWARDED "{result=\"not_sent\"}") > 0);
    CU_ASSERT_EQUAL(visit_figure(visit, FORWARDED "{result=\"answered\"}"), 0);
}

static void passes_events(const struct service *service, int64_t seq)
{
    static struct sse sse;
    static struct sse_event event;
    CU_ASSERT_FATAL(sse_open(&sse, service, -1, 0));
    while (sse_next(&sse, &event) && event.id < seq)
        ;
    CU_ASSERT_EQUAL(event.id, seq);
    sse_close(&sse);
}

/* "branch" goes to the second one, so that each has one. */
static bool part(struct visit *visit)
{
    char body[60], owner[100];
    bool there = false;
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    for (int tries = 0; tries < PATIENCE_S * 5 && !there; tries++) {
        snprintf(body, sizeof body, "{\"server\":2}");
        visit_post(visit, BRANCH "/owner", NULL, body);
        co_sleep(200 * CO_CLOCK_MS);
        visit_get(visit, BRANCH);
        there = visit->response.status == 200 &&
                response_header(&visit->response, "Teller-Owner", owner, sizeof owner);
    }
    return there;
}

static void passes_on_over_tls(void)
{
    static struct pair pair;
    struct visit direct, passed;
    CU_ASSERT_FATAL(make(&pair));
    visit_begin(&direct, &pair.owner);
    visit_begin(&passed, pair.other);
    CU_ASSERT(visit_fund(&direct, "a", 100));
    distrusts(&passed);
    CU_ASSERT(trust_more(pair.other, pair.trusted[1], &pair.owner));
    CU_ASSERT_EQUAL(await_status(&passed, "/accounts/a", 200), 200);
    char owner[100] = "";
    CU_ASSERT(response_header(&passed.response, "Teller-Owner", owner, sizeof owner));
    CU_ASSERT(strncmp(owner, "https://127.0.0.1:", 18) == 0);
    visit_post(&passed, "/accounts/a/deposit", "k", "{\"amount\":5}");
    EXPECT_STATUS(&passed, 201);
    CU_ASSERT(visit_balance_is(&direct, "a", 105));
    passes_events(pair.other, passed.response.seq);

    /* Both ways, and a step of a transfer between ledgers. */
    CU_ASSERT(trust_more(&pair.owner, pair.trusted[0], pair.other));
    CU_ASSERT_FATAL(part(&direct));
    visit_post(&direct, BRANCH "/accounts", NULL, "{\"id\":\"x\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(&direct, 201);
    visit_post(&passed, "/v1/transfers", "t",
        "{\"from\":{\"ledger\":\"main\",\"account\":\"a\"},\"to\":{\"ledger\":\"branch\","
        "\"account\":\"x\"},\"amount\":40}");
    EXPECT_STATUS(&passed, 201);
    CU_ASSERT(visit_balance_is(&direct, "a", 65));
    visit_end(&direct);
    visit_end(&passed);
    service_remove(&pair.owner);
    service_remove(pair.other);
    service_remove(&pair.host);
}

const struct unit_suite forward_secret_suite = {"forward-secret", 1,
    (const struct unit_test[]){{"passes_on_over_tls", passes_on_over_tls}, {0}}};
