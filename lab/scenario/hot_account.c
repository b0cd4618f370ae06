/* SPDX-License-Identifier: MIT */
/* Everyone pays into one account. */
#include <stdio.h>

#include "lab/machine/cell_access.h"
#include "lab/scenario/scenarios.h"

enum { EACH = 10 };

/* A customer's name; those beyond the first few have one name. */
static const char *name_of(int customer)
{
    static const char *const names[TRIAL_CLIENTS_SEEDED] = {
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"};
    return customer < TRIAL_CLIENTS_SEEDED ? names[customer] : "customer";
}

static void prepare(struct trial *trial)
{
    struct cell *shop = trial_cell(trial, "shop", 0);
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "pay 10 to the shop");
        op->yes = "is told: paid";
        op->amount = EACH;
        op->may = operation_first_has;
        op->condition = "balance >= 10";
        op->count = 2;
        op->cells[0] = trial_cell(trial, name_of(i), EACH);
        op->cells[1] = shop;
        op->change[0] = -EACH;
        op->change[1] = EACH;
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    /* The shop is the cell that all share, made first. */
    long long has = cell_value(&trial->cells[0]), due = (long long)EACH * trial->clients;
    v->broken = has != due || trial_done(trial) != trial->clients || !trial_adds_up(trial);
    snprintf(v->expected, sizeof v->expected, "All %d customers pay, and the shop has %lld.",
        trial->clients, due);
    snprintf(v->actual, sizeof v->actual, "%d have paid, and the shop has %lld.", trial_done(trial),
        has);
    if (has < due)
        snprintf(
            v->verdict, sizeof v->verdict, "%lld are lost: a payment was overwritten.", due - has);
    else
        snprintf(v->verdict, sizeof v->verdict, "%s",
            v->broken ? "The balances do not add up." : "Each payment arrived.");
}

const struct lab_scenario hot_account_scenario = {
    .name = "hot-account",
    .title = "Everyone pays into one account",
    .holds = "The shop has all that its customers have paid.",
    .file = __FILE__,
    .clients = 3,
    .clients_min = 2,
    .strategies = offered_for_operations,
    .breaks = {"unsafe", "sql-naive"},
    .prepare = prepare,
    .judge = judge,
};
