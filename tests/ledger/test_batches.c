/* SPDX-License-Identifier: MIT */
/* Many transfers in one request: each on its own, or all or none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/ledger/requests.h"

enum { ROWS_MAX = 8 };

/* A batch as a table: the row's leg, its key, and what is to come of it. */
struct row {
    const char *key, *from, *to;
    int amount;
    enum ledger_status status;
};

static struct ledger *open_accounts(const char *conninfo, const char *strategy)
{
    struct ledger *ledger = fixture_open(conninfo, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    fixture_account(ledger, "e", "EUR/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, "first", "world:USD.2", "a", 100), LEDGER_OK);
    return ledger;
}

/* Send the rows, and hold the answers to them; seqs[i] is the entry of row i, or 0. */
static void send(struct ledger *ledger, bool atomic, const struct row *rows, size_t count,
    uint64_t seqs[ROWS_MAX])
{
    struct ledger_leg legs[ROWS_MAX];
    struct ledger_transfer transfers[ROWS_MAX];
    struct ledger_outcome outcomes[ROWS_MAX];
    co_ensure(count <= ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        legs[i] = (struct ledger_leg){rows[i].from, rows[i].to, rows[i].amount};
        transfers[i] =
            (struct ledger_transfer){.key = rows[i].key, .legs = &legs[i], .leg_count = 1};
    }
    ledger_transfer_batch(co_context_background(), ledger, atomic, transfers, count, outcomes);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(outcomes[i].status, rows[i].status);
        if (outcomes[i].status != rows[i].status)
            printf("\n    row %zu: %s\n", i, status_name(outcomes[i].status));
        seqs[i] = outcomes[i].entry ? outcomes[i].entry->seq : 0;
        entry_drop(&outcomes[i].entry);
    }
}

static void each_on_its_own(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    static const struct row rows[ROWS_MAX] = {
        {NULL, "a", "b", 60, LEDGER_OK},
        {"poor", "a", "b", 60, LEDGER_INSUFFICIENT_FUNDS},
        {"k", "b", "a", 10, LEDGER_OK},
        {"k", "b", "a", 10, LEDGER_OK},
        {"k", "b", "a", 11, LEDGER_KEY_REUSED},
        {NULL, "a", "nobody", 1, LEDGER_ACCOUNT_NOT_FOUND},
        {NULL, "a", "e", 1, LEDGER_ASSET_MISMATCH},
        {"first", "world:USD.2", "a", 100, LEDGER_OK},
    };
    uint64_t seqs[ROWS_MAX], again[ROWS_MAX];
    send(ledger, false, rows, ROWS_MAX, seqs);
    CU_ASSERT(fixture_balance(ledger, "a") == 50); /* each key moved its money once */
    CU_ASSERT(fixture_balance(ledger, "b") == 50);
    CU_ASSERT_TRUE(seqs[0] < seqs[1] && seqs[1] < seqs[2]); /* in the order of the rows */
    CU_ASSERT_EQUAL(seqs[3], seqs[2]);
    CU_ASSERT_EQUAL(seqs[7], 6); /* after two worlds and three accounts, 1 to 5 */
    CU_ASSERT_EQUAL(fixture_move(ledger, "poor", "a", "b", 60), LEDGER_INSUFFICIENT_FUNDS);
    ledger = request_restart(ledger, db, strategy);
    send(ledger, false, &rows[1], ROWS_MAX - 1, again); /* the keys are replayed */
    CU_ASSERT_EQUAL(again[0], seqs[1]);
    CU_ASSERT_EQUAL(again[1], seqs[2]);
    CU_ASSERT(fixture_balance(ledger, "a") == 50);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void all_or_none(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    struct row rows[] = {
        {"x", "a", "b", 60, LEDGER_NOT_EXECUTED},
        {NULL, "b", "a", 10, LEDGER_NOT_EXECUTED},
        {"y", "a", "b", 51, LEDGER_INSUFFICIENT_FUNDS},
        {"x", "a", "b", 60, LEDGER_NOT_EXECUTED},
    };
    uint64_t seqs[ROWS_MAX], before = ledger_durable_seq(ledger);
    send(ledger, true, rows, 4, seqs);
    CU_ASSERT_EQUAL(seqs[0] + seqs[1] + seqs[2], 0);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), before);
    request_expect(ledger, "a", 100, 0, 100);
    rows[2].amount = 50; /* no key was used up, neither of the refused one nor of the others */
    for (size_t i = 0; i < 4; i++)
        rows[i].status = LEDGER_OK;
    send(ledger, true, rows, 4, seqs);
    CU_ASSERT_EQUAL(seqs[0], before + 1);
    CU_ASSERT_EQUAL(seqs[1], before + 2);
    CU_ASSERT_EQUAL(seqs[2], before + 3);
    CU_ASSERT_EQUAL(seqs[3], seqs[0]);
    CU_ASSERT(fixture_balance(ledger, "a") == 0);
    CU_ASSERT(fixture_balance(ledger, "b") == 100);
    ledger = request_restart(ledger, db, strategy);
    uint64_t after = ledger_durable_seq(ledger);
    CU_ASSERT_EQUAL(fixture_move(ledger, "x", "a", "b", 60), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "y", "a", "b", 50), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), after);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* What refuses one refuses all, and the one says why. */
