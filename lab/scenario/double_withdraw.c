/* SPDX-License-Identifier: MIT */
/* A balance of 100, and two withdrawals of 80 simultaneously. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { BALANCE = 100, AMOUNT = 80 };

static void prepare(struct trial *trial)
{
    struct cell *alice = trial_cell(trial, "alice", BALANCE);
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "withdraw 80");
        op->yes = "is told: paid";
        op->amount = AMOUNT;
        op->may = operation_first_has;
        op->condition = "balance >= 80";
        op->count = 1;
        op->cells[0] = alice;
        op->change[0] = -AMOUNT;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int paid = trial_done(trial);
    long long left = cell_value(&trial->cells[0]);
    v->broken = paid != 1 || left != BALANCE - AMOUNT;
    snprintf(v->expected, sizeof v->expected, "Exactly one withdrawal succeeds and %d remain.",
        BALANCE - AMOUNT);
    snprintf(v->actual, sizeof v->actual, "%d succeeded and %lld remain.", paid, left);
    /* The balance alone does not show it: an overwritten withdrawal leaves 20 as well. */
    if (paid > 1)
        snprintf(v->verdict, sizeof v->verdict,
            "%s withdrawals succeeded: %d left an account of %d.", paid == 2 ? "Both" : "Too many",
            paid * AMOUNT, BALANCE);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balance is not what the withdrawals have left."
                      : "One withdrawal was paid, the other was refused.");
}

const struct lab_scenario double_withdraw_scenario = {
    .name = "double-withdraw",
    .title = "Two withdrawals of 80 from 100",
    .holds = "Exactly one of two withdrawals of 80 from a balance of 100 succeeds, and 20 remain.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "rwmutex", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
