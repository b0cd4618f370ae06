/* SPDX-License-Identifier: MIT */
/* What is remembered of holds and reversals until the database has it, and in which order. */
#include <stdlib.h>
#include <string.h>

#include "ledger/memory/hold_table.h"
#include "ledger/memory/reversal_table.h"
#include "tests/unit.h"

/* Whose hold it is; its id is what the table looks at. */
static struct account *someone(const char *id)
{
    static struct {
        _Alignas(struct account) char bytes[sizeof(struct account) + 40];
    } room[2];
    bool clears = strchr(id, ':') != NULL;
    struct account *account = (struct account *)room[clears].bytes;
    strcpy(account->id, id);
    return account;
}

static void add_hold_for(
    struct hold_table *holds, uint64_t seq, int64_t expires_us, struct account *to)
{
    struct hold *hold = hold_table_room(holds);
    co_ensure(hold != NULL);
    *hold = (struct hold){.seq = seq, .amount = 1, .expires_us = expires_us, .to = to};
    hold_table_add(holds, hold);
}

static void add_hold(struct hold_table *holds, uint64_t seq, int64_t expires_us)
{
    add_hold_for(holds, seq, expires_us, someone("b"));
}

/* Each at its own moment, neither before nor after it, and once. */
static void holds_expire_in_order(void)
{
    enum { MANY = 500, MOMENTS = 60 };
    struct hold_table *holds = hold_table_make();
    struct hold hold;
    unsigned short dice[3] = {(unsigned short)unit_seed(), 1, 2};
    size_t never = 0;
    uint64_t seq = 0;
    co_ensure(holds != NULL);
    while (seq < MANY) {
        long moment = nrand48(dice) % MOMENTS; /* 0: it does not expire */
        add_hold(holds, ++seq, moment);
        never += moment == 0;
    }
    for (int64_t now_us = 0; now_us < MOMENTS; now_us++)
        while (hold_table_expired(holds, now_us, &hold)) {
            CU_ASSERT_EQUAL_FATAL(hold.expires_us, now_us);
            hold_table_settle(holds, hold.seq, ++seq, 0);
        }
    CU_ASSERT_EQUAL(hold_table_count(holds), never);
    CU_ASSERT_EQUAL(seq, 2 * MANY - never);
    hold_table_free(&holds);
}

/* Settled by a release, it does not expire any more. */
static void settled_holds_do_not_expire(void)
{
    struct hold_table *holds = hold_table_make();
    struct hold hold;
    co_ensure(holds != NULL);
    add_hold(holds, 1, 50);
    add_hold(holds, 2, 60);
    hold_table_settle(holds, 1, 3, 0);
    CU_ASSERT_FALSE(hold_table_expired(holds, 59, &hold));
    CU_ASSERT_TRUE(hold_table_expired(holds, 60, &hold));
    CU_ASSERT_EQUAL(hold.seq, 2);
    hold_table_free(&holds);
}

/* Those for clearing accounts are found apart from all others, while they are open. */
static void holds_for_clearing(void)
{
    enum { PAIRS = 100 };
    struct account *to = someone("clearing:other:USD.2");
    struct hold_table *holds = hold_table_make();
    uint64_t seqs[PAIRS + 1], seq = 0;
    co_ensure(holds != NULL);
    while (seq < (uint64_t)2 * PAIRS) {
        add_hold_for(holds, ++seq, 0, to);
        add_hold(holds, ++seq, 0);
    }
    CU_ASSERT_EQUAL(hold_table_clearing(holds, 0, seqs, 7), 7);
    CU_ASSERT_EQUAL(hold_table_clearing(holds, 0, seqs, PAIRS + 1), PAIRS);
    CU_ASSERT_EQUAL(seqs[0], 2 * PAIRS - 1);
    CU_ASSERT_EQUAL(seqs[PAIRS - 1], 1);

    CU_ASSERT_EQUAL(hold_table_clearing(holds, PAIRS - 3, seqs, 7), 3);
    CU_ASSERT_EQUAL(seqs[0], 5);
    CU_ASSERT_EQUAL(hold_table_clearing(holds, PAIRS, seqs, 7), 0);

    /* From both ends and the middle. */
    hold_table_settle(holds, 1, ++seq, 0);
    hold_table_settle(holds, 2 * PAIRS - 1, ++seq, 0);
    seq++;
    hold_table_settle(holds, PAIRS + 1, seq, seq);
    hold_table_settle(holds, 2, ++seq, 0);
    CU_ASSERT_EQUAL(hold_table_clearing(holds, 0, seqs, PAIRS + 1), PAIRS - 3);
    CU_ASSERT_EQUAL(seqs[0], 2 * PAIRS - 3);
    CU_ASSERT_EQUAL(seqs[PAIRS - 4], 3);
    for (uint64_t at = 3; at < (uint64_t)2 * PAIRS - 1; at += 2)
        if (at != PAIRS + 1) {
            seq++;
            hold_table_settle(holds, at, seq, seq);
        }
    CU_ASSERT_EQUAL(hold_table_clearing(holds, 0, seqs, PAIRS + 1), 0);
    hold_table_free(&holds);
}

static void holds_stay_until_durable(void)
{
    struct hold_table *holds = hold_table_make();
    struct hold hold;
    co_ensure(holds != NULL);
    for (uint64_t seq = 1; seq <= 3; seq++)
        add_hold(holds, seq, 0);
    hold_table_settle(holds, 1, 10, 9);
    CU_ASSERT_TRUE(hold_table_find(holds, 1, &hold) && hold.settled == 10);
    hold_table_settle(holds, 2, 11, 10);
    CU_ASSERT_FALSE(hold_table_find(holds, 1, &hold)); /* the database knows of it */
    CU_ASSERT_TRUE(hold_table_find(holds, 2, &hold) && hold.settled == 11);
    CU_ASSERT_TRUE(hold_table_find(holds, 3, &hold) && hold.settled == 0);
    CU_ASSERT_EQUAL(hold_table_count(holds), 1);
    hold_table_free(&holds);
}

static void add_reversal(
    struct reversal_table *reversals, uint64_t transfer, uint64_t by, uint64_t durable)
{
    struct reversal *reversal = calloc(1, sizeof *reversal);
    co_ensure(reversal != NULL);
    reversal->transfer = transfer;
    reversal->by = by;
    reversal_table_add(reversals, reversal, durable);
}

/* What the database said counts if nothing has left the table since. */
static void reversals_stay_until_durable(void)
{
    struct reversal_table *reversals = reversal_table_make();
    uint64_t by = 0;
    co_ensure(reversals != NULL);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 5, 0, &by), REVERSALS_NONE);
    add_reversal(reversals, 5, 10, 9);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 5, 0, &by), REVERSALS_DONE);
    CU_ASSERT_EQUAL(by, 10);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 6, 0, &by), REVERSALS_NONE);
    add_reversal(reversals, 6, 11, 10);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 6, 0, &by), REVERSALS_DONE);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 5, 9, &by), REVERSALS_ASK);
    CU_ASSERT_EQUAL(reversal_table_find(reversals, 5, 10, &by), REVERSALS_NONE);
    reversal_table_free(&reversals);
}

const struct unit_suite tables_suite = {.name = "tables",
    .tests = (const struct unit_test[]){{"holds_expire_in_order", holds_expire_in_order},
        {"settled_holds_do_not_expire", settled_holds_do_not_expire},
        {"holds_stay_until_durable", holds_stay_until_durable},
        {"holds_for_clearing", holds_for_clearing},
        {"reversals_stay_until_durable", reversals_stay_until_durable}, {0}}};
