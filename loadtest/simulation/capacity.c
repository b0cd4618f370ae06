/* SPDX-License-Identifier: MIT */
#include "loadtest/simulation/capacity.h"

#include <math.h>
#include <stdlib.h>

enum { BEATS_A_SECOND = 2 };

const char *capacity_name(enum capacity_kind kind)
{
    static const char *const names[] = {
        "hot ledger", "servers", "databases", "WAL", "memory", "map of ledgers"};
    return kind < CAPACITY_KINDS ? names[kind] : "nothing";
}

/* What one committer does for one database, a second. */
struct flow {
    double entries;
    double parts; /* ledgers in transactions, each counted in each */
};

/*
 * A committer begins its next transaction when the last has ended, at most 1 / T a second. A ledger
 * to which entries come at a rate r is in one of them if any came in those T seconds: 1 - exp(-rT)
 * of the times, as they come independently of each other.
 */
static void add_flows(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, double rate, struct flow *flows)
{
    double t = costs->commit_ms / 1000;
    for (uint32_t l = 0; l < site->ledgers; l++) {
        size_t at = (size_t)placement->owners[l] * site->databases + l % site->databases;
        double its = rate * placement->shares[l];
        flows[at].entries += its;
        flows[at].parts += -expm1(-its * t) / t;
    }
}

/* As many as come, if that is less. */
static double commits_of(const struct costs *costs, const struct flow *flow)
{
    double most = 1000 / costs->commit_ms;
    return -expm1(-flow->entries / most) * most;
}

static double more_of(double a, double b)
{
    return a > b ? a : b;
}

/* Of one database: its processors and its log. Returns the commits a second. */
static double add_database(const struct costs *costs, const struct capacity_site *site,
    const struct flow *flows, uint32_t database, struct capacity_use *use)
{
    double us = 0, bytes = 0, commits = 0, ledgers = (double)site->ledgers / site->databases;
    for (uint32_t s = 0; s < site->servers; s++) {
        const struct flow *flow = &flows[(size_t)s * site->databases + database];
        double its = commits_of(costs, flow);
        us +=
            its * costs->commit_us + flow->parts * costs->part_us + flow->entries * costs->entry_us;
        bytes += its * costs->wal_commit_bytes + flow->parts * costs->wal_part_bytes +
                 flow->entries * costs->wal_entry_bytes;
        commits += its;
    }
    double beats_us =
        BEATS_A_SECOND * (double)site->servers * (costs->beat_us + ledgers * costs->look_us);
    double *of = use->of;
    of[CAPACITY_MAP] = more_of(of[CAPACITY_MAP], beats_us / 1e6);
    of[CAPACITY_DATABASE] =
        more_of(of[CAPACITY_DATABASE], (us + beats_us) / 1e6 / site->database_cores);
    of[CAPACITY_WAL] = more_of(of[CAPACITY_WAL], bytes / 1e6 / site->wal_mb);
    return commits;
}

/* Requests come to all living servers alike; what is another's is sent on. */
static void add_servers(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, double rate, struct capacity_use *use)
{
    double living = 0, most = 0, owned = 0, all = 0;
    for (uint32_t s = 0; s < site->servers; s++)
        living += placement->alive[s];
    for (uint32_t s = 0; s < site->servers; s++) {
        double own = placement->loads[s];
        double sent_on = site->owners_known ? 0 : (1 - own) / living;
        double its = placement->alive[s] ? own * costs->teller_us + sent_on * costs->hop_us : 0;
        most = more_of(most, its);
        all += its;
    }
    use->of[CAPACITY_SERVER] = rate * most / 1e6 / site->cores;
    use->server_mean = rate * all / living / 1e6 / site->cores;
    uint32_t *counts = calloc(site->servers, sizeof counts[0]);
    for (uint32_t l = 0; counts && l < site->ledgers; l++)
        owned = more_of(owned, ++counts[placement->owners[l]]);
    free(counts);
    use->of[CAPACITY_MEMORY] = owned *
                               (costs->ledger_bytes + site->accounts * costs->account_bytes) /
                               (site->memory_gb * 1e9);
}

bool capacity_measure(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, double rate, struct capacity_use *use)
{
    double commits = 0;
    struct flow *flows = calloc((size_t)site->servers * site->databases, sizeof flows[0]);
    if (!flows)
        return false;
    *use = (struct capacity_use){.of[CAPACITY_HOT] = rate * placement->shares[0] / costs->hot_rate};
    add_flows(costs, site, placement, rate, flows);
    for (uint32_t d = 0; d < site->databases; d++)
        commits += add_database(costs, site, flows, d, use);
    add_servers(costs, site, placement, rate, use);
    use->batch = commits > 0 ? rate / commits : 0;
    free(flows);
    return true;
}

static enum capacity_kind fullest(const struct capacity_use *use)
{
    enum capacity_kind fullest = 0;
    for (enum capacity_kind kind = 1; kind < CAPACITY_KINDS; kind++)
        if (use->of[kind] > use->of[fullest])
            fullest = kind;
    return fullest;
}

double capacity_limit(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, enum capacity_kind *first)
{
    static const double precise = 1.01;
    double low = 1, high = 1e12;
    struct capacity_use use;
    if (!capacity_measure(costs, site, placement, 0, &use))
        return -1;
    *first = fullest(&use);
    if (use.of[*first] >= 1)
        return 0;
    while (high / low > precise) {
        double rate = sqrt(low * high);
        if (!capacity_measure(costs, site, placement, rate, &use))
            return -1;
        if (use.of[fullest(&use)] >= 1) {
            *first = fullest(&use);
            high = rate;
        } else {
            low = rate;
        }
    }
    return low;
}
