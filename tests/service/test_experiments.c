/* SPDX-License-Identifier: MIT */
/* `teller lab` as a user runs it: in memory, and beside a service on its private database. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/command.h"

static const struct {
    const char *words[10];
    int exit_code;
    const char *said; /* on stdout, or on stderr where it ends with 2 */
} rows[] = {
    {{"lab", "--list", "--json"}, 0, "\"name\":\"sql-serializable\""},
    {{"lab", "double-withdraw", "--strategy", "unsafe", "--find", "--shrink", "--json"}, 1,
        "\"broken\":true"},
    {{"lab"}, 0, "compare-and-swap"},
    {{"lab", "double-withdraw", "--strategy", "unsafe", "--find", "--shrink"}, 1, "alice -60"},
    {{"lab", "double-withdraw", "--strategy", "unsafe", "--schedule", "", "--json"}, 0,
        "\"code\":\"0\""},
    {{"lab", "double-withdraw", "--strategy", "unsafe", "--schedule", "2.1-4.2-7.1", "--shrink",
         "--json"},
        1, "\"switches_before\":3"},
    {{"lab", "ring", "--strategy", "unordered-locks", "--find", "--shrink"}, 1,
        "waits for bob, which 2 holds"},
    {{"lab", "ring", "--strategy", "owner", "--find", "--walk", "pct"}, 0, "none broke it"},
    {{"lab", "leak", "--strategy", "leak", "--schedule", "6.t"}, 1, "left behind"},
    {{"lab", "nowhere", "--strategy", "mutex"}, 2, "there is no scenario nowhere"},
    {{"lab", "ring"}, 2, "--strategy is missing"},
    {{"lab", "ring", "--strategy", "mutex", "--walk", "long"}, 2, "--walk must be"},
    {{"lab", "ring", "--strategy", "mutex", "--clients", "9"}, 2, "--clients must be"},
    {{"lab", "ring", "--strategy", "mutex", "--seed", "-1"}, 2, "--seed must be"},
    {{"lab", "double-withdraw", "--strategy", "mutex", "--seed", "7", "--json"}, 0,
        "\"broken\":false"},
    {{"lab", "write-skew", "--strategy", "sql-repeatable-read", "--find", "--shrink"}, 1,
        "Together the accounts are 60 short"},
    {{"lab", "write-skew", "--strategy", "sql-serializable", "--seeds", "5"}, 0,
        "0 of 5 schedules broke it"},
    {{"lab", "opposite-transfers", "--strategy", "sql-conditional-update", "--schedule", "2.2",
         "--json"},
        1,
        "\"deadlock\":[{\"lane\":1,\"holds\":\"alice\",\"waits_for\":\"bob\"},"
        "{\"lane\":2,\"holds\":\"bob\",\"waits_for\":\"alice\"}]"},
    {{"lab", "hot-account", "--strategy", "sharded", "--parallel", "--clients", "200", "--json"}, 0,
        "\"lost\":0,\"made\":0"},
    {{"lab", "many-withdrawals", "--strategy", "sql-for-update", "--parallel", "--clients", "40"},
        0, "As many were paid as the balance allows."},
    {{"lab", "leak", "--strategy", "leak", "--parallel"}, 2, "schedules alone"},
    {{"lab", "ring", "--strategy", "sql-naive", "--database", "host=/nowhere"}, 2, "/nowhere"},
    {{"lab", "ring", "--strategy", "sql-magic"}, 2, "there is no strategy sql-magic"},
    {{"lab", "leak", "--strategy", "sql-naive"}, 2, "that scenario has no strategy sql-naive"},
    {{"lab", "ring", "--strategy", "sql-naive", "--schedule", "2.x"}, 2, "must be a code"},
};

static void runs_experiments(void)
{
    struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct command command = {0};
        command_teller(&command, service, rows[i].words);
        EXPECT_EXIT(&command, rows[i].exit_code);
        const char *text = rows[i].exit_code == 2 ? command.error : command.out;
        bool said = text && strstr(text, rows[i].said);
        CU_ASSERT_TRUE(said);
        if (!said)
            command_print(&command);
        command_free(&command);
    }
}

/* What the lab leaves in a database is not part of the bank: the audit and the next start are as
 * before. */
static void leaves_the_bank_alone(void)
{
    struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    struct command command = {0};
    command_teller(&command, service,
        (const char *const[]){"lab", "ring", "--strategy", "sql-advisory-lock", NULL});
    EXPECT_EXIT(&command, 0);
    command_free(&command);
    command_teller(&command, service, (const char *const[]){"audit", NULL});
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

/* In the line $0 is the program. */
static void by_shell(struct command *command, const char *line)
{
    char teller[2 * SERVICE_PROGRAM];
    snprintf(teller, sizeof teller, "%s/../teller", service_tests_folder());
    command_run(command, (const char *const[]){"sh", "-c", line, teller, NULL});
}

/* Colours on a terminal, unless they are not wanted; never elsewhere. And what cannot be written
 * is not a success. */
static void suits_where_it_writes(void)
{
    static const struct {
        const char *line;
        bool coloured;
    } lines[] = {
        {"TERM=xterm script -qec \"$0 lab ring --strategy unsafe --seed 1\" /dev/null", true},
        {"TERM=xterm NO_COLOR=1 script -qec \"$0 lab ring --strategy unsafe --seed 1\" /dev/null",
            false},
        {"TERM=dumb script -qec \"$0 lab ring --strategy unsafe --seed 1\" /dev/null", false},
        {"$0 lab ring --strategy unsafe --seed 1", false},
    };
    struct command command = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        by_shell(&command, lines[i].line);
        EXPECT_EXIT(&command, 1);
        CU_ASSERT_EQUAL(command.out && strstr(command.out, "\033[") != NULL, lines[i].coloured);
        command_free(&command);
    }
    by_shell(&command, "$0 lab ring --strategy unsafe --seed 1 > /dev/full");
    EXPECT_EXIT(&command, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "No space left"));
    command_free(&command);
}

static const struct unit_test tests[] = {
    {"runs_experiments", runs_experiments},
    {"suits_where_it_writes", suits_where_it_writes},
    {"leaves_the_bank_alone", leaves_the_bank_alone},
    {0},
};
const struct unit_suite experiments_suite = {.name = "experiments", .tests = tests};
