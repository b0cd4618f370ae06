/* SPDX-License-Identifier: MIT */
/*
 * One end of a channel: code that is given a chan_sender cannot receive or free; the compiler says
 * so (Go's chan<- and <-chan). By value; the channel stays its owner's.
 */
#ifndef CORO_CHAN_VIEW_H
#define CORO_CHAN_VIEW_H

#include "coro/chan.h"
#include "coro/language.h"

CORO_C_BEGIN

struct chan_sender {
    struct chan *chan;
};

struct chan_receiver {
    struct chan *chan;
};

static inline struct chan_sender chan_sender(struct chan *chan)
{
    return (struct chan_sender){chan};
}

static inline struct chan_receiver chan_receiver(struct chan *chan)
{
    return (struct chan_receiver){chan};
}

MUST_CHECK static inline enum chan_status chan_sender_send(
    struct chan_sender sender, const void *item)
{
    return chan_send(sender.chan, item);
}

/* Closing is the sender's: it knows that nothing more will come. */
static inline bool chan_sender_close(struct chan_sender sender)
{
    return chan_close(sender.chan);
}

MUST_CHECK static inline enum chan_status chan_receiver_recv(
    struct chan_receiver receiver, void *item)
{
    return chan_recv(receiver.chan, item);
}

CORO_C_END

#endif
