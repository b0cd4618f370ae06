/* SPDX-License-Identifier: MIT */
#include "server/cmd/liveness.h"

#include "coro/co.h"
#include "coro/select.h"
#include "coro/worker.h"
#include "server/process/supervisor.h"

/* Often enough that one turn may be slow. */
enum { FEEDS_A_SPAN = 3 };

static void pass(int worker, void *arg)
{
    (void)worker, (void)arg;
}

static void feed(void *arg)
{
    struct liveness *liveness = arg;
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(liveness->life)};
    do {
        co_worker_each(pass, NULL);
        banks_turn(liveness->banks);
        supervisor_alive();
    } while (co_select_timeout(&end, 1, supervisor_watchdog_ns() / FEEDS_A_SPAN) == CO_SELECT_NONE);
    co_waitgroup_done(&liveness->running);
}

bool liveness_begin(struct liveness *liveness, struct banks *banks)
{
    if (supervisor_watchdog_ns() == 0)
        return true;
    liveness->banks = banks;
    liveness->life = co_context_with_cancel(co_context_background());
    if (!liveness->life)
        return false;
    co_waitgroup_add(&liveness->running, 1);
    if (co_spawn_named("liveness", feed, liveness))
        return true;
    co_waitgroup_done(&liveness->running);
    co_context_release(&liveness->life);
    return false;
}

void liveness_end(struct liveness *liveness)
{
    if (!liveness->life)
        return;
    co_context_cancel(liveness->life);
    co_waitgroup_wait(&liveness->running);
    co_context_release(&liveness->life);
}
