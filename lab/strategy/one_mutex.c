/* SPDX-License-Identifier: MIT */
/*
 * One mutex for everything. While a coroutine holds it nobody else reads or writes: check and act
 * are one. The price: also those who have nothing to do with each other wait.
 */
#include "lab/strategy/strategies.h"

#include <stdlib.h>

#include "lab/machine/operation.h"
#include "lab/machine/trace.h"
#include "lab/machine/trial.h"
#include "lab/strategy/check_and_act.h"
#include "lab/machine/traced.h" /* last */

static void *make(struct trial *trial)
{
    (void)trial;
    struct co_mutex *mutex = calloc(1, sizeof *mutex);
    if (mutex)
        trace_name(&mutex->guard, "the mutex");
    return mutex;
}

static bool carry_out(void *state, struct operation *op)
{
    struct co_mutex *mutex = state;
    co_mutex_lock(mutex);
    bool may = check_and_act(op);
    co_mutex_unlock(mutex);
    return may;
}

const struct lab_strategy one_mutex_strategy = {
    .name = "mutex",
    .title = "One mutex",
    .safe = true,
    .why = "Whoever checks holds the mutex until the change is made, so the check stays true.",
    .go = "mu.Lock()\n"
          "defer mu.Unlock()\n"
          "if balance >= amount {\n"
          "    balance -= amount\n"
          "}",
    .files = {__FILE__},
    .make = make,
    .carry_out = carry_out,
};
