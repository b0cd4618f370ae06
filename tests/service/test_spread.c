/* SPDX-License-Identifier: MIT */
/*
 * Three servers on one database, many ledgers of which few have most of the load, and clients that
 * ask any server for any ledger: every answer is right, whoever gives it, and the servers come to
 * have about the same to do. SPREAD=long (`make spread`): 300 ledgers, all on one server at first,
 * and that after a minute none has more than 1.3 times the mean; and what the hop costs.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/savers.h"

enum {
    LEDGERS = 300,
    LEDGERS_SHORT = 10,
    CLIENTS = 32,
    CLIENTS_SHORT = 8,
    SHORT_S = 3,
    WARM_S = 60,
    LOOK_S = 10,
    TENTHS_MOST = 13, /* of the mean */
};

#define PREFIX "spread"

/* The n-th has 1/n of what the first has. */
static void share_out(struct savers *savers)
{
    uint64_t sum = 0;
    for (int i = 0; i < savers->ledgers; i++)
        savers->reach[i] = sum += UINT64_C(1000000) / (uint64_t)(i + 1);
}

static void begin(struct trio *trio, struct savers *savers, bool is_long)
{
    memset(savers, 0, sizeof *savers);
    savers->trio = trio;
    savers->prefix = PREFIX;
    savers->ledgers = is_long ? LEDGERS : LEDGERS_SHORT;
    savers->count = is_long ? CLIENTS : CLIENTS_SHORT;
    share_out(savers);
    trio_begin(trio, "owner", NULL);
    trio_make_ledgers(trio, PREFIX, savers->ledgers); /* all of them where the first server is */
    trio_come(trio);
    savers_begin(savers, 200);
}

/* ---- what they do -------------------------------------------------------------------------- */

/* Where each ledger is. */
static void look_at_owners(struct savers *savers)
{
    struct visit visit;
    struct json_view server, ledger;
    visit_begin(&visit, savers->trio->servers[0]);
    visit_get(&visit, "/v1/servers");
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk servers = {.rest = json_view_member(visit.body, "servers")};
    while (json_view_next(&servers, &server)) {
        struct json_view_walk ledgers = {.rest = json_view_member(server, "ledgers")};
        while (json_view_next(&ledgers, &ledger)) {
            char name[80];
            if (json_view_copy(json_view_member(ledger, "ledger"), name, sizeof name) &&
                strncmp(name, PREFIX "-", sizeof PREFIX) == 0)
                savers->owners[strtol(name + sizeof PREFIX, NULL, 10) % LEDGERS] =
                    trio_at(savers->trio, json_view_member(server, "url"));
        }
    }
    visit_end(&visit);
}

static uint64_t processor_ms(const struct trio *trio)
{
    double seconds = 0;
    for (int i = 0; i < TRIO_SERVERS; i++) {
        struct visit visit;
        visit_begin(&visit, trio->servers[i]);
        visit_get(&visit, "/metrics");
        const char *at = visit.response.body
                             ? strstr(visit.response.body, "\nprocess_cpu_seconds_total ")
                             : NULL;
        seconds += at ? strtod(at + strlen("\nprocess_cpu_seconds_total "), NULL) : 0;
        visit_end(&visit);
    }
    return (uint64_t)(seconds * 1000);
}

/* In the ledgers of that server; of all, if it is negative. */
static uint64_t sum_paid(const struct savers *savers, int server)
{
    int64_t paid = 0;
    for (int ledger = 0; ledger < savers->ledgers; ledger++)
        if (server < 0 || savers->owners[ledger] == server)
            paid += savers_paid(savers, ledger);
    return (uint64_t)paid;
}

/* What each server had to do in that time: payments of the ledgers that it has. In tenths of the
 * mean: the busiest. */
static uint64_t look_at_shares(struct savers *savers, int seconds)
{
    uint64_t before[TRIO_SERVERS], most = 0, sum = 0;
    look_at_owners(savers);
    for (int i = 0; i < TRIO_SERVERS; i++)
        before[i] = sum_paid(savers, i);
    co_sleep(seconds * CO_CLOCK_S);
    printf("\n    payments in %d s:", seconds);
    for (int i = 0; i < TRIO_SERVERS; i++) {
        uint64_t paid = sum_paid(savers, i) - before[i];
        printf(" %" PRIu64, paid);
        most = paid > most ? paid : most;
        sum += paid;
    }
    uint64_t hundredths = sum ? 100 * TRIO_SERVERS * most / sum : 0;
    printf(", the busiest %" PRIu64 ".%02" PRIu64 " of the mean\n", hundredths / 100,
        hundredths % 100);
    return (hundredths + 9) / 10;
}

/* The same load, asked of anybody and of the owners. */
static void tell_costs(struct savers *savers, int seconds)
{
    for (int direct = 0; direct < 2; direct++) {
        uint64_t ns[2], answers[2];
        atomic_store(&savers->direct, direct);
        look_at_owners(savers);
        for (int i = 0; i < 2; i++) {
            ns[i] = savers->ns[i];
            answers[i] = savers->answers[i];
        }
        uint64_t paid = sum_paid(savers, -1), ms = processor_ms(savers->trio);
        co_sleep(seconds * CO_CLOCK_S);
        paid = sum_paid(savers, -1) - paid;
        ms = processor_ms(savers->trio) - ms;
        printf("    asked of %s: %" PRIu64 "/s, %" PRIu64 " us of processor each;",
            direct ? "the owner" : "anybody", paid / (uint64_t)seconds,
            paid ? 1000 * ms / paid : 0);
        for (int i = 0; i < 2; i++) {
            uint64_t count = savers->answers[i] - answers[i];
            printf(" %s %" PRIu64 " in %" PRIu64 " us", i ? "passed on" : "direct", count,
                count ? (savers->ns[i] - ns[i]) / count / 1000 : 0);
        }
        printf("\n");
    }
}

static void all_answers_are_right(void)
{
    static struct trio trio;
    static struct savers savers;
    const char *given = getenv("SPREAD");
    bool is_long = given && strcmp(given, "long") == 0;
    begin(&trio, &savers, is_long);
    if (is_long) {
        look_at_shares(&savers, LOOK_S);
        co_sleep((WARM_S - LOOK_S) * CO_CLOCK_S);
        CU_ASSERT(look_at_shares(&savers, LOOK_S) <= TENTHS_MOST);
        tell_costs(&savers, LOOK_S);
    } else {
        co_sleep(SHORT_S * CO_CLOCK_S);
    }
    savers_end(&savers);
    CU_ASSERT(savers.answers[0] > 0 && savers.answers[1] > 0);
    for (int i = 0; i < TRIO_SERVERS; i++)
        savers_check(&savers, trio.servers[i]);
    CU_ASSERT(command_audits(trio.url));
    trio_end(&trio);
}

const struct unit_suite spread_suite = {
    "spread", 1, (const struct unit_test[]){{"all_answers_are_right", all_answers_are_right}, {0}}};
