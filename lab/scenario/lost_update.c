/* SPDX-License-Identifier: MIT */
/* counter++ by several: a load, an addition and a store. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

static void prepare(struct trial *trial)
{
    struct cell *counter = trial_cell(trial, "counter", 0);
    /* Without a condition: none is ever refused, so each must show in the counter. */
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "counter++");
        op->yes = "has counted";
        op->count = 1;
        op->cells[0] = counter;
        op->change[0] = 1;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int counted = trial_done(trial);
    long long counter = cell_value(&trial->cells[0]);
    v->broken = counter != trial->clients;
    snprintf(v->expected, sizeof v->expected, "The counter says %d.", trial->clients);
    snprintf(v->actual, sizeof v->actual, "%d have counted, and the counter says %lld.", counted,
        counter);
    if (v->broken)
        snprintf(v->verdict, sizeof v->verdict, "%lld of %d updates were lost.",
            trial->clients - counter, trial->clients);
    else
        snprintf(v->verdict, sizeof v->verdict, "Each update was counted.");
}

const struct lab_scenario lost_update_scenario = {
    .name = "lost-update",
    .title = "A counter that several count on",
    .holds = "After n increments the counter says n more than before.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
