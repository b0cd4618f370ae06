/* SPDX-License-Identifier: MIT */
/* What the ledger does when many clients ask concurrently. */
#include <stdio.h>
#include <stdlib.h>

#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/audit/audit_replay.h"
#include "tests/ledger/fixture.h"

struct racer {
    struct ledger *ledger;
    struct co_waitgroup *all;
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
    co_waitgroup_done(r->all);
}

static void start_racer(struct racer *racer)
{
    co_waitgroup_add(racer->all, 1);
    bool started = co_spawn(race_main, racer);
    co_ensure(started);
}

static void withdraws_once(const char *strategy)
{
    enum { ROUNDS = 100, CLIENTS = 5 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    for (int round = 0; round < ROUNDS; round++) {
        char id[20];
        struct racer racers[CLIENTS];
        struct co_waitgroup all = {0};
        _Atomic int succeeded = 0, refused = 0;
        snprintf(id, sizeof id, "a%d", round);
        fixture_account(ledger, id, "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", id, 100), LEDGER_OK);
        for (int i = 0; i < CLIENTS; i++) {
            racers[i] = (struct racer){
                ledger, &all, NULL, id, "world:USD.2", 80, 1, 0, &succeeded, &refused};
            start_racer(&racers[i]);
        }
        co_waitgroup_wait(&all);
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
    struct co_waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] =
            (struct racer){ledger, &all, "k", "world:USD.2", "a", 7, 3, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    co_waitgroup_wait(&all);
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
    struct co_waitgroup all = {0};
    _Atomic int succeeded = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) { /* each pair in both directions */
        const char *from = ids[i % ACCOUNTS], *to = ids[(i + 1 + i / ACCOUNTS % 3) % ACCOUNTS];
        racers[i] =
            (struct racer){ledger, &all, NULL, from, to, 10, TIMES, 0, &succeeded, &refused};
        start_racer(&racers[i]);
    }
    co_waitgroup_wait(&all);
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
        ledger_open_account(co_context_background(), r->ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
    (*(opened ? r->succeeded : r->refused))++;
    co_waitgroup_done(r->all);
}

static void opens_once(const char *strategy)
{
    enum { CLIENTS = 30 };
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    static struct racer racers[CLIENTS];
    struct co_waitgroup all = {0};
    _Atomic int opened = 0, found = 0;
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] = (struct racer){
            .ledger = ledger, .all = &all, .from = "a", .succeeded = &opened, .refused = &found};
        co_waitgroup_add(&all, 1);
        bool started = co_spawn(opening_main, &racers[i]);
        co_ensure(started);
    }
    co_waitgroup_wait(&all);
    CU_ASSERT_EQUAL(opened, 1);
    CU_ASSERT_EQUAL(found, CLIENTS - 1);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 2);
    ledger_close(&ledger);
}

/* ---- a client that never stops asking ------------------------------------------------------- */

struct bystander {
    bool over;
    int turns;
    struct co_waitgroup done;
};

static void stand_by(void *arg)
{
    struct bystander *bystander = arg;
    while (!bystander->over) {
        bystander->turns++;
        co_yield();
    }
    co_waitgroup_done(&bystander->done);
}

/* None of this has to wait, but others on the same worker get a turn now and then. */
static void leaves_others_a_turn(const char *strategy)
{
    enum { TIMES = LEDGER_BATCH_MAX, TURNS = 10 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct bystander bystander = {0};
    const struct ledger_leg leg = {"a", "world:USD.2", 1};
    struct ledger_transfer *refused = calloc(TIMES, sizeof *refused);
    struct ledger_outcome *outcomes = calloc(TIMES, sizeof *outcomes);
    co_ensure(refused && outcomes);
    fixture_account(ledger, "a", "USD/2", "0");
    co_waitgroup_add(&bystander.done, 1);
    co_ensure(co_spawn_local(stand_by, &bystander));
    for (int i = 0; i < TIMES; i++)
        CU_ASSERT_EQUAL(
            fixture_move(ledger, NULL, "a", "world:USD.2", 1), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT(bystander.turns >= TURNS);
    int before = bystander.turns;
    for (int i = 0; i < TIMES; i++)
        CU_ASSERT(fixture_balance(ledger, "a") == 0);
    CU_ASSERT(bystander.turns >= before + TURNS);
    for (int i = 0; i < TIMES; i++)
        refused[i] = (struct ledger_transfer){.legs = &leg, .leg_count = 1};
    before = bystander.turns;
    ledger_transfer_batch(co_context_background(), ledger, false, refused, TIMES, outcomes);
    CU_ASSERT(bystander.turns >= before + 10 * TURNS);
    fixture_do(db, "UPDATE teller.writer SET epoch = epoch + 1");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OUTCOME_UNKNOWN);
    before = bystander.turns;
    for (int i = 0; i < TIMES; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_UNAVAILABLE);
    CU_ASSERT(bystander.turns >= before + TURNS);
    bystander.over = true;
    co_waitgroup_wait(&bystander.done);
    ledger_close(&ledger);
    free(refused);
    free(outcomes);
}

/* ---- under both strategies ----------------------------------------------------------------- */

/* ---- audits -------------------------------------------------------------------------------- */

struct auditing {
    struct ledger *ledger;
    struct co_waitgroup *all;
    enum ledger_status status;
};

static void audit_main(void *arg)
{
    struct auditing *a = arg;
    struct audit_report *report = calloc(1, sizeof *report);
    co_ensure(report != NULL);
    a->status = ledger_audit(co_context_background(), a->ledger, NULL, report);
    free(report);
    co_waitgroup_done(a->all);
}

/* Whoever asks meanwhile is turned away: audits take no connections from the service. */
static void audits_one_at_a_time(const char *strategy)
{
    enum { AUDITS = 16 };
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    struct auditing audits[AUDITS];
    struct co_waitgroup all = {0};
    int done = 0, turned_away = 0;
    for (int i = 0; i < AUDITS; i++) {
        audits[i] = (struct auditing){.ledger = ledger, .all = &all};
        co_waitgroup_add(&all, 1);
        co_ensure(co_spawn(audit_main, &audits[i]));
    }
    co_waitgroup_wait(&all);
    for (int i = 0; i < AUDITS; i++) {
        done += audits[i].status == LEDGER_OK;
        turned_away += audits[i].status == LEDGER_OVERLOADED;
    }
    CU_ASSERT_TRUE(done >= 1 && turned_away >= 1);
    CU_ASSERT_EQUAL(done + turned_away, AUDITS);
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(leaves_others_a_turn)                                                                        \
    X(withdraws_once)                                                                              \
    X(same_key_once)                                                                               \
    X(crosses_without_deadlock)                                                                    \
    X(opens_once)                                                                                  \
    X(audits_one_at_a_time)

FIXTURE_BOTH(races)
