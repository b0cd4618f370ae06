/* SPDX-License-Identifier: MIT */
/* An outcome for people: a column for each lane, a line for each step. */
#ifndef LAB_SHOW_LANES_H
#define LAB_SHOW_LANES_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/show/outcome.h"

/* `coloured`: with the escapes of a terminal. */
void lanes_print(FILE *to, const struct outcome *outcome, bool coloured);

#endif
