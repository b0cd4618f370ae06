/* SPDX-License-Identifier: MIT */
/* Alice pays Bob while Bob pays Alice. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { EACH = 30, AMOUNT = 10 };

static void prepare(struct trial *trial)
{
    int64_t start = (int64_t)EACH * trial->clients;
    struct cell *alice = trial_cell(trial, "alice", start), *bob = trial_cell(trial, "bob", start);
    /* The amounts differ: of equal ones, two that are lost look like two that were made. */
    for (int i = 0; i < trial->clients; i++) {
        bool back = i % 2;
        struct operation *op = trial_operation(trial, back ? "bob to alice 20" : "alice to bob 10");
        op->amount = back ? 2 * AMOUNT : AMOUNT;
        op->may = operation_first_has;
        op->condition = back ? "balance >= 20" : "balance >= 10";
        op->count = 2;
        op->cells[0] = back ? bob : alice;
        op->cells[1] = back ? alice : bob;
        op->change[0] = -op->amount;
        op->change[1] = op->amount;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    long long alice = cell_value(&trial->cells[0]), bob = cell_value(&trial->cells[1]);
    long long there = trial->clients - trial->clients / 2, back = trial->clients / 2;
    long long moved = back * 2 * AMOUNT - there * AMOUNT, start = trial->cells[0].start;
    long long sum = alice + bob - 2 * start;
    v->broken = alice != start + moved || bob != start - moved;
    snprintf(v->expected, sizeof v->expected, "Alice has %lld and Bob %lld.", start + moved,
        start - moved);
    snprintf(v->actual, sizeof v->actual, "Alice has %lld and Bob %lld.", alice, bob);
    if (sum)
        snprintf(v->verdict, sizeof v->verdict, "%lld %s: a transfer was overwritten.",
            sum < 0 ? -sum : sum, sum < 0 ? "are lost" : "came from nowhere");
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The sum is right, but the balances are not."
                      : "Both transfers were carried out.");
}

const struct lab_scenario opposite_transfers_scenario = {
    .name = "opposite-transfers",
    .title = "Alice pays Bob while Bob pays Alice",
    .holds = "All transfers end, and no money is lost or made.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "unordered-locks", "sql-naive", "sql-conditional-update"},
    .prepare = prepare,
    .judge = judge,
};
