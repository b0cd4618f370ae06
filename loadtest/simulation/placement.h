/* SPDX-License-Identifier: MIT */
/*
 * Which server has which ledger: each goes to the living server with the highest hash of the two
 * (rendezvous), so that a death moves only what the dead one had; and the server with the least to
 * do pulls a ledger from the one with the most. All of that within a service: ledger l and server s
 * are of the services l % services and s % services. Not thread-safe.
 */
#ifndef LOADTEST_SIMULATION_PLACEMENT_H
#define LOADTEST_SIMULATION_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

struct placement {
    uint32_t ledgers, servers, services;
    uint64_t seed;
    double *shares;   /* of all transfers, by ledger: together 1, the busiest first */
    uint32_t *owners; /* by ledger */
    bool *alive;      /* by server */
    double *loads;    /* the shares of its ledgers, by server */
};

/* All servers live, and each service has some. Shares by Zipf: that of ledger i is to that of the
 * first as 1 to (i + 1)^skew. NULL: memory is short. */
struct placement *placement_make(
    uint32_t ledgers, uint32_t servers, uint32_t services, double skew, uint64_t seed);
void placement_free(struct placement **placement);

/* A living server dies, unless it is its service's last: its ledgers go to others. Returns their
 * share. */
double placement_kill(struct placement *placement, uint32_t server);

/* It is back, and has nothing yet. */
void placement_revive(struct placement *placement, uint32_t server);

/* One pull within a service, if its least loaded living server has less than 0.8 of their mean or
 * its most loaded more than 1.2: the biggest ledger of the most loaded that is not bigger than the
 * gap between the two. Returns the share that moved; 0: none. */
double placement_pull(struct placement *placement, uint32_t service);

/* How much more than the mean of the living the busiest has to do: from 1 on. */
double placement_imbalance(const struct placement *placement);

#endif
