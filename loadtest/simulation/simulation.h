/* SPDX-License-Identifier: MIT */
/* Some hours of a service of many servers, of which one dies now and then. */
#ifndef LOADTEST_SIMULATION_SIMULATION_H
#define LOADTEST_SIMULATION_SIMULATION_H

#include "loadtest/simulation/capacity.h"

struct simulation {
    struct capacity_site site;
    double rate;           /* transfers a second that are offered */
    double hours;          /* that are simulated */
    double deaths_a_month; /* of each server */
    double detect_s; /* until a death is noticed and the first ledger taken; that is read first
                              where it was not followed */
    double back_s;   /* until the dead server is there again */
    uint64_t seed;
};

struct simulation_outcome {
    struct capacity_use use;   /* at the end */
    double imbalance_at_start; /* placement by hash alone */
    double imbalance;          /* mean, with pulls */
    double served;             /* a second: what the hot ledger and full resources leave */
    double limit;              /* the highest rate, */
    enum capacity_kind first;  /* and what is first to end it */
    double unavailable; /* the part of all transfers that came while nobody had their ledger */
    unsigned long deaths, pulls; /* that happened */
};

/* The same input gives the same outcome. False: memory is short. */
bool simulation_run(const struct costs *costs, const struct simulation *simulation,
    struct simulation_outcome *outcome);

#endif
