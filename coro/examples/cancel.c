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
    [CONTEXT_OK] = "still on",
    [CONTEXT_CANCELLED] = "cancelled",
    [CONTEXT_DEADLINE] = "deadline exceeded",
};

/* Wait for work that never comes, or for the end of the context. */
static enum context_status wait_for_work(struct context *context, struct chan *work)
{
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = work},
        {.op = SELECT_RECV, .chan = context_done(context)},
    };
    return select_wait(cases, 2) == 0 ? CONTEXT_OK : context_err(context);
}

static void cancel_later(void *arg)
{
    co_sleep(10 * CLOCK_MS);
    context_cancel(arg);
}

static void program(void *arg)
{
    (void)arg;
    struct chan *work = chan_make(0, 0);
    ensure(work);
    struct context *parent = context_with_cancel(context_background());
    struct context *hasty = context_with_timeout(parent, 10 * CLOCK_MS);
    struct context *patient = context_with_timeout(parent, 3600 * CLOCK_S);
    struct context *late = context_with_deadline(parent, clock_now_ns() - 1);
    ensure(parent && hasty && patient && late);

    printf("a deadline in the past: %s\n", names[wait_for_work(late, work)]);
    printf("a timeout of 10 ms: %s\n", names[wait_for_work(hasty, work)]);
    printf("their parent: %s\n", names[context_err(parent)]);
    printf("an hour's patience: %s\n", names[context_err(patient)]);

    ensure(co_spawn(cancel_later, parent));
    printf("parent cancelled meanwhile: %s\n", names[wait_for_work(patient, work)]);
    printf("which of both was first: %s\n", names[context_err(hasty)]);

    context_release(&late);
    context_release(&patient);
    context_release(&hasty);
    context_release(&parent);
    chan_free(&work);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
