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

CO_GO_FUNCTION(work, (struct co_context *, context), (long *, pieces))
{
    for (;;) {
        struct co_select_case stop = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
        switch (co_select_try(&stop, 1)) {
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
    struct co_context *context = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_MS);
    struct co_waitgroup all = {0};
    long pieces[2] = {0};
    co_ensure(context);
    co_ensure(co_waitgroup_go(&all, work, context, &pieces[0]));
    co_ensure(co_waitgroup_go(&all, work, context, &pieces[1]));
    co_waitgroup_wait(&all);
    printf("the first did %s, the second did %s\n", pieces[0] > 0 ? "some" : "nothing",
        pieces[1] > 0 ? "some" : "nothing");
    puts(co_context_err(context) == CO_CONTEXT_DEADLINE ? "and both stopped at the deadline" : "?");
    co_context_release(&context);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
