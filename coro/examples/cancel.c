/* SPDX-License-Identifier: MIT */
/*
 * A context carries "stop now" down a tree of calls. Cancelling one ends all that were made from
 * it; a deadline does so by itself.
 *
 *     ctx, cancel := context.WithCancel(context.Background())
 *     child, _ := context.WithTimeout(ctx, 50*time.Millisecond)
 *     select { case <-child.Done(): return child.Err(); case n := <-work: … }
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/runtime.h"
#include "coro/select.h"

static const char *const names[] = {
    [CO_CONTEXT_OK] = "still on",
    [CO_CONTEXT_CANCELLED] = "cancelled",
    [CO_CONTEXT_DEADLINE] = "deadline exceeded",
};

/* Wait for work that never comes, or for the end of the context. */
static enum co_context_status wait_for_work(struct co_context *context, struct co_chan *work)
{
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = work},
        {.op = CO_SELECT_RECV, .chan = co_context_done(context)},
    };
    return co_select_wait(cases, 2) == 0 ? CO_CONTEXT_OK : co_context_err(context);
}

static void cancel_later(void *arg)
{
    co_sleep(10 * CO_CLOCK_MS);
    co_context_cancel(arg);
}

static void program(void *arg)
{
    (void)arg;
    struct co_chan *work = co_chan_make(0, 0);
    co_ensure(work);
    struct co_context *parent = co_context_with_cancel(co_context_background());
    struct co_context *hasty = co_context_with_timeout(parent, 10 * CO_CLOCK_MS);
    struct co_context *patient = co_context_with_timeout(parent, 3600 * CO_CLOCK_S);
    struct co_context *late = co_context_with_deadline(parent, co_clock_now_ns() - 1);
    co_ensure(parent && hasty && patient && late);

    printf("a deadline in the past: %s\n", names[wait_for_work(late, work)]);
    printf("a timeout of 10 ms: %s\n", names[wait_for_work(hasty, work)]);
    printf("their parent: %s\n", names[co_context_err(parent)]);
    printf("an hour's patience: %s\n", names[co_context_err(patient)]);

    co_ensure(co_spawn(cancel_later, parent));
    printf("parent cancelled meanwhile: %s\n", names[wait_for_work(patient, work)]);
    printf("which of both was first: %s\n", names[co_context_err(hasty)]);

    co_context_release(&late);
    co_context_release(&patient);
    co_context_release(&hasty);
    co_context_release(&parent);
    co_chan_free(&work);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
