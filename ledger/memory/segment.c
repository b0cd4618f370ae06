/* SPDX-License-Identifier: MIT */
#include "ledger/memory/segment.h"

#include <endian.h>
#include <string.h>

/* Of a hash the upper 40 bits are kept: sorted, each as its distance from the one before, in groups
 * of seven bits, the lowest first, with the top bit set in all but the last. */
enum { DROPPED = 24, KEPT_BITS = 40, DIGIT = 8, DIGITS = 1 << DIGIT, GROUP = 7, MORE = 128 };

/* Radix sort, from the lowest kept byte up (H. Seward, 1954): five passes. */
void segment_sort(uint64_t *hashes, size_t count, uint64_t *room)
{
    uint64_t *from = hashes, *to = room, *swap;
    for (int shift = DROPPED; shift < DROPPED + KEPT_BITS; shift += DIGIT) {
        size_t starts[DIGITS + 1] = {0};
        for (size_t i = 0; i < count; i++)
            starts[(from[i] >> shift) % DIGITS + 1]++;
        /* From how often a digit occurs to where its values begin. */
        for (int digit = 0; digit < DIGITS; digit++)
            starts[digit + 1] += starts[digit];
        for (size_t i = 0; i < count; i++)
            to[starts[(from[i] >> shift) % DIGITS]++] = from[i];
        swap = from;
        from = to;
        to = swap;
    }
    memcpy(hashes, from, count * sizeof *hashes); /* an odd number of passes: they are in `room` */
}

size_t segment_pack(const uint64_t *hashes, size_t count, char *bytes)
{
    size_t size = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t distance = (hashes[i] >> DROPPED) - before;
        before += distance;
        for (; distance >= MORE; distance >>= GROUP)
            bytes[size++] = (char)(distance | MORE);
        bytes[size++] = (char)distance;
    }
    return size;
}

bool segment_unpack(const struct segment *segment, uint64_t *hashes)
{
    /* Rows may be damaged: nothing is read beyond the end, and no value has more bits than are
     * kept. */
    const unsigned char *at = (const unsigned char *)segment->bytes, *end = at + segment->size;
    uint64_t value = 0;
    for (uint64_t i = 0; i < segment->keys; i++) {
        uint64_t distance = 0;
        int shift = 0;
        for (; at < end && *at >= MORE && shift < KEPT_BITS; shift += GROUP)
            distance |= (uint64_t)(*at++ % MORE) << shift;
        if (at == end || shift > KEPT_BITS)
            return false;
        distance |= (uint64_t)*at++ << shift;
        value += distance;
        if (distance >> KEPT_BITS || value >> KEPT_BITS)
            return false;
        hashes[i] = value << DROPPED;
    }
    return at == end;
}

void segment_digest(const struct segment *segment, const uint8_t secret[HASH_SECRET], int ledger,
    uint8_t digest[HASH_CHAIN])
{
    struct hash hash;
    /* In a fixed order of bytes: a segment may be read on another machine. */
    uint32_t number = htole32((uint32_t)ledger);
    const uint64_t words[] = {
        htole64(segment->first_seq), htole64(segment->last_seq), htole64(segment->keys)};
    hash_start(&hash, HASH_CHAIN);
    hash_add(&hash, secret, HASH_SECRET);
    hash_add(&hash, &number, sizeof number);
    hash_add(&hash, words, sizeof words);
    if (segment->size > 0)
        hash_add(&hash, segment->bytes, segment->size);
    hash_finish(&hash, digest);
}

bool segment_is_whole(const struct segment *segment, const uint8_t secret[HASH_SECRET], int ledger)
{
    uint8_t digest[HASH_CHAIN];
    segment_digest(segment, secret, ledger, digest);
    return memcmp(digest, segment->digest, sizeof digest) == 0;
}
