/* SPDX-License-Identifier: MIT */
/* Restarts, rivals, refusals and cut connections. */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "ledger/journal/checkpointer.h"
#include "ledger/ledger_private.h"
#include "tests/ledger/requests.h"

static void folds_after_restart(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures before, after;
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "-5");
    for (int i = 0; i < 30; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", i % 3 ? "a" : "b", 9), LEDGER_OK);
    ledger_read_figures(ledger, &before);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT seq FROM teller.checkpoint"), "33");
    /* As if the checkpoint had never been made: the whole journal is folded. */
    fixture_forget(db);
    for (int restarts = 0; restarts < 2; restarts++) {
        ledger = fixture_open(db, strategy);
        ledger_read_figures(ledger, &after);
        CU_ASSERT_EQUAL(after.durable_seq, before.durable_seq);
        CU_ASSERT_EQUAL(after.epoch, before.epoch + 1 + (unsigned)restarts);
        CU_ASSERT(fixture_balance(ledger, "a") == 180);
        CU_ASSERT(fixture_balance(ledger, "b") == 90);
        request_expect(ledger, "b", 90, 0, 95); /* with its credit */
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "b", "a", 96), LEDGER_INSUFFICIENT_FUNDS);
        fixture_check(ledger);
        ledger_close(&ledger);
    }
}

struct awaiting {
    struct ledger *ledger;
    struct co_waitgroup done;
    enum ledger_status status;
};

static void await_far_position(void *arg)
{
    struct awaiting *a = arg;
    a->status =
        ledger_await_position(co_context_background(), a->ledger, 1000000, 600 * CO_CLOCK_S);
    ledger_leave(a->ledger);
    co_waitgroup_done(&a->done);
}

/* Whoever waits for a position that does not come does not hold the end up: the test would take as
 * long as that waits. */
static void nobody_waits_beyond_its_end(const char *strategy)
{
    struct awaiting a = {.ledger = fixture_open(fixture_database(), strategy)};
    struct ledger *ledger = a.ledger;
    co_waitgroup_add(&a.done, 1);
    ledger_enter(ledger);
    co_ensure(co_spawn(await_far_position, &a));
    co_sleep(20 * CO_CLOCK_MS);
    ledger_close(&ledger);
    co_waitgroup_wait(&a.done);
    CU_ASSERT_EQUAL(a.status, LEDGER_UNAVAILABLE);
}

/* Someone with the right to do so alters the journal: the fold does not believe it, and the audit
 * names the place. */
static void refuses_an_altered_journal(const char *strategy)
{
    static const struct {
        const char *alter, *reason, *audit;
    } cases[] = {
        {"UPDATE teller.entry SET to_after = to_after + 1 WHERE seq = 6",
            "the journal contradicts itself: balance after posting at 6", "prefixes 6"},
        {"UPDATE teller.entry SET amount = amount + 1 WHERE seq = 5",
            "the journal contradicts itself: balance after posting at 5", "prefixes 5"},
        {"UPDATE teller.entry SET from_after = from_after - 1 WHERE seq = 5",
            "the journal contradicts itself: balance after posting at 5", "prefixes 5"},
        {"DELETE FROM teller.entry WHERE seq = 5",
            "the journal contradicts itself: entries are missing after position 0", "prefixes 6"},
        {"UPDATE teller.entry SET to_no = 99 WHERE seq = 4",
            "the journal contradicts itself: posting at 4", "postings 4"},
        {"ALTER TABLE teller.entry DROP CONSTRAINT entry_numbers;"
         "UPDATE teller.entry SET to_after = 'NaN' WHERE seq = 6",
            "the journal contradicts itself: a value of posting row 4", "prefixes 6"},
        {"UPDATE teller.entry SET at = 'infinity' WHERE seq = 6",
            "the journal contradicts itself: the position or time of row 1", "gaps 7"},
        {"UPDATE teller.account SET floor = 100 WHERE id = 'a'",
            "account a is below its floor at seq 6", "prefixes 3"},
        {"UPDATE teller.held SET held = held + 1",
            "the journal contradicts itself: what is held after 7", "held 7"},
        {"UPDATE teller.entry SET amount = amount + 1 WHERE seq = 7",
            "the journal contradicts itself: what is held after 7", "held 7"},
        {"DELETE FROM teller.held", "the journal contradicts itself: what is held after 7",
            "held 7"},
        {"UPDATE teller.entry SET to_no = 99 WHERE seq = 7",
            "the journal contradicts itself: hold 7", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *db = fixture_database();
        struct ledger *ledger = fixture_open(db, strategy);
        fixture_account(ledger, "a", "USD/2", "0");
        for (int move = 0; move < 4; move++)
            CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
        CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "world:USD.2", 3, NULL), LEDGER_OK);
        ledger_close(&ledger);
        fixture_forget(db);
        fixture_do(db, cases[i].alter);
        CU_ASSERT_STRING_EQUAL(fixture_refusal(db, strategy), cases[i].reason);
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(db, "SELECT invariant || ' ' || seq FROM teller.audit"
                            " WHERE invariant <> 'sums' ORDER BY seq, invariant DESC"),
            cases[i].audit);
    }
}

/* Another process takes over: what this one decides from then on must never get in. */
static void is_fenced(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures figures;
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    fixture_do(db, "UPDATE teller.writer SET epoch = epoch + 1");
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "world:USD.2", "a", 5), LEDGER_OUTCOME_UNKNOWN);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_FENCED);
    CU_ASSERT_EQUAL(figures.durable_seq, 3);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT max(seq) FROM teller.entry"), "3");
    ledger_close(&ledger);
}

