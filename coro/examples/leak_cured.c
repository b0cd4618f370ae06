/* SPDX-License-Identifier: MIT */
/*
 * The leak's cure: whoever starts coroutines also says when they stop. A sender waits for its turn
 * or for the end of the context, whichever is first; so none is left behind.
 *
 *     ctx, cancel := context.WithCancel(ctx)
 *     defer cancel()
 *     … select { case ch <- ask(m): case <-ctx.Done(): }
 *
 * (A buffer with a place for each answer would do as well: then no sender ever waits.)
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/waitgroup.h"

enum { MIRRORS = 3 };

struct mirror {
    int64_t delay_ns;
    const char *name;
    struct co_context *context;
    struct co_chan *answers;
    struct co_waitgroup *asked;
};

static void ask(void *arg)
{
    struct mirror *mirror = arg;
    struct co_chan *stop = co_context_done(mirror->context);
    struct co_select_case reply = {.op = CO_SELECT_RECV, .chan = stop};
    if (co_select_timeout(&reply, 1, mirror->delay_ns) ==
        CO_SELECT_NONE) { /* not stopped: it replied */
        struct co_select_case cases[] = {
            {.op = CO_SELECT_SEND, .chan = mirror->answers, .item = &mirror->name},
            {.op = CO_SELECT_RECV, .chan = stop},
        };
        co_select_wait(cases, 2);
    }
    co_waitgroup_done(mirror->asked);
}

static void fastest(void *arg)
{
    (void)arg;
    const char *first;
    struct co_waitgroup asked = {0};
    struct co_context *context = co_context_with_cancel(co_context_background());
    struct co_chan *answers = co_chan_make(sizeof first, 0);
    struct mirror mirrors[MIRRORS] = {
        {10 * CO_CLOCK_S, "Lima", context, answers, &asked},
        {CO_CLOCK_MS, "Oslo", context, answers, &asked},
        {10 * CO_CLOCK_S, "Rome", context, answers, &asked},
    };
    co_ensure(context && answers);
    co_waitgroup_add(&asked, MIRRORS);
    for (int i = 0; i < MIRRORS; i++)
        co_ensure(co_spawn(ask, &mirrors[i]));
    co_ensure(co_chan_recv(answers, &first) == CO_CHAN_OK);
    printf("the fastest is %s\n", first);
    co_context_cancel(context);
    co_waitgroup_wait(&asked);
    puts("and nobody is left waiting");
    co_context_release(&context);
    co_chan_free(&answers);
}

int main(void)
{
    return co_runtime_run(NULL, fastest, NULL) == 0 ? 0 : 1;
}
