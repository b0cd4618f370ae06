/* SPDX-License-Identifier: MIT */
#include "ledger/bank/rebalance.h"

/* What the two end points and the mean of all servers are. */
struct extent {
    uint64_t least, most; /* servers */
    uint64_t least_load, most_load, mean;
};

static uint64_t load_of(
    uint64_t server, const struct rebalance_ledger *ledgers, size_t ledger_count)
{
    uint64_t load = 0;
    for (size_t i = 0; i < ledger_count; i++)
        if (ledgers[i].owner == server)
            load += ledgers[i].rate;
    return load;
}

static struct extent measure(const struct lease_peer *servers, size_t server_count,
    const struct rebalance_ledger *ledgers, size_t ledger_count)
{
    struct extent extent = {.least_load = UINT64_MAX};
    uint64_t total = 0;
    for (size_t i = 0; i < server_count; i++) {
        uint64_t load = load_of(servers[i].no, ledgers, ledger_count);
        total += load;
        if (load < extent.least_load) {
            extent.least = servers[i].no;
            extent.least_load = load;
        }
        if (load > extent.most_load) {
            extent.most = servers[i].no;
            extent.most_load = load;
        }
    }
    extent.mean = total / server_count;
    return extent;
}

static uint64_t distance(uint64_t one, uint64_t other)
{
    return one > other ? one - other : other - one;
}

const struct rebalance_ledger *rebalance_choose(uint64_t me, const struct lease_peer *servers,
    size_t server_count, const struct rebalance_ledger *ledgers, size_t ledger_count)
{
    if (server_count < REBALANCE_SERVERS)
        return NULL;
    struct extent extent = measure(servers, server_count, ledgers, ledger_count);
    /* Of many servers that are all but one a little below the mean that one is far above it. */
    bool apart =
        extent.least_load * 10 < extent.mean * 9 || extent.most_load * 10 > extent.mean * 11;
    bool asks = extent.least == me && extent.mean >= REBALANCE_LEAST && apart;
    if (!asks)
        return NULL;

    uint64_t gap = extent.most_load - extent.least_load;
    const struct rebalance_ledger *best = NULL;
    for (size_t i = 0; i < ledger_count; i++) {
        const struct rebalance_ledger *ledger = &ledgers[i];
        uint64_t rate = ledger->rate;
        if (ledger->owner != extent.most || ledger->cold || rate == 0 || rate > gap)
            continue;
        /* The further of the two goes down by that. */
        uint64_t gain = rate < gap - rate ? rate : gap - rate;
        bool worth = gain * REBALANCE_WORTH >= extent.mean && gain > 0;
        if (worth && (!best || distance(2 * rate, gap) < distance(2 * best->rate, gap)))
            best = ledger;
    }
    return best;
}
