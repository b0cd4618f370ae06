/* SPDX-License-Identifier: MIT */
/* Cut a bad schedule to the fewest switches that still break the promise. */
#ifndef LAB_MACHINE_SHRINK_H
#define LAB_MACHINE_SHRINK_H

#include "lab/machine/explore.h"

/* *path breaks the promise; afterwards it still does, with as few switches as were found, each as
 * early as it can be. How many runs it took. */
uint64_t shrink(struct trial *trial, struct explore_path *path);

#endif
