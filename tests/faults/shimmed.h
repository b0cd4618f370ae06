/* SPDX-License-Identifier: MIT */
/* What tells the programs that run with the shim (shim.h) what to do: one for each of them, or one
 * for several. */
#ifndef TESTS_FAULTS_SHIMMED_H
#define TESTS_FAULTS_SHIMMED_H

#include "tests/faults/shim.h"

struct shimmed {
    struct shim_control *control;
    char path[32];
};

/* The programs that are started from here on run with the shim, which does nothing yet. */
void shimmed_begin(struct shimmed *shimmed);

/* Those from here on run without; the others go on to obey. */
void shimmed_spare(void);

void shimmed_end(struct shimmed *shimmed); /* those that run with it have ended */

#endif
