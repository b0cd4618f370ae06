/* SPDX-License-Identifier: MIT */
/* What an experiment has shown, to be printed. */
#ifndef LAB_SHOW_OUTCOME_H
#define LAB_SHOW_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/machine/explore.h"
#include "lab/machine/trial.h"

enum outcome_mode {
    OUTCOME_SCHEDULE, /* one run: trial and path are its own */
    OUTCOME_FIND,     /* if `found`, the same of the run that was found */
    OUTCOME_COUNT,
};

struct outcome {
    enum outcome_mode mode;
    const struct trial *trial;
    const struct explore_path *path;
    enum explore_walk walk;
    bool has_seed;                       /* the run came of a seed; else of a list of choices */
    uint64_t seed;                       /* SCHEDULE and FIND: its seed; COUNT: the first */
    uint64_t seeds;                      /* FIND: how many were tried; COUNT: counted */
    bool found;                          /* FIND */
    bool shrunk;                         /* FIND: the schedule was cut */
    size_t switches_before;              /* FIND: before that */
    uint64_t broken_seeds, first_broken; /* COUNT */
};

#endif
