/* SPDX-License-Identifier: MIT */
#include "tests/service/lines.h"

#include <stdio.h>
#include <string.h>

#include "coro/ensure.h"
#include "tests/unit.h"

enum { LINE = 4 * SERVICE_PROGRAM };

void lines_run(struct command *command, const char *line)
{
    char program[SERVICE_PROGRAM], whole[LINE];
    service_program(program);
    int length = snprintf(whole, sizeof whole,
        "teller=\"timeout 60 %s\"; dir=$(mktemp -d /tmp/teller-test-XXXXXX);"
        " trap 'rm -rf $dir' EXIT; %s",
        program, line);
    co_ensure(length > 0 && length < LINE);
    const char *const argv[] = {"/bin/bash", "-c", whole, NULL};
    command_run(command, argv);
}

void lines_try(const struct lines_row *rows, size_t count)
{
    struct command command = {0};
    for (size_t i = 0; i < count; i++) {
        lines_run(&command, rows[i].line);
        if (command.exit_code != rows[i].exit_code || !strstr(command.error, rows[i].said))
            printf("\n    %s", rows[i].line);
        EXPECT_EXIT(&command, rows[i].exit_code);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.error, rows[i].said));
    }
    command_free(&command);
}
