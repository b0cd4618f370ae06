/* SPDX-License-Identifier: MIT */
/*
 * Who started this process, if it is systemd or speaks its protocols: is told when the service is
 * ready, reads something again or stops, what it is doing, and that it is alive (sd_notify(3)); and
 * hands over sockets that it listens on already (sd_listen_fds(3)). Both are few lines by their
 * documents, so libsystemd is not needed. Where nobody asked for it nothing is done.
 */
#ifndef SERVER_PROCESS_SUPERVISOR_H
#define SERVER_PROCESS_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

enum { SUPERVISOR_FIRST_SOCKET = 3, SUPERVISOR_SOCKETS_MAX = 64 };

/* Take what it says out of the environment, so that no child is told; before other threads run. */
void supervisor_begin(void);

/* Does it want to be told? */
bool supervisor_listens(void);

/* How often it wants to hear that the service is alive, at least; 0: not at all. */
int64_t supervisor_watchdog_ns(void);

/* How many sockets it has handed over: descriptors from SUPERVISOR_FIRST_SOCKET on, which no child
 * inherits. They are the caller's. One more than SUPERVISOR_SOCKETS_MAX stands for too many. */
int supervisor_sockets(void);

/* Thread-safe; none parks, or waits longer than a tenth of a second. */
void supervisor_ready(const char *status);
void supervisor_status(const char *status); /* what it is doing, for people */
void supervisor_reloading(void);            /* until supervisor_ready() */
void supervisor_stopping(void);
void supervisor_alive(void);

#endif
