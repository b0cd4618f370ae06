/* SPDX-License-Identifier: MIT */
/* Of several hosts the one that takes writes on the newest timeline is the database, whatever their
 * order; a former primary is never written to again, nor believed. On two real nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"

enum { TEXT = 300 };

struct pair {
    char folder[40];
    char a[TEXT], b[TEXT], both[TEXT], turned[TEXT]; /* how to reach them */
};

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

/* The tests run in the tree. */
static void command(const struct pair *pair, const char *words, const char *node)
{
    char text[TEXT];
    snprintf(text, sizeof text, "tests/pair %s %s %s", words, pair->folder, node);
    co_blocking_call(run_command, text);
}

static void make(struct pair *pair)
{
    snprintf(pair->folder, sizeof pair->folder, "/tmp/teller-pair-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(pair->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(pair->folder, 0755), 0);
    command(pair, "make", "");
    const char *folder = pair->folder;
    static const char rest[] = "user=tester dbname=postgres";
    snprintf(pair->a, TEXT, "host=%s/a %s", folder, rest);
    snprintf(pair->b, TEXT, "host=%s/b %s", folder, rest);
    snprintf(pair->both, TEXT, "host=%s/a,%s/b %s", folder, folder, rest);
    snprintf(pair->turned, TEXT, "host=%s/b,%s/a %s target_session_attrs=read-write", folder,
        folder, rest);
}

/* Make the standby a primary: the former one does not know. */
static void promote(const struct pair *pair)
{
    CU_ASSERT_STRING_EQUAL(fixture_ask(pair->b, "SELECT pg_promote()"), "t");
}

/* Which node does this lead to? "a", "b", or why to none. */
static const char *node(const char *conninfo)
{
    static const struct pg_statement ask = {
        .sql = "SELECT substring(current_setting('data_directory') from '/([ab])/data$')"};
    static char answer[TEXT];
    struct pg_result *rows = NULL;
    struct pg *pg =
        pg_connect(co_context_background(), conninfo, PG_APP_ROLE, answer, sizeof answer);
    if (!pg)
        return answer;
    enum pg_status status = pg_run(co_context_background(), pg, &ask, NULL, &rows);
    snprintf(answer, sizeof answer, "%s", status == PG_OK ? pg_text(rows, 0, 0) : pg_message(pg));
    pg_free(&rows);
    pg_close(&pg);
    return answer;
}

static void expect_words(const char *text, const char *words)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
    if (!strstr(text, words))
        printf("\n    \"%s\" is not in \"%s\"\n    ", words, text);
}

static void newest_timeline_is_taken(void)
{
    struct pair pair;
    char error[TEXT];
    struct co_context *context = co_context_background();
    make(&pair);
    CU_ASSERT_STRING_EQUAL(node(pair.both), "a");
    CU_ASSERT_STRING_EQUAL(node(pair.turned), "a");
    expect_words(node(pair.b), "is a standby");
    struct pg *before = pg_connect(context, pair.both, PG_APP_ROLE, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(before);

    promote(&pair);                                                 /* both take writes now */
    CU_ASSERT_EQUAL(pg_script(context, before, "SELECT 1"), PG_OK); /* nobody has seen it yet */
    CU_ASSERT_STRING_EQUAL(node(pair.both), "b");
    CU_ASSERT_STRING_EQUAL(node(pair.turned), "b");
    CU_ASSERT_EQUAL(pg_script(context, before, "SELECT 1"), PG_LOST);
    expect_words(pg_message(before), "goes on elsewhere");
    pg_close(&before);
    expect_words(node(pair.a), "split brain");

    command(&pair, "freeze", "a"); /* a host that says nothing keeps nobody from the other */
    CU_ASSERT_STRING_EQUAL(node(pair.both), "b");
    command(&pair, "wake", "a");
    command(&pair, "freeze", "b");
    expect_words(node(pair.turned), "split brain");
    command(&pair, "wake", "b");
    CU_ASSERT_STRING_EQUAL(node(pair.turned), "b");
    command(&pair, "end", "");
    expect_words(node(pair.both), "none of the hosts takes writes");
}

static void clusters_are_not_mixed(void)
{
    struct pair pair;
    char mixed[TEXT];
    const char *other = getenv("TEST_DATABASE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    make(&pair);
    other = strstr(other, "host=") + 5;
    snprintf(mixed, sizeof mixed, "host=%s/a,%.*s user=tester dbname=postgres", pair.folder,
        (int)strcspn(other, " "), other);
    expect_words(node(mixed), "different clusters");
    command(&pair, "end", "");
}

static const struct unit_test tests[] = {{"newest_timeline_is_taken", newest_timeline_is_taken},
    {"clusters_are_not_mixed", clusters_are_not_mixed}, {0}};
const struct unit_suite hosts_suite = {.name = "hosts", .tests = tests};
