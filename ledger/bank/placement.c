/* SPDX-License-Identifier: MIT */
#include "ledger/bank/placement.h"

static uint64_t add_text(uint64_t hash, const char *text)
{
    /* FNV-1a, with the text's end: "a" + "bc" is not "ab" + "c". */
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    while (*text++);
    return hash;
}

/* The last step of splitmix64: names that differ in one letter are far apart. */
static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static uint64_t score(const char *ledger, const struct lease_peer *server)
{
    return mix(add_text(add_text(UINT64_C(14695981039346656037), ledger), server->url));
}

static bool is_better(
    const char *ledger, const struct lease_peer *server, const struct lease_peer *than)
{
    uint64_t its = score(ledger, server), other = score(ledger, than);
    if (its != other)
        return its > other;
    return mix(its ^ server->no) > mix(other ^ than->no);
}

const struct lease_peer *placement_best(
    const char *ledger, const struct lease_peer *servers, size_t count, uint64_t without)
{
    const struct lease_peer *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (servers[i].no != without && (!best || is_better(ledger, &servers[i], best)))
            best = &servers[i];
    return best;
}
