/* SPDX-License-Identifier: MIT */
/* The same seed, the same steps: in two processes, whose addresses differ, and as they were when
 * golden.txt was written. The table of lab/README.md is what the lab finds today. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/child.h"
#include "tests/lab/suites.h"

enum { ROOM = 400 * 1024 };
static char once[ROOM], again[ROOM];

static const char begins[] = "<!-- table -->\n", ends[] = "<!-- end -->\n";

static void read_file(const char *path, char *text)
{
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, ROOM - 1, file)] = '\0';
    fclose(file);
}

static void runs_are_the_same_everywhere(void)
{
    CU_ASSERT_EQUAL(child_run("golden", once, sizeof once), 0);
    CU_ASSERT_EQUAL(child_run("golden", again, sizeof again), 0);
    CU_ASSERT(strlen(once) > 1000);
    CU_ASSERT_STRING_EQUAL(once, again);
    read_file("tests/lab/golden.txt", again);
    CU_ASSERT_STRING_EQUAL(once, again); /* make lab-table, if that is meant to change */
}

static void the_table_is_true(void)
{
    read_file("lab/README.md", once);
    char *from = strstr(once, begins), *upto = strstr(once, ends);
    CU_ASSERT_FATAL(from && upto && from < upto);
    *upto = '\0';
    CU_ASSERT_EQUAL(child_run("table", again, sizeof again), 0);
    CU_ASSERT_STRING_EQUAL(from + strlen(begins), again); /* make lab-table */
}

static const struct unit_test tests[] = {
    {"runs_are_the_same_everywhere", runs_are_the_same_everywhere},
    {"the_table_is_true", the_table_is_true},
    {NULL, NULL},
};

const struct unit_suite suite_golden = {"golden", 1, tests};
