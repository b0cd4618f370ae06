/* SPDX-License-Identifier: MIT */
/* A batch with a key: one answer permanently, whatever comes in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/ledger_private.h"
#include "ledger/db/pg.h"
#include "ledger/domain/results.h"
#include "tests/ledger/requests.h"

enum { ROWS_MAX = 10, CLIENTS = 24 };

struct row {
    const char *key, *from, *to;
    int amount;
};

/* What is to be the same each time. */
struct answer {
    struct ledger_outcome whole, items[ROWS_MAX];
    uint64_t seqs[ROWS_MAX];     /* of the items' entries; 0: none */
    char accounts[ROWS_MAX][16]; /* copies: the ledger may be gone when they are compared */
};

static struct ledger *open_accounts(const char *conninfo, const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(conninfo, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, "before", "a", "b", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "refused", "c", "b", 1), LEDGER_INSUFFICIENT_FUNDS);
    return ledger;
}

/* With the key and the kind of `batch`, whose transfers are these rows. */
static enum ledger_status send_as(struct co_context *context, struct ledger *ledger,
    struct ledger_batch batch, const struct row *rows, struct answer *answer)
{
    struct ledger_leg legs[ROWS_MAX];
    struct ledger_transfer transfers[ROWS_MAX];
    size_t count = batch.count;
    batch.transfers = transfers;
    co_ensure(count <= ROWS_MAX);
    memset(answer, 0, sizeof *answer);
    for (size_t i = 0; i < count; i++) {
        legs[i] = (struct ledger_leg){rows[i].from, rows[i].to, rows[i].amount};
        transfers[i] =
            (struct ledger_transfer){.key = rows[i].key, .legs = &legs[i], .leg_count = 1};
    }
    ledger_keyed_batch(context, ledger, &batch, answer->items, &answer->whole);
    for (size_t i = 0; i < count; i++) {
        answer->seqs[i] = answer->items[i].entry ? answer->items[i].entry->seq : 0;
        const char *account = answer->items[i].account;
        snprintf(answer->accounts[i], sizeof answer->accounts[i], "%s", account ? account : "");
        entry_drop(&answer->items[i].entry);
    }
    return answer->whole.status;
}

static enum ledger_status send(struct ledger *ledger, const char *key, bool atomic,
    const struct row *rows, size_t count, struct answer *answer)
{
    const struct ledger_batch batch = {.key = key, .atomic = atomic, .count = count};
    return send_as(co_context_background(), ledger, batch, rows, answer);
}

static bool is_same(const struct answer *a, const struct answer *b, size_t count)
{
    bool same = a->whole.status == b->whole.status && a->whole.seq == b->whole.seq;
    for (size_t i = 0; i < count && same; i++) {
        const struct ledger_outcome *x = &a->items[i], *y = &b->items[i];
        same = x->status == y->status && x->seq == y->seq && x->replayed == y->replayed &&
               a->seqs[i] == b->seqs[i] && strcmp(a->accounts[i], b->accounts[i]) == 0 &&
               x->available == y->available;
        if (!same)
            printf(
                "    item %zu: %s, then %s\n", i, status_name(x->status), status_name(y->status));
    }
    return same;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static const struct row mixed[ROWS_MAX] = {{NULL, "a", "b", 60}, {NULL, "a", "b", 60},
    {"own", "b", "c", 5}, {"poor", "c", "b", 50}, {NULL, "a", "nobody", 1}, {"own", "b", "c", 5},
    {"before", "a", "b", 1}, {"before", "a", "b", 2}, {"refused", "c", "b", 1},
    {NULL, "b", "c", 1}};
static const enum ledger_status expected[ROWS_MAX] = {LEDGER_OK, LEDGER_INSUFFICIENT_FUNDS,
    LEDGER_OK, LEDGER_INSUFFICIENT_FUNDS, LEDGER_ACCOUNT_NOT_FOUND, LEDGER_OK, LEDGER_OK,
    LEDGER_KEY_REUSED, LEDGER_INSUFFICIENT_FUNDS, LEDGER_OK};

/* Positions: 6 and 7 before, then the four items with entries of their own, then the batch. */
static void expect_mixed(const struct answer *answer)
{
    static const uint64_t seqs[ROWS_MAX] = {8, 0, 9, 10, 0, 9, 6, 0, 7, 11};
    CU_ASSERT_EQUAL(answer->whole.seq, 12);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        CU_ASSERT_EQUAL(answer->items[i].status, expected[i]);
        CU_ASSERT_EQUAL(answer->seqs[i], seqs[i]);
        CU_ASSERT_EQUAL(answer->items[i].replayed, i == 5 || i == 6 || i == 8);
    }
    CU_ASSERT_STRING_EQUAL(answer->accounts[1], "a");
    CU_ASSERT(answer->items[1].available == 39);
    CU_ASSERT_STRING_EQUAL(answer->accounts[4], "nobody");
}

