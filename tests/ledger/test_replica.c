/* SPDX-License-Identifier: MIT */
/* What is followed is read of a standby: real nodes, and a role that may only read. Nothing is told
 * that the database has not committed, whatever the standby has; and where the standby is away, too
 * far behind, or something else, the database is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/replica.h"
#include "tests/ledger/guest.h"
#include "tests/ledger/nodes.h"

enum { PAGE = 100, PATIENCE_MS = 60000, STEP_MS = 20, STILL_MS = 1000 };

/* Server `owner` on node a, and `guest`, which reads node b. */
struct rig {
    struct nodes nodes;
    struct ledger *owner;
    struct guest guest;
    struct readers *readers; /* of a */
};

/* What may read, and nothing else; not even of tokens. */
static const char reader[] = "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA teller TO reader;"
                             "GRANT SELECT ON ALL TABLES IN SCHEMA teller TO reader;"
                             "REVOKE SELECT ON teller.token FROM reader;"
                             "GRANT EXECUTE ON FUNCTION teller.seq_at TO reader";

static void begin_at(struct rig *rig, const char *where)
{
    rig->readers = readers_make(rig->nodes.a, PG_SERVES, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->readers);
    rig->guest.replica = replica_start(where, rig->readers);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->guest.replica);
}

/* Of the node b, as that role. */
static void begin(struct rig *rig)
{
    char where[NODES_TEXT];
    *rig = (struct rig){.owner = NULL};
    nodes_make(&rig->nodes);
    rig->owner = fixture_open_abc(rig->nodes.a, "sharded");
    fixture_do(rig->nodes.a, reader);
    snprintf(where, sizeof where, "host=%s/b user=reader dbname=postgres", rig->nodes.folder);
    begin_at(rig, where);
}

static void end(struct rig *rig)
{
    guest_end(&rig->guest);
    replica_stop(&rig->guest.replica);
    readers_free(&rig->readers);
    ledger_close(&rig->owner);
    nodes_end(&rig->nodes);
}

static struct replica_figures figures_of(struct rig *rig)
{
    struct replica_figures figures;
    replica_read_figures(rig->guest.replica, &figures);
    return figures;
}

static void await_state(struct rig *rig, enum replica_state state)
{
    for (int ms = 0; ms < PATIENCE_MS && figures_of(rig).state != state; ms += STEP_MS)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(figures_of(rig).state, state);
}

static void pay(struct rig *rig, int times)
{
    for (int i = 0; i < times; i++)
        CU_ASSERT_EQUAL(fixture_move(rig->owner, NULL, "a", "b", 1), LEDGER_OK);
}

/* Once the lease of the guest has seen so many entries more. */
static void await_behind(struct rig *rig, uint64_t entries)
{
    struct ledger_figures figures = {0};
    for (int ms = 0; ms < PATIENCE_MS && figures.followed_behind != entries; ms += STEP_MS) {
        co_sleep(STEP_MS * CO_CLOCK_MS);
        ledger_read_figures(rig->guest.ledger, &figures);
    }
    CU_ASSERT_EQUAL(figures.followed_behind, entries);
}

static uint64_t end_of(struct ledger *ledger)
{
    return ledger_durable_seq(ledger);
}

/* It has all that the owner has, and each read says what the owner's does. */
static void expect_caught_up(struct rig *rig)
{
    static struct entry *entries[PAGE];
    struct co_context *context = co_context_background();
    struct ledger *guest = rig->guest.ledger;
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    struct ledger_account account;
    uint64_t last = end_of(rig->owner), seq;
    guest_await(&rig->guest, last);
    CU_ASSERT(fixture_balance(guest, "a") == fixture_balance(rig->owner, "a"));
    CU_ASSERT_EQUAL(ledger_statement(context, guest, "a", 0, &page), LEDGER_OK);
    CU_ASSERT_FATAL(page.count > 0);
    CU_ASSERT_EQUAL(entries[0]->seq, last);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    CU_ASSERT_EQUAL(ledger_journal(context, guest, 0, &page), LEDGER_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, last < PAGE ? last : PAGE);
    int64_t at_us = entries[page.count - 1]->at_us - 1;
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    struct ledger_moment at = {.at_us = at_us};
    CU_ASSERT_EQUAL(ledger_read_account_at(context, guest, "a", &at, &account, &seq), LEDGER_OK);
}

