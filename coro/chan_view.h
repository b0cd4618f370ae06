/* SPDX-License-Identifier: MIT */
/*
 * One end of a channel: code that is given a co_chan_sender cannot receive or free; the compiler
 * says so (Go's chan<- and <-chan). By value; the channel stays its owner's.
 */
#ifndef CORO_CHAN_VIEW_H
#define CORO_CHAN_VIEW_H

#include "coro/chan.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_chan_sender {
    struct co_chan *chan;
};

struct co_chan_receiver {
    struct co_chan *chan;
};

static inline struct co_chan_sender co_chan_sender(struct co_chan *chan)
{
    return (struct co_chan_sender){chan};
}

static inline struct co_chan_receiver co_chan_receiver(struct co_chan *chan)
{
    return (struct co_chan_receiver){chan};
}

CO_MUST_CHECK static inline enum co_chan_status co_chan_sender_send(
    struct co_chan_sender sender, const void *item)
{
    return co_chan_send(sender.chan, item);
}

/* Closing is the sender's: it knows that nothing more will come. */
static inline bool co_chan_sender_close(struct co_chan_sender sender)
{
    return co_chan_close(sender.chan);
}

CO_MUST_CHECK static inline enum co_chan_status co_chan_receiver_recv(
    struct co_chan_receiver receiver, void *item)
{
    return co_chan_recv(receiver.chan, item);
}

CO_C_END

#endif
