/* SPDX-License-Identifier: MIT */
/* What the three ways to ask a slow service have in common: for each client a channel for the
 * answer, that lives until the end of the run. (Go's garbage collector would see to that.) */
#ifndef LAB_STRATEGY_ASKING_H
#define LAB_STRATEGY_ASKING_H

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/context.h"
#include "lab/machine/trial.h"

/* How long the service takes, and how long the client waits. */
#define ASKING_TAKES_NS (5 * CO_CLOCK_MS)
#define ASKING_PATIENCE_NS (10 * CO_CLOCK_MS)

struct asking {
    struct co_waitgroup asked; /* done when a question's coroutine has ended, if somebody waits */
    int count;
    struct question {
        struct co_waitgroup *asked;
        struct co_chan *answers;    /* of int64_t */
        struct co_context *context; /* NULL: none */
    } questions[];
};

/* `room`: of the channels' buffers. NULL: memory is short. */
struct asking *asking_make(struct trial *trial, size_t room, bool with_context);
void asking_free(void *asking);

#endif
