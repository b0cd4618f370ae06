/* SPDX-License-Identifier: MIT */
/* One service on two databases: each ledger lives in one, money moves between them, and when one of
 * the two is killed the ledgers of the other do not notice. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/dice.h"
#include "tests/service/command.h"
#include "tests/service/payers.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

#define WEST "/v1/ledgers/branch"
#define PAY                                                                                        \
    "{\"from\":{\"ledger\":\"main\",\"account\":\"a\"},\"to\":{\"ledger\":\"branch\","             \
    "\"account\":\"b\"},\"amount\":5}"
#define OPEN_A "{\"id\":\"a\",\"asset\":\"USD/2\"}"
#define OPEN_B "{\"id\":\"b\",\"asset\":\"USD/2\"}"

enum {
    PATIENCE_S = 60,
    URL = 300,
    PAYERS = 8,
    BETWEEN = 20,
    AUDITS = 6,
    LOSSES = 2,
    AWAY_MS = 3000
};

/* Two hosts lend their PostgreSQL; the service is on a database of each. */
struct pair {
    struct service hosts[2], service;
    char east[URL], west[URL];
};

static void name_database(
    const struct service *host, const char *name, const char *database, char url[URL])
{
    snprintf(url, URL, "%s=host=%s/postgres user=postgres dbname=%s", name, host->folder, database);
}

static void prepare(struct pair *pair)
{
    pair->service = (struct service){.pid = 0};
    standby_prepare(&pair->service, "owner", pair->east);
    pair->service.arguments[2] = "--database";
    pair->service.arguments[3] = pair->west;
}

/* Has the last answer that text in its body? */
static bool says(const struct visit *visit, const char *text)
{
    const struct response *response = &visit->response;
    bool found = memmem(response->body, response->body_length, text, strlen(text)) != NULL;
    if (!found)
        visit_print(visit, response->status);
    return found;
}

static int status_of(struct visit *visit, const char *path, const char *body)
{
    if (body)
        visit_post(visit, path, NULL, body);
    else
        visit_get(visit, path);
    return visit->response.status;
}

/* "main" in the east, "branch" in the west, an account with money in each. */
static void make_ledgers(struct visit *visit)
{
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"branch\",\"database\":\"west\"}");
    EXPECT_STATUS(visit, 201);
    CU_ASSERT(visit_is(visit, "database", "\"west\""));
    CU_ASSERT_EQUAL(status_of(visit, "/accounts", OPEN_A), 201);
    CU_ASSERT_EQUAL(status_of(visit, WEST "/accounts", OPEN_B), 201);
    CU_ASSERT_EQUAL(status_of(visit, "/accounts/a/deposit", "{\"amount\":100}"), 201);
    CU_ASSERT_EQUAL(status_of(visit, WEST "/accounts/b/deposit", "{\"amount\":50}"), 201);
}

/* ---- where a ledger lives -------------------------------------------------------------------- */

static void told_where(struct visit *visit)
{
    visit_get(visit, "/v1/ledgers/main");
    CU_ASSERT(visit_is(visit, "database", "\"east\""));
    visit_get(visit, "/v1/ledgers?limit=1");
    CU_ASSERT(says(visit, "\"name\":\"main\"") && says(visit, "\"next\":1"));
    visit_get(visit, "/v1/ledgers?after=1");
    CU_ASSERT(says(visit, "\"name\":\"branch\"") && says(visit, "\"next\":null"));
    CU_ASSERT(says(visit, "\"missing\":[]"));
    visit_get(visit, "/v1/ledgers?order=desc&limit=1");
    CU_ASSERT(says(visit, "\"name\":\"branch\""));
    visit_get(visit, "/v1/servers");
    CU_ASSERT(says(visit, "{\"ledger\":\"main\",\"database\":\"east\""));
    CU_ASSERT(says(visit, "{\"ledger\":\"branch\",\"database\":\"west\""));
    visit_get(visit, "/readyz");
    CU_ASSERT(says(visit, "\"databases\":[{\"database\":\"east\",\"ready\":true,"));
    CU_ASSERT_EQUAL(visit_figure(visit, "teller_database_open{database=\"west\"}"), 1);
    CU_ASSERT_EQUAL(visit_figure(visit, "teller_database_ledgers{database=\"west\"}"), 1);
}

static void chosen(struct visit *visit)
{
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    EXPECT_STATUS(visit, 200);
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"branch\",\"database\":\"east\"}");
    EXPECT_PROBLEM(visit, 409, "ledger_exists");
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"other\",\"database\":\"north\"}");
    EXPECT_PROBLEM(visit, 400, "invalid_request");
    CU_ASSERT(says(visit, "database: must be the name of a database of this service"));
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"more\"}");
    EXPECT_STATUS(visit, 201);
    CU_ASSERT(visit_is(visit, "database", "\"east\""));
}

