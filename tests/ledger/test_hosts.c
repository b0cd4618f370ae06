/* SPDX-License-Identifier: MIT */
/* Of several hosts the one that takes writes on the newest timeline is the database, whatever their
 * order; a former primary is never written to again, nor believed. On two real nodes. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/nodes.h"

enum { TEXT = NODES_TEXT };

static const char *node_of(struct pg *pg)
{
    static const struct pg_statement ask = {
        .sql = "SELECT substring(current_setting('data_directory') from '/([ab])/data$')"};
    static char answer[TEXT];
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(co_context_background(), pg, &ask, NULL, &rows);
    snprintf(answer, sizeof answer, "%s", status == PG_OK ? pg_text(rows, 0, 0) : pg_message(pg));
    pg_free(&rows);
    return answer;
}

/* Which node does this lead to? "a", "b", or why to none. */
static const char *node(const char *conninfo)
{
    static char answer[TEXT];
    struct pg *pg =
        pg_connect(co_context_background(), conninfo, PG_APP_ROLE, answer, sizeof answer);
    if (!pg)
        return answer;
    snprintf(answer, sizeof answer, "%s", node_of(pg));
    pg_close(&pg);
    return answer;
}

static void expect_words(const char *text, const char *words)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
    if (!strstr(text, words))
        printf("\n    \"%s\" is not in \"%s\"\n    ", words, text);
}

/* Which node is read, where there are these? */
static const char *read_node(const char *conninfo)
{
    static char answer[TEXT];
    struct pg *pg = pg_connect_reading(co_context_background(), conninfo, answer, sizeof answer);
    if (!pg)
        return answer;
    snprintf(answer, sizeof answer, "%s", node_of(pg));
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "CREATE TABLE t (i int)"), PG_ERROR);
    pg_close(&pg);
    return answer;
}

/* One that was silent has less time for a while, which on a busy machine may be too little. */
static void becomes(const char *conninfo, const char *name)
{
    enum { TRIES = 100, AGAIN_MS = 200 };
    for (int i = 0; i < TRIES && strcmp(node(conninfo), name) != 0; i++)
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    CU_ASSERT_STRING_EQUAL(node(conninfo), name);
}

static void newest_timeline_is_taken(void)
{
    struct nodes pair;
    char error[TEXT];
    struct co_context *context = co_context_background();
    nodes_make(&pair);
    CU_ASSERT_STRING_EQUAL(node(pair.both), "a");
    CU_ASSERT_STRING_EQUAL(node(pair.turned), "a");
    expect_words(node(pair.b), "is a standby");
    struct pg *before = pg_connect(context, pair.both, PG_APP_ROLE, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(before);

    nodes_promote(&pair);                                           /* both take writes now */
    CU_ASSERT_EQUAL(pg_script(context, before, "SELECT 1"), PG_OK); /* nobody has seen it yet */
    CU_ASSERT_STRING_EQUAL(node(pair.both), "b");
    CU_ASSERT_STRING_EQUAL(node(pair.turned), "b");
    CU_ASSERT_EQUAL(pg_script(context, before, "SELECT 1"), PG_LOST);
    expect_words(pg_message(before), "goes on elsewhere");
    pg_close(&before);
    expect_words(node(pair.a), "split brain");

    nodes_do(&pair, "freeze", "a"); /* a host that says nothing keeps nobody from the other */
    CU_ASSERT_STRING_EQUAL(node(pair.both), "b");
    nodes_do(&pair, "wake", "a");
    nodes_do(&pair, "freeze", "b");
    expect_words(node(pair.turned), "split brain");
    nodes_do(&pair, "wake", "b");
    becomes(pair.turned, "b");
    nodes_end(&pair);
    expect_words(node(pair.both), "none of the hosts takes writes");
}

/* Whoever connects there hears nothing; returns its descriptor. */
static int listen_silently(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                    listen(fd, 100) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* It is waited for when it may be the database, not each time: ten connections, in less time than
 * ten such waits take. When it speaks it is the database. */
static void silent_host_is_not_waited_for(void)
{
    enum { TIMES = 10, HOST_S = 2 };
    struct nodes pair;
    char conninfo[TEXT];
    int port;
    nodes_make(&pair);
    int fd = listen_silently(&port);
    snprintf(conninfo, sizeof conninfo,
        "host=%s/a,127.0.0.1 port=5432,%d user=tester dbname=postgres", pair.folder, port);
    int64_t since_ns = co_clock_now_ns();
    CU_ASSERT_STRING_EQUAL(node(conninfo), "a");
    CU_ASSERT(co_clock_now_ns() - since_ns >= HOST_S * CO_CLOCK_S);
    since_ns = co_clock_now_ns();
    for (int i = 0; i < TIMES; i++)
        CU_ASSERT_STRING_EQUAL(node(conninfo), "a");
    CU_ASSERT(co_clock_now_ns() - since_ns < TIMES * HOST_S * CO_CLOCK_S);
    close(fd); /* it refuses whoever comes */
    nodes_do(&pair, "freeze", "a");
    expect_words(node(conninfo), "none of the hosts takes writes");
    nodes_do(&pair, "wake", "a");
    becomes(conninfo, "a");
    nodes_end(&pair);
}

static void clusters_are_not_mixed(void)
{
    struct nodes pair;
    char mixed[TEXT];
    const char *other = getenv("TEST_DATABASE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    nodes_make(&pair);
    other = strstr(other, "host=") + 5;
    snprintf(mixed, sizeof mixed, "host=%s/a,%.*s user=tester dbname=postgres", pair.folder,
        (int)strcspn(other, " "), other);
    expect_words(node(mixed), "different clusters");
    nodes_end(&pair);
}

/* To read, a standby does as well, and is taken first; and it is not taken for the database. */
static void standby_is_read(void)
{
    struct nodes pair;
    nodes_make(&pair);
    CU_ASSERT_STRING_EQUAL(read_node(pair.a), "a");
    CU_ASSERT_STRING_EQUAL(read_node(pair.b), "b");
    CU_ASSERT_STRING_EQUAL(read_node(pair.both), "b");
    nodes_do(&pair, "freeze", "b");
    CU_ASSERT_STRING_EQUAL(read_node(pair.both), "a");
    nodes_do(&pair, "wake", "b");
    CU_ASSERT_STRING_EQUAL(node(pair.a), "a");
    nodes_promote(&pair); /* to be something else: who writes to the other goes on */
    CU_ASSERT_STRING_EQUAL(read_node(pair.b), "b");
    CU_ASSERT_STRING_EQUAL(node(pair.a), "a");
    CU_ASSERT_STRING_EQUAL(node(pair.b), "b");
    expect_words(read_node(pair.a), "split brain");
    nodes_end(&pair);
    expect_words(read_node(pair.both), "none of the hosts can be read");
}

static const struct unit_test tests[] = {{"newest_timeline_is_taken", newest_timeline_is_taken},
    {"silent_host_is_not_waited_for", silent_host_is_not_waited_for},
    {"standby_is_read", standby_is_read}, {"clusters_are_not_mixed", clusters_are_not_mixed}, {0}};
const struct unit_suite hosts_suite = {.name = "hosts", .tests = tests};
