/* SPDX-License-Identifier: MIT */
#include "loadtest/simulation/simulation.h"

#include <math.h>
#include <stdlib.h>

#include "loadtest/dice.h"

enum { PULL_S = 10, HOUR_S = 3600, MONTH_S = 30 * 24 * HOUR_S };

/* In ]0, 1[. */
static double fraction(struct dice *dice)
{
    return ((double)(dice_next(dice) >> 11) + 0.5) / 9007199254740992.0;
}

struct run {
    const struct costs *costs;
    const struct simulation *simulation;
    struct placement *placement;
    struct dice dice;
    double *back_at_s; /* by server; 0: it lives */
    double lost_s;     /* seconds without an owner, each with the share that had none */
    double imbalance_s;
    struct simulation_outcome *outcome;
};

/* Its ledgers are nobody's until the others of its service have noticed, and read them unless they
 * have followed them: all at the same time, each with all of its cores. */
static void die(struct run *run, uint32_t server, double now_s)
{
    const struct simulation *simulation = run->simulation;
    const struct capacity_site *site = &simulation->site;
    const struct placement *placement = run->placement;
    double ledgers = 0, others = 0, gone_s = simulation->detect_s;
    for (uint32_t l = server % site->services; l < placement->ledgers; l += site->services)
        ledgers += placement->owners[l] == server;
    for (uint32_t s = server % site->services; s < placement->servers; s += site->services)
        others += placement->alive[s] && s != server;
    if (others < 1)
        return;
    if (!site->follow)
        gone_s += ledgers * site->accounts * run->costs->fold_us / 1e6 / (others * site->cores) /
                  2; /* half are taken before the mean */
    run->lost_s += placement_kill(run->placement, server) * gone_s;
    run->back_at_s[server] = now_s + simulation->back_s;
    run->outcome->deaths++;
}

/* In a step of ten seconds. */
static void step(struct run *run, double now_s)
{
    double chance = -expm1(-run->simulation->deaths_a_month * PULL_S / MONTH_S);
    for (uint32_t s = 0; s < run->placement->servers; s++) {
        if (run->back_at_s[s] > 0 && now_s >= run->back_at_s[s]) {
            placement_revive(run->placement, s);
            run->back_at_s[s] = 0;
        } else if (run->back_at_s[s] <= 0 && fraction(&run->dice) < chance) {
            die(run, s, now_s);
        }
    }
    for (uint32_t i = 0; i < run->simulation->site.services; i++)
        run->outcome->pulls += placement_pull(run->placement, i) > 0;
    run->imbalance_s += placement_imbalance(run->placement) * PULL_S;
}

/* Each ledger at most at the rate that one ends at, then all as far as the fullest resource. */
static double served(const struct run *run)
{
    const struct simulation *simulation = run->simulation;
    struct capacity_use use;
    double sum = 0, fullest = 1;
    for (uint32_t l = 0; l < run->placement->ledgers; l++)
        sum += fmin(simulation->rate * run->placement->shares[l], run->costs->hot_rate);
    if (!capacity_measure(run->costs, &simulation->site, run->placement, sum, &use))
        return 0;
    for (enum capacity_kind kind = CAPACITY_SERVER; kind <= CAPACITY_WAL; kind++)
        fullest = fmax(fullest, use.of[kind]);
    return sum / fullest;
}

static bool go_through(struct run *run)
{
    const struct simulation *simulation = run->simulation;
    struct simulation_outcome *outcome = run->outcome;
    double seconds = simulation->hours * HOUR_S;
    outcome->imbalance_at_start = placement_imbalance(run->placement);
    for (double now_s = PULL_S; now_s <= seconds; now_s += PULL_S)
        step(run, now_s);
    outcome->imbalance = seconds >= PULL_S ? run->imbalance_s / (floor(seconds / PULL_S) * PULL_S)
                                           : outcome->imbalance_at_start;
    outcome->unavailable = seconds > 0 ? run->lost_s / seconds : 0;
    outcome->served = served(run);
    outcome->limit = capacity_limit(run->costs, &simulation->site, run->placement, &outcome->first);
    return outcome->limit >= 0 && capacity_measure(run->costs, &simulation->site, run->placement,
                                      simulation->rate, &outcome->use);
}

bool simulation_run(const struct costs *costs, const struct simulation *simulation,
    struct simulation_outcome *outcome)
{
    const struct capacity_site *site = &simulation->site;
    struct run run = {.costs = costs,
        .simulation = simulation,
        .placement = placement_make(
            site->ledgers, site->servers, site->services, site->skew, simulation->seed),
        .dice = dice_make(simulation->seed, 1),
        .back_at_s = calloc(site->servers, sizeof(double)),
        .outcome = outcome};
    *outcome = (struct simulation_outcome){0};
    bool good = run.placement && run.back_at_s && go_through(&run);
    placement_free(&run.placement);
    free(run.back_at_s);
    return good;
}
