/* SPDX-License-Identifier: MIT */
/* A teller dies, hangs, or is told to stop, alone or together with the database: the other one
 * takes over in time, and the first stands by when it is back. */
#include "tests/cluster/suites.h"

#include <signal.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/tally.h"

enum {
    TAKEN_MS = 3500,                  /* after a death or a hang */
    HANDED_MS = 1000,                 /* at a stop */
    BOTH_MS = 3000 + 2000 + TAKEN_MS, /* and the database's primary as well */
    WELL_MS = 200                     /* between two faults, at most */
};

static void kill_it(struct drill *drill, struct standby *owner)
{
    (void)drill;
    owner->up = false;
    service_kill(&owner->service);
    tally.kills++;
}

static void start_again(struct drill *drill, struct standby *teller)
{
    standby_start(teller);
    drill_await_prepared(drill, teller);
}

static void suspend(struct drill *drill, struct standby *owner)
{
    (void)drill;
    kill(owner->service.pid, SIGSTOP);
    tally.freezes++;
}

static void wake(struct drill *drill, struct standby *teller)
{
    kill(teller->service.pid, SIGCONT);
    drill_await_prepared(drill, teller);
}

static void stop_it(struct drill *drill, struct standby *owner)
{
    (void)drill;
    owner->up = false;
    CU_ASSERT_EQUAL(service_stop(&owner->service), 0);
    tally.moved++;
}

/* It starts while there is no database, and waits for it. */
static void kill_both(struct drill *drill, struct standby *owner)
{
    kill_it(drill, owner);
    cluster_do("kill", "postgres", cluster_primary(0));
    tally.failovers++;
    standby_start(owner);
}

static void stand_by_in_whole_cluster(struct drill *drill, struct standby *teller)
{
    drill_await_prepared(drill, teller);
    cluster_await_whole();
}

struct loss {
    const char *name;
    void (*strike)(struct drill *drill, struct standby *owner);
    void (*heal)(struct drill *drill, struct standby *teller);
    int64_t bound_ms;
};

static void strike(struct drill *drill, const struct loss *loss)
{
    struct standby *owner = drill_owner(drill);
    if (!owner)
        return;
    co_sleep((int64_t)dice_below(&drill->dice, WELL_MS) * CO_CLOCK_MS);
    drill_mark(drill);
    loss->strike(drill, owner);
    (void)drill_resumed(drill, loss->name, loss->bound_ms);
    loss->heal(drill, owner);
}

static void repeat(const struct loss *loss, int left)
{
    static struct drill drill;
    tally_expect(loss->name, left);
    for (int times; (times = drill_round(&left)) > 0;) {
        drill_begin_in_cluster(&drill);
        for (int i = 0; i < times; i++)
            strike(&drill, loss);
        drill_verify(&drill);
        drill_end(&drill);
    }
}

static void killed(void)
{
    static const struct loss loss = {"teller killed", kill_it, start_again, TAKEN_MS};
    repeat(&loss, tally_times("CLUSTER_KILLS", 100, 80, 2));
}

static void suspended(void)
{
    static const struct loss loss = {"teller suspended", suspend, wake, TAKEN_MS};
    repeat(&loss, tally_times("CLUSTER_FREEZES", 50, 100, 1));
}

static void stopped(void)
{
    static const struct loss loss = {"teller stopped", stop_it, start_again, HANDED_MS};
    repeat(&loss, tally_times("CLUSTER_STOPS", 20, 100, 1));
}

static void with_the_database(void)
{
    static const struct loss loss = {
        "teller and primary killed", kill_both, stand_by_in_whole_cluster, BOTH_MS};
    repeat(&loss, tally_times("CLUSTER_KILLS", 100, 20, 1));
}

const struct unit_suite takeover_suite = {"takeover", 2,
    (const struct unit_test[]){{"killed", killed}, {"suspended", suspended}, {"stopped", stopped},
        {"with_the_database", with_the_database}, {0}}};
