/* SPDX-License-Identifier: MIT */
/* Transfers between two ledgers, to and fro, while the program is killed: each arrives once. */
#include "tests/service/suites.h"

#include "tests/service/payers.h"

enum { PAYERS = 12, KILLS = 4, BETWEEN_KILLS = 60 };

static void killed_under_load(const char *strategy)
{
    static struct payers payers;
    struct service service;
    struct visit visit;
    struct dice dice = dice_make(unit_seed(), 70);
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(payers_fund(&visit));
    visit_end(&visit);

    payers_begin(&payers, PAYERS, &service, &service, 71);
    bool up = true;
    for (int i = 0; i < KILLS && up; i++) {
        payers_let(&payers, BETWEEN_KILLS, &dice);
        service_kill(&service);
        up = service_run(&service);
        CU_ASSERT(up);
    }
    payers_end(&payers);
    visit_begin(&visit, &service);
    payers_check(&payers, &visit);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_open_holds{ledger=\"main\"}"), 0);
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(killed_under_load)

const struct unit_suite crossing_kills_suite = {
    "crossing-kills", 2, (const struct unit_test[]){BOTH_ROWS(killed_under_load), {0}}};
