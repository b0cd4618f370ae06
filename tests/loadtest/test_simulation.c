/* SPDX-License-Identifier: MIT */
/* The arithmetic of the simulation, against figures that were worked out by hand. */
#include "tests/loadtest/suites.h"

#include <math.h>
#include <string.h>

#include "loadtest/simulation/simulation.h"

/* A file that is held in memory. */
static bool read_text(struct costs *costs, const char *text, char *said, size_t size)
{
    FILE *from = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    FILE *problems = fmemopen(said, size, "w");
    CU_ASSERT_FATAL(from && problems);
    bool read = costs_read(costs, from, problems);
    fclose(from);
    fclose(problems);
    return read;
}

static const char good[] =
    "# measured\nteller_us 20\nhop_us 10\ncommit_us 100\npart_us 5\nentry_us 2\nbeat_us 50\n"
    "look_us 20\nclaim_us 0.5\npeer_us 3\nfollow_us 4\nread_us 6\nopen_us 700\nload_us 900\n"
    "fold_us 3\ncommit_ms 10 # so\nwal_commit_bytes 100\nwal_part_bytes 0\nwal_entry_bytes 400\n"
    "account_bytes 100\nledger_bytes 1000\nknown_bytes 10\nhot_rate 1000\n";

static struct costs known(void)
{
    struct costs costs;
    char said[1000] = "";
    CU_ASSERT_FATAL(read_text(&costs, good, said, sizeof said));
    return costs;
}

static void costs_are_read(void)
{
    static const struct {
        const char *text, *says;
    } bad[] = {{"teller_us 1 2\n", "line 1: not one number"}, {"teller_us x\n", "not one number"},
        {"\nhop_us -1\n", "line 2: not one number"}, {"hop_us 1\nhop_us 1\n", "said twice"},
        {"price 1\n", "no such cost"}, {"hot_rate 0\n", "must be above 0"},
        {"hop_us nan\n", "not one number"}, {"hop_us\n", "not one number"},
        {"", "hot_rate is missing"}};
    struct costs costs = known();
    CU_ASSERT_EQUAL(costs.teller_us, 20);
    CU_ASSERT_EQUAL(costs.commit_ms, 10);
    CU_ASSERT_EQUAL(costs.hot_rate, 1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char said[2000] = "";
        CU_ASSERT_FALSE(read_text(&costs, bad[i].text, said, sizeof said));
        CU_ASSERT_PTR_NOT_NULL(strstr(said, bad[i].says));
    }
}

static void expect_sound(const struct placement *placement)
{
    double loads[16] = {0}, sum = 0;
    for (uint32_t l = 0; l < placement->ledgers; l++) {
        CU_ASSERT_FATAL(placement->owners[l] < placement->servers);
        CU_ASSERT(placement->alive[placement->owners[l]]);
        loads[placement->owners[l]] += placement->shares[l];
        sum += placement->shares[l];
    }
    CU_ASSERT(fabs(sum - 1) < 1e-9);
    for (uint32_t s = 0; s < placement->servers; s++)
        CU_ASSERT(fabs(loads[s] - placement->loads[s]) < 1e-9);
}

/* Zipf: the third ledger has a third of what the first has, and 1 + 1/2 + 1/3 = 11/6. */
static void shares_are_zipfs(void)
{
    struct placement *placement = placement_make(3, 2, 1, 1, unit_seed());
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    CU_ASSERT(fabs(placement->shares[0] - 6.0 / 11) < 1e-12);
    CU_ASSERT(fabs(placement->shares[2] - 2.0 / 11) < 1e-12);
    expect_sound(placement);
    placement_free(&placement);
    CU_ASSERT_PTR_NULL(placement);
}

/* A death moves what the dead one had, and nothing else; and hashes share out evenly. */
static void a_death_moves_its_own(void)
{
    enum { LEDGERS = 10000, SERVERS = 10, DEAD = 3 };
    static uint32_t before[LEDGERS];
    struct placement *placement = placement_make(LEDGERS, SERVERS, 1, 0, unit_seed());
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    CU_ASSERT(placement_imbalance(placement) < 1.2);
    memcpy(before, placement->owners, sizeof before);
    double share = placement_kill(placement, DEAD);
    CU_ASSERT(share > 0.08 && share < 0.12);
    expect_sound(placement);
    for (uint32_t l = 0; l < LEDGERS; l++)
        CU_ASSERT((before[l] == placement->owners[l]) == (before[l] != DEAD));
    placement_revive(placement, DEAD);
    CU_ASSERT(placement_pull(placement, 0) > 0);
    CU_ASSERT(placement->loads[DEAD] > 0);
    expect_sound(placement);
    placement_free(&placement);
}

