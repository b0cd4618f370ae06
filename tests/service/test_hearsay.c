/* SPDX-License-Identifier: MIT */
/* What one of two servers has made a moment ago the other one knows, for whatever it is asked; and
 * that there is no such ledger it says only if the database does. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/joint.h"
#include "tests/service/visit.h"

enum { ROUNDS = 20, TEXT = 300, URL = 300, PATIENCE_S = 60 };

/* Ask for that path of the ledger of that number, or post the body there. */
static void expect(struct visit *visit, const char *path, int number, const char *body, int status)
{
    char where[TEXT], key[40];
    snprintf(where, sizeof where, "/v1/ledgers/new-%d%s", number, path);
    snprintf(key, sizeof key, "key-%d", number);
    if (body)
        visit_post(visit, where, strcmp(path, "/accounts") == 0 ? NULL : key, body);
    else
        visit_get(visit, where);
    EXPECT_STATUS(visit, status);
}

static void make(struct visit *visit, int number, const char *strategy, int status)
{
    char body[TEXT];
    snprintf(body, sizeof body, "{\"name\":\"new-%d\",\"strategy\":\"%s\"}", number, strategy);
    visit_post(visit, "/v1/ledgers", NULL, body);
    EXPECT_STATUS(visit, status);
}

/* Between "main" and that one, which pays or is paid. */
static void cross(struct visit *visit, int number, bool pays)
{
    char body[TEXT], key[40], name[24];
    snprintf(name, sizeof name, "new-%d", number);
    snprintf(key, sizeof key, "cross-%d", number);
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"%s\",\"account\":\"a\"},\"to\":{\"ledger\":\"%s\",\"account\":"
        "\"a\"},\"amount\":1}",
        pays ? name : "main", pays ? "main" : name);
    visit_post(visit, "/v1/transfers", key, body);
    /* It is there, and its account is not. */
    EXPECT_PROBLEM(visit, 404, "account_not_found");
}

/* Made at the owner; what is asked of the other first, and immediately, is another thing each time.
 */
static void asked_at_the_other(struct visit *owner, struct visit *other, int number)
{
    char path[TEXT];
    make(owner, number, "sharded", 201);
    switch (number % 8) {
    case 0:
        expect(other, "", number, NULL, 200);
        break;
    case 1:
        expect(other, "/accounts", number, "{\"id\":\"a\",\"asset\":\"USD/2\"}", 201);
        break;
    case 2:
        cross(other, number, true);
        break;
    case 3:
        cross(other, number, false);
        break;
    case 4:
        make(other, number, "owner", 409);
        break;
    case 5:
        make(other, number, "sharded", 200);
        break;
    case 6:
        snprintf(path, sizeof path, "/v1/transfers?ledger=new-%d&key=k", number);
        visit_get(other, path);
        EXPECT_STATUS(other, 200);
        break;
    default:
        expect(other, "/owner", number, "{\"server\":999999}", 422);
    }
}

/* A token that may not see it is told the same as before, be it there or not. */
static void told_to_the_bound(const struct joint *joint, struct visit *visit)
{
    static const char *const paths[] = {"/v1/ledgers/new-0", "/v1/ledgers/nobody"};
    struct bearer bearer;
    visit_post(visit, "/v1/tokens", NULL, "{\"scope\":\"read\",\"ledgers\":[\"main\"]}");
    EXPECT_STATUS(visit, 201);
    bearer_read(&bearer, visit);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(
            bearer_status(joint->other, bearer.token, &(struct request){.path = paths[i]}), 403);
}

/* While the database says nothing nobody knows; then it is told as it is. */
static void told_without_the_database(const struct joint *joint, struct visit *visit)
{
    service_signal_postgres(&joint->host, SIGSTOP);
    visit_get(visit, "/v1/ledgers/nobody");
    EXPECT_PROBLEM(visit, 503, "unavailable");
    service_signal_postgres(&joint->host, SIGCONT);
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    do {
        visit_get(visit, "/v1/ledgers/nobody");
    } while (visit->response.status == 503 && co_clock_now_ns() < until_ns);
    EXPECT_PROBLEM(visit, 404, "ledger_not_found");
}

static void made_at_the_other(void)
{
    static struct joint joint;
    struct visit owner, other;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&owner, &joint.owner);
    visit_begin(&other, joint.other);
    CU_ASSERT(visit_fund(&owner, "a", 100));
    for (int i = 0; i < ROUNDS; i++)
        asked_at_the_other(&owner, &other, i);
    /* And the other way round. */
    make(&other, ROUNDS, "owner", 201);
    expect(&owner, "", ROUNDS, NULL, 200);
    visit_get(&other, "/v1/ledgers/nobody");
    EXPECT_PROBLEM(&other, 404, "ledger_not_found");
    visit_get(&other, "/v1/ledgers/no%20body%22/accounts");
    EXPECT_PROBLEM(&other, 404, "ledger_not_found");
    told_to_the_bound(&joint, &owner);
    told_without_the_database(&joint, &other);
    visit_end(&other);
    visit_end(&owner);
    joint_remove(&joint);
}

/* ---- a database that one of two was not told of ---------------------------------------------- */

static void name_database(
    const struct service *host, const char *name, const char *database, char url[URL])
{
    snprintf(url, URL, "%s=host=%s/postgres user=postgres dbname=%s", name, host->folder, database);
}

static void expect_abroad(struct visit *visit)
{
    EXPECT_PROBLEM(visit, 503, "unavailable");
    struct json_view detail = json_view_member(visit->body, "detail");
    CU_ASSERT(detail.at && memmem(detail.at, detail.length, "was not told of", 15) != NULL);
}

static void in_a_database_not_told_of(void)
{
    static struct service host, whole;
    static char east[URL], west[URL];
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&host, "owner", NULL));
    name_database(&host, "east", "template1", east);
    name_database(&host, "west", "postgres", west);
    standby_prepare(&whole, "owner", east);
    whole.arguments[2] = "--database";
    whole.arguments[3] = west;
    CU_ASSERT_FATAL(service_run(&whole));
    visit_begin(&visit, &whole);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\",\"database\":\"west\"}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);

    static struct standby second;
    standby_make(&second, &whole, east);
    CU_ASSERT_FATAL(service_run(&second.service));
    visit_begin(&visit, &second.service);
    visit_get(&visit, "/v1/ledgers/branch");
    expect_abroad(&visit);
    visit_post(&visit, "/v1/ledgers/branch/accounts", NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    expect_abroad(&visit);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    expect_abroad(&visit);
    visit_get(&visit, "/v1/ledgers/nobody");
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_end(&visit);
    service_remove(&second.service);
    service_remove(&whole);
    service_remove(&host);
}

const struct unit_suite hearsay_suite = {"hearsay", 2,
    (const struct unit_test[]){{"made_at_the_other", made_at_the_other},
        {"in_a_database_not_told_of", in_a_database_not_told_of}, {0}}};
