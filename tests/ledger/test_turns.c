/* SPDX-License-Identifier: MIT */
/* While a large batch is decided, or written for the database, what else there is on its worker
 * gets its turns. */
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/journal/batch.h"
#include "tests/ledger/fixture.h"

enum { TRANSFERS = 64, LEGS = 1000 };

/* ---- the other coroutine ------------------------------------------------------------------- */

struct other {
    int turns;
    bool ended;
    struct co_waitgroup done;
};

static void take_turns(void *arg)
{
    struct other *other = arg;
    for (; !other->ended; co_yield())
        other->turns++;
    co_waitgroup_done(&other->done);
}

static void start(struct other *other)
{
    *other = (struct other){.turns = 0};
    co_waitgroup_add(&other->done, 1);
    bool started = co_spawn_local(take_turns, other);
    co_ensure(started);
    co_yield();
    other->turns = 0;
}

static int stop(struct other *other)
{
    int turns = other->turns;
    other->ended = true;
    co_waitgroup_wait(&other->done);
    return turns;
}

/* ---- the batch ----------------------------------------------------------------------------- */

static struct ledger_leg legs[LEGS];
static struct ledger_transfer transfers[TRANSFERS];
static struct ledger_outcome outcomes[TRANSFERS];

static struct ledger *prepare(const char *strategy)
{
    for (int i = 0; i < LEGS; i++)
        legs[i] = i % 2 ? (struct ledger_leg){"b", "a", 1} : (struct ledger_leg){"a", "b", 1};
    for (int i = 0; i < TRANSFERS; i++)
        transfers[i] = (struct ledger_transfer){.legs = legs, .leg_count = LEGS};
    return fixture_open_abc(fixture_database(), strategy);
}

/* Nothing of it is committed: no turns are those of a wait for the database. */
static void while_it_is_decided(const char *strategy)
{
    static const struct ledger_leg last = {"a", "b", 1000000};
    struct other other;
    struct ledger *ledger = prepare(strategy);
    transfers[TRANSFERS - 1] = (struct ledger_transfer){.legs = &last, .leg_count = 1};
    start(&other);
    ledger_transfer_batch(co_context_background(), ledger, true, transfers, TRANSFERS, outcomes);
    CU_ASSERT(stop(&other) >= 2 * (TRANSFERS - 1)); /* all are made, then all are resolved */
    CU_ASSERT_EQUAL(outcomes[0].status, LEDGER_NOT_EXECUTED);
    CU_ASSERT_EQUAL(outcomes[TRANSFERS - 1].status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    ledger_close(&ledger);
}

static void while_it_is_decided_owner(void)
{
    while_it_is_decided("owner");
}

static void while_it_is_decided_sharded(void)
{
    while_it_is_decided("sharded");
}

/* Its entries once more, as rows: these are in memory alone. */
static void while_it_is_encoded(void)
{
    struct other other;
    struct batch_rows rows = {.encoded = 0};
    struct batch batch = {.ledger = 1}, *const batches[] = {&batch};
    struct pg_data tables[BATCH_TABLES];
    struct ledger *ledger = prepare("owner");
    ledger_transfer_batch(co_context_background(), ledger, true, transfers, TRANSFERS, outcomes);
    for (int i = 0; i < TRANSFERS; i++) {
        CU_ASSERT_EQUAL_FATAL(outcomes[i].status, LEDGER_OK);
        if (i > 0)
            outcomes[i - 1].entry->next_in_batch = outcomes[i].entry;
    }
    start(&other);
    batch.first = outcomes[0].entry;
    CU_ASSERT(batch_encode(&rows, batches, 1, tables));
    /* One for each 1,024 postings, and while the rows are hashed one for each 512 KiB. */
    CU_ASSERT(stop(&other) >= TRANSFERS / 2 + 8);
    CU_ASSERT_EQUAL(batch.last_seq - batch.first_seq, TRANSFERS - 1);
    batch_rows_free(&rows);
    for (int i = 0; i < TRANSFERS; i++)
        entry_drop(&outcomes[i].entry);
    ledger_close(&ledger);
}

const struct unit_suite turns_suite = {.name = "turns",
    .workers = 1,
    .tests = (const struct unit_test[]){{"while_it_is_decided_owner", while_it_is_decided_owner},
        {"while_it_is_decided_sharded", while_it_is_decided_sharded},
        {"while_it_is_encoded", while_it_is_encoded}, {0}}};