/* ---- between them ---------------------------------------------------------------------------- */

static void money_crosses(struct visit *visit)
{
    visit_post(visit, "/v1/transfers", "over", PAY);
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/transfers", "over", PAY);
    EXPECT_STATUS(visit, 201);
    visit_get(visit, "/accounts/a");
    CU_ASSERT(visit_is(visit, "balance", "\"95\""));
    visit_get(visit, WEST "/accounts/b");
    CU_ASSERT(visit_is(visit, "balance", "\"55\""));
}

/* ---- commands -------------------------------------------------------------------------------- */

static void run(const struct pair *pair, struct command *command, const char *const words[])
{
    char program[SERVICE_PROGRAM];
    const char *argv[COMMAND_WORDS] = {
        program, words[0], "--database", pair->east, "--database", pair->west};
    size_t count = 6;
    for (size_t i = 1; words[i]; i++)
        argv[count++] = words[i];
    service_program(program);
    command_free(command);
    command_run(command, argv);
}

static void commands_find_it(const struct pair *pair)
{
    struct command command = {.out = NULL};
    run(pair, &command, (const char *const[]){"audit", "--ledger", "branch", NULL});
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "every invariant holds"));
    run(pair, &command, (const char *const[]){"audit", "--ledger", "nobody", NULL});
    EXPECT_EXIT(&command, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "there is no ledger nobody"));
    run(pair, &command,
        (const char *const[]){"export", "--ledger", "branch", "--format", "csv", NULL});
    EXPECT_EXIT(&command, 0);
    run(pair, &command, (const char *const[]){"migrate", NULL});
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "east: schema "));
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "\nwest: schema "));
    run(pair, &command, (const char *const[]){"token", "list", NULL});
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

static void of_two_databases(void)
{
    static struct pair pair;
    struct visit visit;
    pair = (struct pair){.east = ""};
    CU_ASSERT_FATAL(service_make(&pair.hosts[0], "owner", NULL));
    name_database(&pair.hosts[0], "east", "template1", pair.east);
    name_database(&pair.hosts[0], "west", "postgres", pair.west);
    prepare(&pair);
    /* The host has its own bank in "postgres": its "main" is not this service's. */
    CU_ASSERT_FATAL(service_run(&pair.service));
    visit_begin(&visit, &pair.service);
    make_ledgers(&visit);
    told_where(&visit);
    money_crosses(&visit);
    chosen(&visit);
    visit_end(&visit);
    commands_find_it(&pair);
    CU_ASSERT_EQUAL(service_stop(&pair.service), 0);
    service_remove(&pair.service);
    service_remove(&pair.hosts[0]);
}

/* ---- one of them is killed ------------------------------------------------------------------- */

static bool becomes(struct visit *visit, const char *path, int wanted)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (status_of(visit, path, NULL) != wanted && co_clock_now_ns() < until_ns)
        co_sleep(50 * CO_CLOCK_MS);
    return visit->response.status == wanted;
}

/* What is in the east goes on; of the west nothing is told, and that it is not there neither. */
static void without_west(struct visit *visit)
{
    CU_ASSERT(becomes(visit, WEST "/accounts/b", 503));
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(status_of(visit, "/accounts/a/deposit", "{\"amount\":1}"), 201);
    CU_ASSERT_EQUAL(status_of(visit, "/accounts/a", NULL), 200);
    visit_post(visit, "/v1/transfers", NULL, PAY);
    CU_ASSERT(visit->response.status >= 400); /* it has no key */
    CU_ASSERT_EQUAL(status_of(visit, "/readyz", NULL), 200);
    CU_ASSERT(says(visit, "{\"database\":\"east\",\"ready\":true"));
    CU_ASSERT(says(visit, "{\"database\":\"west\",\"ready\":false"));
}

/* It starts without the west, and does not take what it does not know for what is not there. */
static void started_without_west(struct visit *visit)
{
    visit_get(visit, "/v1/ledgers");
    CU_ASSERT(says(visit, "\"name\":\"main\"") && says(visit, "\"missing\":[\"west\"]"));
    CU_ASSERT_EQUAL(status_of(visit, WEST, NULL), 503);
    CU_ASSERT_EQUAL(status_of(visit, WEST "/accounts/b", NULL), 503);
    CU_ASSERT_EQUAL(
        status_of(visit, "/v1/ledgers", "{\"name\":\"late\",\"database\":\"west\"}"), 503);
    CU_ASSERT_EQUAL(status_of(visit, "/v1/ledgers", "{\"name\":\"anywhere\"}"), 201);
    CU_ASSERT(visit_is(visit, "database", "\"east\""));
    CU_ASSERT_EQUAL(visit_figure(visit, "teller_database_open{database=\"west\"}"), 0);
    without_west(visit);
}

