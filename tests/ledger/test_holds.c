/* SPDX-License-Identifier: MIT */
/* Holds: reserved once, ended once, whoever comes first. */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/ledger/requests.h"

static struct ledger *open_shop(const char *conninfo, const char *strategy, money balance)
{
    struct ledger *ledger = fixture_open(conninfo, strategy);
    fixture_account(ledger, "guest", "USD/2", "0");
    fixture_account(ledger, "shop", "USD/2", "0");
    fixture_account(ledger, "euros", "EUR/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "guest", balance), LEDGER_OK);
    return ledger;
}

/* From the guest to the shop, for so many seconds. */
static enum ledger_status hold_for(
    struct ledger *ledger, const char *key, money amount, int64_t seconds, uint64_t *seq)
{
    const struct ledger_hold hold = {
        .key = key, .from = "guest", .to = "shop", .amount = amount, .expires_in_s = seconds};
    return request_hold_as(ledger, &hold, seq);
}

static void see_each_other(const char *strategy)
{
    struct ledger *ledger = open_shop(fixture_database(), strategy, 5000);
    for (int i = 1; i <= 6; i++) {
        uint64_t hold;
        CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 1000, &hold),
            i <= 5 ? LEDGER_OK : LEDGER_INSUFFICIENT_FUNDS);
        CU_ASSERT_EQUAL(hold != 0, i <= 5);
    }
    request_expect(ledger, "guest", 5000, 5000, 0);
    request_expect(ledger, "shop", 0, 0, 0);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "guest", "shop", 1), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "guest", 1, NULL), LEDGER_SAME_ACCOUNT);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "euros", 1, NULL), LEDGER_ASSET_MISMATCH);
    CU_ASSERT_EQUAL(
        request_hold(ledger, NULL, "guest", "nobody", 1, NULL), LEDGER_ACCOUNT_NOT_FOUND);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void capture_and_release(const char *strategy)
{
    struct ledger *ledger = open_shop(fixture_database(), strategy, 1000);
    uint64_t whole, part, free;
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 300, &whole), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 200, &part), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 100, &free), LEDGER_OK);
    request_expect(ledger, "guest", 1000, 600, 400);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, whole, 301, NULL), LEDGER_CAPTURE_EXCEEDS_HOLD);
    CU_ASSERT_EQUAL(request_settled(ledger, whole), 0);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, whole, 0, NULL), LEDGER_OK);
    request_expect(ledger, "guest", 700, 300, 400);
    request_expect(ledger, "shop", 300, 0, 300);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, part, 50, NULL), LEDGER_OK);
    request_expect(ledger, "guest", 650, 100, 550); /* what was not taken is free again */
    CU_ASSERT_EQUAL(request_release(ledger, NULL, free), LEDGER_OK);
    request_expect(ledger, "guest", 650, 0, 650);
    request_expect(ledger, "shop", 350, 0, 350);
    CU_ASSERT_EQUAL(request_settled(ledger, whole), ENTRY_CAPTURE);
    CU_ASSERT_EQUAL(request_settled(ledger, part), ENTRY_CAPTURE);
    CU_ASSERT_EQUAL(request_settled(ledger, free), ENTRY_RELEASE);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, part, 1, NULL), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, whole), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, free), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, 1, 0, NULL), LEDGER_HOLD_NOT_FOUND);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, 999999), LEDGER_HOLD_NOT_FOUND);
    struct entry *entry, *settled;
    uint64_t seq;
    CU_ASSERT_EQUAL(ledger_read_hold(co_context_background(), ledger, 1, &entry, &settled, &seq),
        LEDGER_HOLD_NOT_FOUND);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* Without a floor the range is the only limit; a capture finds its money reserved even when
 * nothing else is left. */
static void keep_the_range(const char *strategy)
{
    struct ledger *ledger = open_shop(fixture_database(), strategy, 10);
    uint64_t hold, all;
    fixture_account(ledger, "deep", "USD/2", NULL);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "deep", "shop", money_max(), &all), LEDGER_OK);
    CU_ASSERT_EQUAL(
        request_hold(ledger, NULL, "deep", "shop", 1, NULL), LEDGER_AMOUNT_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 10, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, hold, 0, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, all, 0, NULL), LEDGER_AMOUNT_OUT_OF_RANGE);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, all, money_max() - 10, NULL), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "shop") == money_max());
    request_expect(ledger, "deep", 10 - money_max(), 0, money_max());
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* expires_at is the hold's own time and what was asked, to the microsecond. */
static void last_as_long_as_asked(const char *strategy)
{
    struct ledger *ledger = open_shop(fixture_database(), strategy, 1000);
    struct entry *entry, *settled;
    uint64_t hold, seq;
    for (int i = 0; i < 300; i++) {
        CU_ASSERT_EQUAL(hold_for(ledger, NULL, 1, 3600, &hold), LEDGER_OK);
        CU_ASSERT_EQUAL_FATAL(
            ledger_read_hold(co_context_background(), ledger, hold, &entry, &settled, &seq),
            LEDGER_OK);
        CU_ASSERT_EQUAL(entry->expires_us - entry->at_us, INT64_C(3600000000));
        entry_drop(&entry);
    }
    ledger_close(&ledger);
}

