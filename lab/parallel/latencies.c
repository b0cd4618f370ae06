/* SPDX-License-Identifier: MIT */
#include "lab/parallel/latencies.h"

enum { STEP_BITS = 4 };

/* Below 16 each number has a class; above, each power of two has 16. */
static unsigned class_of(uint64_t ns)
{
    if (ns < LATENCIES_STEPS)
        return (unsigned)ns;
    unsigned power = 63 - (unsigned)__builtin_clzll(ns);
    unsigned step = (unsigned)(ns >> (power - STEP_BITS)) & (LATENCIES_STEPS - 1);
    return (power - STEP_BITS + 1) * LATENCIES_STEPS + step;
}

static int64_t upper_end(unsigned class)
{
    if (class < LATENCIES_STEPS)
        return class;
    unsigned shift = class / LATENCIES_STEPS - 1, step = class % LATENCIES_STEPS;
    return (int64_t)(((uint64_t)LATENCIES_STEPS + step + 1) << shift) - 1;
}

void latencies_add(struct latencies *latencies, int64_t ns)
{
    unsigned class = class_of(ns > 0 ? (uint64_t)ns : 0);
    atomic_fetch_add_explicit(&latencies->counts[class], 1, memory_order_relaxed);
}

int64_t latencies_permille(const struct latencies *latencies, unsigned permille)
{
    uint64_t all = 0, below = 0;
    for (unsigned i = 0; i < LATENCIES_CLASSES; i++)
        all += atomic_load_explicit(&latencies->counts[i], memory_order_relaxed);
    uint64_t wanted = (all * permille + 999) / 1000;
    for (unsigned i = 0; i < LATENCIES_CLASSES && all; i++) {
        below += atomic_load_explicit(&latencies->counts[i], memory_order_relaxed);
        if (below >= wanted)
            return upper_end(i);
    }
    return 0;
}
