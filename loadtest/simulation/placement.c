/* SPDX-License-Identifier: MIT */
#include "loadtest/simulation/placement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/dice.h"

static uint64_t hash(const struct placement *placement, uint32_t ledger, uint32_t server)
{
    struct dice dice = dice_make(placement->seed ^ ((uint64_t)ledger << 32 | server), 0);
    return dice_next(&dice);
}

static uint32_t best_of(const struct placement *placement, uint32_t ledger)
{
    uint32_t best = placement->servers;
    uint64_t highest = 0;
    for (uint32_t s = ledger % placement->services; s < placement->servers;
         s += placement->services) {
        uint64_t its = placement->alive[s] ? hash(placement, ledger, s) : 0;
        if (placement->alive[s] && (best == placement->servers || its > highest)) {
            best = s;
            highest = its;
        }
    }
    return best;
}

static void give(struct placement *placement, uint32_t ledger, uint32_t server)
{
    placement->owners[ledger] = server;
    placement->loads[server] += placement->shares[ledger];
}

static void share_out(struct placement *placement, double skew)
{
    double sum = 0;
    for (uint32_t l = 0; l < placement->ledgers; l++)
        sum += placement->shares[l] = pow(l + 1.0, -skew);
    for (uint32_t l = 0; l < placement->ledgers; l++)
        placement->shares[l] /= sum;
}

struct placement *placement_make(
    uint32_t ledgers, uint32_t servers, uint32_t services, double skew, uint64_t seed)
{
    struct placement *placement = calloc(1, sizeof *placement);
    if (!placement)
        return NULL;
    *placement = (struct placement){.ledgers = ledgers,
        .servers = servers,
        .services = services,
        .seed = seed,
        .shares = calloc(ledgers, sizeof(double)),
        .owners = calloc(ledgers, sizeof(uint32_t)),
        .alive = calloc(servers, sizeof(bool)),
        .loads = calloc(servers, sizeof(double))};
    if (!placement->shares || !placement->owners || !placement->alive || !placement->loads) {
        placement_free(&placement);
        return NULL;
    }
    memset(placement->alive, true, servers);
    share_out(placement, skew);
    for (uint32_t l = 0; l < ledgers; l++)
        give(placement, l, best_of(placement, l));
    return placement;
}

void placement_free(struct placement **placement)
{
    if (!*placement)
        return;
    free((*placement)->shares);
    free((*placement)->owners);
    free((*placement)->alive);
    free((*placement)->loads);
    free(*placement);
    *placement = NULL;
}

static uint32_t count_living(const struct placement *placement, uint32_t service)
{
    uint32_t living = 0;
    for (uint32_t s = service; s < placement->servers; s += placement->services)
        living += placement->alive[s];
    return living;
}

double placement_kill(struct placement *placement, uint32_t server)
{
    double share = placement->loads[server];
    if (!placement->alive[server] || count_living(placement, server % placement->services) < 2)
        return 0;
    placement->alive[server] = false;
    placement->loads[server] = 0;
    for (uint32_t l = server % placement->services; l < placement->ledgers;
         l += placement->services)
        if (placement->owners[l] == server)
            give(placement, l, best_of(placement, l));
    return share;
}

void placement_revive(struct placement *placement, uint32_t server)
{
    placement->alive[server] = true;
}

/* The most or the least loaded of a service that live. */
static uint32_t find_server(const struct placement *placement, uint32_t service, bool most)
{
    uint32_t found = placement->servers;
    for (uint32_t s = service; s < placement->servers; s += placement->services)
        if (placement->alive[s] &&
            (found == placement->servers || (most ? placement->loads[s] > placement->loads[found]
                                                  : placement->loads[s] < placement->loads[found])))
            found = s;
    return found;
}

static double sum_of_loads(const struct placement *placement, uint32_t service)
{
    double sum = 0;
    for (uint32_t s = service; s < placement->servers; s += placement->services)
        sum += placement->loads[s];
    return sum;
}

double placement_pull(struct placement *placement, uint32_t service)
{
    static const double low = 0.9, high = 1.1; /* of the mean: as servers do (rebalance.h) */
    uint32_t from = find_server(placement, service, true),
             to = find_server(placement, service, false);
    double gap = placement->loads[from] - placement->loads[to];
    double mean = sum_of_loads(placement, service) / count_living(placement, service);
    if (placement->loads[to] >= low * mean && placement->loads[from] <= high * mean)
        return 0;
    for (uint32_t l = service; l < placement->ledgers; l += placement->services)
        if (placement->owners[l] == from && placement->shares[l] < gap) {
            placement->loads[from] -= placement->shares[l];
            give(placement, l, to);
            return placement->shares[l];
        }
    return 0;
}

double placement_imbalance(const struct placement *placement)
{
    double most = 0;
    uint32_t living = 0;
    for (uint32_t s = 0; s < placement->servers; s++) {
        living += placement->alive[s];
        most = placement->loads[s] > most ? placement->loads[s] : most;
    }
    return most * living;
}
