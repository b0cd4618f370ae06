/* SPDX-License-Identifier: MIT */
/* How long many things took, counted in classes a sixteenth wide. Any thread may add. */
#ifndef LAB_PARALLEL_LATENCIES_H
#define LAB_PARALLEL_LATENCIES_H

#include <stdatomic.h>
#include <stdint.h>

enum { LATENCIES_STEPS = 16, LATENCIES_CLASSES = 64 * LATENCIES_STEPS };

struct latencies {
    _Atomic uint64_t counts[LATENCIES_CLASSES];
};

void latencies_add(struct latencies *latencies, int64_t ns);

/* What that many of a thousand stayed at or below, but for the width of a class; 0: none. */
int64_t latencies_permille(const struct latencies *latencies, unsigned permille);

#endif
