/* SPDX-License-Identifier: MIT */
/*
 * First by leaving out: halves, quarters, … and single switches (A. Zeller, R. Hildebrandt,
 * "Simplifying and isolating failure-inducing input", 2002). To leave one out moves those behind
 * it to other points of the run, so that this alone may end at more than are needed. So then all
 * schedules with no switch, with one and with two are tried, from the earliest on, for as long as
 * that is fewer (M. Musuvathi, S. Qadeer, "Iterative context bounding", 2007).
 */
#include "lab/machine/shrink.h"

#include <string.h>

enum { RUNS_MAX = 20000, TRIED_SWITCHES = 2 };

struct shrinking {
    struct trial *trial;
    struct explore_path *best; /* the fewest switches so far */
    struct explore_path tried; /* what the last run did */
    uint64_t runs;
};

/* Does the promise break that way, with fewer switches than the best has (or as many, `equal`)? If
 * so that is the best. */
static bool improves(
    struct shrinking *s, const struct co_schedule_choice *choices, size_t count, bool equal)
{
    s->runs++;
    bool broken = explore_replay(s->trial, choices, count, false, &s->tried);
    if (!broken || s->tried.count > s->best->count || (s->tried.count == s->best->count && !equal))
        return false;
    *s->best = s->tried;
    return true;
}

/* Leave out `length` of them at a time; true: it got shorter. */
static bool leave_out(struct shrinking *s, size_t length)
{
    static struct co_schedule_choice rest[CODE_CHOICES];
    for (size_t from = 0; from < s->best->count; from += length) {
        size_t upto = from + length < s->best->count ? from + length : s->best->count;
        memcpy(rest, s->best->switches, from * sizeof *rest);
        memcpy(rest + from, s->best->switches + upto, (s->best->count - upto) * sizeof *rest);
        if (improves(s, rest, s->best->count - (upto - from), false))
            return true;
    }
    return false;
}

static void leave_out_all_that_may(struct shrinking *s)
{
    for (size_t length = s->best->count; length > 0 && s->runs < RUNS_MAX;)
        if (!leave_out(s, length))
            length = length == 1 ? 0 : (length + 1) / 2;
        else if (length > s->best->count)
            length = s->best->count;
}

/* All schedules that begin with these `count` choices and have one to `more` behind them. */
static bool try_all(
    struct shrinking *s, struct co_schedule_choice *choices, size_t count, size_t more)
{
    explore_replay(s->trial, choices, count, false, &s->tried);
    uint32_t points = (uint32_t)s->tried.points;
    int lanes = s->trial->trace.lane_count;
    s->runs++;
    for (uint32_t point = count ? choices[count - 1].point + 1 : 1; point <= points; point++)
        for (int lane = 0; lane <= lanes; lane++) {
            if (s->runs >= RUNS_MAX)
                return false;
            choices[count] =
                (struct co_schedule_choice){point, lane ? (uint32_t)lane : CO_SCHEDULE_TIME};
            if (more == 1 ? improves(s, choices, count + 1, true)
                          : try_all(s, choices, count + 1, more - 1))
                return true;
        }
    return false;
}

uint64_t shrink(struct trial *trial, struct explore_path *path)
{
    static struct shrinking s; /* large; runs do not nest */
    memset(&s, 0, sizeof s);
    s.trial = trial;
    s.best = path;
    struct co_schedule_choice choices[TRIED_SWITCHES + 1] = {{0, 0}};
    if (improves(&s, choices, 0, true))
        return s.runs;
    leave_out_all_that_may(&s);
    for (size_t n = 1; n <= TRIED_SWITCHES && n <= path->count; n++)
        if (try_all(&s, choices, 0, n))
            break;
    return s.runs;
}
