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

/* `rests`: of the two of them each has fewer ledgers open than there are, and follows one by name.
 */
static void begin(struct read_pair *pair, bool rests)
{
    const char **of_second = pair->second.service.arguments;
    snprintf(pair->folder, sizeof pair->folder, "/tmp/teller-pair-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(pair->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(pair->folder, 0755), 0);
    nodes(pair, "make", "");
    snprintf(pair->database, URL, "host=%s/a user=tester dbname=postgres", pair->folder);
    snprintf(pair->replica, URL, "host=%s/b user=tester dbname=postgres", pair->folder);
    standby_prepare(&pair->owner, "owner", pair->database);
    if (rests) {
        pair->owner.arguments[2] = "--open-ledgers";
        pair->owner.arguments[3] = "2";
    }
    CU_ASSERT_FATAL(service_run(&pair->owner));
    standby_make(&pair->second, &pair->owner, pair->database);
    of_second[2] = "--read-database";
    of_second[3] = pair->replica;
    if (rests) {
        of_second[4] = "--open-ledgers";
        of_second[5] = "3"; /* "main" and what it follows stay open */
        of_second[6] = "--follow";
        of_second[7] = "l0";
    }
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
    begin(&pair, false);
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

/* ---- ledgers at rest ----------------------------------------------------------------------- */

enum { LEDGERS = 6, ROUNDS = 3 };

static void make_ledgers(struct visit *owner)
{
    char path[TEXT], body[TEXT];
    for (int i = 0; i < LEDGERS; i++) {
        snprintf(body, sizeof body, "{\"name\":\"l%d\"}", i);
        visit_post(owner, "/v1/ledgers", NULL, body);
        EXPECT_STATUS(owner, 201);
        snprintf(path, sizeof path, "/v1/ledgers/l%d/accounts", i);
        visit_post(owner, path, NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
        EXPECT_STATUS(owner, 201);
    }
}

/* Pay in each, and then each must have that, as told by its owner: by turns most are at rest. */
static void pay_each(struct visit *payer, struct visit *reader, const char *word, int64_t balance)
{
    char path[TEXT], key[TEXT], wanted[TEXT];
    for (int i = 0; i < LEDGERS; i++) {
        snprintf(path, sizeof path, "/v1/ledgers/l%d/accounts/a/deposit", i);
        snprintf(key, sizeof key, "%s-%d", word, i);
        visit_post(payer, path, key, "{\"amount\":1}");
        EXPECT_STATUS(payer, 201);
    }
    for (int i = 0; i < LEDGERS; i++) {
        snprintf(path, sizeof path, "/v1/ledgers/l%d/accounts/a", i);
        snprintf(wanted, sizeof wanted, "\"%ld\"", balance);
        visit_get(reader, path);
        EXPECT_STATUS(reader, 200);
        CU_ASSERT(visit_is(reader, "balance", wanted));
    }
}

static int asks_stale(struct visit *other, int ledger, uint64_t least, int64_t balance)
{
    char path[TEXT], headers[TEXT], wanted[TEXT], text[TEXT];
    snprintf(path, sizeof path, "/v1/ledgers/l%d/accounts/a", ledger);
    snprintf(headers, sizeof headers, "Prefer: stale, wait=30\r\nIf-Ledger-Seq: %lu\r\n", least);
    snprintf(wanted, sizeof wanted, "\"%ld\"", balance);
    visit_call(other, &(struct request){.path = path, .headers = headers});
    EXPECT_STATUS(other, 200);
    CU_ASSERT(visit_is(other, "balance", wanted));
    bool stale = response_header(&other->response, "Ledger-Stale", text, sizeof text);
    CU_ASSERT(stale != response_header(&other->response, "Teller-Owner", text, sizeof text));
    return stale;
}

/* The one that is followed is told here, at rest or not at its owner's; the others are passed on,
 * and opened there. Positions: the account, the one that deposits come from, and a deposit each
 * time. */
static void reads_of_resting(struct visit *owner, struct visit *other, int64_t *balance)
{
    char word[TEXT];
    for (int round = 0; round < ROUNDS; round++) {
        snprintf(word, sizeof word, "r%ld", ++*balance);
        pay_each(round % 2 ? other : owner, other, word, *balance);
        for (int i = 0; i < LEDGERS; i++) {
            int stale = asks_stale(other, i, (uint64_t)*balance + 2, *balance);
            CU_ASSERT_EQUAL(stale, i == 0);
        }
    }
}

static void await_followed(struct visit *other)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (visit_figure(other, "teller_followed_ledgers") != 1 && co_clock_now_ns() < until_ns)
        co_sleep(20 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(visit_figure(other, "teller_followed_ledgers"), 1);
}

static void ledgers_at_rest(void)
{
    static struct read_pair pair;
    struct visit owner, other;
    int64_t balance = 0;
    begin(&pair, true);
    visit_begin(&owner, &pair.owner);
    visit_begin(&other, &pair.second.service);
    make_ledgers(&owner);
    CU_ASSERT(used_becomes(&other, 1));
    await_followed(&other);
    reads_of_resting(&owner, &other, &balance);
    nodes(&pair, "stop", "b");
    CU_ASSERT(used_becomes(&other, 0));
    reads_of_resting(&owner, &other, &balance);
    nodes(&pair, "start", "b");
    CU_ASSERT(used_becomes(&other, 1));
    reads_of_resting(&owner, &other, &balance);

    /* Those at rest, too, are the other's from here on, which reads them of the database. */
    visit_end(&owner);
    CU_ASSERT_EQUAL(service_stop(&pair.owner), 0);
    pay_each(&other, &other, "taken", ++balance);
    pay_each(&other, &other, "again", ++balance);
    visit_end(&other);
    end(&pair);
}

const struct unit_suite read_database_suite = {"read-database", 2,
    (const struct unit_test[]){{"standby_comes_and_goes", standby_comes_and_goes},
        {"ledgers_at_rest", ledgers_at_rest}, {0}}};
