/* SPDX-License-Identifier: MIT */
/*
 * What a service does with signals. SIGTERM, SIGINT and SIGHUP are something to wait for (a
 * terminal that goes away is a wish to stop; under nohup SIGHUP stays ignored). SIGQUIT lists the
 * coroutines on stderr, and all goes on. SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM and SIGXFSZ, which
 * mean nothing here or come back as errors of calls, are ignored.
 */
#ifndef SERVER_CMD_STOP_SIGNALS_H
#define SERVER_CMD_STOP_SIGNALS_H

#include "coro/context.h"

/* Before any other thread is started. */
void stop_signals_block(void);

/* Park until one arrives: returns its number; 0: the context ended first. One caller at a time. */
int stop_signals_wait(struct co_context *context);

#endif
