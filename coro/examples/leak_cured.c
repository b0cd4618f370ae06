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
    struct context *context;
    struct chan *answers;
    struct waitgroup *asked;
};

static void ask(void *arg)
{
    struct mirror *mirror = arg;
    struct chan *stop = context_done(mirror->context);
    struct select_case reply = {.op = SELECT_RECV, .chan = stop};
    if (select_timeout(&reply, 1, mirror->delay_ns) == SELECT_NONE) { /* not stopped: it replied */
        struct select_case cases[] = {
            {.op = SELECT_SEND, .chan = mirror->answers, .item = &mirror->name},
            {.op = SELECT_RECV, .chan = stop},
        };
        select_wait(cases, 2);
    }
    waitgroup_done(mirror->asked);
}

static void fastest(void *arg)
{
    (void)arg;
    const char *first;
    struct waitgroup asked = {0};
    struct context *context = context_with_cancel(context_background());
    struct chan *answers = chan_make(sizeof first, 0);
    struct mirror mirrors[MIRRORS] = {
        {10 * CLOCK_S, "Lima", context, answers, &asked},
        {CLOCK_MS, "Oslo", context, answers, &asked},
        {10 * CLOCK_S, "Rome", context, answers, &asked},
    };
    ensure(context && answers);
    waitgroup_add(&asked, MIRRORS);
    for (int i = 0; i < MIRRORS; i++)
        ensure(co_spawn(ask, &mirrors[i]));
    ensure(chan_recv(answers, &first) == CHAN_OK);
    printf("the fastest is %s\n", first);
    context_cancel(context);
    waitgroup_wait(&asked);
    puts("and nobody is left waiting");
    context_release(&context);
    chan_free(&answers);
}

int main(void)
{
    return runtime_run(NULL, fastest, NULL) == 0 ? 0 : 1;
}
