/* SPDX-License-Identifier: MIT */
#include "coro/duty.h"

#include "coro/select.h"

static void duty_main(void *arg)
{
    struct duty *duty = arg;
    duty->work(duty->arg);
    waitgroup_done(&duty->done);
}

bool duty_start_at(
    const struct co_site *site, struct duty *duty, void (*work)(void *arg), void *arg)
{
    duty->running = context_with_cancel(context_background());
    if (!duty->running)
        return false;
    duty->work = work;
    duty->arg = arg;
    waitgroup_add(&duty->done, 1);
    if (co_spawn_at(site, duty_main, duty))
        return true;
    waitgroup_done(&duty->done);
    context_release(&duty->running);
    return false;
}

bool duty_rest(struct duty *duty, int64_t ns)
{
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(duty->running)};
    return select_timeout(&end, 1, ns) == SELECT_NONE;
}

void duty_stop(struct duty *duty)
{
    if (!duty->running)
        return;
    context_cancel(duty->running);
    waitgroup_wait(&duty->done);
    context_release(&duty->running);
}