static void expect_reused(struct ledger *ledger)
{
    struct answer answer;
    uint64_t end = ledger_durable_seq(ledger);
    struct row other[ROWS_MAX];
    memcpy(other, mixed, sizeof other);
    CU_ASSERT_EQUAL(send(ledger, "k", true, mixed, ROWS_MAX, &answer), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(send(ledger, "k", false, mixed, ROWS_MAX - 1, &answer), LEDGER_KEY_REUSED);
    other[9].amount++;
    CU_ASSERT_EQUAL(send(ledger, "k", false, other, ROWS_MAX, &answer), LEDGER_KEY_REUSED);
    other[9] = mixed[9];
    other[9].key = "late"; /* the same movement, which another key stands for */
    CU_ASSERT_EQUAL(send(ledger, "k", false, other, ROWS_MAX, &answer), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(send(ledger, "before", false, mixed, 1, &answer), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "a", "b", 60), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end);
}

static void is_answered_for_ever(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    static struct answer first, again;
    CU_ASSERT_EQUAL(send(ledger, "k", false, mixed, ROWS_MAX, &first), LEDGER_OK);
    CU_ASSERT_FALSE(first.whole.replayed);
    expect_mixed(&first);
    fixture_account(ledger, "nobody", "USD/2", "0"); /* what it was refused for is there now */
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 900), LEDGER_OK);
    for (int i = 0; i < 2; i++) { /* the second time after a restart */
        uint64_t end = ledger_durable_seq(ledger);
        CU_ASSERT_EQUAL(send(ledger, "k", false, mixed, ROWS_MAX, &again), LEDGER_OK);
        CU_ASSERT_TRUE(again.whole.replayed);
        CU_ASSERT_TRUE(is_same(&first, &again, ROWS_MAX));
        CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end);
        expect_reused(ledger);
        fixture_check(ledger);
        ledger = request_restart(ledger, db, strategy);
    }
    /* The key of a transfer that looks like that of an item is another one. */
    CU_ASSERT_EQUAL(fixture_move(ledger, "k/0", "a", "b", 60), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "b") == 1 + 60 - 5 - 1 + 60);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
    ledger_close(&ledger);
}