static void any_reason_refuses_all(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    static const struct row refused[] = {
        {"z", "a", "nobody", 1, LEDGER_ACCOUNT_NOT_FOUND},
        {"z", "a", "a", 1, LEDGER_SAME_ACCOUNT},
        {"z", "a", "e", 1, LEDGER_ASSET_MISMATCH},
        {"first", "a", "b", 1, LEDGER_KEY_REUSED},
        {"x", "a", "b", 2, LEDGER_KEY_REUSED}, /* within the batch */
        {"z", "b", "a", 2, LEDGER_INSUFFICIENT_FUNDS},
    };
    uint64_t seqs[ROWS_MAX], before = ledger_durable_seq(ledger);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct row rows[] = {{"x", "a", "b", 1, LEDGER_NOT_EXECUTED}, refused[i],
            {NULL, "a", "b", 1, LEDGER_NOT_EXECUTED}};
        send(ledger, true, rows, 3, seqs);
        CU_ASSERT_EQUAL(ledger_durable_seq(ledger), before);
        CU_ASSERT(fixture_balance(ledger, "a") == 100);
    }
    CU_ASSERT_EQUAL(fixture_move(ledger, "z", "a", "b", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "x", "a", "b", 2), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* A later row lives on what an earlier one brings; the draft of a refused row is forgotten. */
static void rows_see_earlier_rows(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    uint64_t seqs[ROWS_MAX];
    static const struct row chain[] = {
        {NULL, "b", "a", 1, LEDGER_INSUFFICIENT_FUNDS},
        {NULL, "a", "b", 101, LEDGER_INSUFFICIENT_FUNDS},
        {NULL, "a", "b", 100, LEDGER_OK},
        {NULL, "b", "a", 100, LEDGER_OK},
        {NULL, "a", "b", 40, LEDGER_OK},
        {NULL, "a", "b", 61, LEDGER_INSUFFICIENT_FUNDS},
    };
    send(ledger, false, chain, 6, seqs);
    CU_ASSERT(fixture_balance(ledger, "b") == 40);
    static const struct row atomic[] = {
        {NULL, "a", "b", 60, LEDGER_OK},
        {NULL, "b", "a", 100, LEDGER_OK},
        {NULL, "a", "b", 100, LEDGER_OK},
    };
    send(ledger, true, &atomic[0], 1, seqs);
    send(ledger, true, &atomic[1], 2, seqs);
    CU_ASSERT(fixture_balance(ledger, "b") == 100);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void set_keys(struct ledger_transfer *transfers, size_t count, bool some)
{
    static char names[LEDGER_BATCH_MAX][24];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        transfers[i].key = some ? names[i] : NULL;
    }
}

/* So much has happened since that only the database has these keys: each is still known. */
static void replay_old_keys(struct ledger *ledger, const struct ledger_transfer *transfers,
    size_t count, uint64_t first_seq)
{
    for (size_t i = 0; i < count; i++) {
        struct ledger_outcome outcome;
        ledger_transfer(co_context_background(), ledger, &transfers[i], &outcome);
        CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
        CU_ASSERT_TRUE(outcome.replayed);
        CU_ASSERT_EQUAL(outcome.seq, first_seq + i);
        entry_drop(&outcome.entry);
    }
}

/* A bonus for everyone: the largest batch there is; atomic, it is one database transaction. */
static void takes_ten_thousand(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    const struct ledger_leg in = {"world:USD.2", "a", 2}, out = {"a", "b", 1};
    struct ledger_transfer *transfers = calloc(LEDGER_BATCH_MAX, sizeof *transfers);
    struct ledger_outcome *outcomes = calloc(LEDGER_BATCH_MAX, sizeof *outcomes);
    co_ensure(transfers && outcomes);
    for (int i = 0; i < LEDGER_BATCH_MAX; i++)
        transfers[i] = (struct ledger_transfer){.legs = i % 2 ? &out : &in, .leg_count = 1};
    for (int atomic = 0; atomic < 2; atomic++) {
        uint64_t before = ledger_durable_seq(ledger);
        set_keys(transfers, LEDGER_BATCH_MAX, !atomic);
        ledger_transfer_batch(
            co_context_background(), ledger, atomic, transfers, LEDGER_BATCH_MAX, outcomes);
        for (int i = 0; i < LEDGER_BATCH_MAX; i++) {
            if (outcomes[i].status != LEDGER_OK || outcomes[i].seq != before + 1 + (unsigned)i)
                CU_FAIL("a row is not in its place");
            entry_drop(&outcomes[i].entry);
        }
    }
    set_keys(transfers, 100, true);
    replay_old_keys(ledger, transfers, 100, 7);
    CU_ASSERT_EQUAL(request_count(ledger, 0, 0), 1 + 2 * LEDGER_BATCH_MAX); /* the oldest too */
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.batch WHERE last_seq - first_seq >= 9999"
                        " AND last_seq = (SELECT max(seq) FROM teller.entry)"),
        "1");
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT(fixture_balance(ledger, "a") == 100 + LEDGER_BATCH_MAX);
    CU_ASSERT(fixture_balance(ledger, "b") == LEDGER_BATCH_MAX);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT max(seq) - count(*) || ' ' || (SELECT sum(balance) FROM"
                        " teller.balances) FROM teller.entry"),
        "0 0");
    ledger_close(&ledger);
    free(transfers);
    free(outcomes);
}

