/* SPDX-License-Identifier: MIT */
#include "loadtest/stats.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/worker.h"
#include "loadtest/json_view.h"

/* A worker's own; only `requests` is read by others while it counts. */
struct share {
    struct stats_sum sum;
    _Atomic uint64_t requests;
};

struct stats {
    size_t workers;
    struct stage_times
        *stages; /* of each worker, and one for their sum; NULL: they are not counted */
    struct stats_sum sum;
    struct share worker[];
};

struct stats *stats_make(void)
{
    size_t workers = (size_t)co_worker_count();
    struct stats *stats = calloc(1, sizeof *stats + workers * sizeof stats->worker[0]);
    if (stats)
        stats->workers = workers;
    return stats;
}

void stats_free(struct stats **stats)
{
    if (*stats)
        free((*stats)->stages);
    free(*stats);
    *stats = NULL;
}

bool stats_time_stages(struct stats *stats)
{
    stats->stages = calloc(stats->workers + 1, sizeof *stats->stages);
    return stats->stages != NULL;
}

static void count(struct stats_sum *sum, const char *name, uint64_t n)
{
    size_t i = 0;
    while (i < sum->outcomes && strcmp(sum->outcome[i].name, name) != 0)
        i++;
    /* The table is bounded: what finds no row is "other". */
    if (i == sum->outcomes) {
        if (sum->outcomes == STATS_OUTCOMES - 1)
            name = "other";
        if (sum->outcomes < STATS_OUTCOMES)
            sum->outcomes++;
        else
            i = STATS_OUTCOMES - 1;
        snprintf(sum->outcome[i].name, STATS_OUTCOME_NAME, "%s", name);
    }
    sum->outcome[i].count += n;
}

void stats_name(
    enum client_status status, const struct response *response, char name[STATS_OUTCOME_NAME])
{
    char code[STATS_OUTCOME_NAME - 8] = "";
    struct json_view problem = {0};
    if (status != CLIENT_ANSWERED) {
        snprintf(name, STATS_OUTCOME_NAME, "%s", client_status_name(status));
        return;
    }
    /* Only a problem has a code. */
    if (response->status >= 400)
        problem = json_view_read(response->body, response->body_length);
    if (!json_view_copy(json_view_member(problem, "code"), code, sizeof code))
        code[0] = '\0';
    snprintf(name, STATS_OUTCOME_NAME, "%d%s%s", response->status, code[0] ? " " : "", code);
}

struct record {
    struct share *share;
    struct stage_times *stages;
    enum client_status status;
    const struct response *response;
    int64_t latency_ns;
};

static void record(void *arg)
{
    const struct record *r = arg;
    struct stats_sum *sum = &r->share->sum;
    struct stats_outcome *first = &sum->outcome[0];
    bool answered = r->status == CLIENT_ANSWERED;
    /* One writer, and a reader that shows progress: no read-modify-write is needed. */
    uint64_t before = atomic_load_explicit(&r->share->requests, memory_order_relaxed);
    atomic_store_explicit(&r->share->requests, before + 1, memory_order_relaxed);
    /* A timeout is not a latency. */
    if (answered)
        histogram_record(&sum->latency, r->latency_ns);
    if (answered && r->stages)
        stage_times_record(r->stages, r->response);
    /* A comparison of names for each answer would show in the measurement. */
    if (answered && r->response->status == 201 && sum->outcomes > 0 &&
        strcmp(first->name, "201") == 0) {
        first->count++; /* by far the most frequent */
        return;
    }
    char name[STATS_OUTCOME_NAME];
    stats_name(r->status, r->response, name);
    count(sum, name, 1);
}

void stats_record(struct stats *stats, enum client_status status, const struct response *response,
    int64_t latency_ns)
{
    int worker = co_worker_index();
    struct record r = {&stats->worker[worker], stats->stages ? &stats->stages[worker] : NULL,
        status, response, latency_ns};
    /* On the worker's own stack: formatting a name takes more than a coroutine has. */
    co_worker_call(record, &r);
}

uint64_t stats_requests(struct stats *stats)
{
    uint64_t sum = 0;
    for (size_t w = 0; w < stats->workers; w++)
        sum += atomic_load_explicit(&stats->worker[w].requests, memory_order_relaxed);
    return sum;
}

const struct stats_sum *stats_sum(struct stats *stats)
{
    /* Summed again each time, for counting may go on. */
    memset(&stats->sum, 0, sizeof stats->sum);
    for (size_t w = 0; w < stats->workers; w++) {
        const struct stats_sum *one = &stats->worker[w].sum;
        histogram_merge(&stats->sum.latency, &one->latency);
        for (size_t i = 0; i < one->outcomes; i++)
            count(&stats->sum, one->outcome[i].name, one->outcome[i].count);
    }
    return &stats->sum;
}

const struct stage_times *stats_stages(struct stats *stats)
{
    if (!stats->stages)
        return NULL;
    struct stage_times *sum = &stats->stages[stats->workers];
    memset(sum, 0, sizeof *sum);
    for (size_t w = 0; w < stats->workers; w++)
        stage_times_merge(sum, &stats->stages[w]);
    return sum;
}
