/* SPDX-License-Identifier: MIT */
#include "server/lab/lab_bounds.h"

const struct lab_bounds lab_bounds = {.processor_s = 10, .time_s = 60, .rest_s = 240};
