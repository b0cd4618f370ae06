/* SPDX-License-Identifier: MIT */
/* Money goes round: Alice pays Bob, Bob pays Carol, Carol pays Alice. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { PEOPLE = 3, EACH = 50, AMOUNT = 10 };

static void prepare(struct trial *trial)
{
    static const char *const people[] = {"alice", "bob", "carol"};
    static const char *const pays[] = {"alice to bob 10", "bob to carol 10", "carol to alice 10"};
    for (int i = 0; i < PEOPLE; i++)
        trial_cell(trial, people[i], (int64_t)EACH * trial->clients);
    /* Nobody is ever short, so whatever does not end waits for a lock. */
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, pays[i % PEOPLE]);
        op->amount = AMOUNT;
        op->may = operation_first_has;
        op->condition = "balance >= 10";
        op->count = 2;
        op->cells[0] = &trial->cells[i % PEOPLE];
        op->cells[1] = &trial->cells[(i + 1) % PEOPLE];
        op->change[0] = -AMOUNT;
        op->change[1] = AMOUNT;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    long long sum = 0, start = (long long)PEOPLE * EACH * trial->clients;
    for (int i = 0; i < PEOPLE; i++)
        sum += cell_value(&trial->cells[i]);
    v->broken = trial_done(trial) != trial->clients || !trial_adds_up(trial);
    snprintf(v->expected, sizeof v->expected, "All %d transfers are carried out; the sum is %lld.",
        trial->clients, start);
    snprintf(v->actual, sizeof v->actual, "%d were carried out; the sum is %lld.",
        trial_done(trial), sum);
    snprintf(v->verdict, sizeof v->verdict, "%s",
        v->broken ? "The balances are not what the transfers have made of them."
                  : "The money went round.");
}

const struct lab_scenario ring_scenario = {
    .name = "ring",
    .title = "Three people pay in a ring",
    .holds = "All transfers of a ring end, and the sum of all balances stays the same.",
    .file = __FILE__,
    .clients = 3,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "unordered-locks", "sql-naive", "sql-conditional-update"},
    .prepare = prepare,
    .judge = judge,
};
