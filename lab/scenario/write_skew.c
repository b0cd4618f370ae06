/* SPDX-License-Identifier: MIT */
/* Two accounts of one customer, and a rule over both: together they may not fall below 0. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { EACH = 50, AMOUNT = 80 };

static void prepare(struct trial *trial)
{
    struct cell *checking = trial_cell(trial, "checking", EACH);
    struct cell *savings = trial_cell(trial, "savings", EACH);
    /* Each looks at both accounts and changes one: no two of them write the same cell. */
    for (int i = 0; i < trial->clients; i++) {
        bool other = i % 2;
        struct operation *op =
            trial_operation(trial, other ? "take 80 from savings" : "take 80 from checking");
        op->yes = "is told: paid";
        op->amount = AMOUNT;
        op->may = operation_all_have;
        op->condition = "(SELECT sum(balance) FROM account) >= 80";
        op->count = 2;
        op->cells[0] = other ? savings : checking;
        op->cells[1] = other ? checking : savings;
        op->change[0] = -AMOUNT;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int paid = trial_done(trial);
    long long sum = cell_value(&trial->cells[0]) + cell_value(&trial->cells[1]);
    v->broken = paid != 1 || sum != 2 * EACH - AMOUNT;
    snprintf(v->expected, sizeof v->expected,
        "Exactly one withdrawal succeeds, and %d remain in both together.", 2 * EACH - AMOUNT);
    snprintf(
        v->actual, sizeof v->actual, "%d succeeded, and %lld remain in both together.", paid, sum);
    if (sum < 0)
        snprintf(v->verdict, sizeof v->verdict,
            "Together the accounts are %lld short: each withdrawal looked at both accounts, and "
            "changed its own.",
            -sum);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balances are not what the withdrawals have left."
                      : "One withdrawal was paid; what is left would not cover another.");
}

const struct lab_scenario write_skew_scenario = {
    .name = "write-skew",
    .title = "A rule over two accounts",
    .holds = "The sum of both accounts never falls below 0: one withdrawal of 80 from 50 and 50.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "unordered-locks", "rwmutex", "compare-and-swap", "sql-naive",
        "sql-conditional-update", "sql-repeatable-read"},
    .prepare = prepare,
    .judge = judge,
};
