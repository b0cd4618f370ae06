/* SPDX-License-Identifier: MIT */
/*
 * What happened to the requests of a run: how many ended how, and how long they took. Each worker
 * counts for itself, on its own stack, so that the counts need neither lock nor atomic.
 */
#ifndef LOADTEST_STATS_H
#define LOADTEST_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "loadtest/client.h"
#include "loadtest/histogram.h"
#include "loadtest/stage_times.h"

enum { STATS_OUTCOMES = 32, STATS_OUTCOME_NAME = 48 };

struct stats_outcome {
    char name[STATS_OUTCOME_NAME]; /* "201", "422 insufficient_funds", "timeout" */
    uint64_t count;
};

struct stats_sum {
    struct histogram latency; /* of everything that was answered */
    size_t outcomes;
    struct stats_outcome outcome[STATS_OUTCOMES]; /* the last one counts what has no room */
};

struct stats;

CO_MUST_CHECK struct stats *stats_make(void); /* for the workers that run now; NULL: no memory */
void stats_free(struct stats **stats);

/* From now on count the stages of Server-Timing, too; nobody may be recording. False: no memory. */
CO_MUST_CHECK bool stats_time_stages(struct stats *stats);

/* Count a request that took `latency_ns`. `response` is read only when it was answered. */
void stats_record(struct stats *stats, enum client_status status, const struct response *response,
    int64_t latency_ns);

/* Requests that were counted so far; at any time, from anywhere. */
uint64_t stats_requests(struct stats *stats);

/* What an outcome is called: "201", "422 insufficient_funds", "timeout". `response` is read only
 * when it was answered. */
void stats_name(
    enum client_status status, const struct response *response, char name[STATS_OUTCOME_NAME]);

/* Everything together; nobody may be recording. The memory is the stats' own. */
const struct stats_sum *stats_sum(struct stats *stats);

/* The same of the stages; NULL: they are not counted. */
const struct stage_times *stats_stages(struct stats *stats);

#endif
