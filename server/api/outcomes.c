/* SPDX-License-Identifier: MIT */
#include "server/api/outcomes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/worker.h"
#include "server/api/call.h"

struct of_worker {
    _Alignas(64) _Atomic uint64_t by_outcome[OUTCOMES_KINDS]; /* no other worker's cache line */
    _Atomic uint64_t count, took_ns, took_le[OUTCOMES_BUCKETS];
};

struct outcomes {
    int worker_count;
    struct of_worker workers[];
};

struct outcomes *outcomes_make(void)
{
    int count = worker_count();
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

void outcomes_count(struct outcomes *outcomes, const struct call *call)
{
    struct of_worker *worker = &outcomes->workers[worker_index()];
    int64_t took_ns = clock_now_ns() - call->request->arrived_ns;
    int bucket = 0;
    /* Buckets double from a quarter of a millisecond on; the last one has no end. */
    for (int64_t le_ns = CLOCK_MS / 4; took_ns > le_ns && bucket < OUTCOMES_BUCKETS - 1; le_ns *= 2)
        bucket++;
    add(&worker->took_le[bucket], 1);
    add(&worker->took_ns, (uint64_t)took_ns);
    add(&worker->count, 1);
    count_kind(worker, call);
}

/* ---- reading ------------------------------------------------------------------------------- */

static uint64_t read_one(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void outcomes_read(const struct outcomes *outcomes, struct outcomes_figures *figures)
{
    memset(figures, 0, sizeof *figures);
    /* Each counter is read once: the figures need not be of one moment. */
    for (int i = 0; i < outcomes->worker_count; i++) {
        const struct of_worker *worker = &outcomes->workers[i];
        for (int kind = 0; kind < OUTCOMES_KINDS; kind++)
            figures->by_outcome[kind] += read_one(&worker->by_outcome[kind]);
        for (int bucket = 0; bucket < OUTCOMES_BUCKETS; bucket++)
            figures->took_le[bucket] += read_one(&worker->took_le[bucket]);
        figures->count += read_one(&worker->count);
        figures->took_ns += read_one(&worker->took_ns);
    }
}
