/* SPDX-License-Identifier: MIT */
/* Runs of a trial by the seeds of a walk, and by a given list of choices. */
#ifndef LAB_MACHINE_EXPLORE_H
#define LAB_MACHINE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/machine/code.h"
#include "lab/machine/trial.h"

enum explore_walk { EXPLORE_RANDOM, EXPLORE_PCT };

/* How the seeds are turned into schedules. */
struct explore {
    enum explore_walk walk;
    int depth;       /* PCT: 1 to 8 */
    uint64_t points; /* PCT: of a usual run; 0: not known yet */
};

/* One run's way: what it chose, and how long it was. */
struct explore_path {
    struct co_schedule_choice switches[CODE_CHOICES];
    size_t count;
    uint64_t points;
};

/* Run by one seed, or by a list of choices (none: the usual run), with the steps recorded if
 * `records`. True: the promise was broken. *path may be what the choices are in. */
bool explore_seed(struct trial *trial, struct explore *explore, uint64_t seed, bool records,
    struct explore_path *path);
bool explore_replay(struct trial *trial, const struct co_schedule_choice *choices, size_t count,
    bool records, struct explore_path *path);

/* Try seeds first, first + 1 … until one breaks the promise; its way is in *path then. How many
 * were tried; *found: the last one broke it. */
uint64_t explore_find(struct trial *trial, struct explore *explore, uint64_t first, uint64_t seeds,
    bool *found, struct explore_path *path);

/* How many of these seeds break the promise; the first that does in *first_broken. */
uint64_t explore_count(struct trial *trial, struct explore *explore, uint64_t first, uint64_t seeds,
    uint64_t *first_broken);

#endif
