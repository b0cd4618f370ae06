/* SPDX-License-Identifier: MIT */
/* The database's primary fails, in each of the ways that it can, and Patroni makes another one:
 * writes go on in time, nothing that was acknowledged is lost, nothing is done twice. */
#include "tests/cluster/suites.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/tally.h"

enum {
    RESUME_MS = 2000,   /* in which a teller goes on once there is a primary */
    PROMOTED_MS = 3000, /* a dead postmaster is noticed at once, whatever ttl is */
    SHORT_TTL = 7,      /* loop_wait + 2 retry_timeout, as a primary that must give up needs */
    ASKED_MS = 3000,    /* a round of Patroni, in which it waits for one whose PostgreSQL hangs */
    OUTAGE_S = 12,
    ALONE_S = 5
};

/* A primary fails in some way; `heal` makes it whole again. */
struct failure {
    const char *name, *strike, *part, *heal;
    int64_t bound_ms;
};

/* It fails, another is promoted, writes go on, and it comes back as a standby. It may
 * be back before one of the others was elected: then there was no failover. */
static void fail_over(struct drill *drill, const struct failure *failure)
{
    int primary = cluster_primary(0);
    drill_mark(drill);
    cluster_do(failure->strike, failure->part, primary);
    tally.failovers += cluster_primary(0) != primary;
    (void)drill_resumed(drill, failure->name, failure->bound_ms);
    if (failure->heal)
        cluster_do(failure->heal, failure->part, primary);
    cluster_await_whole();
}

static void repeat(const struct failure *failure, int left)
{
    static struct drill drill;
    tally_expect(failure->name, left);
    for (int times; (times = drill_round(&left)) > 0;) {
        drill_begin_in_cluster(&drill);
        for (int i = 0; i < times; i++)
            fail_over(&drill, failure);
        drill_verify(&drill);
        drill_end(&drill);
    }
}

/* Of the failovers that were asked for, so many in a hundred are of one kind. */
static int failovers(int percent)
{
    return tally_times("CLUSTER_FAILOVERS", 100, percent, 1);
}

/* Patroni starts it again, as a standby of another. */
static void postmaster_killed(void)
{
    static const struct failure failure = {
        "postmaster killed", "kill", "postgres", NULL, PROMOTED_MS + RESUME_MS};
    repeat(&failure, failovers(50));
}

/* With a ttl that is shorter than Patroni's manual has it, so that it does not take so long. */
static void with_short_ttl(const struct failure *failure, int times)
{
    cluster_configure("{\"ttl\":7}");
    repeat(failure, times);
    cluster_configure("{\"ttl\":20}");
}

static void machine_dies(void)
{
    static const struct failure failure = {
        "machine dies", "kill", "node", "start", SHORT_TTL * 1000 + RESUME_MS};
    with_short_ttl(&failure, failovers(10));
}

/* Its PostgreSQL goes on and takes writes, of which no standby hears any more. */
static void patroni_hangs(void)
{
    static const struct failure failure = {
        "Patroni hangs", "freeze", "patroni", "wake", SHORT_TTL * 1000 + RESUME_MS};
    with_short_ttl(&failure, failovers(10));
}

/* Connections to it stay, and nothing comes over them. */
static void postgres_hangs(void)
{
    static const struct failure failure = {
        "PostgreSQL hangs", "freeze", "postgres", "wake", SHORT_TTL * 1000 + ASKED_MS + RESUME_MS};
    with_short_ttl(&failure, failovers(10));
}

static void switched_over(void)
{
    static struct drill drill;
    int times = failovers(10);
    tally_expect("switchover", times);
    drill_begin_in_cluster(&drill);
    for (int i = 0; i < times; i++) {
        int primary = cluster_primary(0);
        drill_mark(&drill);
        cluster_switch_over(primary);
        tally.failovers++;
        (void)cluster_primary(primary);
        (void)drill_resumed(&drill, "switchover", PROMOTED_MS);
        cluster_await_whole();
    }
    drill_verify(&drill);
    drill_end(&drill);
}

/* No standby is left that what is acknowledged could be on as well: nothing is, and tellers say so,
 * until there is one again. */
static void standbys_die(void)
{
    static struct drill drill;
    drill_begin_in_cluster(&drill);
    int primary = cluster_primary(0);
    for (int node = 1; node <= CLUSTER_NODES; node++)
        if (node != primary)
            cluster_do("kill", "node", node);
    drill_mark(&drill);
    printf("[not ready after %lld ms] ", (long long)drill_unready(&drill));
    co_sleep(ALONE_S * CO_CLOCK_S);
    CU_ASSERT(drill.beat_ns < drill.marked_ns); /* no payment that was begun since */
    for (int node = 1; node <= CLUSTER_NODES; node++)
        if (node != primary)
            cluster_do("start", "node", node);
    (void)drill_resumed(&drill, "standbys away", 0);
    cluster_await_whole();
    drill_verify(&drill);
    drill_end(&drill);
}

/* Nobody can be elected, and nobody need be: whoever is the primary stays it. */
static void etcd_dies_with_failsafe(void)
{
    static struct drill drill;
    drill_begin_in_cluster(&drill);
    drill_mark(&drill);
    cluster_do("kill", "etcd", 1);
    co_sleep(2 * OUTAGE_S * CO_CLOCK_S); /* longer than ttl */
    (void)drill_resumed(&drill, "etcd away", 0);
    cluster_do("start", "etcd", 1);
    cluster_await_whole();
    drill_verify(&drill);
    drill_end(&drill);
}

/* The primary becomes read-only, tellers say so, and go on by themselves when etcd is back. */
static void etcd_dies_without_failsafe(void)
{
    static struct drill drill;
    cluster_configure("{\"failsafe_mode\":false}");
    drill_begin_in_cluster(&drill);
    cluster_do("kill", "etcd", 1);
    co_sleep(OUTAGE_S * CO_CLOCK_S);
    drill_mark(&drill);
    CU_ASSERT(drill_unready(&drill) < DRILL_BUSY_S * 1000);
    cluster_do("start", "etcd", 1);
    (void)cluster_primary(0);
    (void)drill_resumed(&drill, "etcd back", 0);
    drill_verify(&drill);
    drill_end(&drill);
    cluster_configure("{\"failsafe_mode\":true}");
}

const struct unit_suite failover_suite = {"failover", 2,
    (const struct unit_test[]){{"postmaster_killed", postmaster_killed},
        {"machine_dies", machine_dies}, {"switched_over", switched_over},
        {"patroni_hangs", patroni_hangs}, {"postgres_hangs", postgres_hangs},
        {"standbys_die", standbys_die}, {"etcd_dies_with_failsafe", etcd_dies_with_failsafe},
        {"etcd_dies_without_failsafe", etcd_dies_without_failsafe}, {0}}};
