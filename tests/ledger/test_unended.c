/* SPDX-License-Identifier: MIT */
/* A batch is written and not committed while the ledger is taken over, or while the same batch is
 * sent again: both wait for its end, and go by how it ended. */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"

/* The batch, of rows that `make` has kept. */
#define ADVANCE                                                                                    \
    "SELECT teller.writer_advance(ledger, epoch, no, first_seq, last_seq, hash) FROM kept_batch"

struct writing {
    const char *db;
    struct pg *pg; /* where the batch is written and not committed */
};

static struct pg *connect_to(const char *db)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    return pg;
}

/* A real batch, of 30 from a to b: taken out again, so that a session of its epoch can write it. */
static void begin(struct writing *writing, const char *strategy)
{
    writing->db = fixture_database();
    struct ledger *ledger = fixture_open_abc(writing->db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 30), LEDGER_OK);
    ledger_close(&ledger);
    fixture_forget(writing->db);
    fixture_do(writing->db,
        "CREATE TABLE kept_batch AS SELECT * FROM teller.batch WHERE last_seq = 6;"
        "CREATE TABLE kept_entry AS SELECT * FROM teller.entry WHERE seq = 6;"
        "DELETE FROM teller.entry WHERE seq = 6; DELETE FROM teller.batch WHERE last_seq = 6");
    writing->pg = connect_to(writing->db);
    CU_ASSERT_EQUAL_FATAL(pg_script(co_context_background(), writing->pg,
                              "BEGIN; " ADVANCE "; INSERT INTO teller.entry TABLE kept_entry"),
        PG_OK);
}

static void end(struct writing *writing, const char *how)
{
    CU_ASSERT_EQUAL(pg_script(co_context_background(), writing->pg, how), PG_OK);
    pg_close(&writing->pg);
}

/* Until a session waits for what another one has locked. */
static void await_waiting(const char *db, const char *whose)
{
    static const char ask[] = "SELECT string_agg(query, ' ') FROM pg_stat_activity"
                              " WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for (int i = 0; i < 3000 && !strstr(fixture_ask(db, ask), whose); i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture_ask(db, ask), whose));
}

/* ---- a takeover ---------------------------------------------------------------------------- */

struct taker {
    const char *db, *strategy;
    struct ledger *ledger;
    struct co_waitgroup done;
};

static void take(void *arg)
{
    struct taker *taker = arg;
    taker->ledger = fixture_open(taker->db, taker->strategy);
    co_waitgroup_done(&taker->done);
}

/* The taker has what there is of that batch, and its own goes on from there. */
static void take_over(const char *strategy, const char *how, money balance, const char *batches)
{
    struct writing writing;
    begin(&writing, strategy);
    struct taker taker = {.db = writing.db, .strategy = strategy};
    co_waitgroup_add(&taker.done, 1);
    bool started = co_spawn(take, &taker);
    co_ensure(started);
    await_waiting(writing.db, "writer_take");
    CU_ASSERT_PTR_NULL(taker.ledger);
    end(&writing, how);
    co_waitgroup_wait(&taker.done);
    CU_ASSERT(fixture_balance(taker.ledger, "b") == balance);
    CU_ASSERT_EQUAL(fixture_move(taker.ledger, NULL, "a", "b", 1), LEDGER_OK);
    CU_ASSERT(fixture_balance(taker.ledger, "b") == balance + 1);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(writing.db, "SELECT string_agg(b.no - k.no || ' ' || b.epoch - k.epoch, ', '"
                                " ORDER BY b.no) FROM teller.batch b, kept_batch k"
                                " WHERE b.no >= k.no"),
        batches);
    fixture_check(taker.ledger);
    ledger_close(&taker.ledger);
    struct ledger *again = fixture_open(writing.db, strategy);
    CU_ASSERT(fixture_balance(again, "b") == balance + 1);
    ledger_close(&again);
}

static void taken_over_and_committed(const char *strategy)
{
    take_over(strategy, "COMMIT", 30, "0 0, 1 1");
}

static void taken_over_and_rolled_back(const char *strategy)
{
    take_over(strategy, "ROLLBACK", 0, "0 1");
}

/* ---- the same batch once more -------------------------------------------------------------- */

struct sender {
    struct pg *pg;
    enum pg_status status;
    bool ended;
    struct co_waitgroup done;
};

static void send_again(void *arg)
{
    struct sender *sender = arg;
    sender->status = pg_script(co_context_background(), sender->pg, "BEGIN; " ADVANCE);
    sender->ended = true;
    co_waitgroup_done(&sender->done);
}

/* How it went for the second one: a code, "" if the batch is its own to write now. */
static void send_twice(const char *strategy, const char *how, const char *state)
{
    struct writing writing;
    begin(&writing, strategy);
    struct sender sender = {.pg = connect_to(writing.db)};
    co_waitgroup_add(&sender.done, 1);
    bool started = co_spawn(send_again, &sender);
    co_ensure(started);
    await_waiting(writing.db, "writer_advance");
    CU_ASSERT_FALSE(sender.ended);
    end(&writing, how);
    co_waitgroup_wait(&sender.done);
    CU_ASSERT_EQUAL(sender.status, *state ? PG_ERROR : PG_OK);
    if (sender.status == PG_ERROR)
        CU_ASSERT_STRING_EQUAL(pg_sqlstate(sender.pg), state);
    pg_close(&sender.pg);
}

static void sent_twice_and_committed(const char *strategy)
{
    send_twice(strategy, "COMMIT", "TL001");
}

static void sent_twice_and_rolled_back(const char *strategy)
{
    send_twice(strategy, "ROLLBACK", "");
}

#define TESTS(X)                                                                                   \
    X(taken_over_and_committed)                                                                    \
    X(taken_over_and_rolled_back)                                                                  \
    X(sent_twice_and_committed)                                                                    \
    X(sent_twice_and_rolled_back)
FIXTURE_BOTH(unended)
