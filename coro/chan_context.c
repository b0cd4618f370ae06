/* SPDX-License-Identifier: MIT */
/* A select between the channel and the one that the context closes when it ends. */
#include "coro/chan_context.h"

#include <stdint.h>

#include "coro/select.h"

static enum chan_status wait_for(struct context *context, struct select_case wanted)
{
    if (context_err(context) != CONTEXT_OK)
        return CHAN_CANCELLED;

    /* The context never ends, or the channel is ready: one operation, and no select. */
    struct chan *done = context_done(context);
    if (!done)
        return wanted.op == SELECT_SEND ? chan_send(wanted.chan, wanted.item)
                                        : chan_recv(wanted.chan, wanted.item);
    struct select_case cases[] = {wanted, {.op = SELECT_RECV, .chan = done}};
    return select_wait(cases, 2) == 0 ? cases[0].status : CHAN_CANCELLED;
}

enum chan_status chan_context_send(struct context *context, struct chan *chan, const void *item)
{
    return wait_for(context,
        (struct select_case){.op = SELECT_SEND, .chan = chan, .item = (void *)(uintptr_t)item});
}

enum chan_status chan_context_recv(struct context *context, struct chan *chan, void *item)
{
    return wait_for(context, (struct select_case){.op = SELECT_RECV, .chan = chan, .item = item});
}
