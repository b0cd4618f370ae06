/* SPDX-License-Identifier: MIT */
/* A select between the channel and the one that the context closes when it ends. */
#include "coro/chan_context.h"

#include <stdint.h>

#include "coro/select.h"

static enum co_chan_status wait_for(struct co_context *context, struct co_select_case wanted)
{
    if (co_context_err(context) != CO_CONTEXT_OK)
        return CO_CHAN_CANCELLED;

    /* The context never ends, or the channel is ready: one operation, and no select. */
    struct co_chan *done = co_context_done(context);
    if (!done)
        return wanted.op == CO_SELECT_SEND ? co_chan_send(wanted.chan, wanted.item)
                                           : co_chan_recv(wanted.chan, wanted.item);
    struct co_select_case cases[] = {wanted, {.op = CO_SELECT_RECV, .chan = done}};
    return co_select_wait(cases, 2) == 0 ? cases[0].status : CO_CHAN_CANCELLED;
}

enum co_chan_status co_chan_context_send(
    struct co_context *context, struct co_chan *chan, const void *item)
{
    return wait_for(
        context, (struct co_select_case){
                     .op = CO_SELECT_SEND, .chan = chan, .item = (void *)(uintptr_t)item});
}

enum co_chan_status co_chan_context_recv(
    struct co_context *context, struct co_chan *chan, void *item)
{
    return wait_for(
        context, (struct co_select_case){.op = CO_SELECT_RECV, .chan = chan, .item = item});
}
