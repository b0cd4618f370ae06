/* SPDX-License-Identifier: MIT */
/* Freezing, of an account and of the ledger: nothing moves after the position that was told. And
 * metadata, which is kept as it came. */
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/ledger/requests.h"

static void stops_an_account(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t held, kept, moved, at, again;
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 10, &moved), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 20, &held), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 30, &kept), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "nobody", true, NULL), LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, &again), LEDGER_OK);
    CU_ASSERT_EQUAL(again, at); /* it is so: nothing is written */
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(request_account(ledger, "a").frozen);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "a", 1), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(fixture_move(ledger, "f", "a", "b", 1), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 1, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_hold(ledger, NULL, "b", "a", 1, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_capture(ledger, NULL, held, 0, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "c", 1), LEDGER_OK);
        ledger = request_restart(ledger, db, strategy);
    }
    CU_ASSERT_EQUAL(request_release(ledger, NULL, kept), LEDGER_OK); /* that moves nothing */
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", false, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", false, &again), LEDGER_OK);
    CU_ASSERT_EQUAL(again, at);
    CU_ASSERT_EQUAL(fixture_move(ledger, "f", "a", "b", 1), LEDGER_ACCOUNT_FROZEN);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, held, 0, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_OK);
    request_expect(ledger, "a", 79, 0, 79);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_FALSE(request_account(ledger, "a").frozen);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static enum ledger_status move_in_batch(struct ledger *ledger)
{
    const struct ledger_leg leg = {"a", "b", 1};
    const struct ledger_transfer transfer = {.legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    ledger_transfer_batch(co_context_background(), ledger, true, &transfer, 1, &outcome);
    entry_drop(&outcome.entry);
    return outcome.status;
}

static void stops_the_ledger(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t held, moved, at, again;
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 10, &moved), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 20, &held), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, NULL, true, &at), LEDGER_OK);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "b", 1), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(move_in_batch(ledger), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_freeze(ledger, NULL, true, &again), LEDGER_OK);
        CU_ASSERT_EQUAL(again, at);
        CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 1, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_capture(ledger, NULL, held, 0, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_EQUAL(request_reverse(ledger, NULL, moved, NULL), LEDGER_ACCOUNT_FROZEN);
        CU_ASSERT_FALSE(request_account(ledger, "a").frozen); /* it is the ledger that is */
        CU_ASSERT(fixture_balance(ledger, "a") == 90);
        ledger = request_restart(ledger, db, strategy);
    }
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, NULL, false, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_ACCOUNT_FROZEN);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "c", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", false, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, held, 0, NULL), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- in the middle of a storm ---------------------------------------------------------------- */

struct storm {
    struct ledger *ledger;
    struct co_waitgroup all;
    _Atomic bool over;
    _Atomic int moved, refused, strange;
};

static void storm_main(void *arg)
{
    struct storm *storm = arg;
    for (int i = 0; !atomic_load(&storm->over); i++) {
        enum ledger_status status = i % 2 ? fixture_move(storm->ledger, NULL, "a", "b", 1)
                                          : fixture_move(storm->ledger, NULL, "b", "a", 1);
        if (i % 8 == 7)
            status = request_hold(storm->ledger, NULL, "a", "b", 1, NULL);
        if (status == LEDGER_OK)
            storm->moved++;
        else if (status == LEDGER_ACCOUNT_FROZEN)
            storm->refused++;
        else if (status != LEDGER_INSUFFICIENT_FUNDS)
            storm->strange++;
        co_yield(); /* a refusal need not park, and whoever freezes must get its turn */
    }
    co_waitgroup_done(&storm->all);
}

static void freeze_in_storm(struct ledger *ledger, const char *id)
{
    enum { CLIENTS = 30 };
    struct storm storm = {.ledger = ledger};
    uint64_t at = 0;
    for (int i = 0; i < CLIENTS; i++) {
        co_waitgroup_add(&storm.all, 1);
        bool started = co_spawn(storm_main, &storm);
        co_ensure(started);
    }
    for (int i = 0; i < 500 && storm.moved < 50; i++)
        co_sleep(CO_CLOCK_MS);
    CU_ASSERT_EQUAL(request_freeze(ledger, id, true, &at), LEDGER_OK);
    for (int i = 0; i < 500 && storm.refused < 50; i++)
        co_sleep(CO_CLOCK_MS);
    atomic_store(&storm.over, true);
    co_waitgroup_wait(&storm.all);
    CU_ASSERT_TRUE(storm.moved > 0);
    CU_ASSERT_TRUE(storm.refused > 0);
    CU_ASSERT_EQUAL(storm.strange, 0);
    CU_ASSERT_TRUE(at > 0);
    CU_ASSERT_EQUAL(request_count(ledger, at, 0), 0); /* nothing moved after that position */
    CU_ASSERT_EQUAL(request_freeze(ledger, id, false, NULL), LEDGER_OK);
}

static void stops_a_storm(const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1000000), LEDGER_OK);
    for (int i = 0; i < 3; i++) {
        freeze_in_storm(ledger, "a");
        freeze_in_storm(ledger, NULL);
    }
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- metadata -------------------------------------------------------------------------------- */

/* The entry at a position carries this metadata, from memory and from the database. */
static void carries(struct ledger *ledger, uint64_t at, const char *metadata)
{
    struct entry *entry = NULL;
    uint64_t seq;
    CU_ASSERT_EQUAL(ledger_entry(co_context_background(), ledger, at, &entry, &seq), LEDGER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry->metadata);
    CU_ASSERT_STRING_EQUAL(entry->metadata, metadata);
    entry_drop(&entry);
}

static void keeps_metadata(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    const struct ledger_leg leg = {"a", "b", 5};
    struct ledger_transfer transfer = {
        .key = "m", .metadata = "{\"n\":1}", .legs = &leg, .leg_count = 1};
    struct ledger_outcome transferred, held, captured, reversed;
    ledger_transfer(co_context_background(), ledger, &transfer, &transferred);
    const struct ledger_hold hold = {.metadata = "{\"n\":2}", .from = "a", .to = "b", .amount = 7};
    ledger_hold(co_context_background(), ledger, &hold, &held);
    const struct ledger_settlement capture = {
        .metadata = "{\"n\":3}", .hold = held.seq, .capture = true};
    ledger_settle(co_context_background(), ledger, &capture, &captured);
    const struct ledger_reversal back = {.metadata = "{\"n\":4}", .transfer = transferred.seq};
    ledger_reverse(co_context_background(), ledger, &back, &reversed);
    struct ledger_outcome *const outcomes[] = {&transferred, &held, &captured, &reversed};
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(outcomes[i]->status, LEDGER_OK);
        entry_drop(&outcomes[i]->entry);
    }
    for (int i = 0; i < 2; i++) {
        carries(ledger, transferred.seq, "{\"n\":1}");
        carries(ledger, held.seq, "{\"n\":2}");
        carries(ledger, captured.seq, "{\"n\":3}");
        carries(ledger, reversed.seq, "{\"n\":4}");
        ledger = request_restart(ledger, db, strategy);
    }
    transfer.metadata = "{\"n\":9}"; /* it is part of what the key stands for */
    ledger_transfer(co_context_background(), ledger, &transfer, &transferred);
    CU_ASSERT_EQUAL(transferred.status, LEDGER_KEY_REUSED);
    entry_drop(&transferred.entry);
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(stops_an_account)                                                                            \
    X(stops_the_ledger)                                                                            \
    X(stops_a_storm)                                                                               \
    X(keeps_metadata)

FIXTURE_BOTH(freeze)
