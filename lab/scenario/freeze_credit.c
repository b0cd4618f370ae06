/* SPDX-License-Identifier: MIT */
/* An account is frozen while money comes in. */
#include <stdio.h>

#include "lab/scenario/scenarios.h"

enum { BALANCE = 100, AMOUNT = 10 };

static bool not_frozen(const struct operation *op, const int64_t seen[])
{
    (void)op;
    return seen[1] == 0;
}

static void prepare(struct trial *trial)
{
    struct cell *alice = trial_cell(trial, "alice", BALANCE);
    struct cell *frozen = trial_cell(trial, "frozen", 0);
    alice->ordered = frozen->ordered = true; /* which was changed last is what matters */
    /* The first client freezes; each other one looks at that before it books. */
    for (int i = 0; i < trial->clients; i++) {
        bool credits = i > 0;
        struct operation *op = trial_operation(trial, credits ? "credit 10" : "freeze");
        op->count = credits ? 2 : 1;
        op->cells[0] = credits ? alice : frozen;
        op->change[0] = credits ? AMOUNT : 1;
        op->cells[1] = frozen;
        op->may = credits ? not_frozen : NULL;
        op->condition = credits ? "(SELECT balance FROM account WHERE name = 'frozen') = 0" : NULL;
        op->no = "is told: frozen";
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    const struct cell *alice = &trial->cells[0], *frozen = &trial->cells[1];
    bool late = alice->changed > frozen->changed;
    v->broken = late || !trial_adds_up(trial);
    snprintf(v->expected, sizeof v->expected, "No credit is booked once the account is frozen.");
    snprintf(v->actual, sizeof v->actual, "%d credit%s booked, %s after the freeze.",
        trial_done(trial) - 1, trial_done(trial) == 2 ? " was" : "s were",
        late ? "the last one" : "none");
    snprintf(v->verdict, sizeof v->verdict, "%s",
        late        ? "A credit was booked on an account that was already frozen."
        : v->broken ? "The balance is not what was booked."
                    : "Whatever came after the freeze was refused.");
}

const struct lab_scenario freeze_credit_scenario = {
    .name = "freeze-credit",
    .title = "An account is frozen while money comes in",
    .holds = "No credit is booked on an account once it is frozen.",
    .file = __FILE__,
    .clients = 2,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "atomic", "rwmutex", "compare-and-swap", "sql-naive",
        "sql-conditional-update", "sql-repeatable-read", "sql-serializable"},
    .prepare = prepare,
    .judge = judge,
};
