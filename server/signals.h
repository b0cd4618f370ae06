/* SPDX-License-Identifier: MIT */
/* SIGTERM and SIGINT as something to wait for. */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

#include "coro/context.h"

/* Block them, and ignore SIGPIPE; before any other thread is started. */
void signals_block(void);

/* Park until one arrives: returns its number; 0: the context ended first. One caller at a time. */
int signals_wait(struct context *context);

#endif
