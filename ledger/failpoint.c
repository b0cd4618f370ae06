/* SPDX-License-Identifier: MIT */
#include "ledger/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"

enum { POINTS = 8, NAME = 32 };

enum action { ACTION_KILL, ACTION_PAUSE, ACTION_ERROR };

struct point {
    char name[NAME];
    enum action action;
    unsigned long pause_ms, at; /* at 0: every pass */
    atomic_ulong passes;
};

bool failpoint_armed;
static struct point points[POINTS];
static size_t point_count;

static bool read_action(struct point *point, char *text)
{
    char *at = strchr(text, '@'), *end = text;
    if (at) {
        *at = '\0';
        point->at = strtoul(at + 1, &end, 10);
        if (point->at == 0 || *end)
            return false;
    }
    if (strncmp(text, "pause:", 6) == 0) {
        point->action = ACTION_PAUSE;
        point->pause_ms = strtoul(text + 6, &end, 10);
        return point->pause_ms > 0 && !*end;
    }
    point->action = strcmp(text, "kill") == 0 ? ACTION_KILL : ACTION_ERROR;
    return point->action == ACTION_KILL || strcmp(text, "error") == 0;
}

static bool read_point(struct point *point, char *text)
{
    char *action = strchr(text, '=');
    if (!action || action - text >= NAME)
        return false;
    *action = '\0';
    snprintf(point->name, NAME, "%s", text);
    return read_action(point, action + 1);
}

__attribute__((constructor)) static void failpoint_load(void)
{
    const char *given = getenv("TELLER_FAILPOINTS");
    char text[512], *rest;
    if (!given || !*given)
        return;
    int length = snprintf(text, sizeof text, "%s", given);
    bool good = length < (int)sizeof text;
    for (char *item = strtok_r(text, ",", &rest); item && good; item = strtok_r(NULL, ",", &rest))
        good = point_count < POINTS && read_point(&points[point_count++], item);
    /* Before main(): there is no listener yet (notice.h). */
    fprintf(stderr, "teller: TELLER_FAILPOINTS=%s: %s\n", given,
        good ? "this program will fail on purpose" : "cannot be read");
    if (!good)
        _exit(2);
    failpoint_armed = true;
}

static bool act(const struct point *point)
{
    if (point->action == ACTION_KILL)
        (void)kill(getpid(), SIGKILL);
    else if (point->action == ACTION_PAUSE)
        co_sleep((int64_t)point->pause_ms * CO_CLOCK_MS);
    return point->action == ACTION_ERROR;
}

bool failpoint_pass(const char *name)
{
    bool fails = false;
    for (size_t i = 0; i < point_count; i++)
        if (strcmp(points[i].name, name) == 0) {
            unsigned long pass = atomic_fetch_add(&points[i].passes, 1) + 1;
            if (points[i].at == 0 || points[i].at == pass)
                fails |= act(&points[i]);
        }
    return fails;
}
