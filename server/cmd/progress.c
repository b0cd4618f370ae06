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

/* Both are asked once: there may be millions of calls. */
static bool is_shown(void)
{
    static int is = -1;
    if (is < 0)
        is = isatty(STDERR_FILENO);
    return is == 1;
}

static bool is_shown_beside(void)
{
    static int is = -1;
    if (is < 0)
        is = is_shown() && !isatty(STDOUT_FILENO);
    return is == 1;
}

void progress_say(const char *what)
{
    if (!is_shown())
        return;
    fprintf(stderr, "\r\033[K%s", what);
    shown = true;
}

void progress_count(uint64_t count, uint64_t total, const char *what)
{
    if (!is_shown())
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

void progress_count_beside(uint64_t count, uint64_t total, const char *what)
{
    if (is_shown_beside())
        progress_count(count, total, what);
}

void progress_end(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
