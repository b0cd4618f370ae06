/* SPDX-License-Identifier: MIT */
/*
 * Durations counted in buckets whose width grows with the value, so that every percentile is known
 * within 0.8 % in fixed memory. Source: the bucket layout of G. Tene's HdrHistogram.
 */
#ifndef LOADTEST_HISTOGRAM_H
#define LOADTEST_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 7,  /* 2^7 buckets for each doubling: 1/128 = 0.8 % */
    HISTOGRAM_TOP_BITS = 40, /* values from 2^40 ns (18 minutes) count as that */
    HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

/* All zero is empty. Not thread-safe: give each worker its own and merge them. */
struct histogram {
    uint64_t count, min_ns, max_ns;
    double sum_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_record(struct histogram *histogram, int64_t value_ns); /* below 0 counts as 0 */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest recorded value that `percent` (0 .. 100) of all do not exceed; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
