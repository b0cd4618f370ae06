/* SPDX-License-Identifier: MIT */
#include "tests/faults/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "tests/unit.h"

static void run_command(void *arg)
{
    const char *const *command = arg;
    CU_ASSERT_EQUAL(system(*command), 0);
}

void database_command(const char *command)
{
    co_blocking_call(run_command, &command);
}

void database_make(struct database *database, const char *prefix)
{
    static unsigned databases;
    const char *given = getenv("TEST_DATABASE");
    const char *host = given ? strstr(given, "host=") : NULL;
    char command[DATABASE_URL];
    if (!host)
        printf("\n    run it by tools/with-postgres: it needs a cluster in TEST_DATABASE\n    ");
    CU_ASSERT_FATAL(host != NULL);
    snprintf(
        database->folder, sizeof database->folder, "%.*s", (int)strcspn(host + 5, " "), host + 5);
    snprintf(database->name, sizeof database->name, "%.9s%u", prefix, ++databases);
    snprintf(database->url, sizeof database->url, "host=%s user=tester dbname=%s", database->folder,
        database->name);
    snprintf(command, sizeof command, "psql -qXc 'CREATE DATABASE %s' '%s'", database->name, given);
    database_command(command);
}

void database_hide(
    const struct database *database, struct proxy *proxy, const char *more, char url[DATABASE_URL])
{
    CU_ASSERT_FATAL(proxy_start(proxy, database->folder));
    snprintf(url, DATABASE_URL,
        "host=127.0.0.1 port=%d user=tester dbname=%s sslmode=disable gssencmode=disable %s",
        proxy->port, database->name, more);
}