static void all_or_none_for_ever(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    static const struct row rows[] = {
        {NULL, "a", "b", 60}, {"own", "a", "b", 60}, {NULL, "b", "c", 1}};
    static const struct row good[] = {{NULL, "a", "b", 60}, {"own", "b", "c", 61}};
    static const struct row same[] = {{"same", "a", "b", 1}, {NULL, "a", "b", 1}};
    static struct answer no, yes, again;
    CU_ASSERT_EQUAL(send(ledger, "no", true, rows, 3, &no), LEDGER_OK);
    CU_ASSERT_EQUAL(no.items[0].status, LEDGER_NOT_EXECUTED);
    CU_ASSERT_EQUAL(no.items[1].status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(no.items[2].status, LEDGER_NOT_EXECUTED);
    CU_ASSERT_EQUAL(send(ledger, "yes", true, good, 2, &yes), LEDGER_OK);
    CU_ASSERT_TRUE(yes.seqs[0] == 9 && yes.seqs[1] == 10 && yes.whole.seq == 11);
    CU_ASSERT_EQUAL(send(ledger, "no", true, rows, 3, &again), LEDGER_OK);
    CU_ASSERT_TRUE(again.whole.replayed && is_same(&no, &again, 3));
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 900), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(send(ledger, "no", true, rows, 3, &again), LEDGER_OK);
    CU_ASSERT_TRUE(again.whole.replayed && is_same(&no, &again, 3));
    CU_ASSERT_EQUAL(send(ledger, "yes", true, good, 2, &again), LEDGER_OK);
    CU_ASSERT_TRUE(again.whole.replayed && is_same(&yes, &again, 2));
    /* An item with the key of its batch. */
    CU_ASSERT_EQUAL(send(ledger, "same", true, same, 2, &again), LEDGER_OK);
    CU_ASSERT_EQUAL(again.items[0].status, LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(again.items[1].status, LEDGER_NOT_EXECUTED);
    CU_ASSERT(fixture_balance(ledger, "c") == 61);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* In a frozen ledger nothing is done, and that is the answer later, too. */
static void stays_frozen(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    static const struct row rows[] = {{NULL, "a", "b", 1}, {"own", "a", "b", 1}};
    static struct answer first, again;
    CU_ASSERT_EQUAL(request_freeze(ledger, NULL, true, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(send(ledger, "cold", false, rows, 2, &first), LEDGER_OK);
    CU_ASSERT_EQUAL(first.items[0].status, LEDGER_ACCOUNT_FROZEN);
    CU_ASSERT_EQUAL(first.items[1].status, LEDGER_ACCOUNT_FROZEN);
    CU_ASSERT_EQUAL(request_freeze(ledger, NULL, false, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(send(ledger, "cold", false, rows, 2, &again), LEDGER_OK);
    CU_ASSERT_TRUE(again.whole.replayed && is_same(&first, &again, 2));
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* A refused item leaves all accounts as they were, also those of its later legs. */
static void refused_leaves_nothing(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    const struct ledger_leg refused[] = {{"c", "a", 1}, {"c", "b", 1}}, paid = {"b", "a", 1};
    const struct ledger_transfer transfers[] = {
        {.legs = refused, .leg_count = 2}, {.legs = &paid, .leg_count = 1}};
    const struct ledger_batch batch = {.key = "legs", .transfers = transfers, .count = 2};
    struct ledger_outcome items[2], whole;
    ledger_keyed_batch(co_context_background(), ledger, &batch, items, &whole);
    CU_ASSERT_EQUAL(whole.status, LEDGER_OK);
    CU_ASSERT_EQUAL(items[0].status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(items[1].status, LEDGER_OK);
    for (size_t i = 0; i < 2; i++)
        entry_drop(&items[i].entry);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- many together, and a stalling database -------------------------------------------------- */

struct batcher {
    struct ledger *ledger;
    struct co_waitgroup *all;
    struct answer answer;
};

static void batch_main(void *arg)
{
    struct batcher *b = arg;
    CU_ASSERT_EQUAL(send(b->ledger, "k", false, mixed, ROWS_MAX, &b->answer), LEDGER_OK);
    co_waitgroup_done(b->all);
}

static void happens_once(const char *strategy)
{
    struct ledger *ledger = open_accounts(fixture_database(), strategy);
    static struct batcher batchers[CLIENTS];
    struct co_waitgroup all = {0};
    int first = 0;
    for (int i = 0; i < CLIENTS; i++) {
        batchers[i] = (struct batcher){.ledger = ledger, .all = &all};
        co_waitgroup_add(&all, 1);
        co_ensure(co_spawn(batch_main, &batchers[i]));
    }
    co_waitgroup_wait(&all);
    for (int i = 0; i < CLIENTS; i++) {
        expect_mixed(&batchers[i].answer);
        first += !batchers[i].answer.whole.replayed;
    }
    CU_ASSERT_EQUAL(first, 1);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 12);
    ledger_close(&ledger);
}

static void is_in_flight(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    static struct answer answer;
    char error[300];
    enum ledger_status wanted[] = {LEDGER_OUTCOME_UNKNOWN, LEDGER_KEY_IN_FLIGHT};
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg,
                        "BEGIN; LOCK TABLE teller.writer IN ACCESS EXCLUSIVE MODE"),
        PG_OK);
    for (int i = 0; i < 2; i++) {
        struct co_context *context =
            co_context_with_timeout(co_context_background(), 50 * CO_CLOCK_MS);
        co_ensure(context != NULL);
        const struct ledger_batch batch = {.key = "k", .count = ROWS_MAX};
        CU_ASSERT_EQUAL(send_as(context, ledger, batch, mixed, &answer), wanted[i]);
        CU_ASSERT_EQUAL(answer.whole.seq, 7);
        co_context_release(&context);
    }
    pg_close(&pg);
    CU_ASSERT_EQUAL(send(ledger, "k", false, mixed, ROWS_MAX, &answer), LEDGER_OK);
    CU_ASSERT_TRUE(answer.whole.replayed);
    expect_mixed(&answer);
    ledger_close(&ledger);
}

/* ---- journals from before ------------------------------------------------------------------- */

/* Items had "KEY/INDEX" as keys. A batch of then is known by them; what was not done of it is. */
static void knows_items_from_before(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = open_accounts(db, strategy);
    static const struct row rows[] = {
        {NULL, "a", "b", 10}, {NULL, "c", "b", 7}, {NULL, "a", "c", 5}};
    static struct answer first, again;
    CU_ASSERT_EQUAL(fixture_move(ledger, "old/0", "a", "b", 10), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "old/1", "c", "b", 7), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(fixture_move(ledger, "other/1", "a", "b", 10), LEDGER_OK);
    ledger_close(&ledger);
    fixture_do(db, "UPDATE teller.ledger SET item_keys_upto = NULL"); /* as a migration leaves it */
    ledger = fixture_open(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, "new/0", "a", "b", 10), LEDGER_OK);
    uint64_t end = ledger_durable_seq(ledger);
    CU_ASSERT_EQUAL(send(ledger, "other", false, rows, 3, &first), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), end);
    CU_ASSERT_EQUAL(send(ledger, "old", false, rows, 3, &first), LEDGER_OK);
    CU_ASSERT_FALSE(first.whole.replayed);
    CU_ASSERT_TRUE(first.seqs[0] == 8 && first.items[0].replayed);
    CU_ASSERT_TRUE(first.seqs[1] == 9 && first.items[1].status == LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_TRUE(first.seqs[2] == end + 1 && !first.items[2].replayed);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(send(ledger, "old", false, rows, 3, &again), LEDGER_OK);
    CU_ASSERT_TRUE(again.whole.replayed && is_same(&first, &again, 3));
    CU_ASSERT_EQUAL(send(ledger, "new", false, rows, 1, &again), LEDGER_OK);
    CU_ASSERT_FALSE(again.items[0].replayed); /* "new/0" is not an item of it */
    CU_ASSERT(fixture_balance(ledger, "a") == 99 - 4 * 10 - 5);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- the text ------------------------------------------------------------------------------- */

static void reads_what_it_wrote(const char *strategy)
{
    static const char text[] =
        "{\"atomic\":true,\"results\":[{\"entries\":2},{\"replayed\":77},{\"same\":1},"
        "{\"code\":\"insufficient_funds\",\"from\":3,\"available\":\"-5\",\"times\":2},"
        "{\"code\":\"account_frozen\",\"to\":1},{\"code\":\"account_frozen\",\"to\":2},"
        "{\"code\":\"not_executed\"}]}";
    struct results_writer writer;
    struct results_reader reader;
    struct result result;
    bool atomic;
    (void)strategy;
    results_begin(&writer, true);
    results_read(&reader, text, &atomic);
    CU_ASSERT_TRUE(atomic);
    while (results_next(&reader, &result)) {
        uint64_t times = result.times;
        result.times = 1;
        for (uint64_t i = 0; i < times; i++)
            results_add(&writer, &result);
    }
    CU_ASSERT_FALSE(reader.bad);
    char *copy = results_end(&writer);
    co_ensure(copy != NULL);
    CU_ASSERT_STRING_EQUAL(copy, text);
    for (size_t length = 0; length < strlen(text); length++) { /* cut anywhere, it is none */
        copy[length] = '\0';
        results_read(&reader, copy, &atomic);
        while (results_next(&reader, &result))
            ;
        CU_ASSERT_TRUE(reader.bad);
        memcpy(copy, text, sizeof text);
    }
    CU_ASSERT_EQUAL(results_entries(text), 2);
    free(copy);
}

#define TESTS(X)                                                                                   \
    X(is_answered_for_ever)                                                                        \
    X(all_or_none_for_ever)                                                                        \
    X(stays_frozen)                                                                                \
    X(refused_leaves_nothing)                                                                      \
    X(happens_once) X(is_in_flight) X(knows_items_from_before) X(reads_what_it_wrote)
FIXTURE_BOTH(keyed_batches)
