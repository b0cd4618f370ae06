/* SPDX-License-Identifier: MIT */
/* The version, wherever it is told: it is the one that the tree's file VERSION has. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/command.h"
#include "tests/service/visit.h"

/* `program` is the name of one that stands beside the tests' own. */
static void says(const char *program, const char *line)
{
    struct command command = {0};
    char path[2 * SERVICE_PROGRAM];
    snprintf(path, sizeof path, "%s/../%s", service_tests_folder(), program);
    command_run(&command, (const char *const[]){path, "--version", NULL});
    EXPECT_EXIT(&command, 0);
    CU_ASSERT(command.out && strcmp(command.out, line) == 0);
    CU_ASSERT_STRING_EQUAL(command.error, "");
    command_free(&command);
}

static void of_the_programs(void)
{
    says("teller", "teller " TELLER_VERSION "\n");
    says("teller-load", "teller-load " TELLER_VERSION "\n");
}

static void of_the_service(void)
{
    static const char build_info[] = "\nteller_build_info{version=\"" TELLER_VERSION "\",";
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/metrics");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, build_info, strlen(build_info)));
    visit_get(&visit, "/openapi.json");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(json_view_is(
        json_view_member(json_view_member(visit.body, "info"), "version"), TELLER_VERSION));
    visit_end(&visit);
}

static const struct unit_test tests[] = {
    {"of_the_programs", of_the_programs}, {"of_the_service", of_the_service}, {0}};
const struct unit_suite version_suite = {"version", 2, tests};
