/* SPDX-License-Identifier: MIT */
/*
 * The leak's second cure: a context. Whoever asks waits for a receiver or for the end of the
 * context, and the client ends the context when it gives up.
 */
#include "lab/strategy/strategies.h"

#include "lab/machine/operation.h"
#include "lab/machine/trial.h"
#include "lab/strategy/asking.h"
#include "lab/machine/traced.h" /* last */

static void ask(void *arg)
{
    struct question *question = arg;
    int64_t answer = 42;
    co_sleep(ASKING_TAKES_NS);
    struct co_select_case cases[] = {
        {CO_SELECT_SEND, question->answers, &answer, CO_CHAN_OK},
        {CO_SELECT_RECV, co_context_done(question->context), NULL,
            CO_CHAN_OK}, /* or the client is gone */
    };
    co_select_wait(cases, 2);
    co_waitgroup_done(question->asked);
}

static bool carry_out(void *state, struct operation *op)
{
    struct asking *asking = state;
    struct question *question = &asking->questions[op->number];
    co_waitgroup_add(&asking->asked, 1);
    if (!co_spawn(ask, question)) {
        co_waitgroup_done(&asking->asked);
        return false;
    }

    int64_t answer;
    struct co_select_case reply = {CO_SELECT_RECV, question->answers, &answer, CO_CHAN_OK};
    bool answered = co_select_timeout(&reply, 1, ASKING_PATIENCE_NS) == 0;
    co_context_cancel(question->context);
    return answered;
}

static void *make(struct trial *trial)
{
    return asking_make(trial, 0, true);
}

static void stop(void *state)
{
    struct asking *asking = state;
    co_waitgroup_wait(&asking->asked); /* a context must outlive whoever waits with it */
    for (int i = 0; i < asking->count; i++)
        co_context_release(&asking->questions[i].context);
}

const struct lab_strategy leaking_context_strategy = {
    .name = "leak-context",
    .title = "Cured by a context",
    .safe = true,
    .why = "Whoever waits to send also waits for the end of the context, which the client brings "
           "about.",
    .go = "ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)\n"
          "defer cancel()\n"
          "go func() {\n"
          "    select {\n"
          "    case answers <- ask():\n"
          "    case <-ctx.Done():\n"
          "    }\n"
          "}()",
    .files = {__FILE__},
    .make = make,
    .carry_out = carry_out,
    .stop = stop,
    .free = asking_free,
};