/* Pulls end by themselves, and each makes it better. */
static void pulls_even_out(void)
{
    struct placement *placement = placement_make(300, 3, 1, 1, unit_seed());
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    double before = placement_imbalance(placement);
    int pulls = 0;
    while (placement_pull(placement, 0) > 0 && pulls < 10000) {
        CU_ASSERT(placement_imbalance(placement) <= before + 1e-9);
        before = placement_imbalance(placement);
        pulls++;
    }
    CU_ASSERT(pulls < 10000);
    CU_ASSERT(before < 1.3);
    expect_sound(placement);
    placement_free(&placement);
}

/* The last one does not die: there would be nobody to have its ledgers. */
static void the_last_one_stays(void)
{
    struct placement *placement = placement_make(5, 2, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    (void)placement_kill(placement, 0);
    CU_ASSERT_EQUAL(placement_kill(placement, 1), 0);
    expect_sound(placement);
    CU_ASSERT_EQUAL(placement_imbalance(placement), 1);
    placement_free(&placement);
}

static const struct capacity_site one = {.services = 1,
    .servers = 1,
    .databases = 1,
    .ledgers = 1,
    .cores = 2,
    .database_cores = 4,
    .memory_gb = 1,
    .wal_mb = 1,
    .accounts = 10};

/* 500 transfers a second to one ledger, a commit each 10 ms: of 100 commits a second each has one
 * ledger and some 5 entries, but 1 of e^5 finds nothing to do. */
static void one_ledger_by_hand(void)
{
    struct costs costs = known();
    struct capacity_use use;
    struct placement *placement = placement_make(1, 1, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    CU_ASSERT_FATAL(capacity_measure(&costs, &one, placement, 500, &use));
    double commits = 100 * (1 - exp(-5));
    double looks_us = 2 * (50 + 0.5) + 8 * 20 + 10 * 3;
    double us = commits * (100 + 5) + 500 * 2 + looks_us;
    CU_ASSERT(fabs(use.of[CAPACITY_HOT] - 0.5) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_SERVER] - 500 * 20 / 1e6 / 2) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_DATABASE] - us / 1e6 / 4) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_WAL] - (commits * 100 + 500 * 400) / 1e6) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_LOOK] - (50 + 3.5) / 500e3) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_MEMORY] - 2010 / 1e9) < 1e-15);
    CU_ASSERT(fabs(use.look_cores - looks_us / 1e6) < 1e-12);
    CU_ASSERT(fabs(use.batch - 500 / commits) < 1e-9);
    enum capacity_kind first;
    double limit = capacity_limit(&costs, &one, placement, &first);
    CU_ASSERT(limit > 980 && limit <= 1000);
    CU_ASSERT_EQUAL(first, CAPACITY_HOT);
    placement_free(&placement);
}

/* What is not the owner's is passed on, half of it with two servers; who knows the owner saves it.
 * Each server looks at the ledgers that it has; if it follows, at all. */
static void hops_and_looks_by_hand(void)
{
    struct costs costs = known();
    struct capacity_use use;
    struct capacity_site site = one;
    struct placement *placement = placement_make(1000, 2, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    site.servers = 2;
    site.ledgers = 1000;
    double looks_us = 2 * (2 * 50 + 8 * 20) + 10 * 2 * 2 * 3 + 2 * 1000 * 0.5;
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, placement, 1000, &use));
    CU_ASSERT(fabs(use.server_mean - 1000 * (20 + 10 * 0.5) / 2 / 1e6 / 2) < 1e-9);
    CU_ASSERT(fabs(use.look_cores - looks_us / 1e6) < 1e-12);
    double before = use.of[CAPACITY_DATABASE];
    site.follow = true;
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, placement, 1000, &use));
    CU_ASSERT(fabs(use.server_mean - 1000 * (20 + 10 * 0.5 + 4) / 2 / 1e6 / 2) < 1e-9);
    CU_ASSERT(fabs(use.look_cores - (looks_us + 10 * 1000 * 0.5) / 1e6) < 1e-12);
    CU_ASSERT(fabs(use.of[CAPACITY_MEMORY] - (1000 * 2000.0 + 1000 * 10) / 1e9) < 1e-12);
    double more_us = 10 * 1000 * 0.5 + 1000 * 6;
    CU_ASSERT(fabs(use.of[CAPACITY_DATABASE] - before - more_us / 1e6 / 4) < 1e-12);
    site.owners_known = true;
    site.follow = false;
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, placement, 1000, &use));
    CU_ASSERT(fabs(use.server_mean - 1000 * 20.0 / 2 / 1e6 / 2) < 1e-9);
    site.database_cores = 64;
    costs.claim_us = 2000; /* a look at some 500 ledgers takes a second: no beat comes in time */
    enum capacity_kind first;
    CU_ASSERT_EQUAL(capacity_limit(&costs, &site, placement, &first), 0);
    CU_ASSERT_EQUAL(first, CAPACITY_LOOK);
    placement_free(&placement);
}

/* Of more ledgers than are open anyhow, one that is asked once in 100 s is open 1 - exp(-0.6) of
 * the time, and opened after each pause of a minute: exp(-0.6) of the requests. */