static bool reads_at(const char *node)
{
    return strcmp(fixture_ask(node, "SELECT count(*) > 0 FROM pg_stat_activity"
                                    " WHERE usename = 'reader' AND query LIKE '%entry%'"),
               "t") == 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void standby_is_read(void)
{
    static struct rig rig;
    begin(&rig);
    pay(&rig, 3);
    await_state(&rig, REPLICA_GOOD);
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    for (int round = 0; round < 5; round++) {
        pay(&rig, 10);
        expect_caught_up(&rig);
    }
    CU_ASSERT(reads_at(rig.nodes.b));
    CU_ASSERT(figures_of(&rig).passed_on < 5);
    CU_ASSERT_EQUAL(figures_of(&rig).state, REPLICA_GOOD);
    CU_ASSERT(figures_of(&rig).lag_ns < PATIENCE_MS * CO_CLOCK_MS);
    CU_ASSERT_FALSE(rig.guest.wrong);

    /* And taken, of the database alone. */
    pay(&rig, 5);
    uint64_t last = end_of(rig.owner);
    ledger_close(&rig.owner);
    rig.owner = guest_take(&rig.guest);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig.owner);
    CU_ASSERT_EQUAL(end_of(rig.owner), last);
    pay(&rig, 1);
    fixture_check(rig.owner);
    ledger_close(&rig.owner);
    end(&rig);
}

static void pay_once(void *arg)
{
    struct rig *rig = arg;
    pay(rig, 1);
}

