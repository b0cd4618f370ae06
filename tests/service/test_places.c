/* SPDX-License-Identifier: MIT */
/*
 * Three servers on one database, and thirty ledgers under load: those of a server that is killed
 * spread over the other two, one goes where it is asked for, and one that stops hands over what it
 * has. Clients ask any server until a payment is answered; each is made once.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/savers.h"

enum { LEDGERS = 30, CLIENTS = 6, SHARE_LEAST = 3, PATIENCE_S = 60 };

#define PREFIX "shared"

/* ---- where they are ------------------------------------------------------------------------ */

/* How many of the ledgers that server has open: of all, or of that one. */
static int count_running(const struct service *service, const char *name)
{
    struct visit visit;
    struct json_view item;
    int count = 0;
    visit_begin(&visit, service);
    visit_get(&visit, "/v1/ledgers?limit=100");
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    while (visit.response.status == 200 && json_view_next(&walk, &item)) {
        bool wanted = name ? json_view_is(json_view_member(item, "name"), name)
                           : !json_view_is(json_view_member(item, "name"), "main");
        count += wanted && json_view_is(json_view_member(item, "state"), "running");
    }
    visit_end(&visit);
    return count;
}

static bool runs(const struct service *service, int ledger)
{
    char name[24];
    snprintf(name, sizeof name, PREFIX "-%d", ledger);
    return count_running(service, name) == 1;
}

/* Until the two have all of them, none both. */
static void await_spread(const struct trio *trio)
{
    int second = 0, third = 0;
    for (int i = 0; i < 2 * PATIENCE_S && second + third != LEDGERS; i++) {
        co_sleep(500 * CO_CLOCK_MS);
        second = count_running(trio->servers[1], NULL);
        third = count_running(trio->servers[2], NULL);
    }
    printf("[%d and %d] ", second, third);
    CU_ASSERT_EQUAL(second + third, LEDGERS);
    CU_ASSERT(second >= SHARE_LEAST && third >= SHARE_LEAST);
}

static void ask_for(struct visit *visit, int ledger, const char *body)
{
    char path[TRIO_PATH];
    trio_path(path, PREFIX, ledger, "/owner");
    visit_post(visit, path, NULL, body);
}

/* One of the third server's goes to the second, which is asked for it. */
static void move_one(const struct trio *trio)
{
    struct visit visit;
    int ledger = 0;
    while (ledger < LEDGERS - 1 && !runs(trio->servers[2], ledger))
        ledger++;
    visit_begin(&visit, trio->servers[1]);
    ask_for(&visit, ledger, "{\"server\":2}");
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(visit_is(&visit, "wanted", "2"));
    for (int i = 0; i < 10 * PATIENCE_S && !runs(trio->servers[1], ledger); i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT(runs(trio->servers[1], ledger));
    ask_for(&visit, ledger, "{\"server\":2}");
    EXPECT_STATUS(&visit, 200);
    ask_for(&visit, ledger, "{\"server\":1}"); /* the one that was killed */
    EXPECT_PROBLEM(&visit, 409, "server_gone");
    visit_end(&visit);
}

/* ---- the test ------------------------------------------------------------------------------ */

static void begin(struct trio *trio, struct savers *savers)
{
    trio_begin(trio, "owner", NULL);
    trio_make_ledgers(trio, PREFIX, LEDGERS); /* all of them where the first server is */
    trio_come(trio);
    memset(savers, 0, sizeof *savers);
    savers->trio = trio;
    savers->prefix = PREFIX;
    savers->ledgers = LEDGERS;
    savers->count = CLIENTS;
    savers->kills = true;
    for (int i = 0; i < LEDGERS; i++)
        savers->reach[i] = (uint64_t)i + 1; /* all the same */
    savers_begin(savers, 100);
}

/* The audit says, too, that epochs never fall from batch to batch: one owner at each position. */
static void ledgers_find_their_places(void)
{
    static struct trio trio;
    static struct savers savers;
    begin(&trio, &savers);
    savers_let(&savers, 200);
    service_kill(&trio.first);
    savers_let(&savers, 200);
    await_spread(&trio);
    move_one(&trio);
    savers_let(&savers, 200);

    /* The second one stops; what it had is the third one's. */
    CU_ASSERT_EQUAL(service_stop(trio.servers[1]), 0);
    CU_ASSERT(service_logged(trio.servers[1], "info", "handed over to server 3"));
    savers_let(&savers, 200);
    savers_end(&savers);
    savers_check(&savers, trio.servers[2]); /* the one that is left */
    CU_ASSERT(command_audits(trio.url));
    trio_end(&trio);
}

const struct unit_suite places_suite = {"places", 1,
    (const struct unit_test[]){{"ledgers_find_their_places", ledgers_find_their_places}, {0}}};
