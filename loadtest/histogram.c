/* SPDX-License-Identifier: MIT */
#include "loadtest/histogram.h"

/* Below 2^SUB the bucket is the value; above, each doubling has 2^SUB buckets of equal width. */
static size_t bucket_of(uint64_t value)
{
    if (value >> HISTOGRAM_SUB_BITS == 0)
        return value;
    /* The leading bits are the bucket; the rest is below the resolution. */
    int shift = 63 - __builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(value >> shift);
}

/* The largest value that falls into a bucket. */
static uint64_t top_of(size_t bucket)
{
    size_t row = bucket >> HISTOGRAM_SUB_BITS;
    if (row == 0)
        return bucket;
    uint64_t place = (bucket & ((1U << HISTOGRAM_SUB_BITS) - 1)) | (1U << HISTOGRAM_SUB_BITS);
    return ((place + 1) << (row - 1)) - 1;
}

void histogram_record(struct histogram *histogram, int64_t value_ns)
{
    uint64_t value = value_ns < 0 ? 0 : (uint64_t)value_ns;
    /* What takes longer than 18 minutes is not told apart any more. */
    if (value >> HISTOGRAM_TOP_BITS)
        value = (UINT64_C(1) << HISTOGRAM_TOP_BITS) - 1;
    if (histogram->count == 0 || value < histogram->min_ns)
        histogram->min_ns = value;
    if (value > histogram->max_ns)
        histogram->max_ns = value;
    histogram->count++;
    histogram->sum_ns += (double)value;
    histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    /* An empty histogram has no minimum to merge. */
    if (from->count == 0)
        return;
    if (into->count == 0 || from->min_ns < into->min_ns)
        into->min_ns = from->min_ns;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
    into->count += from->count;
    into->sum_ns += from->sum_ns;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    double exact = (double)histogram->count * percent / 100;
    uint64_t rank = (uint64_t)exact, seen = 0;
    /* Rounded up: at least that part of all values is at or below the answer. */
    if ((double)rank < exact || rank == 0)
        rank++;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            /* The largest value is known exactly, and no bucket may promise more. */
            uint64_t top = top_of(i);
            return top < histogram->max_ns ? top : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}
