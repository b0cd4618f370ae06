/* SPDX-License-Identifier: MIT */
/*
 * A new version beside the old one, under load: the old one's schema stays while it serves, and no
 * client has to send anything more than once again. TEST_OLD_PROGRAM names an older program to
 * upgrade from (make upgrade builds one); without it the program itself is the older one.
 */
#include "tests/service/suites.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/command.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { CLIENTS = 8, TURN_MS = 1500 };

/* One PostgreSQL, and two programs on one database in it. */
struct pair {
    struct service host, old, new;
    char url[STANDBY_URL];
    struct co_waitgroup running;
    _Atomic bool new_is_up, stop, over;
};

struct client_of_both {
    struct pair *pair;
    int number, paid, again;
};

static bool ask_psql(const struct pair *pair, const char *sql, char *answer, size_t size)
{
    struct command command = {0};
    const char *const argv[] = {
        "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", pair->url, "-c", sql, NULL};
    command_run(&command, argv);
    EXPECT_EXIT(&command, 0);
    bool good = command.exit_code == 0;
    if (answer)
        snprintf(answer, size, "%.*s", (int)strcspn(command.out, "\n"), command.out);
    command_free(&command);
    return good;
}

static int schema_of(const struct pair *pair)
{
    char text[20] = "";
    CU_ASSERT(ask_psql(pair, "SELECT max(no) FROM teller.migration", text, sizeof text));
    return (int)strtol(text, NULL, 10);
}

/* ---- clients --------------------------------------------------------------------------------- */

static bool pay(const struct service *service, const char *key)
{
    struct visit visit;
    visit_begin(&visit, service);
    visit_post(&visit, "/accounts/saver/deposit", key, "{\"amount\":1}");
    int status = visit.response.status;
    visit_end(&visit);
    return status == 201;
}

/* Pays at the old one; what fails there goes to the new one, with its key, once that is ready. */
static void client_main(void *arg)
{
    struct client_of_both *client = arg;
    struct pair *pair = client->pair;
    const struct service *service = &pair->old;
    char key[40];
    while (!pair->stop) {
        snprintf(key, sizeof key, "%d-%d", client->number, client->paid);
        while (!pay(service, key) && client->again < 10) {
            client->again++;
            service = &pair->new;
            while (!(pair->over && !pair->new_is_up) && service_probe(service, "/readyz") != 200)
                co_sleep(10 * CO_CLOCK_MS);
        }
        client->paid++;
        co_sleep(CO_CLOCK_MS);
    }
    co_waitgroup_done(&pair->running);
}

/* ---- the programs ---------------------------------------------------------------------------- */

static void prepare(struct service *service, const char *url, const char *program)
{
    *service = (struct service){
        .strategy = "owner", .program = program, .arguments = {"--database", url, NULL}};
    service_reserve(service);
    snprintf(service->folder, sizeof service->folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(service->folder));
}

static void begin(struct pair *pair)
{
    struct visit visit;
    char path[200];
    memset(pair, 0, sizeof *pair);
    CU_ASSERT_FATAL(standby_host(&pair->host, "owner", pair->url));
    prepare(&pair->old, pair->url, getenv("TEST_OLD_PROGRAM"));
    prepare(&pair->new, pair->url, NULL);
    CU_ASSERT_FATAL(service_run(&pair->old));
    snprintf(path, sizeof path, "%s/admin.token", pair->new.folder);
    FILE *file = fopen(path, "we");
    co_ensure(file && fprintf(file, "%s\n", pair->old.target.token) > 0 && fclose(file) == 0);
    snprintf(pair->new.url, sizeof pair->new.url, "http://127.0.0.1:%d", pair->new.port);
    co_ensure(target_make(pair->new.url, pair->old.target.token, &pair->new.target) == NULL);
    visit_begin(&visit, &pair->old);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1));
    visit_end(&visit);
}

static void new_main(void *arg)
{
    struct pair *pair = arg;
    pair->new_is_up = service_run(&pair->new);
    pair->over = true;
    co_waitgroup_done(&pair->running);
}

static void end(struct pair *pair)
{
    service_remove(&pair->old);
    service_remove(&pair->new);
    service_remove(&pair->host);
}

/* What the next version's `teller migrate` would do, with a migration that goes with ours. */
static const char next_migration[] =
    "BEGIN; SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_xact_lock(7310295881);"
    "SET LOCAL search_path = teller, pg_temp;"
    "INSERT INTO migration (no, name, compatible) SELECT max(no) + 1, 'next.sql', max(no)"
    " FROM migration;"
    "ALTER TABLE entry ADD COLUMN next_of_it bigint;"
    "ALTER TABLE entry ADD CONSTRAINT next_rule CHECK (next_of_it > 0) NOT VALID;"
    "CREATE TABLE next_table (n int); COMMIT";

static void upgraded_under_load(void)
{
    static struct pair pair;
    static struct client_of_both clients[CLIENTS];
    bool older = getenv("TEST_OLD_PROGRAM") != NULL;
    int paid = 0;
    begin(&pair);
    int schema = schema_of(&pair);
    co_waitgroup_add(&pair.running, CLIENTS + 1);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client_of_both){.pair = &pair, .number = i};
        co_ensure(co_spawn(client_main, &clients[i]));
    }
    co_sleep(TURN_MS * CO_CLOCK_MS);
    if (!older) /* a migration that says so does not disturb it */
        CU_ASSERT(ask_psql(&pair, next_migration, NULL, 0));
    co_sleep(TURN_MS * CO_CLOCK_MS);
    co_ensure(co_spawn(new_main, &pair));
    co_sleep(2 * TURN_MS * CO_CLOCK_MS);
    for (int i = 0; i < CLIENTS; i++)
        CU_ASSERT_EQUAL(clients[i].again, 0);
    CU_ASSERT_EQUAL(schema_of(&pair), schema + (older ? 0 : 1));

    CU_ASSERT_EQUAL(service_stop(&pair.old), 0);
    for (int i = 0; i < 3000 && !pair.over; i++)
        co_sleep(20 * CO_CLOCK_MS);
    CU_ASSERT(pair.new_is_up);
    co_sleep(TURN_MS * CO_CLOCK_MS);
    pair.stop = true;
    co_waitgroup_wait(&pair.running);
    for (int i = 0; i < CLIENTS; i++) {
        CU_ASSERT(clients[i].again <= 1);
        paid += clients[i].paid;
    }
    printf("[%d paid, schema %d] ", paid, schema_of(&pair));
    CU_ASSERT(schema_of(&pair) > schema);
    struct visit visit;
    visit_begin(&visit, &pair.new);
    CU_ASSERT(visit_balance_is(&visit, "saver", 1 + paid));
    visit_end(&visit);
    struct command command = {0};
    const char *const audit[] = {"audit", "--database", pair.url, NULL};
    command_teller(&command, &pair.new, audit);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
    end(&pair);
}

const struct unit_suite upgrade_suite = {
    "upgrade", 2, (const struct unit_test[]){{"upgraded_under_load", upgraded_under_load}, {0}}};
