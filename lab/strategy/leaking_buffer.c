/* SPDX-License-Identifier: MIT */
/*
 * The leak's first cure: a buffer with a place for the answer. Whoever asks puts it there and ends,
 * whether or not the client still waits.
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
    (void)co_chan_send(question->answers, &answer); /* there is room: it does not wait */
}

static bool carry_out(void *state, struct operation *op)
{
    struct asking *asking = state;
    struct question *question = &asking->questions[op->number];
    if (!co_spawn(ask, question))
        return false;

    int64_t answer;
    struct co_select_case reply = {CO_SELECT_RECV, question->answers, &answer, CO_CHAN_OK};
    return co_select_timeout(&reply, 1, ASKING_PATIENCE_NS) == 0;
}

static void *make(struct trial *trial)
{
    return asking_make(trial, 1, false);
}

const struct lab_strategy leaking_buffer_strategy = {
    .name = "leak-buffer",
    .title = "Cured by a buffer",
    .safe = true,
    .why = "The answer has a place to go, so its sender never waits.",
    .go = "answers := make(chan int, 1)\n"
          "go func() { answers <- ask() }()\n"
          "select {\n"
          "case a := <-answers:\n"
          "    return a, nil\n"
          "case <-time.After(10 * time.Millisecond):\n"
          "    return 0, errTimeout\n"
          "}",
    .files = {__FILE__},
    .make = make,
    .carry_out = carry_out,
    .free = asking_free,
};
