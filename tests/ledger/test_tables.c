/* SPDX-License-Identifier: MIT */
/* What is remembered of holds and reversals until the database has it, and in which order. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/hash.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/hold_table.h"
#include "ledger/memory/keys.h"
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

/* ---- tables that begin small --------------------------------------------------------------- */

enum { FEW = 100, MANY_ITEMS = 70000 }; /* MANY_ITEMS: more than the tables ever have buckets */

static struct entry *claim(struct keys *keys, int number)
{
    char key[24];
    struct entry *first = NULL;
    snprintf(key, sizeof key, "k-%d", number);
    struct entry *entry = entry_make(ENTRY_TRANSFER, key, NULL, 0);
    co_ensure(entry != NULL);
    CU_ASSERT_EQUAL_FATAL(keys_claim(keys, entry, 0, &first), KEYS_CLAIMED);
    return entry;
}

static void keys_are_found_however_many(void)
{
    static const uint8_t secret[HASH_SECRET] = "a";
    static struct entry *entries[MANY_ITEMS];
    struct keys *keys = keys_make(secret);
    int missed = 0;
    co_ensure(keys != NULL);
    for (int i = 0; i < MANY_ITEMS; i++)
        entries[i] = claim(keys, i);
    for (int i = 0; i < MANY_ITEMS; i++) {
        struct entry *found = keys_find(keys, entries[i]->key);
        missed += found != entries[i];
        entry_drop(&found);
    }
    CU_ASSERT_EQUAL(missed, 0);
    for (int i = 0; i < MANY_ITEMS; i++) {
        keys_give_up(keys, entries[i]);
        struct entry *found = keys_find(keys, entries[i]->key);
        missed += found != NULL;
        entry_drop(&entries[i]);
    }
    CU_ASSERT_EQUAL(missed, 0);
    keys_free(&keys);
}

static void holds_and_reversals_are_found_however_many(void)
{
    struct hold_table *holds = hold_table_make();
    struct reversal_table *reversals = reversal_table_make();
    struct hold hold;
    uint64_t by, missed = 0;
    co_ensure(holds && reversals);
    for (uint64_t seq = 1; seq <= MANY_ITEMS; seq++) {
        add_hold(holds, seq, 0);
        add_reversal(reversals, seq, MANY_ITEMS + seq, 0);
    }
    for (uint64_t seq = 1; seq <= MANY_ITEMS; seq++)
        missed += !hold_table_find(holds, seq, &hold) || hold.seq != seq ||
                  reversal_table_find(reversals, seq, 0, &by) != REVERSALS_DONE ||
                  by != MANY_ITEMS + seq;
    CU_ASSERT_EQUAL(missed, 0);
    hold_table_free(&holds);
    reversal_table_free(&reversals);
}

static struct account *add_account(struct account_table *table, uint64_t number)
{
    char id[24];
    snprintf(id, sizeof id, "a-%lu", number);
    struct account *account = account_find_or_add(table, id);
    co_ensure(account && account_renumber(table, account, number));
    return account;
}

/* By number and by id, around each size that a part of the table has. */
static void accounts_are_found_however_many(void)
{
    struct account_table *table = account_table_make();
    uint64_t missed = 0;
    co_ensure(table != NULL);
    for (uint64_t number = MANY_ITEMS; number > 0; number--)
        add_account(table, number);
    for (uint64_t number = 1; number <= MANY_ITEMS; number++) {
        struct account *account = account_by_number(table, number);
        missed +=
            !account || account->number != number || account_find(table, account->id) != account;
    }
    CU_ASSERT_EQUAL(missed, 0);
    CU_ASSERT_PTR_NULL(account_by_number(table, 0));
    CU_ASSERT_PTR_NULL(account_by_number(table, MANY_ITEMS + 1));
    CU_ASSERT_PTR_NULL(account_by_number(table, (UINT64_C(1) << 28) - 1));
    CU_ASSERT_PTR_NULL(account_by_number(table, UINT64_C(1) << 28));
    account_table_free(&table);
}

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* What a ledger of a hundred accounts remembers takes no more than they do: there may be many such
 * ledgers. (Where malloc() is another's, as under a sanitizer, nothing is seen here.) */
static void few_take_little(void)
{
    static const uint8_t secret[HASH_SECRET] = "a";
    struct entry *entries[FEW];
    size_t before = allocated();
    struct account_table *table = account_table_make();
    struct keys *keys = keys_make(secret);
    struct hold_table *holds = hold_table_make();
    struct reversal_table *reversals = reversal_table_make();
    co_ensure(table && keys && holds && reversals);
    for (int i = 0; i < FEW; i++) {
        add_account(table, (uint64_t)i + 1);
        entries[i] = claim(keys, i);
        entries[i]->seq = (uint64_t)i + 1;
        add_reversal(reversals, (uint64_t)i + 1, (uint64_t)i + 1, 0);
    }
    for (int i = 0; i < FEW; i++) {
        keys_retire(keys, entries[i]);
        entry_drop(&entries[i]);
    }
    CU_ASSERT(allocated() - before < (size_t)100 << 10);
    hold_table_free(&holds);
    reversal_table_free(&reversals);
    keys_free(&keys);
    account_table_free(&table);
}

const struct unit_suite tables_suite = {.name = "tables",
    .tests = (const struct unit_test[]){{"holds_expire_in_order", holds_expire_in_order},
        {"settled_holds_do_not_expire", settled_holds_do_not_expire},
        {"holds_stay_until_durable", holds_stay_until_durable},
        {"holds_for_clearing", holds_for_clearing},
        {"reversals_stay_until_durable", reversals_stay_until_durable},
        {"keys_are_found_however_many", keys_are_found_however_many},
        {"holds_and_reversals_are_found_however_many", holds_and_reversals_are_found_however_many},
        {"accounts_are_found_however_many", accounts_are_found_however_many},
        {"few_take_little", few_take_little}, {0}}};
