/* SPDX-License-Identifier: MIT */
/* How much of each resource a load takes, and at which load the first of them ends. */
#ifndef LOADTEST_SIMULATION_CAPACITY_H
#define LOADTEST_SIMULATION_CAPACITY_H

#include "loadtest/simulation/costs.h"
#include "loadtest/simulation/placement.h"

/* What there is, in all services together; each has as many servers and databases as the others. */
struct capacity_site {
    uint32_t services, servers, databases, ledgers; /* ledger l is in database l % databases */
    double cores, database_cores;                   /* of each server, of each database */
    double memory_gb;                               /* of each server */
    double wal_mb;                                  /* that a database writes a second, at most */
    double accounts;                                /* of a ledger */
    double skew;                                    /* of the ledgers' shares: 0: all alike */
    bool owners_known; /* clients go to the owner: nothing is passed on */
    bool follow;       /* each server follows all ledgers of its service */
};

enum capacity_kind {
    CAPACITY_HOT,      /* the busiest ledger */
    CAPACITY_SERVER,   /* the processors of the busiest server */
    CAPACITY_DATABASE, /* those of the busiest database */
    CAPACITY_WAL,
    CAPACITY_MEMORY, /* of the server that takes most */
    CAPACITY_LOOK,   /* how long the longest look takes, of the time between two beats */
    CAPACITY_KINDS
};

/* In words: "hot ledger". */
const char *capacity_name(enum capacity_kind kind);

/* At so many transfers a second: of each kind the part that is taken; 1: all of it. */
struct capacity_use {
    double of[CAPACITY_KINDS];
    double server_mean; /* as CAPACITY_SERVER, of all */
    double look_cores;  /* of the busiest database: what beats and looks take */
    double batch;       /* entries in a transaction, in the mean */
};

/* False: memory is short. */
bool capacity_measure(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, double rate, struct capacity_use *use);

/* The highest rate at which nothing is taken whole, to 1 %, and what is the first to be. 0: not
 * even idle; a negative rate: memory is short. */
double capacity_limit(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, enum capacity_kind *first);

#endif
