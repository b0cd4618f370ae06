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

CORO_C_BEGIN

enum select_op { SELECT_SEND, SELECT_RECV };

struct select_case {
    enum select_op op;
    struct chan *chan;
    void *item;              /* read by a send, written by a receive (which may pass NULL) */
    enum chan_status status; /* out, for the case that was taken: CHAN_OK or CHAN_CLOSED */
};

#define SELECT_NONE (-1)

/* The index of the case that was taken. Parks until there is one (forever if n is 0). */
int select_wait(struct select_case *cases, size_t n);

/* With default: SELECT_NONE if no case is ready now. Never parks. */
int select_try(struct select_case *cases, size_t n);

/* With timeout: SELECT_NONE if none was ready within timeout_ns. */
int select_timeout(struct select_case *cases, size_t n, int64_t timeout_ns);

CORO_C_END

#endif
