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
 * 200 accounts a ledger unless it is said. */
static const struct scale {
    const char *name;
    uint32_t servers, databases, ledgers;
    double skew, rate, accounts;
    bool owners_known;
} scales[] = {
    {"3 servers, 1 database", 3, 1, 2000, 1.0, 1e5, 200, false},
    {"the same, all ledgers alike", 3, 1, 2000, 0.0, 1e5, 200, false},
    {"10 servers, 2 databases", 10, 2, 2000, 1.0, 3e5, 200, false},
    {"100 servers, 1 database", 100, 1, 2000, 1.0, 1e6, 200, false},
    {"100 servers, 10 databases", 100, 10, 2000, 1.0, 1e6, 200, false},
    {"the same, clients know owners", 100, 10, 2000, 1.0, 1e6, 200, true},
    {"the same, less skewed", 100, 10, 2000, 0.7, 1e6, 200, false},
    {"100,000 ledgers", 100, 10, 100000, 1.0, 1e6, 200, false},
    {"1,000,000 ledgers", 100, 10, 1000000, 1.0, 1e6, 200, false},
    {"the same, 100 databases", 100, 100, 1000000, 1.0, 1e6, 200, false},
    {"the same, less skewed", 100, 100, 1000000, 0.7, 1e6, 200, false},
    {"the same, all ledgers alike", 100, 100, 1000000, 0.0, 1e6, 200, false},
    {"300 servers, 10,000 databases", 300, 10000, 1000000, 0.7, 1e7, 200, false},
    {"20 ledgers of a million accounts", 3, 1, 20, 0.0, 5e4, 1e6, false},
};

enum { SCALES = sizeof scales / sizeof scales[0] };

static struct simulation simulate(const struct scale *scale, uint64_t seed, bool cold)
{
    return (struct simulation){.site = {.servers = scale->servers,
                                   .databases = scale->databases,
                                   .ledgers = scale->ledgers,
                                   .cores = 8,
                                   .database_cores = 16,
                                   .memory_gb = 32,
                                   .wal_mb = 200,
                                   .accounts = scale->accounts,
                                   .skew = scale->skew,
                                   .owners_known = scale->owners_known},
        .rate = scale->rate,
        .hours = 24,
        .deaths_a_month = 30,
        .detect_s = 3.5,
        .back_s = 60,
        .cold = cold,
        .seed = seed};
}

static void print_row(const struct scale *scale, const struct simulation_outcome *warm,
    const struct simulation_outcome *cold)
{
    const double *of = warm->use.of;
    printf("%-38s %9.0f %9.0f %5.2f %5.2f %6.3f %6.3f %6.3f %6.3f %6.3f %6.3f %6.0f %10.0f"
           " %-14s %4lu %8.1e %8.1e\n",
        scale->name, scale->rate, warm->served, warm->imbalance_at_start, warm->imbalance,
        warm->use.server_mean, of[CAPACITY_SERVER], of[CAPACITY_DATABASE], of[CAPACITY_WAL],
        of[CAPACITY_MEMORY], of[CAPACITY_MAP], warm->use.batch, warm->limit,
        capacity_name(warm->first), warm->deaths, warm->unavailable, cold->unavailable);
}

static bool print_table(const struct costs *costs, uint64_t seed)
{
    printf("%-38s %9s %9s %5s %5s %6s %6s %6s %6s %6s %6s %6s %10s %-14s %4s %8s %8s\n", "",
        "offered/s", "served/s", "hash", "pull", "mean", "most", "db", "WAL", "memory", "map",
        "batch", "limit/s", "first", "dead", "warm", "cold");
    for (size_t i = 0; i < SCALES; i++) {
        struct simulation_outcome warm, cold;
        struct simulation simulation = simulate(&scales[i], seed, false);
        bool good = simulation_run(costs, &simulation, &warm);
        simulation.cold = true;
        if (!good || !simulation_run(costs, &simulation, &cold))
            return false;
        print_row(&scales[i], &warm, &cold);
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
