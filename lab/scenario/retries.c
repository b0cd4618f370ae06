/* SPDX-License-Identifier: MIT */
/* One request, sent again with the same key while the first is still on its way. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { BALANCE = 200, AMOUNT = 80 };

/* The first cell is the key: how often it was used. */
static bool unused_and_enough(const struct operation *op, const int64_t seen[])
{
    return seen[0] == 0 && seen[1] >= op->amount;
}

static void prepare(struct trial *trial)
{
    struct cell *key = trial_cell(trial, "key k-1", 0);
    struct cell *alice = trial_cell(trial, "alice", BALANCE);
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "withdraw 80, key k-1");
        op->yes = "is told: paid";
        op->no = "is told: paid before";
        op->amount = AMOUNT;
        op->may = unused_and_enough;
        op->condition = "balance = 0 AND (SELECT balance FROM account WHERE name = 'alice') >= 80";
        op->count = 2;
        op->cells[0] = key;
        op->cells[1] = alice;
        op->change[0] = 1;
        op->change[1] = -AMOUNT;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int paid = trial_done(trial);
    long long left = cell_value(&trial->cells[1]);
    v->broken = paid != 1 || left != BALANCE - AMOUNT || !trial_adds_up(trial);
    snprintf(v->expected, sizeof v->expected, "One of them has an effect, and %d remain.",
        BALANCE - AMOUNT);
    snprintf(v->actual, sizeof v->actual, "%d had an effect, and %lld remain.", paid, left);
    if (paid > 1)
        snprintf(v->verdict, sizeof v->verdict, "The same request was carried out %d times.", paid);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balance is not what the request has left."
                      : "It was carried out once; whoever sent it again was told so.");
}

const struct lab_scenario retries_scenario = {
    .name = "retries",
    .title = "One request, sent again with its key",
    .holds = "However often a request is sent with one key, it is carried out exactly once.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "rwmutex", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
