/* SPDX-License-Identifier: MIT */
/* What became of the calls that move money, and how long they took. Each worker has figures of its
 * own, which it alone writes; anyone may read them meanwhile. */
#ifndef SERVER_API_OUTCOMES_H
#define SERVER_API_OUTCOMES_H

#include <stdint.h>

#include "coro/ensure.h"

struct call;
struct outcomes;

enum outcomes_kind {
    OUTCOMES_COMMITTED,
    OUTCOMES_REJECTED,
    OUTCOMES_REPLAYED,
    OUTCOMES_OTHER,
    OUTCOMES_KINDS
};

enum { OUTCOMES_BUCKETS = 16 };

struct outcomes_figures {
    uint64_t by_outcome[OUTCOMES_KINDS]; /* calls, and the items of batches */
    uint64_t count, took_ns;             /* calls, and how long they took in all */
    uint64_t took_le[OUTCOMES_BUCKETS];  /* those of at most 0.25 ms * 2^i; the last: longer too */
};

/* Of all workers; all zero. NULL: memory is short. */
MUST_CHECK struct outcomes *outcomes_make(void);
void outcomes_free(struct outcomes **outcomes);

/* A call that moves money has its answer. On its worker; never parks. */
void outcomes_count(struct outcomes *outcomes, const struct call *call);

/* Summed over the workers. */
void outcomes_read(const struct outcomes *outcomes, struct outcomes_figures *figures);

#endif
