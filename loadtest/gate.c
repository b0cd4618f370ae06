/* SPDX-License-Identifier: MIT */
#include "loadtest/gate.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "coro/eventcount.h"

/* Arrival number a belongs to round a / n, which opens when its last has come. */
struct gate {
    size_t n;
    _Atomic uint64_t arrived;
    struct co_eventcount opened;
};

struct gate *gate_make(size_t n)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (gate)
        gate->n = n;
    return gate;
}

void gate_free(struct gate **gate)
{
    free(*gate);
    *gate = NULL;
}

void gate_pass(struct gate *gate)
{
    /* Numbers never repeat, so one that is late cannot be taken for the next round's first. */
    uint64_t arrival = atomic_fetch_add(&gate->arrived, 1);
    uint64_t round = arrival / gate->n + 1;
    /* The last one opens it and does not wait. */
    if (arrival % gate->n == gate->n - 1)
        co_eventcount_advance(&gate->opened, round);
    else
        co_ensure(co_eventcount_await(co_context_background(), &gate->opened, round) ==
                  CO_EVENTCOUNT_REACHED);
}
