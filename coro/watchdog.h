/* SPDX-License-Identifier: MIT */
/*
 * A watchdog: says which coroutine keeps its worker from running others, by computing for long
 * without a switch or by a call that blocks the thread. Asked for in the options of the runtime
 * (runtime.h), or for any program by the environment variable CORO_WATCHDOG=MILLISECONDS.
 *
 * A thread of its own looks a few times in each such span. What counts is processor time of the
 * worker, or moments at which its thread was seen asleep in the system: so nothing is said of a
 * process that was stopped, or that got no processor. A seeded run has none.
 */
#ifndef CORO_WATCHDOG_H
#define CORO_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

struct co_site;

enum { CO_WATCHDOG_FRAMES = 24, CO_WATCHDOG_FRAME_TEXT = 80 };

struct co_watchdog_report { /* once for each time */
    int worker;
    uint64_t id;                   /* of the coroutine; 0: a callback on the worker's own stack */
    const struct co_site *spawned; /* NULL: the same */
    bool blocks;                   /* it sleeps in a system call; false: it computes */
    long call;                     /* which one, by the system's number; -1: not known */
    int64_t for_ns;                /* so far */
    /* Where, the innermost call first. Of one that blocks they are read off its stack: those on the
     * way to the call are among them, but some may be of calls that have returned. */
    const void *frames[CO_WATCHDOG_FRAMES];
    int depth;
};

/* A frame as text, "serve+0x1c", or its address if it is not in the program. Returns `text`. */
const char *co_watchdog_frame(
    const struct co_watchdog_report *report, int frame, char text[CO_WATCHDOG_FRAME_TEXT]);

/* Write it as text: what the watchdog does where the options name no function. */
void co_watchdog_say(int fd, const struct co_watchdog_report *report);

CO_C_END

#endif
