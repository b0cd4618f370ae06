/* SPDX-License-Identifier: MIT */
#ifndef LAB_STRATEGY_CHECK_AND_ACT_H
#define LAB_STRATEGY_CHECK_AND_ACT_H

#include "lab/machine/operation.h"

/* Look at the operation's cells, and change them if it may happen; was it? Nobody else may touch
 * them meanwhile: the caller sees to that. */
bool check_and_act(struct operation *op);

#endif
