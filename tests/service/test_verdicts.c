/* SPDX-License-Identifier: MIT */
/* What the load tester says of a run as a whole: its last line, and its exit code. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/command.h"

enum { LINE = 3 * SERVICE_PROGRAM };

/* A line of the shell that has $load: the load tester on a race against the service. */
static void race(struct command *command, const struct service *service, const char *line)
{
    char program[SERVICE_PROGRAM], text[LINE];
    service_program(program);
    snprintf(text, sizeof text,
        "load='%s-load double-withdraw --url %s --token-file %s/admin.token'; service=%d; %s",
        program, service->url, service->folder, (int)service->pid, line);
    const char *const argv[] = {"/bin/bash", "-c", text, NULL};
    command_run(command, argv);
}

static void expect(struct command *command, int exit_code, const char *verdict)
{
    const char *last = strstr(command->out, "verdict");
    EXPECT_EXIT(command, exit_code);
    CU_ASSERT_PTR_NOT_NULL_FATAL(last);
    CU_ASSERT_PTR_NOT_NULL(strstr(last, verdict));
    command_free(command);
}

static void kept(void)
{
    struct command command = {0};
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    race(&command, service, "exec $load --rounds 5");
    expect(&command, 0, "every promise was kept\n");
    race(&command, service, "exec $load --rounds 5 --json");
    expect(&command, 0, "verdict\":\"kept\"");
}

/* Ctrl-C: the rounds so far are told, and that they prove nothing of the rest. */
static void interrupted(void)
{
    struct command command = {0};
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    race(&command, service,
        "exec timeout --foreground --preserve-status -s INT 2 $load --rounds 1000000");
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "as promised"));
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "interrupted"));
    expect(&command, 2, "interrupted;");
}

/* A lost connection breaks no promise: what was done is not known. */
static void connection_lost(void)
{
    struct command command = {0};
    struct service service = {0};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    race(&command, &service,
        "$load --rounds 1000000 --racers 20 --timeout 3 & run=$!;"
        " sleep 2; kill -9 $service; wait $run");
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "violations  0\n"));
    expect(&command, 2, "answers are missing;");
    service_kill(&service);
    service_remove(&service);
}

/* The same before the first round. */
static void nobody_there(void)
{
    struct command command = {0};
    struct service service = {0};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    service_kill(&service);
    race(&command, &service, "exec $load --rounds 10");
    EXPECT_EXIT(&command, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "no connection"));
    command_free(&command);
    service_remove(&service);
}

/* Where the time went stands in the report if it is asked for, and not otherwise. */
static void stages(void)
{
    static const char *const names[] = {"parse", "queue", "decide", "commit", "answer"};
    struct command command = {0};
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    race(&command, service, "exec $load --rounds 5 --stages");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[40];
        snprintf(line, sizeof line, "\n  %-11s p50 ", names[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.out, line));
    }
    expect(&command, 0, "every promise was kept\n");
    race(&command, service, "exec $load --rounds 5 --stages --json");
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, ",\"stages_ms\":{\"parse\":{\"p50\":"));
    expect(&command, 0, "\"kept\"");
    race(&command, service, "exec $load --rounds 5 --json");
    CU_ASSERT_PTR_NULL(strstr(command.out, "stages_ms"));
    expect(&command, 0, "\"kept\"");
}

const struct unit_suite verdicts_suite = {"verdicts", 2,
    (const struct unit_test[]){{"kept", kept}, {"stages", stages}, {"interrupted", interrupted},
        {"connection_lost", connection_lost}, {"nobody_there", nobody_there}, {0}}};
