/* SPDX-License-Identifier: MIT */
#include "server/api/outcomes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/worker.h"
#include "server/api/call.h"

const char *const outcomes_stage_names[OUTCOMES_STAGES] = {
    [OUTCOMES_PARSE] = "parse",
    [OUTCOMES_QUEUE] = "queue",
    [OUTCOMES_DECIDE] = "decide",
    [OUTCOMES_COMMIT] = "commit",
    [OUTCOMES_LEDGER] = "ledger",
    [OUTCOMES_ANSWER] = "answer",
};

struct times {
    _Atomic uint64_t count, ns, le[OUTCOMES_BUCKETS];
};

struct of_worker {
    _Alignas(64) _Atomic uint64_t by_outcome[OUTCOMES_KINDS]; /* no other worker's cache line */
    struct times took, stages[OUTCOMES_STAGES];
};

struct outcomes {
    int worker_count;
    struct of_worker workers[];
};

struct outcomes *outcomes_make(void)
{
    int count = co_worker_count();
    size_t size = sizeof(struct outcomes) + (size_t)count * sizeof(struct of_worker);
    /* calloc() would not keep to cache lines. */
    struct outcomes *outcomes = aligned_alloc(_Alignof(struct outcomes), size);
    if (!outcomes)
        return NULL;
    memset(outcomes, 0, size);
    outcomes->worker_count = count;
    return outcomes;
}

void outcomes_free(struct outcomes **outcomes)
{
    free(*outcomes);
    *outcomes = NULL;
}

/* ---- counting ------------------------------------------------------------------------------ */

/* Counters have one writer. */
static void add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

static enum outcomes_kind kind_of(const struct call *call)
{
    int status = call->response->status;
    return call->replayed  ? OUTCOMES_REPLAYED
           : status == 201 ? OUTCOMES_COMMITTED
           : status == 422 ? OUTCOMES_REJECTED
                           : OUTCOMES_OTHER;
}

static void count_kind(struct of_worker *worker, const struct call *call)
{
    /* A batch counts its items, anything else its one answer. */
    if (call->items.committed + call->items.rejected + call->items.replayed == 0) {
        add(&worker->by_outcome[kind_of(call)], 1);
        return;
    }
    add(&worker->by_outcome[OUTCOMES_COMMITTED], call->items.committed);
    add(&worker->by_outcome[OUTCOMES_REJECTED], call->items.rejected);
    add(&worker->by_outcome[OUTCOMES_REPLAYED], call->items.replayed);
}

static void count_time(struct times *times, int64_t took_ns, int64_t le_ns, int factor)
{
    int bucket = 0;
    for (; took_ns > le_ns && bucket < OUTCOMES_BUCKETS - 1; le_ns *= factor)
        bucket++;
    add(&times->le[bucket], 1);
    add(&times->ns, took_ns > 0 ? (uint64_t)took_ns : 0);
    add(&times->count, 1);
}

static void count_stage(struct of_worker *worker, const char *name, int64_t took_ns)
{
    int stage = 0;
    while (strcmp(outcomes_stage_names[stage], name) != 0)
        co_ensure(++stage < OUTCOMES_STAGES);
    count_time(
        &worker->stages[stage], took_ns, OUTCOMES_STAGE_US * CO_CLOCK_US, OUTCOMES_STAGE_FACTOR);
}

void outcomes_count(struct outcomes *outcomes, const struct call *call)
{
    struct of_worker *worker = &outcomes->workers[co_worker_index()];
    const struct response *response = call->response;
    int64_t now_ns = co_clock_now_ns(), from_ns = call->request->arrived_ns;
    count_time(
        &worker->took, now_ns - from_ns, OUTCOMES_TOOK_US * CO_CLOCK_US, OUTCOMES_TOOK_FACTOR);
    for (size_t i = 0; i < response->stage_count; i++) {
        const struct response_stage *stage = &response->stages[i];
        count_stage(worker, stage->name, stage->end_ns - from_ns);
        from_ns = stage->end_ns;
    }
    count_stage(worker, "answer", now_ns - from_ns);
    count_kind(worker, call);
}

/* ---- reading ------------------------------------------------------------------------------- */

static uint64_t read_one(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_times(const struct times *times, struct outcomes_times *sum)
{
    sum->count += read_one(&times->count);
    sum->ns += read_one(&times->ns);
    for (int bucket = 0; bucket < OUTCOMES_BUCKETS; bucket++)
        sum->le[bucket] += read_one(&times->le[bucket]);
}

void outcomes_read(const struct outcomes *outcomes, struct outcomes_figures *figures)
{
    memset(figures, 0, sizeof *figures);
    /* Each counter is read once: the figures need not be of one moment. */
    for (int i = 0; i < outcomes->worker_count; i++) {
        const struct of_worker *worker = &outcomes->workers[i];
        for (int kind = 0; kind < OUTCOMES_KINDS; kind++)
            figures->by_outcome[kind] += read_one(&worker->by_outcome[kind]);
        read_times(&worker->took, &figures->took);
        for (int stage = 0; stage < OUTCOMES_STAGES; stage++)
            read_times(&worker->stages[stage], &figures->stages[stage]);
    }
}