static void ledgers_rest_by_hand(void)
{
    enum { LEDGERS = 10000 };
    struct costs costs = known();
    struct capacity_use use;
    struct capacity_site site = one;
    struct placement *placement = placement_make(LEDGERS, 1, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(placement);
    site.ledgers = LEDGERS;
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, placement, LEDGERS / 100.0, &use));
    double open = LEDGERS * (1 - exp(-0.6)), opened = 100 * exp(-0.6);
    CU_ASSERT(fabs(use.of[CAPACITY_MEMORY] * 1e9 - open * 2000 - LEDGERS * 10) < 1e-3);
    CU_ASSERT(fabs(use.of[CAPACITY_SERVER] - (100 * 20 + opened * 700) / 1e6 / 2) < 1e-9);
    CU_ASSERT(fabs(use.look_cores - (2 * (50 + open * 0.5) + 8 * 20 + 10 * 3) / 1e6) < 1e-9);
    placement_free(&placement);
}

/* Two services of two servers and a database each are what one of them is, twice: nothing of one is
 * the other's business. */
static void services_are_apart(void)
{
    enum { LEDGERS = 600 };
    struct costs costs = known();
    struct capacity_use both, alone;
    struct capacity_site site = one;
    struct placement *two = placement_make(LEDGERS, 4, 2, 0, unit_seed());
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    for (uint32_t l = 0; l < LEDGERS; l++)
        CU_ASSERT_EQUAL(two->owners[l] % 2, l % 2);
    expect_sound(two);
    (void)placement_kill(two, 0);
    CU_ASSERT_EQUAL(placement_kill(two, 2), 0); /* the last of the first service */
    expect_sound(two);
    CU_ASSERT_EQUAL(placement_pull(two, 0), 0);
    placement_free(&two);

    site.services = 2;
    site.servers = site.databases = 2;
    site.ledgers = LEDGERS;
    site.follow = true;
    two = placement_make(LEDGERS, 2, 2, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, two, 1000, &both));
    placement_free(&two);
    site.services = site.servers = site.databases = 1;
    site.ledgers = LEDGERS / 2;
    struct placement *half = placement_make(LEDGERS / 2, 1, 1, 0, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(half);
    CU_ASSERT_FATAL(capacity_measure(&costs, &site, half, 500, &alone));
    for (enum capacity_kind kind = 0; kind < CAPACITY_KINDS; kind++)
        CU_ASSERT(fabs(both.of[kind] - alone.of[kind]) < 1e-9);
    CU_ASSERT(fabs(both.server_mean - alone.server_mean) < 1e-9);
    CU_ASSERT(fabs(both.look_cores - alone.look_cores) < 1e-12);
    placement_free(&half);
}

/* The same seed, the same hours; each death takes what it had for as long as it takes. */
static void hours_repeat(void)
{
    struct costs costs = known();
    struct simulation simulation = {.site = one,
        .rate = 100,
        .hours = 24,
        .deaths_a_month = 60,
        .detect_s = 3,
        .back_s = 60,
        .seed = unit_seed()};
    struct simulation_outcome first, again, cold;
    simulation.site.servers = 3;
    simulation.site.ledgers = 300;
    simulation.site.follow = true;
    CU_ASSERT_FATAL(simulation_run(&costs, &simulation, &first));
    CU_ASSERT_FATAL(simulation_run(&costs, &simulation, &again));
    CU_ASSERT_EQUAL(first.deaths, again.deaths);
    CU_ASSERT_EQUAL(first.unavailable, again.unavailable);
    CU_ASSERT_EQUAL(first.imbalance, again.imbalance);
    CU_ASSERT(first.served > 99.99 && first.served <= 100 + 1e-9);
    CU_ASSERT(first.unavailable <= (double)first.deaths * 3 / (24 * 3600) + 1e-12);
    simulation.site.follow = false;
    CU_ASSERT_FATAL(simulation_run(&costs, &simulation, &cold));
    CU_ASSERT_EQUAL(cold.deaths, first.deaths);
    CU_ASSERT(cold.deaths == 0 || cold.unavailable > first.unavailable);
    simulation.rate = 1e6; /* the first ledger takes no more than it can */
    CU_ASSERT_FATAL(simulation_run(&costs, &simulation, &cold));
    CU_ASSERT(cold.served < 1e6);
}

const struct unit_suite simulation_suite = {.name = "simulation",
    .tests = (const struct unit_test[]){{"costs_are_read", costs_are_read},
        {"shares_are_zipfs", shares_are_zipfs}, {"a_death_moves_its_own", a_death_moves_its_own},
        {"pulls_even_out", pulls_even_out}, {"the_last_one_stays", the_last_one_stays},
        {"one_ledger_by_hand", one_ledger_by_hand},
        {"hops_and_looks_by_hand", hops_and_looks_by_hand},
        {"ledgers_rest_by_hand", ledgers_rest_by_hand}, {"services_are_apart", services_are_apart},
        {"hours_repeat", hours_repeat}, {0}}};