/* The database finds a batch wrong: writes stop, reads go on and tell what is durable. */
static void stops_when_refused(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct ledger_figures figures;
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    fixture_do(db, "ALTER TABLE teller.entry ADD CONSTRAINT unlucky CHECK (amount <> 13)");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 13), LEDGER_OUTCOME_UNKNOWN);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT(fixture_balance(ledger, "a") == 5);
    ledger_close(&ledger);
    fixture_do(db, "ALTER TABLE teller.entry DROP CONSTRAINT unlucky");
    ledger = fixture_open(db, strategy); /* it stays so until told otherwise */
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT(fixture_balance(ledger, "a") == 5);
    ledger_close(&ledger);
    fixture_do(db, "SELECT teller.ledger_resume('main')");
    ledger = fixture_open(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 13), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == 18);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* Seven transfers in one batch, of which the database refuses one: nobody is told yes, nothing of
 * the batch is there, and what was there before is right. */
static void send_seven(struct ledger *ledger, size_t refused)
{
    enum { SEVEN = 7 };
    struct ledger_leg legs[SEVEN];
    struct ledger_transfer transfers[SEVEN];
    struct ledger_outcome outcomes[SEVEN];
    for (size_t i = 0; i < SEVEN; i++) {
        legs[i] = (struct ledger_leg){"world:USD.2", "a", i == refused ? 13 : 1};
        transfers[i] = (struct ledger_transfer){.legs = &legs[i], .leg_count = 1};
    }
    ledger_transfer_batch(co_context_background(), ledger, true, transfers, SEVEN, outcomes);
    for (size_t i = 0; i < SEVEN; i++) {
        CU_ASSERT_EQUAL(outcomes[i].status, refused < SEVEN ? LEDGER_OUTCOME_UNKNOWN : LEDGER_OK);
        entry_drop(&outcomes[i].entry);
    }
}

static void one_row_refused(const char *strategy)
{
    enum { NONE = 7 };
    const char *db = fixture_database();
    struct ledger_figures figures;
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_do(db, "ALTER TABLE teller.entry ADD CONSTRAINT unlucky CHECK (amount <> 13)");
    for (size_t place = 0; place < NONE; place++) {
        send_seven(ledger, place);
        ledger_read_figures(ledger, &figures);
        CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
        CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT max(seq) FROM teller.entry"), "2");
        ledger_close(&ledger);
        fixture_do(db, "SELECT teller.ledger_resume('main')");
        ledger = fixture_open(db, strategy);
    }
    send_seven(ledger, NONE);
    CU_ASSERT(fixture_balance(ledger, "a") == 7);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* The writer's session is cut repeatedly while money moves: each move happens once. */
struct cutting {
    const char *db;
    _Atomic bool stop;
    _Atomic int cuts;
    struct co_waitgroup done;
};

static void cut_main(void *arg)
{
    struct cutting *c = arg;
    while (!c->stop) {
        fixture_ask(c->db, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()");
        c->cuts++;
        co_sleep(INT64_C(1000000) * (5 + (int)(co_random_next() % 40)));
    }
    co_waitgroup_done(&c->done);
}

static void survives_cuts(const char *strategy)
{
    enum { MOVES = 150 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct cutting cutting = {.db = db};
    int moved = 0;
    fixture_account(ledger, "a", "USD/2", "0");
    co_waitgroup_add(&cutting.done, 1);
    bool started = co_spawn(cut_main, &cutting);
    co_ensure(started);
    for (int i = 0; i < MOVES; i++) {
        char key[20];
        enum ledger_status status;
        snprintf(key, sizeof key, "k%d", i);
        while ((status = fixture_move(ledger, key, "world:USD.2", "a", 1)) != LEDGER_OK) {
            CU_ASSERT_EQUAL(status, LEDGER_UNAVAILABLE);
            co_sleep(2000000);
        }
        moved++;
    }
    cutting.stop = true;
    co_waitgroup_wait(&cutting.done);
    printf("(%d cuts) ", cutting.cuts);
    CU_ASSERT(fixture_balance(ledger, "a") == moved);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- under both strategies ----------------------------------------------------------------- */

/* A balance that is folded is compared with what the service wrote beside the posting. If they
 * differ, something is wrong with the journal: nothing more is written to it. */
static void a_fold_that_does_not_add_up(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct ledger_figures figures;
    CU_ASSERT_TRUE(checkpointer_fold(ledger->checkpointer));
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 10), LEDGER_OK);
    fixture_do(db, "UPDATE teller.entry SET to_after = 11 WHERE seq = 6");
    CU_ASSERT_FALSE(checkpointer_fold(ledger->checkpointer));
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_STRING_EQUAL(figures.reason, "a checkpoint found that the journal does not add up");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT(fixture_balance(ledger, "b") == 10);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT seq FROM teller.checkpoint"), "5");
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(folds_after_restart)                                                                         \
    X(nobody_waits_beyond_its_end)                                                                 \
    X(refuses_an_altered_journal)                                                                  \
    X(is_fenced)                                                                                   \
    X(stops_when_refused)                                                                          \
    X(one_row_refused)                                                                             \
    X(survives_cuts)                                                                               \
    X(a_fold_that_does_not_add_up)

FIXTURE_BOTH(restarts)
