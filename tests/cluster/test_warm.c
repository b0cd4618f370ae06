/* SPDX-License-Identifier: MIT */
/* The teller that stands by follows: with a million accounts it takes over as fast as with a few.
 * When the other one is told to stop, clients see nothing of it but a pause. */
#include "tests/cluster/suites.h"

#include <signal.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/steady.h"
#include "tests/cluster/tally.h"
#include "tests/service/visit.h"

enum {
    TAKEN_MS = 3500,
    HANDED_MS = 1000,
    OPENERS = 200,
    FOLLOWED_S = 120,
    CALM_S = 1, /* in which it has read the last entries */
};

static struct drill drill;
static struct steady steady;

/* --- many accounts ---------------------------------------------------------------------------- */

struct opening {
    const struct target *target;
    int count;
    _Atomic int next, failed;
    struct co_waitgroup running;
};

static void open_some(void *arg)
{
    struct opening *opening = arg;
    struct api api = {client_make(opening->target, 30 * CO_CLOCK_S), "main"};
    struct response response;
    char name[24];
    co_ensure(api.client);
    for (int i; (i = opening->next++) < opening->count;) {
        snprintf(name, sizeof name, "many-%07d", i);
        opening->failed += api_open(&api, name, &response) != CLIENT_ANSWERED ||
                           (response.status != 201 && response.status != 200);
    }
    client_free(&api.client);
    co_waitgroup_done(&opening->running);
}

static void open_accounts(const struct target *target, int count)
{
    static struct opening opening;
    int64_t since_ns = co_clock_now_ns();
    opening = (struct opening){.target = target, .count = count};
    co_waitgroup_add(&opening.running, OPENERS);
    for (int i = 0; i < OPENERS; i++)
        co_ensure(co_spawn(open_some, &opening));
    co_waitgroup_wait(&opening.running);
    CU_ASSERT_EQUAL(opening.failed, 0);
    printf("[%d accounts in %lld s] ", count,
        (long long)((co_clock_now_ns() - since_ns) / CO_CLOCK_S));
}

/* --- the other one ---------------------------------------------------------------------------- */

static bool follows(const struct standby *teller)
{
    struct visit visit;
    struct json_view item;
    bool does = false;
    visit_begin(&visit, &teller->service);
    visit_call(&visit, &(struct request){.path = "/v1/ledgers"});
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    while (visit.response.status == 200 && json_view_next(&walk, &item))
        if (json_view_is(json_view_member(item, "name"), "main"))
            does = json_view_is(json_view_member(item, "state"), "following");
    visit_end(&visit);
    return does;
}

static void await_follower(const struct standby *teller)
{
    int64_t until_ns = co_clock_now_ns() + FOLLOWED_S * CO_CLOCK_S;
    while (!follows(teller) && co_clock_now_ns() < until_ns)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT(follows(teller));
    co_sleep(CALM_S * CO_CLOCK_S);
}

/* --- hand-over and death ---------------------------------------------------------------------- */

/* Clients ask the other one all the time, and each has its payment acknowledged. */
static void hand_over(struct standby *owner)
{
    struct standby *other = drill_other(&drill, owner);
    await_follower(other);
    steady_begin(&steady, &other->service.target);
    drill_mark(&drill);
    owner->up = false;
    CU_ASSERT_EQUAL(service_stop(&owner->service), 0);
    tally.moved++;
    (void)drill_resumed(&drill, "handed over, many accounts", HANDED_MS);
    steady_end(&steady);
    standby_start(owner);
}

static void die(struct standby *owner)
{
    await_follower(drill_other(&drill, owner));
    drill_mark(&drill);
    owner->up = false;
    service_kill(&owner->service);
    tally.kills++;
    (void)drill_resumed(&drill, "teller killed, many accounts", TAKEN_MS);
    standby_start(owner);
}

static void with_many_accounts(void)
{
    int times = tally_times("CLUSTER_STOPS", 20, 25, 1);
    tally_expect("handed over, many accounts", times);
    tally_expect("teller killed, many accounts", times);
    drill_begin_in_cluster(&drill);
    steady_make(&steady, unit_seed());
    drill.steady = &steady;
    struct standby *owner = drill_owner(&drill);
    if (owner)
        open_accounts(&owner->service.target, tally_times("CLUSTER_ACCOUNTS", 1000000, 100, 10000));
    for (int i = 0; i < times && (owner = drill_owner(&drill)); i++) {
        hand_over(owner);
        if ((owner = drill_owner(&drill)))
            die(owner);
    }
    CU_ASSERT(steady.asked > 0);
    CU_ASSERT_EQUAL(steady.failed, 0);
    printf("[%ld payments while it was handed over, %ld failed] ", (long)steady.asked,
        (long)steady.failed);
    drill_verify(&drill);
    drill_end(&drill);
    steady_free(&steady);
}

const struct unit_suite warm_suite = {
    "warm", 2, (const struct unit_test[]){{"with_many_accounts", with_many_accounts}, {0}}};