static void await_settled(struct ledger *ledger, uint64_t hold)
{
    for (int i = 0; i < 500 && request_settled(ledger, hold) == 0; i++)
        co_sleep(10 * CO_CLOCK_MS);
}

static void expire_by_the_clock(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_shop(db, strategy, 100);
    uint64_t hold, lasting, over;
    CU_ASSERT_EQUAL(hold_for(ledger, "h", 40, 1, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(hold_for(ledger, NULL, 30, 100, &lasting), LEDGER_OK);
    CU_ASSERT_EQUAL(hold_for(ledger, NULL, 20, 1, &over), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, over, 0, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_settled(ledger, hold), 0);
    await_settled(ledger, hold);
    CU_ASSERT_EQUAL(request_settled(ledger, hold), ENTRY_EXPIRY);
    CU_ASSERT_EQUAL(request_settled(ledger, lasting), 0);
    CU_ASSERT_EQUAL(request_settled(ledger, over), ENTRY_CAPTURE);
    request_expect(ledger, "guest", 80, 30, 50);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, hold, 0, NULL), LEDGER_ALREADY_SETTLED);
    /* One that expires while nobody is there. */
    CU_ASSERT_EQUAL(hold_for(ledger, NULL, 50, 1, &hold), LEDGER_OK);
    ledger_close(&ledger);
    co_sleep(1100 * CO_CLOCK_MS);
    ledger = fixture_open(db, strategy);
    await_settled(ledger, hold);
    CU_ASSERT_EQUAL(request_settled(ledger, hold), ENTRY_EXPIRY);
    request_expect(ledger, "guest", 80, 30, 50);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- racing for the end of one hold --------------------------------------------------------- */

struct settler {
    struct ledger *ledger;
    struct co_waitgroup *all;
    uint64_t hold;
    int64_t at_ns; /* when to begin */
    bool capture;
    _Atomic int *captured, *released, *late;
};

static void settle_main(void *arg)
{
    struct settler *s = arg;
    int64_t wait_ns = s->at_ns - co_clock_now_ns();
    if (wait_ns > 0)
        co_sleep(wait_ns);
    enum ledger_status status = s->capture ? request_capture(s->ledger, NULL, s->hold, 0, NULL)
                                           : request_release(s->ledger, NULL, s->hold);
    if (status == LEDGER_OK)
        (*(s->capture ? s->captured : s->released))++;
    else if (status == LEDGER_ALREADY_SETTLED)
        (*s->late)++;
    co_waitgroup_done(s->all);
}

/* A hundred captures and releases of one hold, from `after_ns` on for `spread_ns`, which (maybe)
 * also expires; returns what ended it. */
static int race_for(
    struct ledger *ledger, int64_t expires_in_s, int64_t after_ns, int64_t spread_ns)
{
    enum { CLIENTS = 100 };
    static struct settler settlers[CLIENTS];
    struct co_waitgroup all = {0};
    _Atomic int captured = 0, released = 0, late = 0;
    uint64_t hold;
    money before = fixture_balance(ledger, "shop");
    CU_ASSERT_EQUAL(hold_for(ledger, NULL, 10, expires_in_s, &hold), LEDGER_OK);
    int64_t start_ns = co_clock_now_ns() + after_ns;
    for (int i = 0; i < CLIENTS; i++) {
        settlers[i] = (struct settler){ledger, &all, hold, start_ns + i * spread_ns / CLIENTS,
            i % 2 == 1, &captured, &released, &late};
        co_waitgroup_add(&all, 1);
        bool started = co_spawn(settle_main, &settlers[i]);
        co_ensure(started);
    }
    co_waitgroup_wait(&all);
    await_settled(ledger, hold);
    int kind = request_settled(ledger, hold);
    CU_ASSERT_EQUAL(captured, kind == ENTRY_CAPTURE);
    CU_ASSERT_EQUAL(released, kind == ENTRY_RELEASE);
    CU_ASSERT_EQUAL(captured + released + late, CLIENTS);
    CU_ASSERT_EQUAL(request_count(ledger, 0, hold), 1);
    CU_ASSERT(fixture_balance(ledger, "shop") == before + (kind == ENTRY_CAPTURE ? 10 : 0));
    CU_ASSERT(request_account(ledger, "guest").held == 0);
    return kind;
}

static void end_once(const char *strategy)
{
    struct ledger *ledger = open_shop(fixture_database(), strategy, 1000);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_NOT_EQUAL(race_for(ledger, 0, 0, 0), ENTRY_EXPIRY);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_NOT_EQUAL(race_for(ledger, 1, 996 * CO_CLOCK_MS, 8 * CO_CLOCK_MS), 0);
    for (int i = 0; i < 2; i++) /* all too late, be it before the expirer has looked */
        CU_ASSERT_EQUAL(race_for(ledger, 1, 1000 * CO_CLOCK_MS, 100 * CO_CLOCK_MS), ENTRY_EXPIRY);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- keys and restarts ---------------------------------------------------------------------- */

static void keep_keys(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_shop(db, strategy, 100);
    uint64_t hold = 0, capture = 0, other, again;
    for (int i = 0; i < 2; i++) { /* the second time after a restart */
        CU_ASSERT_EQUAL(request_hold(ledger, "h", "guest", "shop", 60, &again), LEDGER_OK);
        CU_ASSERT_TRUE(again == hold || i == 0);
        hold = again;
        CU_ASSERT_EQUAL(request_hold(ledger, "h", "guest", "shop", 60, &again), LEDGER_OK);
        CU_ASSERT_EQUAL(again, hold);
        CU_ASSERT_EQUAL(request_hold(ledger, "h", "guest", "shop", 61, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(hold_for(ledger, "h", 60, 9, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(fixture_move(ledger, "h", "guest", "shop", 60), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(
            request_hold(ledger, "h2", "guest", "shop", 60, NULL), LEDGER_INSUFFICIENT_FUNDS);
        CU_ASSERT_EQUAL(request_capture(ledger, "c", hold, 20, &again), LEDGER_OK);
        CU_ASSERT_TRUE(again == capture || i == 0);
        capture = again;
        CU_ASSERT_EQUAL(request_capture(ledger, "c", hold, 20, &again), LEDGER_OK);
        CU_ASSERT_EQUAL(again, capture);
        CU_ASSERT_EQUAL(request_capture(ledger, "c", hold, 21, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(request_release(ledger, "c", hold), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(request_capture(ledger, "c2", hold, 20, NULL), LEDGER_ALREADY_SETTLED);
        CU_ASSERT_EQUAL(request_release(ledger, "r", 999999), LEDGER_HOLD_NOT_FOUND);
        CU_ASSERT_EQUAL(request_hold(ledger, "h3", "guest", "shop", 1, &other), LEDGER_OK);
        CU_ASSERT_EQUAL(request_capture(ledger, "c", other, 20, NULL), LEDGER_KEY_REUSED);
        CU_ASSERT_EQUAL(request_release(ledger, "r3", other), LEDGER_OK);
        CU_ASSERT_EQUAL(request_capture(ledger, "r3", other, 0, NULL), LEDGER_KEY_REUSED);
        request_expect(ledger, "guest", 80, 0, 80);
        ledger = request_restart(ledger, db, strategy);
    }
    /* Refused permanently under its key, though there would be money now. */
    CU_ASSERT_EQUAL(
        request_hold(ledger, "h2", "guest", "shop", 60, NULL), LEDGER_INSUFFICIENT_FUNDS);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void outlive_a_restart(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_shop(db, strategy, 100);
    uint64_t captured, released, settled;
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 30, &captured), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 40, &released), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "guest", "shop", 20, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, settled, 5, NULL), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    request_expect(ledger, "guest", 95, 70, 25);
    CU_ASSERT_EQUAL(request_settled(ledger, captured), 0);
    CU_ASSERT_EQUAL(request_settled(ledger, settled), ENTRY_CAPTURE);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, settled, 0, NULL), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "guest", "shop", 26), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, captured, 0, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, released), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    request_expect(ledger, "guest", 65, 0, 65);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, captured, 0, NULL), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, released), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_settled(ledger, released), ENTRY_RELEASE);
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(see_each_other)                                                                              \
    X(capture_and_release)                                                                         \
    X(keep_the_range)                                                                              \
    X(last_as_long_as_asked)                                                                       \
    X(expire_by_the_clock)                                                                         \
    X(end_once)                                                                                    \
    X(keep_keys)                                                                                   \
    X(outlive_a_restart)

FIXTURE_BOTH(holds)