/* ---- the same keys from many clients, in any order ------------------------------------------- */

enum { KEYS = 20, CLIENTS = 24 };
static char keys[KEYS][16];
static const struct ledger_leg one = {"a", "b", 1};

struct batcher {
    struct ledger *ledger;
    struct co_waitgroup *all;
    int number;
    _Atomic int *done, *strange;
};

static void batch_main(void *arg)
{
    struct batcher *b = arg;
    struct ledger_transfer transfers[KEYS];
    struct ledger_outcome outcomes[KEYS];
    for (int i = 0; i < KEYS; i++) { /* forwards, backwards, and from another one on */
        int at = b->number % 2 ? (KEYS - 1 - i + b->number) % KEYS : (i + b->number) % KEYS;
        transfers[i] = (struct ledger_transfer){.key = keys[at], .legs = &one, .leg_count = 1};
    }
    ledger_transfer_batch(
        co_context_background(), b->ledger, b->number % 4 < 2, transfers, KEYS, outcomes);
    for (int i = 0; i < KEYS; i++) {
        (*(outcomes[i].status == LEDGER_OK ? b->done : b->strange))++;
        entry_drop(&outcomes[i].entry);
    }
    co_waitgroup_done(b->all);
}

static void cross_without_deadlock(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    static struct batcher batchers[CLIENTS];
    struct co_waitgroup all = {0};
    _Atomic int done = 0, strange = 0;
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "k%d", i);
    for (int i = 0; i < CLIENTS; i++) {
        batchers[i] = (struct batcher){ledger, &all, i, &done, &strange};
        co_waitgroup_add(&all, 1);
        bool started = co_spawn(batch_main, &batchers[i]);
        co_ensure(started);
    }
    co_waitgroup_wait(&all);
    CU_ASSERT_EQUAL(done, KEYS * CLIENTS);
    CU_ASSERT_EQUAL(strange, 0);
    CU_ASSERT(fixture_balance(ledger, "b") == KEYS);
    fixture_check(ledger);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(each_on_its_own)                                                                             \
    X(all_or_none)                                                                                 \
    X(any_reason_refuses_all)                                                                      \
    X(rows_see_earlier_rows)                                                                       \
    X(takes_ten_thousand)                                                                          \
    X(cross_without_deadlock)

FIXTURE_BOTH(batches)
