/* SPDX-License-Identifier: MIT */
/* The strategies that scenarios offer, in memory and by a database. */
#ifndef LAB_SCENARIO_OFFERED_H
#define LAB_SCENARIO_OFFERED_H

#include "lab/machine/lab_strategy.h"

/* All of them, and those that carry out any operation, a NULL behind. */
extern const struct lab_strategy *const offered_all[], *const offered_for_operations[];

/* By its name; NULL: there is none. */
const struct lab_strategy *offered_find(const char *name);

#endif
