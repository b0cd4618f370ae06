/* SPDX-License-Identifier: MIT */
/* Several withdrawals of 30, of which the balance allows half. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { AMOUNT = 30, REST = 10 };

static void prepare(struct trial *trial)
{
    struct cell *alice = trial_cell(trial, "alice", trial->clients / 2 * AMOUNT + REST);
    /* All alike, so only how many are paid can be wrong. */
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "withdraw 30");
        op->yes = "is told: paid";
        op->amount = AMOUNT;
        op->may = operation_first_has;
        op->condition = "balance >= 30";
        op->count = 1;
        op->cells[0] = alice;
        op->change[0] = -AMOUNT;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int paid = trial_done(trial), most = trial->clients / 2;
    long long left = cell_value(&trial->cells[0]);
    v->broken = paid != most || left != REST;
    snprintf(v->expected, sizeof v->expected, "%d withdrawals succeed and %d remain.", most, REST);
    snprintf(v->actual, sizeof v->actual, "%d succeeded and %lld remain.", paid, left);
    if (paid > most)
        snprintf(v->verdict, sizeof v->verdict,
            "%d withdrawals were paid from a balance that allows %d.", paid, most);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balance is not what the withdrawals have left."
                      : "As many were paid as the balance allows.");
}

const struct lab_scenario many_withdrawals_scenario = {
    .name = "many-withdrawals",
    .title = "More withdrawals than the balance allows",
    .holds = "Exactly as many withdrawals of 30 succeed as the balance allows, and 10 remain.",
    .file = __FILE__,
    .clients = 4,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "rwmutex", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
