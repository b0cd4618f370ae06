/* SPDX-License-Identifier: MIT */
/*
 * A place is a tag and a moment, each atomic by itself. Whoever takes a place over leaves a moment
 * that is past, which is a full bucket; one that loses a race for it counts a request of another,
 * or none: once, which a limit of this kind can bear.
 */
#include "server/http/rate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "coro/clock.h"

enum { SETS = 2048, WAYS = 8 };

struct place {
    _Atomic uint64_t tag; /* of a key; 0: of none */
    _Atomic int64_t full_ns;
};

struct rate {
    uint64_t secrets[2]; /* nobody can choose an address that shares another's place */
    struct place places[SETS][WAYS];
};

struct rate *rate_make(void)
{
    struct rate *rate = calloc(1, sizeof *rate);
    /* So few bytes come whole, and at once. */
    if (rate && getrandom(rate->secrets, sizeof rate->secrets, 0) != sizeof rate->secrets)
        rate_free(&rate);
    return rate;
}

void rate_free(struct rate **rate)
{
    free(*rate);
    *rate = NULL;
}

/* Each bit of the result depends on each of the argument (Stafford's mix 13). */
static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

static uint64_t tag_of(const struct rate *rate, const uint8_t key[RATE_KEY])
{
    uint64_t halves[2];
    memcpy(halves, key, RATE_KEY);
    uint64_t tag = mix(mix(halves[0] ^ rate->secrets[0]) + halves[1] + rate->secrets[1]);
    return tag ? tag : 1;
}

/* The place of a key: its own, else the one that is nearest to full, taken over. */
static struct place *find(struct place *set, uint64_t tag, int64_t now_ns)
{
    struct place *oldest = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&set[i].tag, memory_order_relaxed) == tag)
            return &set[i];
        if (atomic_load_explicit(&set[i].full_ns, memory_order_relaxed) <
            atomic_load_explicit(&oldest->full_ns, memory_order_relaxed))
            oldest = &set[i];
    }
    atomic_store_explicit(&oldest->tag, tag, memory_order_relaxed);
    atomic_store_explicit(&oldest->full_ns, now_ns, memory_order_relaxed);
    return oldest;
}

bool rate_take(struct rate *rate, const uint8_t key[RATE_KEY], uint32_t a_second, int64_t now_ns)
{
    uint64_t tag = tag_of(rate, key);
    struct place *place = find(rate->places[tag % SETS], tag, now_ns);
    int64_t full_ns = atomic_load_explicit(&place->full_ns, memory_order_relaxed), then_ns;
    /* Each costs its part of a second, and a second's worth may be owed. */
    do {
        then_ns = (full_ns > now_ns ? full_ns : now_ns) + CO_CLOCK_S / a_second;
        if (then_ns > now_ns + CO_CLOCK_S)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &place->full_ns, &full_ns, then_ns, memory_order_relaxed, memory_order_relaxed));
    return true;
}
