/* SPDX-License-Identifier: MIT */
/* Reversals: once, and exactly what had moved. */
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/ledger/requests.h"

/* The postings of a reversal, from the last of the transfer to its first. */
static void expect_order(struct ledger *ledger, uint64_t reversal)
{
    static const int amounts[] = {1, 50, 60};
    struct entry *entry = NULL;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_entry(co_context_background(), ledger, reversal, &entry, &seq), LEDGER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_EQUAL_FATAL(entry->posting_count, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(entry->postings[i].amount == amounts[i]);
    entry_drop(&entry);
}

static void go_back_once(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    const struct ledger_leg legs[] = {{"a", "b", 60}, {"b", "c", 50}, {"a", "c", 1}};
    const struct ledger_transfer transfer = {.legs = legs, .leg_count = 3};
    struct ledger_outcome outcome;
    uint64_t reversal;
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    uint64_t moved = outcome.seq;
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    CU_ASSERT(fixture_balance(ledger, "c") == 51);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, &reversal), LEDGER_OK);
    expect_order(ledger, reversal);
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    CU_ASSERT(fixture_balance(ledger, "b") == 0);
    CU_ASSERT(fixture_balance(ledger, "c") == 0);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_ALREADY_REVERSED);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_ALREADY_REVERSED);
    /* A reversal moved money too. */
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, reversal, NULL), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == 39);
    CU_ASSERT(fixture_balance(ledger, "b") == 10);
    CU_ASSERT(fixture_balance(ledger, "c") == 51);
    CU_ASSERT_EQUAL(request_count(ledger, 0, moved), 1);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, 1, NULL), LEDGER_TRANSFER_NOT_FOUND);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, 999999, NULL), LEDGER_TRANSFER_NOT_FOUND);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void of_old_ones(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t moved;
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 70, &moved), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(request_reverse(ledger, "r", moved, NULL), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void of_captures(const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    uint64_t hold, capture;
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 80, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, hold, NULL), LEDGER_TRANSFER_NOT_FOUND);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, hold, 30, &capture), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, capture, NULL), LEDGER_OK);
    request_expect(ledger, "a", 100, 0, 100); /* what it held is not held again */
    request_expect(ledger, "b", 0, 0, 0);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, capture, NULL), LEDGER_ALREADY_REVERSED);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, hold, 30, NULL), LEDGER_ALREADY_SETTLED);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void when_it_is_spent(const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    uint64_t moved, hold;
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 70, &moved), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "b", "c", 1, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_reverse(ledger, "r", moved, NULL), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, "r", moved, NULL), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_ACCOUNT_FROZEN);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", false, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void keep_keys(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t first, second, reversal = 0, again;
    CU_ASSERT_EQUAL(request_transfer(ledger, "t", "a", "b", 10, &first), LEDGER_OK);
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 10, &second), LEDGER_OK);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(request_reverse(ledger, "r", first, &again), LEDGER_OK);
        CU_ASSERT_TRUE(i == 0 || again == reversal);
        reversal = again;
        CU_ASSERT_EQUAL(request_reverse(ledger, "r", second, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(request_reverse(ledger, "t", second, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(request_reverse(ledger, "r2", first, NULL), LEDGER_ALREADY_REVERSED);
        if (i == 1)
            ledger = request_restart(ledger, db, strategy);
    }
    CU_ASSERT(fixture_balance(ledger, "a") == 90);
    fixture_check(ledger);
    ledger_close(&ledger);
}

struct reverser {
    struct ledger *ledger;
    struct co_waitgroup *all;
    uint64_t transfer;
    _Atomic int *done, *late;
};

static void reverse_main(void *arg)
{
    struct reverser *r = arg;
    enum ledger_status status = request_reverse(r->ledger, NULL, r->transfer, NULL);
    if (status == LEDGER_OK)
        (*r->done)++;
    else if (status == LEDGER_ALREADY_REVERSED)
        (*r->late)++;
    co_waitgroup_done(r->all);
}

static void race_each_other(const char *strategy)
{
    enum { CLIENTS = 20, ROUNDS = 20 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "b", 1000), LEDGER_OK);
    for (int round = 0; round < ROUNDS; round++) {
        struct reverser reversers[CLIENTS];
        struct co_waitgroup all = {0};
        _Atomic int done = 0, late = 0;
        uint64_t moved;
        CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 10, &moved), LEDGER_OK);
        if (round % 10 == 9) /* then the first look at it is in the database */
            ledger = request_restart(ledger, db, strategy);
        for (int i = 0; i < CLIENTS; i++) {
            reversers[i] = (struct reverser){ledger, &all, moved, &done, &late};
            co_waitgroup_add(&all, 1);
            bool started = co_spawn(reverse_main, &reversers[i]);
            co_ensure(started);
        }
        co_waitgroup_wait(&all);
        CU_ASSERT_EQUAL(done, 1);
        CU_ASSERT_EQUAL(late, CLIENTS - 1);
        CU_ASSERT(fixture_balance(ledger, "a") == 100);
    }
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(go_back_once)                                                                                \
    X(of_old_ones)                                                                                 \
    X(of_captures)                                                                                 \
    X(when_it_is_spent)                                                                            \
    X(keep_keys)                                                                                   \
    X(race_each_other)

FIXTURE_BOTH(reversals)
