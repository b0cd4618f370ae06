/* SPDX-License-Identifier: MIT */
/* Two programs on one database, of which the second reads what it follows of a standby: two real
 * nodes. What that does to a ledger is in tests/ledger/test_replica.c; here, that it can be asked
 * for, is told, and that reads are answered whatever becomes of the standby. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

#define L "/v1/ledgers/main"

enum { PATIENCE_S = 60, TEXT = 300, URL = 100 };

struct read_pair {
    char folder[40], database[URL], replica[URL];
    struct service owner;
    struct standby second;
};

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

static void nodes(const struct read_pair *pair, const char *command, const char *node)
{
    char text[TEXT];
    snprintf(text, sizeof text, "tests/pair %s %s %s", command, pair->folder, node);
    co_blocking_call(run_command, text);
}

static void begin(struct read_pair *pair)
{
    snprintf(pair->folder, sizeof pair->folder, "/tmp/teller-pair-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(pair->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(pair->folder, 0755), 0);
    nodes(pair, "make", "");
    snprintf(pair->database, URL, "host=%s/a user=tester dbname=postgres", pair->folder);
    snprintf(pair->replica, URL, "host=%s/b user=tester dbname=postgres", pair->folder);
    standby_prepare(&pair->owner, "owner", pair->database);
    CU_ASSERT_FATAL(service_run(&pair->owner));
    standby_make(&pair->second, &pair->owner, pair->database);
    pair->second.service.arguments[2] = "--read-database";
    pair->second.service.arguments[3] = pair->replica;
    CU_ASSERT_FATAL(service_run(&pair->second.service));
}

static void end(struct read_pair *pair)
{
    service_remove(&pair->second.service);
    service_remove(&pair->owner);
    nodes(pair, "end", "");
}

/* Pay, and find it at the other, which follows: the balance and the statement. */
static void pays_and_finds(struct visit *owner, struct visit *other, const char *key)
{
    char headers[TEXT], seq[40], stale[40] = "";
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    visit_post(owner, "/accounts/a/deposit", key, "{\"amount\":1}");
    EXPECT_STATUS(owner, 201);
    CU_ASSERT_FATAL(response_header(&owner->response, "Ledger-Seq", seq, sizeof seq));
    snprintf(headers, sizeof headers, "Prefer: stale, wait=30\r\nIf-Ledger-Seq: %s\r\n", seq);
    const struct request request = {.path = L "/accounts/a/entries?limit=1", .headers = headers};
    do
        visit_call(other, &request);
    while (!response_header(&other->response, "Ledger-Stale", stale, sizeof stale) &&
           co_clock_now_ns() < until_ns);
    EXPECT_STATUS(other, 200);
    CU_ASSERT(*stale != '\0');
    CU_ASSERT_PTR_NOT_NULL(
        memmem(other->response.body, other->response.body_length, key, strlen(key)));
}

static bool used_becomes(struct visit *visit, int64_t wanted)
{
    static const char name[] = "teller_read_database_used{database=\"default\"}";
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (visit_figure(visit, name) != wanted && co_clock_now_ns() < until_ns)
        co_sleep(20 * CO_CLOCK_MS);
    return visit_figure(visit, name) == wanted;
}

static void standby_comes_and_goes(void)
{
    static struct read_pair pair;
    struct visit owner, other;
    begin(&pair);
    visit_begin(&owner, &pair.owner);
    visit_begin(&other, &pair.second.service);
    CU_ASSERT(visit_fund(&owner, "a", 100));
    CU_ASSERT(used_becomes(&other, 1));
    pays_and_finds(&owner, &other, "used");
    CU_ASSERT(service_logged(&pair.second.service, "info", "is read from the read database"));
    CU_ASSERT(visit_figure(&other, "teller_read_database_lag_seconds{database=\"default\"}") >= 0);
    CU_ASSERT_EQUAL(visit_figure(&owner, "teller_read_database_used{database=\"default\"}"), -1);

    nodes(&pair, "stop", "b");
    CU_ASSERT(used_becomes(&other, 0));
    pays_and_finds(&owner, &other, "away");
    CU_ASSERT(service_logged(&pair.second.service, "error", "is not used"));
    nodes(&pair, "start", "b");
    CU_ASSERT(used_becomes(&other, 1));
    pays_and_finds(&owner, &other, "back");
    visit_end(&other);
    visit_end(&owner);
    end(&pair);
}

const struct unit_suite read_database_suite = {"read-database", 2,
    (const struct unit_test[]){{"standby_comes_and_goes", standby_comes_and_goes}, {0}}};
