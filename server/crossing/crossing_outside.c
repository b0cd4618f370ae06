/* SPDX-License-Identifier: MIT */
/* A step that is taken outside of the ledger that pays, and left when that is to be closed. */
#include "coro/co.h"
#include "coro/select.h"
#include "ledger/ledger.h"
#include "server/crossing/crossing_private.h"

static void watch(void *arg)
{
    struct crossing_outside *outside = arg;
    struct co_select_case ends[] = {
        {.op = CO_SELECT_RECV, .chan = co_context_done(outside->context)},
        {.op = CO_SELECT_RECV, .chan = co_context_done(outside->closing)}};
    co_select_wait(ends, 2);
    co_context_cancel(outside->context);
    co_waitgroup_done(&outside->watched);
}

bool crossing_outside_begin(
    struct crossing_outside *outside, struct co_context *context, struct ledger *from)
{
    *outside = (struct crossing_outside){
        .context = co_context_with_cancel(context), .closing = ledger_open_context(from)};
    if (!outside->context)
        return false;
    co_waitgroup_add(&outside->watched, 1);
    if (co_spawn_named("crossing outside", watch, outside))
        return true;
    co_waitgroup_done(&outside->watched);
    co_context_release(&outside->context);
    return false;
}

void crossing_outside_end(struct crossing_outside *outside)
{
    co_context_cancel(outside->context);
    co_waitgroup_wait(&outside->watched);
    co_context_release(&outside->context);
}