/* A commit that waits for another standby is on this one already: it may be lost yet. */
static void nothing_is_told_early(void)
{
    static struct rig rig;
    begin(&rig);
    await_state(&rig, REPLICA_GOOD);
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    pay(&rig, 2);
    expect_caught_up(&rig);

    /* Two payments that have yet to be read, and one that must not be. */
    guest_pause(&rig.guest);
    pay(&rig, 2);
    await_behind(&rig, 2);
    uint64_t told = end_of(rig.owner);
    fixture_set_server(rig.nodes.a, "synchronous_standby_names", "nobody");
    co_ensure(co_spawn(pay_once, &rig));
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM teller.entry WHERE seq > %lu", told);
    for (int ms = 0; ms < PATIENCE_MS && strcmp(fixture_ask(rig.nodes.b, sql), "1") != 0;
         ms += STEP_MS)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    CU_ASSERT_STRING_EQUAL(fixture_ask(rig.nodes.b, sql), "1");
    CU_ASSERT_STRING_EQUAL(fixture_ask(rig.nodes.a, sql), "0");
    guest_follow(&rig.guest);
    guest_await(&rig.guest, told);
    co_sleep(STILL_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(end_of(rig.guest.ledger), told);
    CU_ASSERT_EQUAL(end_of(rig.owner), told);

    /* Nor by one that begins to follow now. */
    guest_pause(&rig.guest);
    ledger_close(&rig.guest.ledger);
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    CU_ASSERT_EQUAL(end_of(rig.guest.ledger), told);
    guest_follow(&rig.guest);
    fixture_set_server(rig.nodes.a, "synchronous_standby_names", NULL);
    guest_await(&rig.guest, told + 1);
    for (int ms = 0; ms < PATIENCE_MS && end_of(rig.owner) == told; ms += STEP_MS)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    expect_caught_up(&rig);
    CU_ASSERT_FALSE(rig.guest.wrong);
    end(&rig);
}

static void hold_replay(struct rig *rig)
{
    fixture_do(rig->nodes.b, "SELECT pg_wal_replay_pause()");
    while (strcmp(fixture_ask(rig->nodes.b, "SELECT pg_get_wal_replay_pause_state()"), "paused"))
        co_sleep(STEP_MS * CO_CLOCK_MS);
}

/* What is read first counts as known since the standby had all of it, not since it was read. */
static void one_that_lags_at_the_start(void)
{
    static struct rig rig;
    begin(&rig);
    await_state(&rig, REPLICA_GOOD);
    hold_replay(&rig);
    pay(&rig, 1);
    int64_t paid_ns = co_clock_boot_ns();
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    int64_t known_ns = co_clock_boot_ns() - ledger_followed_ns(rig.guest.ledger);
    /* Else it was held up until the standby was not used any more. */
    if (end_of(rig.guest.ledger) < end_of(rig.owner))
        CU_ASSERT(known_ns <= paid_ns);
    fixture_do(rig.nodes.b, "SELECT pg_wal_replay_resume()");
    guest_follow(&rig.guest);
    expect_caught_up(&rig);
    end(&rig);
}

/* It stands still: for a while what is followed does as well, then the database is read, and no
 * answer is as old as the standby. */
static void one_that_lags(void)
{
    static struct rig rig;
    begin(&rig);
    await_state(&rig, REPLICA_GOOD);
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    expect_caught_up(&rig);
    hold_replay(&rig);
    pay(&rig, 5);
    await_state(&rig, REPLICA_LATE);
    CU_ASSERT(figures_of(&rig).lag_ns >= REPLICA_LATE_S * CO_CLOCK_S);
    expect_caught_up(&rig);
    CU_ASSERT(fixture_heard(NOTICE_TROUBLE, "it lacks what the database had"));
    fixture_do(rig.nodes.b, "SELECT pg_wal_replay_resume()");
    await_state(&rig, REPLICA_GOOD);

    /* Behind what was read of the database: it is asked, and says nothing that is too old. */
    hold_replay(&rig);
    guest_pause(&rig.guest);
    ledger_close(&rig.guest.ledger);
    pay(&rig, 5);
    struct replica *replica = rig.guest.replica;
    uint64_t before = figures_of(&rig).passed_on;
    rig.guest.replica = NULL;
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    rig.guest.replica = replica;
    guest_lend_replica(&rig.guest);
    CU_ASSERT_EQUAL(figures_of(&rig).state, REPLICA_GOOD);
    guest_follow(&rig.guest);
    expect_caught_up(&rig);
    CU_ASSERT(figures_of(&rig).passed_on > before);
    end(&rig);
}

static void one_that_is_away(void)
{
    static struct rig rig;
    begin(&rig);
    await_state(&rig, REPLICA_GOOD);
    nodes_do(&rig.nodes, "stop", "b");
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    pay(&rig, 5);
    expect_caught_up(&rig);
    await_state(&rig, REPLICA_AWAY);
    nodes_do(&rig.nodes, "start", "b");
    await_state(&rig, REPLICA_GOOD);
    pay(&rig, 5);
    expect_caught_up(&rig);
    nodes_do(&rig.nodes, "freeze", "b"); /* it says nothing at all */
    pay(&rig, 5);
    expect_caught_up(&rig);
    await_state(&rig, REPLICA_AWAY);
    nodes_do(&rig.nodes, "wake", "b");
    CU_ASSERT_FALSE(rig.guest.wrong);
    end(&rig);
}

static void one_of_another_cluster(void)
{
    static struct rig rig;
    rig = (struct rig){.owner = NULL};
    nodes_make(&rig.nodes);
    rig.owner = fixture_open_abc(rig.nodes.a, "sharded");
    begin_at(&rig, fixture_database());
    await_state(&rig, REPLICA_APART);
    CU_ASSERT(fixture_heard(NOTICE_TROUBLE, "it is of another cluster"));
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    pay(&rig, 5);
    expect_caught_up(&rig);
    end(&rig);
}

/* It was promoted, and goes on by itself: what it has from there on is not the database's. */
static void one_that_parted(void)
{
    static struct rig rig;
    begin(&rig);
    await_state(&rig, REPLICA_GOOD);
    guest_begin(&rig.guest, rig.nodes.a, "sharded");
    guest_follow(&rig.guest);
    pay(&rig, 5);
    expect_caught_up(&rig);
    nodes_promote(&rig.nodes);
    fixture_do(rig.nodes.b,
        "SET session_replication_role = replica;"
        "INSERT INTO teller.batch (ledger, no, epoch, first_seq, last_seq, hash)"
        " SELECT ledger, no + 1, epoch, last_seq + 1, last_seq + 1, sha256('another')"
        " FROM teller.batch ORDER BY no DESC LIMIT 1;"
        "CREATE TABLE much AS SELECT generate_series(1, 200000)"); /* its log is ahead */
    await_state(&rig, REPLICA_GOOD);
    pay(&rig, 1);
    await_state(&rig, REPLICA_APART);
    CU_ASSERT(fixture_heard(NOTICE_TROUBLE, "is not the one that the database has"));
    pay(&rig, 5);
    expect_caught_up(&rig);
    CU_ASSERT_FALSE(rig.guest.wrong);
    end(&rig);
}

static const struct unit_test tests[] = {{"standby_is_read", standby_is_read},
    {"nothing_is_told_early", nothing_is_told_early},
    {"one_that_lags_at_the_start", one_that_lags_at_the_start}, {"one_that_lags", one_that_lags},
    {"one_that_is_away", one_that_is_away}, {"one_of_another_cluster", one_of_another_cluster},
    {"one_that_parted", one_that_parted}, {0}};
const struct unit_suite replica_suite = {.name = "replica", .tests = tests};
