/* SPDX-License-Identifier: MIT */
/* Which server takes a ledger that nobody has. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/placement.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/several.h"

enum { LEDGERS = 3000, SERVERS_MAX = 10, BANKS = 3, SHARED = 12, FOREVER_MS = 600000 };

/* ---- pure ---------------------------------------------------------------------------------- */

static size_t make_servers(struct lease_peer servers[SERVERS_MAX], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        servers[i] = (struct lease_peer){.no = 7 + i};
        snprintf(servers[i].url, sizeof servers[i].url, "http://teller-%zu:8080", i);
    }
    return count;
}

static const struct lease_peer *best_of(
    int ledger, const struct lease_peer *servers, size_t count, uint64_t without)
{
    char name[20];
    snprintf(name, sizeof name, "ledger-%d", ledger);
    return placement_best(name, servers, count, without);
}

/* Each of them has what it should have, to a fifth. */
static void ledgers_spread_evenly(void)
{
    static const size_t counts[] = {1, 2, 3, 10};
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        struct lease_peer servers[SERVERS_MAX];
        size_t count = make_servers(servers, counts[n]), share = LEDGERS / count;
        size_t has[SERVERS_MAX] = {0};
        for (int i = 0; i < LEDGERS; i++)
            has[best_of(i, servers, count, 0) - servers]++;
        for (size_t i = 0; i < count; i++)
            CU_ASSERT(has[i] >= share - share / 5 && has[i] <= share + share / 5);
    }
}

/* Those of a server that leaves spread over all the others, and no other ledger moves. */
static void only_what_must_moves(void)
{
    struct lease_peer servers[SERVERS_MAX];
    size_t count = make_servers(servers, SERVERS_MAX), gained[SERVERS_MAX] = {0}, left = 0;
    for (int i = 0; i < LEDGERS; i++) {
        const struct lease_peer *before = best_of(i, servers, count, 0);
        const struct lease_peer *after = best_of(i, servers, count, servers[4].no);
        if (before == &servers[4]) {
            left++;
            gained[after - servers]++;
        } else {
            CU_ASSERT_PTR_EQUAL(before, after);
        }
    }
    CU_ASSERT_EQUAL(gained[4], 0);
    for (size_t i = 0; i < count; i++)
        if (i != 4)
            CU_ASSERT(gained[i] >= left / 9 / 2 && gained[i] <= 2 * left / 9);
}

/* One that is started again has another number at the same URL: the same ledgers are its own. Two
 * at one URL share what is theirs. */
static void the_place_is_the_url(void)
{
    struct lease_peer servers[SERVERS_MAX];
    size_t count = make_servers(servers, 3), first = 0, second = 0;
    for (int i = 0; i < LEDGERS; i++) {
        const struct lease_peer *before = best_of(i, servers, count, 0);
        servers[1].no = 100;
        CU_ASSERT_PTR_EQUAL(best_of(i, servers, count, 0), before);
        servers[1].no = 8;
    }
    memcpy(servers[1].url, servers[0].url, sizeof servers[0].url);
    for (int i = 0; i < LEDGERS; i++) {
        const struct lease_peer *best = best_of(i, servers, 2, 0);
        first += best == &servers[0];
        second += best == &servers[1];
    }
    CU_ASSERT(first > LEDGERS / 3 && second > LEDGERS / 3);
    CU_ASSERT_PTR_NULL(placement_best("main", servers, 0, 0));
    CU_ASSERT_PTR_NULL(placement_best("main", servers, 1, servers[0].no));
}

/* ---- with servers -------------------------------------------------------------------------- */

static const struct bank_options patient = {.patience_ms = FOREVER_MS},
                                 usual = {.accepts_lost = false};

static void name_of(int ledger, char name[20])
{
    snprintf(name, 20, "shared-%d", ledger);
}

/* Park until it is open where it belongs, without that server. */
static void await_place(struct several servers[BANKS], const char *name, size_t gone)
{
    struct lease_peer peers[BANKS];
    for (size_t i = 0; i < BANKS; i++) {
        peers[i] = (struct lease_peer){.no = i + 1};
        memcpy(peers[i].url, servers[i].url, sizeof servers[i].url);
    }
    const struct lease_peer *best = placement_best(name, peers, BANKS, gone + 1);
    several_await_ledger(&servers[best - peers], name);
}

static bool has_any(struct several *server)
{
    struct bank_owner owner;
    char name[20];
    bool any = false;
    for (int i = 0; i < SHARED; i++) {
        name_of(i, name);
        any = any || (bank_owner(server->bank, name, &owner) && owner.here);
    }
    return any;
}

/* One has them all, two stand by. When it leaves each goes to its place; and when one of these two
 * leaves the other one has all. */
static void what_a_server_leaves_spreads(void)
{
    const char *db = fixture_database();
    struct several servers[BANKS];
    char name[20];
    several_begin(&servers[0], db, 0, &patient);
    several_await_open(&servers[0]);
    for (int i = 0; i < SHARED; i++) {
        name_of(i, name);
        several_make(&servers[0], name);
    }
    several_begin(&servers[1], db, 1, &patient);
    several_begin(&servers[2], db, 2, &patient);
    for (int i = 0; i < BANKS; i++)
        several_await_peers(&servers[i], BANKS);
    CU_ASSERT_FALSE(has_any(&servers[1]) || has_any(&servers[2])); /* what one has stays there */
    bank_close(&servers[0].bank);

    for (int i = 0; i < SHARED; i++) {
        name_of(i, name);
        await_place(servers, name, 0);
    }
    several_await_open(&servers[1]);
    several_await_open(&servers[2]);
    bank_close(&servers[1].bank);
    for (int i = 0; i < SHARED; i++) {
        name_of(i, name);
        several_await_ledger(&servers[2], name);
    }
    bank_close(&servers[2].bank);
}

/* Rows of servers that are dead, which nobody knows yet: what is theirs to take is orphaned for a
 * second, not until they are declared dead. And that is done though they have no ledger. */
static void a_dead_favourite_is_not_waited_for(void)
{
    const char *db = fixture_database();
    struct several server;
    struct lease_peer peer;
    several_begin(&server, db, 0, &usual);
    several_await_open(&server);
    bank_close(&server.bank);
    fixture_do(db, "DO $$ BEGIN FOR i IN 1..20 LOOP"
                   " PERFORM teller.server_enter('http://dead-' || i || ':8080', '');"
                   " END LOOP; END $$");
    int64_t began_ns = co_clock_now_ns();
    several_begin(&server, db, 0, &usual);
    several_await_open(&server);
    CU_ASSERT(bank_peer(server.bank, 1, &peer)); /* they still seem to live */
    CU_ASSERT(co_clock_now_ns() - began_ns >= CO_CLOCK_S / 2);
    several_await_peers(&server, 1);
    bank_close(&server.bank);
}

const struct unit_suite placement_suite = {.name = "placement",
    .tests = (const struct unit_test[]){{"ledgers_spread_evenly", ledgers_spread_evenly},
        {"only_what_must_moves", only_what_must_moves},
        {"the_place_is_the_url", the_place_is_the_url},
        {"what_a_server_leaves_spreads", what_a_server_leaves_spreads},
        {"a_dead_favourite_is_not_waited_for", a_dead_favourite_is_not_waited_for}, {0}}};
