/* SPDX-License-Identifier: MIT */
#include "tests/ledger/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "tests/ledger/fixture.h"

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

/* The tests run in the tree. */
void nodes_do(const struct nodes *nodes, const char *command, const char *node)
{
    char text[NODES_TEXT];
    snprintf(text, sizeof text, "tests/pair %s %s %s", command, nodes->folder, node);
    co_blocking_call(run_command, text);
}

void nodes_make(struct nodes *nodes)
{
    static const char rest[] = "user=tester dbname=postgres";
    snprintf(nodes->folder, sizeof nodes->folder, "/tmp/teller-pair-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(nodes->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(nodes->folder, 0755), 0);
    nodes_do(nodes, "make", "");
    const char *folder = nodes->folder;
    snprintf(nodes->a, NODES_TEXT, "host=%s/a %s", folder, rest);
    snprintf(nodes->b, NODES_TEXT, "host=%s/b %s", folder, rest);
    snprintf(nodes->both, NODES_TEXT, "host=%s/a,%s/b %s", folder, folder, rest);
    snprintf(nodes->turned, NODES_TEXT, "host=%s/b,%s/a %s target_session_attrs=read-write", folder,
        folder, rest);
}

void nodes_end(struct nodes *nodes)
{
    nodes_do(nodes, "end", "");
}

void nodes_promote(const struct nodes *nodes)
{
    CU_ASSERT_STRING_EQUAL(fixture_ask(nodes->b, "SELECT pg_promote()"), "t");
}
