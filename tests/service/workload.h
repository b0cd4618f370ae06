/* SPDX-License-Identifier: MIT */
/*
 * Many clients that move money between a few accounts as fast as they are answered, and write down
 * what they asked for and what they were told. They go on while the service is being killed and
 * started again.
 */
#ifndef TESTS_SERVICE_WORKLOAD_H
#define TESTS_SERVICE_WORKLOAD_H

#include <stdatomic.h>

#include "coro/waitgroup.h"
#include "tests/service/history.h"
#include "tests/service/service.h"

struct workload {
    const struct service *service;
    const struct target *standby; /* where they try it when that does not answer well; or NULL */
    size_t clients;
    uint64_t seed;
    _Atomic int64_t pause_ns;         /* of each client between two ops; may change at any time */
    struct history *histories;        /* one for each client */
    _Atomic size_t started, answered; /* clients; ops with a final answer */
    _Atomic int64_t slowest_ns;       /* the longest time until an answer came, or the end */
    atomic_bool stop, failed;         /* failed: some answer was not one of the contract's */
    struct co_waitgroup running;
};

/* Open and fund the accounts, and let the clients loose. False: the service refused. */
CO_MUST_CHECK bool workload_start(
    struct workload *workload, const struct service *service, size_t clients, uint64_t seed);

/* The same between two: an op without a final answer is sent with its key to the other one, and
 * no client waits for an answer for long. The accounts are made with the service. */
CO_MUST_CHECK bool workload_start_between(struct workload *workload, const struct service *service,
    const struct target *standby, size_t clients, uint64_t seed);

/* Park until `more` ops have been answered since the call; false after the timeout. */
CO_MUST_CHECK bool workload_await(struct workload *workload, size_t more, int64_t timeout_ns);

/* Let each client end its op, and wait for them. What was not answered stays unknown. */
void workload_stop(struct workload *workload);

/* Send every unknown op again until its answer is final, and every batch, whose answer must be the
 * same. False: one had none after the timeout, or another one. */
CO_MUST_CHECK bool workload_settle(struct workload *workload, int64_t timeout_ns);

void workload_free(struct workload *workload);

#endif
