/* SPDX-License-Identifier: MIT */
#include "coro/duty.h"

#include "coro/select.h"

static void duty_main(void *arg)
{
    struct co_duty *duty = arg;
    duty->work(duty->arg);
    co_waitgroup_done(&duty->done);
}

bool co_duty_start_at(
    const struct co_site *site, struct co_duty *duty, void (*work)(void *arg), void *arg)
{
    duty->running = co_context_with_cancel(co_context_background());
    if (!duty->running)
        return false;
    duty->work = work;
    duty->arg = arg;
    co_waitgroup_add(&duty->done, 1);
    if (co_spawn_at(site, duty_main, duty))
        return true;
    co_waitgroup_done(&duty->done);
    co_context_release(&duty->running);
    return false;
}

bool co_duty_rest(struct co_duty *duty, int64_t ns)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(duty->running)};
    return co_select_timeout(&end, 1, ns) == CO_SELECT_NONE;
}

void co_duty_stop(struct co_duty *duty)
{
    if (!duty->running)
        return;
    co_context_cancel(duty->running);
    co_waitgroup_wait(&duty->done);
    co_context_release(&duty->running);
}
