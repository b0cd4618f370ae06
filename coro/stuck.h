/* SPDX-License-Identifier: MIT */
/*
 * Coroutines that have waited for long, while the program runs: a leak is among them. Those that
 * were spawned at one place and wait at one place of the code are one group, as in Go's profile of
 * goroutines. The others go on meanwhile, so the figures need not be of one moment; nobody pays for
 * it but whoever asks.
 */
#ifndef CORO_STUCK_H
#define CORO_STUCK_H

#include <stddef.h>
#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

struct co_site;

enum { CO_STUCK_GROUPS = 64, CO_STUCK_FRAMES = 12, CO_STUCK_FRAME_TEXT = 80 };

struct co_stuck_group { /* texts are static */
    const struct co_site *spawned;
    const char *why;                     /* what they wait on: "channel receive" */
    const void *frames[CO_STUCK_FRAMES]; /* where: the innermost call of the program first */
    int depth;                           /* how many of those there are */
    uint32_t count;
    uint64_t id;                     /* of one of them */
    int64_t longest_ns, shortest_ns; /* how long they have waited so far, by a coarse clock */
};

struct co_stuck {
    uint32_t alive;
    uint32_t waiting; /* for at least the time that was asked for: the sum of all groups */
    size_t count;
    struct co_stuck_group groups[CO_STUCK_GROUPS]; /* the largest first */
    uint32_t others;                               /* that wait, and found no group */
};

/* Group the coroutines that have waited for at least that long (0: all that wait). From any
 * coroutine; yields now and then. */
void co_stuck_take(struct co_stuck *stuck, int64_t at_least_ns);

/* A frame as text, "serve+0x1c", or its address if the program has no symbols. Returns `text`. */
const char *co_stuck_frame(
    const struct co_stuck_group *group, int frame, char text[CO_STUCK_FRAME_TEXT]);

/* Write the groups to a file descriptor as text. From any coroutine or worker callback, whose
 * worker runs nothing else until all have been looked at and the text is written: where they are
 * many, or the descriptor is slow, co_stuck_take() and a write of one's own hold nobody up. While
 * another thread is at it nothing is written. */
void co_stuck_dump(int fd, int64_t at_least_ns);

CO_C_END

#endif
