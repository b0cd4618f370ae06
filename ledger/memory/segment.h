/* SPDX-License-Identifier: MIT */
/*
 * What the database keeps of a stretch of the journal's idempotency keys, for the filter of the
 * next start (keys.h): of each key 40 bits of its hash, sorted, each as the distance from the one
 * before in groups of 7 bits, the lowest first (LEB128): about 3.3 bytes a key. The order also
 * makes them quick to put into a filter, whose lines follow the upper bits.
 *
 * A segment that misses a key would say "never used" of it, so a digest guards it: BLAKE2b-256 over
 * the secret, the ledger's number (4 bytes), first and last position and the number of keys (8
 * each, little-endian), and the bytes. Pure; never parks.
 */
#ifndef LEDGER_MEMORY_SEGMENT_H
#define LEDGER_MEMORY_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "ledger/domain/hash.h"

enum {
    SEGMENT_KEYS = 131072, /* a segment that has that many is not made longer */
    SEGMENT_BYTES = 6,     /* that a key takes at most */
};

/* Of a hash of 64 bits, what is kept: the upper 40. */
#define SEGMENT_KEPT (~UINT64_C(0) << 24)

struct segment {
    uint64_t first_seq, last_seq; /* of the entries whose keys these are */
    uint64_t keys;
    const char *bytes;
    size_t size;
    uint8_t digest[HASH_CHAIN];
};

/* Sort `count` kept hashes; `room` is for as many. */
void segment_sort(uint64_t *hashes, size_t count, uint64_t *room);

/* Pack sorted hashes into `bytes`, which has room for SEGMENT_BYTES each. The size. */
size_t segment_pack(const uint64_t *hashes, size_t count, char *bytes);

/* The other way; `hashes` has room for segment->keys. False: it is not such a segment. */
CO_MUST_CHECK bool segment_unpack(const struct segment *segment, uint64_t *hashes);

/* The digest that it should have; does it have that? */
void segment_digest(const struct segment *segment, const uint8_t secret[HASH_SECRET], int ledger,
    uint8_t digest[HASH_CHAIN]);
CO_MUST_CHECK bool segment_is_whole(
    const struct segment *segment, const uint8_t secret[HASH_SECRET], int ledger);

#endif
