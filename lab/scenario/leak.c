/* SPDX-License-Identifier: MIT */
/* A client asks a slow service and gives up after a while. Who is left behind? */
#include <stdio.h>

#include "lab/scenario/scenarios.h"

static const struct lab_strategy *const ways[] = {
    &leaking_strategy, &leaking_buffer_strategy, &leaking_context_strategy, NULL};

static void prepare(struct trial *trial)
{
    /* No cells: it is the coroutines that are counted, not money. */
    for (int i = 0; i < trial->clients; i++) {
        struct operation *op = trial_operation(trial, "ask, for 10 ms");
        op->yes = "has the answer";
        op->no = "has given up";
    }
}

static void judge(const struct trial *trial, struct lab_verdict *v)
{
    int answered = trial_done(trial);
    v->broken = trial->leaked > 0;
    snprintf(v->expected, sizeof v->expected, "No coroutine is left behind.");
    snprintf(v->actual, sizeof v->actual, "%d of %d were answered in time; %d coroutine%s left.",
        answered, trial->clients, trial->leaked, trial->leaked == 1 ? " is" : "s are");
    snprintf(v->verdict, sizeof v->verdict, "All coroutines have ended.");
}

const struct lab_scenario leak_scenario = {
    .name = "leak",
    .title = "A coroutine that nobody waits for any more",
    .holds = "When all clients have an answer or have given up, no coroutine is left behind.",
    .file = __FILE__,
    .clients = 1,
    .clients_min = 1,
    .settles = true,
    .strategies = ways,
    .breaks = {"leak"},
    .prepare = prepare,
    .judge = judge,
};
