/* SPDX-License-Identifier: MIT */
/*
 * A set of keys that can say "certainly not in it" or "perhaps", at about 1.5 bytes a key: what the
 * ledger remembers of all idempotency keys that it ever saw. Not thread-safe: keys.c guards it.
 *
 * Source: a blocked Bloom filter (F. Putze, P. Sanders, J. Singler, "Cache-, hash- and
 * space-efficient Bloom filters", 2007): all bits of a key lie in one cache line. It grows by whole
 * filters, each at least as large as all before it (P. Almeida et al., "Scalable Bloom
 * Filters", 2007).
 */
#ifndef LEDGER_MEMORY_FILTER_H
#define LEDGER_MEMORY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

enum { FILTER_LEVELS = 24 };

struct filter {
    unsigned levels;
    uint64_t room; /* keys that the newest level still takes */
    uint64_t lines[FILTER_LEVELS];
    uint64_t *bits[FILTER_LEVELS];
};

/* Before the first: about that many keys will come. They find room in one level, and a quarter
 * more. False: memory is short; it grows with what comes then. */
bool filter_expect(struct filter *filter, uint64_t keys);

/* Remember a key by its hash. If memory is short the newest level takes more keys than it should:
 * then "perhaps" comes more often, which costs time, never correctness. False only if there is no
 * level at all. */
CO_MUST_CHECK bool filter_add(struct filter *filter, uint64_t hash);

/* False: it was never added. */
bool filter_perhaps(const struct filter *filter, uint64_t hash);

void filter_free(struct filter *filter);

#endif
