/* SPDX-License-Identifier: MIT */
/* What the ledger's tests share: a database of its own for each test, and short calls. */
#ifndef TESTS_LEDGER_FIXTURE_H
#define TESTS_LEDGER_FIXTURE_H

#include "ledger/ledger.h"
#include "ledger/notice.h"
#include "tests/unit.h"

/* Make a database in the cluster that TEST_DATABASE names, with the tables of this program and no
 * ledger in them, and say how to reach it. */
const char *fixture_database(void);
const char *fixture_empty_database(void); /* without tables */

/* Open the ledger "main" of that database, or fail the test run with the reason. */
struct ledger *fixture_open(const char *conninfo, const char *strategy);

/* Try to open it, and say why that did not go ("" if it did). */
const char *fixture_refusal(const char *conninfo, const char *strategy);

/* Open it, and in it the accounts a, b and c of USD/2, with floor 0; a has 100. If all is new, the
 * next position is 6. */
struct ledger *fixture_open_abc(const char *conninfo, const char *strategy);

/* Open an account; floor NULL: none. */
void fixture_account(struct ledger *ledger, const char *id, const char *asset, const char *floor);
void fixture_clearing(struct ledger *ledger, const char *id); /* one that stands for another */

/* One leg. The status; the outcome's entry is dropped. `key` may be NULL. */
enum ledger_status fixture_move(
    struct ledger *ledger, const char *key, const char *from, const char *to, money amount);

money fixture_balance(struct ledger *ledger, const char *id);

/* Ask the database with a query of one value, as text; the buffer is overwritten by the next. */
const char *fixture_ask(const char *conninfo, const char *sql);
void fixture_do(const char *conninfo, const char *sql); /* what gives no rows; it must succeed */

/* Throw the checkpoint of the ledger "main" away: the next start reads the whole journal. */
void fixture_forget(const char *conninfo);

/* Change a setting of the whole server, and wait until it has heard of it. NULL: as it was. */
void fixture_set_server(const char *conninfo, const char *setting, const char *value);

/* Have the ledger's notices (notice.h) printed on stderr, and the last of them kept. Before the
 * tests run. */
void fixture_hear(void);

/* Was one heard that has these words, of that grade? From now on only those to come count. */
bool fixture_heard(enum notice_grade grade, const char *words);

/* The audit finds nothing, and a fresh fold of the journal succeeds. */
void fixture_check(struct ledger *ledger);

/*
 * Both strategies are held to the same tests. A test takes the strategy's name; TESTS(X) lists
 * them; this makes of them two suites, NAME_owner_suite and NAME_sharded_suite.
 */
#define FIXTURE_OWNER(test)                                                                        \
    static void owner_##test(void)                                                                 \
    {                                                                                              \
        test("owner");                                                                             \
    }
#define FIXTURE_SHARDED(test)                                                                      \
    static void sharded_##test(void)                                                               \
    {                                                                                              \
        test("sharded");                                                                           \
    }
#define FIXTURE_OWNER_ROW(test) {#test, owner_##test},
#define FIXTURE_SHARDED_ROW(test) {#test, sharded_##test},
#define FIXTURE_BOTH(suite)                                                                        \
    TESTS(FIXTURE_OWNER)                                                                           \
    TESTS(FIXTURE_SHARDED)                                                                         \
    static const struct unit_test owner_tests[] = {TESTS(FIXTURE_OWNER_ROW){0}};                   \
    static const struct unit_test sharded_tests[] = {TESTS(FIXTURE_SHARDED_ROW){0}};               \
    const struct unit_suite suite##_owner_suite = {.name = #suite "-owner", .tests = owner_tests}; \
    const struct unit_suite suite##_sharded_suite = {                                              \
        .name = #suite "-sharded", .tests = sharded_tests};

#endif
