/* SPDX-License-Identifier: MIT */
#include "lab/machine/explore.h"

#include <string.h>

/* One run, and in *path the switches by which it can be replayed; a run that made more of them than
 * fit cannot be. */
static bool run(
    struct trial *trial, struct co_schedule *schedule, bool records, struct explore_path *path)
{
    static struct co_schedule_choice switches[CODE_CHOICES]; /* runs do not nest */
    schedule->switches = switches;
    schedule->switch_room = CODE_CHOICES;
    bool broken = trial_run(trial, schedule, records);
    path->count = schedule->switch_count < CODE_CHOICES ? schedule->switch_count : CODE_CHOICES;
    memcpy(path->switches, switches, path->count * sizeof *switches);
    path->points = schedule->taken;
    return broken;
}

bool explore_replay(struct trial *trial, const struct co_schedule_choice *choices, size_t count,
    bool records, struct explore_path *path)
{
    struct co_schedule schedule = {
        .strategy = CO_SCHEDULE_REPLAY, .choices = choices, .choice_count = count};
    return run(trial, &schedule, records, path);
}

bool explore_seed(struct trial *trial, struct explore *explore, uint64_t seed, bool records,
    struct explore_path *path)
{
    /* PCT spreads its changes over as many points as a run has. */
    if (explore->walk == EXPLORE_PCT && explore->points == 0) {
        explore_replay(trial, NULL, 0, false, path);
        explore->points = path->points;
    }
    struct co_schedule schedule = {
        .strategy = explore->walk == EXPLORE_PCT ? CO_SCHEDULE_PCT : CO_SCHEDULE_RANDOM,
        .seed = seed,
        .depth = explore->walk == EXPLORE_PCT ? explore->depth : 0,
        .steps = explore->points};
    return run(trial, &schedule, records, path);
}

uint64_t explore_find(struct trial *trial, struct explore *explore, uint64_t first, uint64_t seeds,
    bool *found, struct explore_path *path)
{
    /* Without recording: a run that breaks is run once more by its switches, to be drawn. */
    uint64_t tried = 0;
    *found = false;
    while (tried < seeds && !*found)
        *found = explore_seed(trial, explore, first + tried++, false, path);
    return tried;
}

uint64_t explore_count(struct trial *trial, struct explore *explore, uint64_t first, uint64_t seeds,
    uint64_t *first_broken)
{
    static struct explore_path path;
    uint64_t broken = 0;
    for (uint64_t i = 0; i < seeds; i++)
        if (explore_seed(trial, explore, first + i, false, &path) && broken++ == 0)
            *first_broken = first + i;
    return broken;
}
