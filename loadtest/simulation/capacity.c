/* SPDX-License-Identifier: MIT */
#include "loadtest/simulation/capacity.h"

#include <math.h>
#include <stdlib.h>

enum {
    BEATS = 2,  /* a second; */
    LOOKS = 10, /* and of looks, with those that come with a beat */
    BEAT_MS = 500,
    IDLE_S = 60,        /* a ledger that nobody uses for so long is closed, */
    OPEN_ANYHOW = 1024, /* where a database has more than those */
};

const char *capacity_name(enum capacity_kind kind)
{
    static const char *const names[] = {
        "hot ledger", "servers", "databases", "WAL", "memory", "looks"};
    return kind < CAPACITY_KINDS ? names[kind] : "nothing";
}

/* What a server has to do with a database. */
struct flow {
    double entries; /* of its ledgers, a second */
    double parts;   /* ledgers in its transactions, each counted in each, a second */
    double open;    /* its ledgers that are open */
    double opened;  /* ledgers that it opens, a second */
};

/* All that there is, each server with the databases of its service alone. */
struct flows {
    const struct costs *costs;
    const struct capacity_site *site;
    const struct placement *placement;
    double rate;
    struct flow *all;
};

static struct flow *flow_of(const struct flows *flows, uint32_t server, uint32_t database)
{
    const struct capacity_site *site = flows->site;
    return &flows->all[(size_t)server * (site->databases / site->services) +
                       database / site->services];
}

/* Ledgers that are not followed, and many, are closed while nobody uses them. */
static bool rest(const struct capacity_site *site)
{
    return !site->follow && site->ledgers / site->databases > OPEN_ANYHOW;
}

/*
 * A committer begins its next transaction when the last has ended, at most 1 / T a second. A ledger
 * to which entries come at a rate r is in one of them if any came in those T seconds: 1 - exp(-rT)
 * of the times, as they come independently of each other. It is open if any came in the last
 * minute, and is opened by what comes after a minute in which nothing did.
 */
