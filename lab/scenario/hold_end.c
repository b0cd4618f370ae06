/* SPDX-License-Identifier: MIT */
/* 60 are reserved. The shop captures them while the customer releases them and their time ends. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { BALANCE = 100, HELD = 60, ENDS = 3 };

static bool still_held(const struct operation *op, const int64_t seen[])
{
    return seen[0] == op->amount;
}

static void prepare(struct trial *trial)
{
    static const char *const names[ENDS] = {"capture 60", "release 60", "expiry of 60"};
    struct cell *hold = trial_cell(trial, "hold", HELD);
    struct cell *alice = trial_cell(trial, "alice", BALANCE);
    struct cell *shop = trial_cell(trial, "shop", 0);
    /* All look at the hold and empty it; a capture moves the money, too. */
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, names[i % ENDS]);
        op->no = "is told: already settled";
        op->amount = HELD;
        op->may = still_held;
        op->condition = "balance = 60";
        op->count = 1;
        op->cells[0] = hold;
        op->change[0] = -HELD;
        if (i % ENDS)
            continue;
        op->count = 3;
        op->cells[1] = alice;
        op->change[1] = -HELD;
        op->cells[2] = shop;
        op->change[2] = HELD;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int ends = trial_done(trial);
    long long held = cell_value(&trial->cells[0]);
    v->broken = ends != 1 || held != 0 || !trial_adds_up(trial);
    snprintf(v->expected, sizeof v->expected, "The hold ends once, and nothing is held any more.");
    snprintf(v->actual, sizeof v->actual, "It ended %d time%s, and %lld are held.", ends,
        ends == 1 ? "" : "s", held);
    if (ends > 1)
        snprintf(v->verdict, sizeof v->verdict,
            "The hold was settled %d times: money was given back that was already taken.", ends);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balances do not add up." : "One of them ended the hold.");
}

const struct lab_scenario hold_end_scenario = {
    .name = "hold-end",
    .title = "Capture, release and expiry of one hold",
    .holds = "A hold ends exactly once, be it captured, released or expired.",
    .file = __FILE__,
    .clients = 3,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "rwmutex", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
