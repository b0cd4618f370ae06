/* SPDX-License-Identifier: MIT */
/*
 * Work until told to stop: look whether the context has ended, and if not, do a piece of work.
 *
 *     for {
 *         select {
 *         case <-ctx.Done(): return
 *         default: work()
 *         }
 *     }
 *
 * The loop never waits, so nothing else would run on its worker: it yields, too.
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/context.h"
#include "coro/go.h"
#include "coro/runtime.h"
#include "coro/select.h"

GO_FUNCTION(work, (struct context *, context), (long *, pieces))
{
    for (;;) {
        struct select_case stop = {.op = SELECT_RECV, .chan = context_done(context)};
        switch (select_try(&stop, 1)) {
        case 0:
            return;
        default:
            ++*pieces;
        }
        co_yield();
    }
}

static void program(void *arg)
{
    (void)arg;
    struct context *context = context_with_timeout(context_background(), 20 * CLOCK_MS);
    struct waitgroup all = {0};
    long pieces[2] = {0};
    ensure(context);
    ensure(waitgroup_go(&all, work, context, &pieces[0]));
    ensure(waitgroup_go(&all, work, context, &pieces[1]));
    waitgroup_wait(&all);
    printf("the first did %s, the second did %s\n", pieces[0] > 0 ? "some" : "nothing",
        pieces[1] > 0 ? "some" : "nothing");
    puts(context_err(context) == CONTEXT_DEADLINE ? "and both stopped at the deadline" : "?");
    context_release(&context);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
