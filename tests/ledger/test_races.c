/* SPDX-License-Identifier: MIT */
/* What the ledger does when many ask at once. */
#include <stdio.h>

#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/ledger/fixture.h"

struct racer {
    struct ledger *ledger;
    struct waitgroup *all;
    const char *key, *from, *to;
    money amount;
    int times;
    unsigned seed;
    _Atomic int *succeeded, *refused;
};

static void race_main(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < r->times; i++) {
        enum ledger_status status = fixture_move(r->ledger, r->key, r->from, r->to, r->amount);
        if (status == LEDGER_OK)
            (*r->succeeded)++;
        else if (status == LEDGER_INSUFFICIENT_FUNDS)
            (*r->refused)++;
    }
    waitgroup_done(r->all);
}

static void start_racer(struct racer *racer)
{
    waitgroup_add(racer->all, 1);
    bool started = co_spawn(race_main, racer);
    ensure(started);
}

static void withdraws_once(const char *strategy)
{
    enum { ROUNDS = 100, CLIENTS = 5 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    for (int round = 0; round < ROUNDS; round++) {
        char id[20];
        struct racer racers[CLIENTS];
        struct waitgroup all = {0};
        _Atomic int succeeded = 0, refused = 0;
        snprintf(id, sizeof id, "a%d", round);
        fixture_account(ledger, id, "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", id, 100), LEDGER_OK);
        for (int i = 0; i < CLIENTS; i++) {
            racers[i] = (struct racer){
                ledger, &all, NULL, id, "world:USD.2", 80, 1, 0, &succeeded, &refused};
            start_racer(&racers[i]);
        }
        waitgroup_wait(&all);
        CU_ASSERT_EQUAL(succeeded, 1);
        CU_ASSERT_EQUAL(refused, CLIENTS - 1);
        CU_ASSERT(fixture_balance(ledger, id) == 20);
    }
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void same_key_once(const char *strategy)
{
    enum { CLIENTS = 50 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] =
            (struct racer){ledger, &all, "k", "world:USD.2", "a", 7, 3, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(succeeded, CLIENTS * 3);
    CU_ASSERT(fixture_balance(ledger, "a") == 7);
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.replays, CLIENTS * 3 - 1);
    ledger_close(&ledger);
}

static void crosses_without_deadlock(const char *strategy)
{
    enum { CLIENTS = 40, TIMES = 25, ACCOUNTS = 4 };
    static const char *const ids[ACCOUNTS] = {"a", "b", "c", "d"};
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    for (int i = 0; i < ACCOUNTS; i++) {
        fixture_account(ledger, ids[i], "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", ids[i], 30), LEDGER_OK);
    }
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) { /* each pair in both directions */
        const char *from = ids[i % ACCOUNTS], *to = ids[(i + 1 + i / ACCOUNTS % 3) % ACCOUNTS];
        racers[i] =
            (struct racer){ledger, &all, NULL, from, to, 10, TIMES, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(succeeded + refused, CLIENTS * TIMES);
    money sum = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        money balance = fixture_balance(ledger, ids[i]);
        CU_ASSERT(balance >= 0);
        sum += balance;
    }
    CU_ASSERT(sum == 30 * ACCOUNTS);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void opening_main(void *arg)
{
    struct racer *r = arg;
    struct ledger_open_account request = {.id = r->from, .asset = "USD/2", .has_floor = true};
    struct ledger_account account;
    bool opened;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_open_account(context_background(), r->ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
    (*(opened ? r->succeeded : r->refused))++;
    waitgroup_done(r->all);
}

static void opens_once(const char *strategy)
{
    enum { CLIENTS = 30 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    static struct racer racers[CLIENTS];
    struct waitgroup all = {0};
    _Atomic int opened = 0, found = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] = (struct racer){
            .ledger = ledger, .all = &all, .from = "a", .succeeded = &opened, .refused = &found};
        waitgroup_add(&all, 1);
        bool started = co_spawn(opening_main, &racers[i]);
        ensure(started);
    }
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(opened, 1);
    CU_ASSERT_EQUAL(found, CLIENTS - 1);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 2);
    ledger_close(&ledger);
}

/* ---- under both strategies ----------------------------------------------------------------- */

#define TESTS(X)                                                                                   \
    X(withdraws_once)                                                                              \
    X(same_key_once)                                                                               \
    X(crosses_without_deadlock)                                                                    \
    X(opens_once)

FIXTURE_BOTH(races)
