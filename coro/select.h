/* SPDX-License-Identifier: MIT */
/*
 * Select: wait for the first of several channel operations that can go ahead, and do that one and
 * no other. If several can, one is taken at random. A case with a NULL channel is never ready.
 */
#ifndef CORO_SELECT_H
#define CORO_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "coro/chan.h"
#include "coro/language.h"

CO_C_BEGIN

enum co_select_op { CO_SELECT_SEND, CO_SELECT_RECV };

struct co_select_case {
    enum co_select_op op;
    struct co_chan *chan;
    void *item;                 /* read by a send, written by a receive (which may pass NULL) */
    enum co_chan_status status; /* out, for the case that was taken: CO_CHAN_OK or CO_CHAN_CLOSED */
};

#define CO_SELECT_NONE (-1)

/* The index of the case that was taken. Parks until there is one (forever if n is 0). */
int co_select_wait(struct co_select_case *cases, size_t n);

/* With default: CO_SELECT_NONE if no case is ready now. Never parks. */
int co_select_try(struct co_select_case *cases, size_t n);

/* With timeout: CO_SELECT_NONE if none was ready within timeout_ns. */
int co_select_timeout(struct co_select_case *cases, size_t n, int64_t timeout_ns);

CO_C_END

#endif
