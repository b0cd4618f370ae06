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

/* The stages of Server-Timing (stages.h); `answer` until the answer is handed to HTTP. */
enum outcomes_stage {
    OUTCOMES_PARSE,
    OUTCOMES_QUEUE,
    OUTCOMES_DECIDE,
    OUTCOMES_COMMIT,
    OUTCOMES_LEDGER, /* all that the ledger did, where it tells no more */
    OUTCOMES_ANSWER,
    OUTCOMES_STAGES
};

extern const char *const outcomes_stage_names[OUTCOMES_STAGES];

enum {
    OUTCOMES_BUCKETS = 16, /* the last has no end */
    OUTCOMES_TOOK_US = 250,
    OUTCOMES_TOOK_FACTOR = 2, /* of whole calls: 0.25 ms to 4 s */
    OUTCOMES_STAGE_US = 1,
    OUTCOMES_STAGE_FACTOR = 3, /* of their stages: 1 us to 5 s */
};

/* Times, counted in buckets each `factor` times as long as the one before. */
struct outcomes_times {
    uint64_t count, ns;
    uint64_t le[OUTCOMES_BUCKETS];
};

struct outcomes_figures {
    uint64_t by_outcome[OUTCOMES_KINDS]; /* calls, and the items of batches */
    struct outcomes_times took, stages[OUTCOMES_STAGES];
};

/* Of all workers; all zero. NULL: memory is short. */
CO_MUST_CHECK struct outcomes *outcomes_make(void);
void outcomes_free(struct outcomes **outcomes);

/* A call that moves money has its answer. On its worker; never parks. */
void outcomes_count(struct outcomes *outcomes, const struct call *call);

/* Summed over the workers. */
void outcomes_read(const struct outcomes *outcomes, struct outcomes_figures *figures);

#endif