static void add_flows(const struct flows *flows)
{
    double t = flows->costs->commit_ms / 1000;
    bool closes = rest(flows->site);
    for (uint32_t l = 0; l < flows->site->ledgers; l++) {
        struct flow *flow = flow_of(flows, flows->placement->owners[l], l % flows->site->databases);
        double its = flows->rate * flows->placement->shares[l];
        flow->entries += its;
        flow->parts += -expm1(-its * t) / t;
        flow->open += closes ? -expm1(-its * IDLE_S) : 1;
        flow->opened += closes ? its * exp(-its * IDLE_S) : 0;
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

/* What all servers of a service have to do with one of its databases. */
static struct flow sum_of(const struct flows *flows, uint32_t database)
{
    struct flow sum = {.entries = 0};
    for (uint32_t s = database % flows->site->services; s < flows->site->servers;
         s += flows->site->services) {
        const struct flow *flow = flow_of(flows, s, database);
        sum.entries += flow->entries;
        sum.parts += flow->parts;
        sum.open += flow->open;
        sum.opened += flow->opened;
    }
    return sum;
}

/* Microseconds of a database for what a server asks it beside what it writes, a second: with each
 * beat of its own ledgers, with each look of those that it follows and of all servers. */
static double looks_us(const struct flows *flows, const struct flow *flow, const struct flow *sum,
    struct capacity_use *use)
{
    const struct costs *costs = flows->costs;
    double servers = (double)flows->site->servers / flows->site->services;
    double followed = flows->site->follow ? sum->open - flow->open : 0;
    double own_us = flow->open * costs->claim_us;
    double others_us = followed * costs->claim_us + servers * costs->peer_us;
    double look = (costs->beat_us + own_us + others_us) / 1000 / BEAT_MS;
    use->of[CAPACITY_LOOK] = more_of(use->of[CAPACITY_LOOK], look);
    return BEATS * (costs->beat_us + own_us) + (LOOKS - BEATS) * costs->look_us + LOOKS * others_us;
}

/* Of one database: its processors and its log. Returns the commits a second. */
static double add_database(const struct flows *flows, uint32_t database, struct capacity_use *use)
{
    const struct costs *costs = flows->costs;
    const struct capacity_site *site = flows->site;
    double bytes = 0, commits = 0, looks = 0, *of = use->of;
    const struct flow sum = sum_of(flows, database);
    double us =
        sum.entries * costs->entry_us + sum.parts * costs->part_us + sum.opened * costs->load_us;
    for (uint32_t s = database % site->services; s < site->servers; s += site->services) {
        const struct flow *flow = flow_of(flows, s, database);
        double its = commits_of(costs, flow);
        us += its * costs->commit_us;
        us += site->follow ? (sum.entries - flow->entries) * costs->read_us : 0;
        bytes += its * costs->wal_commit_bytes;
        looks += looks_us(flows, flow, &sum, use);
        commits += its;
    }
    bytes += sum.parts * costs->wal_part_bytes + sum.entries * costs->wal_entry_bytes;
    use->look_cores = more_of(use->look_cores, looks / 1e6);
    of[CAPACITY_DATABASE] =
        more_of(of[CAPACITY_DATABASE], (us + looks) / 1e6 / site->database_cores);
    of[CAPACITY_WAL] = more_of(of[CAPACITY_WAL], bytes / 1e6 / site->wal_mb);
    return commits;
}

/* What there is of a service: how many of its servers live, and their part of all transfers. */
struct whole {
    double living, share;
};

static struct whole whole_of(const struct flows *flows, uint32_t service)
{
    struct whole whole = {0, 0};
    for (uint32_t s = service; s < flows->site->servers; s += flows->site->services) {
        whole.living += flows->placement->alive[s];
        whole.share += flows->placement->loads[s];
    }
    return whole;
}

/* Requests come to all living servers of a service alike; what is another's is passed on. */
static double server_us(const struct flows *flows, uint32_t server, const struct flow *own)
{
    const struct costs *costs = flows->costs;
    const struct whole whole = whole_of(flows, server % flows->site->services);
    double its = flows->placement->loads[server];
    double hops = flows->site->owners_known ? 0 : (whole.share - its) / whole.living;
    double followed = flows->site->follow ? whole.share - its : 0;
    if (!flows->placement->alive[server])
        return 0;
    return flows->rate *
               (its * costs->teller_us + hops * costs->hop_us + followed * costs->follow_us) +
           own->opened * costs->open_us;
}

/* Of one server: its processors and its memory. */
static double add_server(const struct flows *flows, uint32_t server, struct capacity_use *use)
{
    const struct costs *costs = flows->costs;
    const struct capacity_site *site = flows->site;
    struct flow own = {.entries = 0};
    double known = (double)site->ledgers / site->services;
    for (uint32_t d = server % site->services; d < site->databases; d += site->services) {
        own.open += site->follow ? sum_of(flows, d).open : flow_of(flows, server, d)->open;
        own.opened += flow_of(flows, server, d)->opened;
    }
    double bytes = own.open * (costs->ledger_bytes + site->accounts * costs->account_bytes) +
                   known * costs->known_bytes;
    double us = server_us(flows, server, &own);
    use->of[CAPACITY_SERVER] = more_of(use->of[CAPACITY_SERVER], us / 1e6 / site->cores);
    use->of[CAPACITY_MEMORY] = more_of(use->of[CAPACITY_MEMORY], bytes / (site->memory_gb * 1e9));
    return us;
}

bool capacity_measure(const struct costs *costs, const struct capacity_site *site,
    const struct placement *placement, double rate, struct capacity_use *use)
{
    double commits = 0, us = 0, living = 0;
    struct flows flows = {costs, site, placement, rate, NULL};
    flows.all =
        calloc((size_t)site->servers * (site->databases / site->services), sizeof flows.all[0]);
    if (!flows.all)
        return false;
    *use = (struct capacity_use){.of[CAPACITY_HOT] = rate * placement->shares[0] / costs->hot_rate};
    add_flows(&flows);
    for (uint32_t d = 0; d < site->databases; d++)
        commits += add_database(&flows, d, use);
    for (uint32_t s = 0; s < site->servers; s++) {
        us += add_server(&flows, s, use);
        living += placement->alive[s];
    }
    use->server_mean = us / living / 1e6 / site->cores;
    use->batch = commits > 0 ? rate / commits : 0;
    free(flows.all);
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
