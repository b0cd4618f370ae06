/* SPDX-License-Identifier: MIT */
#include "tests/cluster/cluster.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"

enum { TEXT = 1000, PRIMARY_S = 60, WHOLE_S = 120, STEP_MS = 20 };

/* --- the shell -------------------------------------------------------------------------------- */

struct command {
    char text[TEXT];
    int status;
};

static void run_command(void *arg)
{
    struct command *command = arg;
    command->status = system(command->text);
}

void cluster_shell(const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command.text, sizeof command.text, format, arguments);
    va_end(arguments);
    co_blocking_call(run_command, &command);
    if (command.status != 0)
        printf("\n    failed: %s\n    ", command.text);
    CU_ASSERT_EQUAL(command.status, 0);
}

const char *cluster_folder(void)
{
    const char *folder = getenv("TEST_CLUSTER");
    if (!folder)
        printf("\n    no TEST_CLUSTER: start this by tools/with-cluster\n    ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    return folder;
}

void cluster_do(const char *command, const char *part, int number)
{
    cluster_shell("CLUSTER=%s deploy/cluster %s %s%d", cluster_folder(), command, part, number);
}

/* --- Patroni ---------------------------------------------------------------------------------- */

/* Of the settings of deploy/cluster the first: BASE=10000 ... */
static int base(void)
{
    char path[200], line[100] = "";
    snprintf(path, sizeof path, "%s/settings", cluster_folder());
    FILE *file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    bool read = fgets(line, sizeof line, file) && strncmp(line, "BASE=", 5) == 0;
    fclose(file);
    CU_ASSERT_FATAL(read);
    return (int)strtol(line + 5, NULL, 10);
}

/* Does that command of the shell succeed, one way or the other? */
__attribute__((format(printf, 1, 2))) static bool succeeds(const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command.text, sizeof command.text, format, arguments);
    va_end(arguments);
    co_blocking_call(run_command, &command);
    return command.status == 0;
}

/* Does the Patroni of that node say yes? It speaks HTTP/1.0, which our client does not. */
static bool says_yes(int node, const char *path)
{
    return succeeds("curl -fs -m 0.5 -o /dev/null http://127.0.0.1:%d%s", base() + 20 + node, path);
}

/* Has its PostgreSQL really been promoted? Its Patroni says so a moment before. */
static bool takes_writes(int node)
{
    return succeeds("PGPASSFILE=%s/pgpass PGCONNECT_TIMEOUT=2 psql -qXAtc"
                    " 'SELECT 1 / (NOT pg_is_in_recovery())::int'"
                    " 'host=127.0.0.1 port=%d user=postgres dbname=postgres' >/dev/null 2>&1",
        cluster_folder(), base() + 10 + node);
}

int cluster_primary(int except)
{
    int64_t until = co_clock_now_ns() + PRIMARY_S * CO_CLOCK_S;
    while (co_clock_now_ns() < until) {
        for (int node = 1; node <= CLUSTER_NODES; node++)
            if (node != except && says_yes(node, "/primary") && takes_writes(node))
                return node;
        co_sleep(STEP_MS * CO_CLOCK_MS);
    }
    CU_FAIL("no primary");
    return 0;
}

void cluster_await_whole(void)
{
    int64_t until = co_clock_now_ns() + WHOLE_S * CO_CLOCK_S;
    int first = base() + 21;
    while (!succeeds("tests/cluster/whole %d %d %d", first, first + 1, first + 2)) {
        if (co_clock_now_ns() > until) {
            CU_FAIL("the cluster is not whole again");
            break;
        }
        co_sleep(5 * STEP_MS * CO_CLOCK_MS);
    }
}

void cluster_configure(const char *json)
{
    cluster_shell("curl -fsS -m 20 -K %s/patroni.curl -o /dev/null -X PATCH -d '%s'"
                  " http://127.0.0.1:%d/config",
        cluster_folder(), json, base() + 20 + cluster_primary(0));
    co_sleep(3 * CO_CLOCK_S); /* each Patroni reads it in its next round, once a second */
}

void cluster_switch_over(int primary)
{
    cluster_shell("curl -fsS -m 60 -K %s/patroni.curl -o /dev/null -X POST"
                  " -d '{\"leader\":\"node%d\"}' http://127.0.0.1:%d/switchover",
        cluster_folder(), primary, base() + 20 + primary);
}

/* --- databases -------------------------------------------------------------------------------- */

/* The URL of deploy/cluster, with another database in it. */
void cluster_make_database(char url[CLUSTER_URL])
{
    static int made;
    char path[200], text[CLUSTER_URL] = "", name[40];
    snprintf(name, sizeof name, "test_%d_%d", (int)getpid(), ++made);
    cluster_shell("PGPASSFILE=%s/pgpass psql -qXAt -h 127.0.0.1 -p %d -U postgres -d postgres"
                  " -c 'DROP DATABASE IF EXISTS test_%d_%d WITH (FORCE)' 2>/dev/null",
        cluster_folder(), base() + 10 + cluster_primary(0), (int)getpid(), made - 1);
    cluster_shell("PGPASSFILE=%s/pgpass psql -qXAt -h 127.0.0.1 -p %d -U postgres -d postgres"
                  " -c 'CREATE DATABASE %s OWNER teller'",
        cluster_folder(), base() + 10 + cluster_primary(0), name);
    snprintf(path, sizeof path, "%s/url", cluster_folder());
    FILE *file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    char *bank = strstr(text, "/bank?");
    CU_ASSERT_FATAL(read && bank);
    *bank = '\0';
    int length = snprintf(url, CLUSTER_URL, "%s/%s?%s", text, name, bank + strlen("/bank?"));
    CU_ASSERT_FATAL(length > 0 && length < CLUSTER_URL);
}