/* Of two hosts, and both ledgers are there. */
static void begin_apart(struct pair *pair, struct visit *visit)
{
    memset(pair, 0, sizeof *pair);
    CU_ASSERT_FATAL(service_make(&pair->hosts[0], "owner", NULL));
    CU_ASSERT_FATAL(service_make(&pair->hosts[1], "owner", NULL));
    name_database(&pair->hosts[0], "east", "template1", pair->east);
    name_database(&pair->hosts[1], "west", "template1", pair->west);
    prepare(pair);
    CU_ASSERT_FATAL(service_run(&pair->service));
    visit_begin(visit, &pair->service);
    make_ledgers(visit);
}

static void one_is_killed(void)
{
    static struct pair pair;
    struct visit visit;
    begin_apart(&pair, &visit);
    service_kill(&pair.hosts[1]);
    service_signal_postgres(&pair.hosts[1], SIGKILL);
    without_west(&visit);
    visit_end(&visit);

    CU_ASSERT_EQUAL(service_stop(&pair.service), 0);
    CU_ASSERT_FATAL(service_run(&pair.service));
    visit_begin(&visit, &pair.service);
    started_without_west(&visit);
    /* It comes back, and is served again without another start. */
    CU_ASSERT_FATAL(service_run(&pair.hosts[1]));
    CU_ASSERT(becomes(&visit, WEST "/accounts/b", 200));
    CU_ASSERT(visit_is(&visit, "balance", "\"50\""));
    visit_post(&visit, "/v1/transfers", "late", PAY);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT_EQUAL(status_of(&visit, "/v1/ledgers/nobody", NULL), 404);
    CU_ASSERT_EQUAL(status_of(&visit, "/v1/ledgers", NULL), 200);
    CU_ASSERT(says(&visit, "\"missing\":[]"));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&pair.service), 0);
    service_remove(&pair.service);
    service_remove(&pair.hosts[0]);
    service_remove(&pair.hosts[1]);
}

/* ---- under load ------------------------------------------------------------------------------ */

/* What is on its way between the two while an audit looks at the one and then at the other is no
 * finding. */
static void audits_agree(const struct pair *pair, struct payers *payers, struct dice *dice)
{
    struct command command = {.out = NULL};
    for (int i = 0; i < AUDITS; i++) {
        payers_let(payers, BETWEEN, dice);
        run(pair, &command,
            (const char *const[]){"audit", "--ledger", i % 2 ? "branch" : "main", NULL});
        EXPECT_EXIT(&command, 0);
    }
    command_free(&command);
}

/* Either of the two dies, with what is on its way, and comes back. */
static bool lose_one(struct pair *pair, struct payers *payers, struct dice *dice)
{
    struct service *host = &pair->hosts[dice_below(dice, 2)];
    payers_let(payers, BETWEEN, dice);
    service_kill(host);
    service_signal_postgres(host, SIGKILL);
    co_sleep((int64_t)dice_below(dice, AWAY_MS) * CO_CLOCK_MS);
    return service_run(host);
}

static void crossed_and_lost(void)
{
    static struct pair pair;
    static struct payers payers;
    struct visit visit;
    struct dice dice = dice_make(unit_seed(), 96);
    begin_apart(&pair, &visit);
    CU_ASSERT(payers_fund(&visit));
    visit_end(&visit);
    payers_begin(&payers, PAYERS, &pair.service, &pair.service, 97);
    audits_agree(&pair, &payers, &dice);
    for (int i = 0; i < LOSSES; i++)
        CU_ASSERT_FATAL(lose_one(&pair, &payers, &dice));
    payers_let(&payers, BETWEEN, &dice);
    payers_end(&payers);
    printf("[%zu arrived] ", atomic_load(&payers.answered));
    visit_begin(&visit, &pair.service);
    payers_check(&payers, &visit);
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&pair.service), 0);
    service_remove(&pair.service);
    service_remove(&pair.hosts[0]);
    service_remove(&pair.hosts[1]);
}

const struct unit_suite databases_suite = {"databases", 2,
    (const struct unit_test[]){{"of_two_databases", of_two_databases},
        {"one_is_killed", one_is_killed}, {"crossed_and_lost", crossed_and_lost}, {0}}};
