/* SPDX-License-Identifier: MIT */
/*
 * How a ledger of many accounts starts, and how fast its past is read: run by `make scale` under
 * tools/with-postgres, with ACCOUNTS, ENTRIES and HOLDS from the environment.
 *
 * The rows are made in SQL, in the form in which the service would have written them, as a single
 * batch without a hash: the world pays each account in turn, over and over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "ledger/journal/recall.h"
#include "ledger/ledger_private.h"
#include "tests/ledger/fixture.h"

enum { SAMPLES = 201, PAGE = 50 };

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static double seconds_since(int64_t start_ns)
{
    return (double)(co_clock_now_ns() - start_ns) / 1e9;
}

static unsigned long resident_mb(void)
{
    unsigned long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    int read = file ? fscanf(file, "%lu %lu", &size, &resident) : 0;
    if (file)
        fclose(file);
    return read == 2 ? resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1000000 : 0;
}

struct scene {
    struct ledger *ledger;
    unsigned long accounts, entries, holds; /* entries: transfers; holds: each made and released */
};

/* One statement over n: a accounts besides the world, entries up to e before the holds and z in
 * all, the ledger l. */
static void fill_table(const char *db, const struct scene *scene, const char *sql)
{
    char whole[1500];
    unsigned long moved = scene->accounts + 1 + scene->entries;
    snprintf(whole, sizeof whole,
        "WITH n AS (SELECT %lu::bigint AS a, %lu::bigint AS e, %lu::bigint AS z, 1 AS l) %s",
        scene->accounts, moved, moved + 2 * scene->holds, sql);
    fixture_do(db, whole);
}

static void fill(const char *db, const struct scene *scene)
{
    static const char *const tables[] = {
        "INSERT INTO teller.account SELECT l, i, CASE i WHEN 1 THEN 'world:USD.2' ELSE"
        " 'account-' || lpad(i::text, 9, '0') END, 'USD/2', CASE WHEN i > 1 THEN 0 END, i, NULL"
        " FROM n, generate_series(1, a + 1) i",
        "INSERT INTO teller.entry (ledger, seq, at, kind, account)"
        " SELECT l, i, now() - (z - i) * interval '1 ms', 1, i FROM n, generate_series(1, a + 1) i",
        "INSERT INTO teller.entry (ledger, seq, at, kind, key, fingerprint, from_no, to_no, amount,"
        " from_after, to_after, from_prev, to_prev)"
        " SELECT l, i, now() - (z - i) * interval '1 ms', 2, 'key-' || i,"
        " decode(lpad(i::text, 32, '0'), 'hex'), 1, (i - a - 2) % a + 2, 1, -(i - a - 1),"
        " (i - a - 2) / a + 1, CASE i WHEN a + 2 THEN 1 ELSE i - 1 END, i - a"
        " FROM n, generate_series(a + 2, e) i",
        "INSERT INTO teller.waypoint SELECT l, 1, i FROM n, generate_series(a + 65, e, 64) i",
        "INSERT INTO teller.entry (ledger, seq, at, kind, ref, from_no, to_no, amount)"
        " SELECT l, i, now() - (z - i) * interval '1 ms', x.* FROM n, generate_series(e + 1, z) i"
        " CROSS JOIN LATERAL (SELECT 4, NULL::bigint, i % a + 2, 1::bigint, 1::numeric"
        "  WHERE (i - e) % 2 = 1 UNION ALL SELECT 6, i - 1, NULL, NULL, NULL"
        "  WHERE (i - e) % 2 = 0) x",
        "INSERT INTO teller.held SELECT l, (i - (i - e + 1) % 2) % a + 2, i, (i - e) % 2"
        " FROM n, generate_series(e + 1, z) i",
        "INSERT INTO teller.batch SELECT l, 1, 1, 1, z FROM n",
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        fill_table(db, scene, tables[i]);
    char checkpoint[100];
    snprintf(checkpoint, sizeof checkpoint, "SELECT teller.checkpoint_advance(1, %lu)",
        scene->accounts + 1 + scene->entries + 2 * scene->holds);
    int64_t start = co_clock_now_ns();
    fixture_do(db, checkpoint);
    printf("checkpoint: %.2f s\n", seconds_since(start));
    fixture_do(db, "ANALYZE");
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_page(const struct scene *scene, uint64_t at)
{
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    enum ledger_status status =
        ledger_statement(co_context_background(), scene->ledger, "world:USD.2", at, &page);
    co_ensure(status == LEDGER_OK);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
}

static void read_past(const struct scene *scene, uint64_t at)
{
    struct ledger_account account;
    uint64_t seq;
    enum ledger_status status = ledger_read_account_at(co_context_background(), scene->ledger,
        "world:USD.2", &(struct ledger_moment){.seq = at}, &account, &seq);
    co_ensure(status == LEDGER_OK && account.balance == -(money)(at - scene->accounts - 1));
}

static void read_key(const struct scene *scene, uint64_t at)
{
    char key[40];
    struct entry *entry;
    uint64_t seq;
    snprintf(key, sizeof key, "key-%lu", at);
    enum ledger_status status =
        ledger_entry_by_key(co_context_background(), scene->ledger, key, &entry, &seq);
    co_ensure(status == LEDGER_OK && entry->seq == at);
    entry_drop(&entry);
}

static int in_order(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void measure(const struct scene *scene, const char *what,
    void (*read)(const struct scene *scene, uint64_t at))
{
    double ms[SAMPLES];
    unsigned short dice[3] = {1, 2, 3};
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t at = scene->accounts + 2 + (uint64_t)nrand48(dice) % scene->entries;
        int64_t start = co_clock_now_ns();
        read(scene, at);
        ms[i] = seconds_since(start) * 1e3;
    }
    qsort(ms, SAMPLES, sizeof ms[0], in_order);
    printf("%s: median %.2f ms, worst %.2f ms\n", what, ms[SAMPLES / 2], ms[SAMPLES - 1]);
}

static void start_ledger(struct scene *scene, const char *db, const char *what)
{
    unsigned long before_mb = resident_mb();
    int64_t start = co_clock_now_ns();
    scene->ledger = fixture_open(db, "sharded");
    double opened = seconds_since(start);
    co_waitgroup_wait(&scene->ledger->recall->duty.done);
    printf("%s: %.2f s, all keys known after %.2f s, %lu MB resident (%lu MB before)\n", what,
        opened, seconds_since(start), resident_mb(), before_mb);
}

static void scale(void)
{
    const char *db = fixture_database();
    struct scene scene = {.accounts = from_environment("ACCOUNTS", 10000000),
        .entries = from_environment("ENTRIES", 20000000),
        .holds = from_environment("HOLDS", 3000000)};
    struct ledger *ledger = fixture_open(db, "sharded"); /* the schema */
    ledger_close(&ledger);
    int64_t start = co_clock_now_ns();
    fill(db, &scene);
    printf("%lu accounts, %lu transfers, %lu holds that ended: made in %.1f s\n", scene.accounts,
        scene.entries, scene.holds, seconds_since(start));
    start_ledger(&scene, db, "start");
    measure(&scene, "statement page from anywhere", read_page);
    measure(&scene, "balance at a past position", read_past);
    measure(&scene, "entry by key", read_key);
    ledger_close(&scene.ledger);
    start_ledger(&scene, db, "start, with keys kept at the end before");
    ledger_close(&scene.ledger);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"starts_and_reads", scale}, {0}};
    static const struct unit_suite suite = {.name = "scale", .tests = tests};
    static const struct unit_suite *const suites[] = {&suite, NULL};
    fixture_hear();
    return unit_main("scale", suites, argc, argv);
}
