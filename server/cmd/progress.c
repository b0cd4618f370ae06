/* SPDX-License-Identifier: MIT */
#include "server/cmd/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "coro/clock.h"

static const int64_t every_ns = CO_CLOCK_S / 10;

static bool shown;
static int64_t said_ns; /* when it was said last how many there are */

void progress_say(const char *what)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", what);
    shown = true;
}

/* Asked once: there may be millions of calls. */
static bool counts_are_shown(void)
{
    static int are = -1;
    if (are < 0)
        are = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    return are == 1;
}

void progress_count(uint64_t count, uint64_t total, const char *what)
{
    if (!counts_are_shown())
        return;
    int64_t now_ns = co_clock_now_ns();
    if (shown && now_ns - said_ns < every_ns)
        return;
    said_ns = now_ns;
    if (total > 0)
        fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " %s", count, total, what);
    else
        fprintf(stderr, "\r\033[K%" PRIu64 " %s", count, what);
    shown = true;
}

void progress_end(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
