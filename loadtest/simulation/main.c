/* SPDX-License-Identifier: MIT */
/* teller-simulate COSTS [SEED]: what README.md of this folder shows, as a table; exit code 1 if the
 * costs cannot be read, 2 if it is asked wrongly. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/simulation/simulation.h"

enum { NO_COSTS = 1, USAGE = 2 };

/* Of machines with 8 cores and 32 GB, databases with 16 cores that write 200 MB of WAL a second;
 * 200 accounts a ledger unless it is said. A service has 16 databases at most, of 131,072 ledgers
 * each. */
static const struct scale {
    const char *name;
    uint32_t services, servers, databases, ledgers;
    double skew, rate, accounts;
    bool follow, owners_known;
} scales[] = {
    {"3 servers, 1 database", 1, 3, 1, 2000, 1.0, 1e5, 200, true, false},
    {"the same, nothing is followed", 1, 3, 1, 2000, 1.0, 1e5, 200, false, false},
    {"the same, all ledgers alike", 1, 3, 1, 2000, 0.0, 1e5, 200, false, false},
    {"20 ledgers of a million accounts", 1, 3, 1, 20, 0.0, 5e4, 1e6, true, false},
    {"the same, nothing is followed", 1, 3, 1, 20, 0.0, 5e4, 1e6, false, false},
    {"10 servers, 2 databases", 1, 10, 2, 2000, 1.0, 3e5, 200, false, false},
    {"100 servers, 1 database", 1, 100, 1, 2000, 1.0, 1e6, 200, false, false},
    {"100 servers, 10 databases", 1, 100, 10, 2000, 1.0, 1e6, 200, false, false},
    {"the same, all is followed", 1, 100, 10, 2000, 1.0, 1e6, 200, true, false},
    {"the same, clients know owners", 1, 100, 10, 2000, 1.0, 1e6, 200, false, true},
    {"the same, less skewed", 1, 100, 10, 2000, 0.7, 1e6, 200, false, false},
    {"100,000 ledgers", 1, 100, 10, 100000, 0.7, 1e6, 200, false, false},
    {"1,000,000 ledgers", 1, 100, 10, 1000000, 0.7, 1e6, 200, false, false},
    {"the same, a tenth of the load", 1, 100, 10, 1000000, 0.7, 1e5, 200, false, false},
    {"the same, 33 services of 3", 33, 99, 33, 1000000, 0.7, 1e6, 200, false, false},
    {"the same, ten times the load", 33, 99, 33, 1000000, 0.7, 1e7, 200, false, false},
    {"100 services of 3", 100, 300, 100, 1000000, 0.7, 1e7, 200, false, false},
    {"1,000 services of 3", 1000, 3000, 1000, 10000000, 0.7, 1e8, 200, false, false},
};

enum { SCALES = sizeof scales / sizeof scales[0] };

static struct simulation simulate(const struct scale *scale, uint64_t seed)
{
    return (struct simulation){.site = {.services = scale->services,
                                   .servers = scale->servers,
                                   .databases = scale->databases,
                                   .ledgers = scale->ledgers,
                                   .cores = 8,
                                   .database_cores = 16,
                                   .memory_gb = 32,
                                   .wal_mb = 200,
                                   .accounts = scale->accounts,
                                   .skew = scale->skew,
                                   .owners_known = scale->owners_known,
                                   .follow = scale->follow},
        .rate = scale->rate,
        .hours = 24,
        .deaths_a_month = 30,
        .detect_s = 3.5,
        .back_s = 60,
        .seed = seed};
}

static void print_row(const struct scale *scale, const struct simulation_outcome *outcome)
{
    const double *of = outcome->use.of;
    printf("%-33s %10.0f %10.0f %5.2f %5.2f %6.3f %6.3f %6.3f %6.3f %6.3f %6.3f %6.3f %6.1f %10.0f"
           " %-10s %5lu %8.1e\n",
        scale->name, scale->rate, outcome->served, outcome->imbalance_at_start, outcome->imbalance,
        outcome->use.server_mean, of[CAPACITY_SERVER], of[CAPACITY_DATABASE], of[CAPACITY_WAL],
        of[CAPACITY_MEMORY], of[CAPACITY_LOOK], outcome->use.look_cores, outcome->use.batch,
        outcome->limit, capacity_name(outcome->first), outcome->deaths, outcome->unavailable);
}

static bool print_table(const struct costs *costs, uint64_t seed)
{
    printf("%-33s %10s %10s %5s %5s %6s %6s %6s %6s %6s %6s %6s %6s %10s %-10s %5s %8s\n", "",
        "offered/s", "served/s", "hash", "pull", "mean", "most", "db", "WAL", "memory", "look",
        "cores", "batch", "limit/s", "first", "dead", "lost");
    for (size_t i = 0; i < SCALES; i++) {
        struct simulation_outcome outcome;
        struct simulation simulation = simulate(&scales[i], seed);
        if (!simulation_run(costs, &simulation, &outcome))
            return false;
        print_row(&scales[i], &outcome);
        fflush(stdout);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct costs costs;
    char *end = NULL;
    uint64_t seed = argc > 2 ? strtoull(argv[2], &end, 10) : 1;
    if (argc < 2 || argc > 3 || (end && *end)) {
        fprintf(stderr, "usage: teller-simulate COSTS [SEED]\n");
        return USAGE;
    }
    FILE *file = fopen(argv[1], "re");
    if (!file) {
        fprintf(stderr, "teller-simulate: %s: %s\n", argv[1], strerror(errno));
        return NO_COSTS;
    }
    bool read = costs_read(&costs, file, stderr);
    fclose(file);
    if (!read)
        return NO_COSTS;
    if (print_table(&costs, seed))
        return 0;
    fprintf(stderr, "teller-simulate: memory is short\n");
    return NO_COSTS;
}
