/* SPDX-License-Identifier: MIT */
/* Where a service says that the time of its answers went: a histogram for each stage of their
 * Server-Timing headers, by name, whatever the stages are. */
#ifndef LOADTEST_STAGE_TIMES_H
#define LOADTEST_STAGE_TIMES_H

#include <stddef.h>

#include "loadtest/histogram.h"
#include "loadtest/response_head.h"

enum { STAGE_TIMES_MAX = 10, STAGE_TIMES_NAME = 16 };

/* All zero is empty. Not thread-safe, as its histograms. */
struct stage_times {
    size_t count;
    struct {
        char name[STAGE_TIMES_NAME];
        struct histogram took;
    } stage[STAGE_TIMES_MAX]; /* in the order in which they were met */
};

/* Count what an answer says; one that says nothing, or not that, counts nowhere. Stages beyond
 * STAGE_TIMES_MAX, and those with a longer name, are left out. */
void stage_times_record(struct stage_times *stages, const struct response *response);

void stage_times_merge(struct stage_times *into, const struct stage_times *from);

#endif
