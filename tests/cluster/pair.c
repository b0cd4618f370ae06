/* SPDX-License-Identifier: MIT */
#include "tests/cluster/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/cluster/cluster.h"

/* In the cluster's folder, with which it ends if the test does not come that far. */
void pair_make(struct pair *pair, bool synchronous)
{
    const char *cluster = getenv("TEST_CLUSTER");
    snprintf(pair->folder, sizeof pair->folder, "%.100s/pair-XXXXXX", cluster ? cluster : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(pair->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(pair->folder, 0755), 0);
    cluster_shell("tests/pair make %s", pair->folder);
    if (synchronous) {
        pair_say(pair, "a", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        pair_say(pair, "a", "SELECT pg_reload_conf()");
    }
    snprintf(pair->url, sizeof pair->url, "host=%s/a,%s/b user=tester dbname=postgres",
        pair->folder, pair->folder);
}

void pair_end(struct pair *pair)
{
    cluster_shell("tests/pair end %s", pair->folder);
}

void pair_do(const struct pair *pair, const char *command, const char *node)
{
    cluster_shell("tests/pair %s %s %s", command, pair->folder, node);
}

void pair_say(const struct pair *pair, const char *node, const char *sql)
{
    cluster_shell("psql -qXAt -v ON_ERROR_STOP=1 -c \"%s\""
                  " 'host=%s/%s user=tester dbname=postgres' >/dev/null",
        sql, pair->folder, node);
}
