/* SPDX-License-Identifier: MIT */
/* The program in the hands of its operator: wrong folders, ports and variables, signals, and
 * what it writes where. */
#include "tests/service/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/lines.h"
#include "tests/service/visit.h"

/* Only `serve` makes a folder and a cluster. The listing shows what was made: nothing. */
static void a_wrong_folder_makes_nothing(void)
{
    static const struct lines_row rows[] = {
        {1, "there is no database in no/where; teller serve makes one\nend\n",
            "cd $dir; $teller audit --data no/where; code=$?; ls -A >&2; echo end >&2; exit $code"},
        {1, "there is no database in nowhere; teller serve makes one\nend\n",
            "cd $dir; $teller audit --data nowhere; code=$?; ls -A >&2; echo end >&2; exit $code"},
        {1, "there is no database in nowhere; teller serve makes one\nend\n",
            "cd $dir; $teller token create --scope admin --data nowhere;"
            " code=$?; ls -A >&2; echo end >&2; exit $code"},
        {1, "there is no database in var; teller serve makes one\nend\n",
            "cd $dir; $teller export --format csv; code=$?; ls -A >&2; echo end >&2; exit $code"},
        {1, "there is no database in empty; teller serve makes one\n./empty\nend\n",
            "cd $dir; mkdir empty; $teller token list --data empty; code=$?;"
            " find . -mindepth 1 >&2; echo end >&2; exit $code"},
        {1, "connection to server",
            "cd $dir; $teller audit --database host=/nowhere; code=$?;"
            " [ -z \"$(ls -A)\" ] && exit $code"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

static void numbers_have_a_range(void)
{
    static const struct lines_row rows[] = {
        {2, "a port is a number from 0 to 65535", "$teller serve --listen 127.0.0.1:99999"},
        {2, "a port is a number from 0 to 65535", "$teller serve --listen [::1]:65536"},
        {2, "is not HOST:PORT", "$teller serve --listen :99999"},
        {2, "is not HOST:PORT", "$teller serve --listen 127.0.0.1:-1"},
        {2, "--workers must be a whole number", "$teller serve --workers ' 2'"},
        {2, "--workers must be a whole number", "$teller serve --workers +2"},
        {2, "--workers must be a whole number", "$teller serve --workers 65"},
        {2, "--max-requests must be a whole number", "$teller serve --max-requests 0"},
        {2, "--max-requests must be a whole number", "$teller serve --max-requests 1e3"},
        {2, "--max-connections must be a whole number", "$teller serve --max-connections ''"},
        {2, "an ID is a whole number", "$teller token revoke 99999999999999999999"},
        {2, "an ID is a whole number", "$teller token revoke 0"},
        {2, "an ID is a whole number", "$teller token revoke ' 1'"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

static void variables_are_known(void)
{
    static const struct lines_row rows[] = {
        {2, "there is no environment variable TELLER_DATABSE; was TELLER_DATABASE meant?",
            "TELLER_DATABSE=x $teller serve --data $dir/made"},
        {2, "there is no environment variable TELLER_AUHT; was TELLER_AUTH meant?",
            "TELLER_AUHT=off $teller audit --data $dir"},
        {2, "there is no environment variable TELLER_QQQQQQQQ\n",
            "TELLER_QQQQQQQQ=1 $teller token list"},
        {2, "there is no environment variable TELLER_PORT", "TELLER_PORT=80 $teller audit"},
        {2, "TELLER_JSON must be on or off", "TELLER_JSON=yes $teller audit"},
        {2, "TELLER_WORKERS must be", "TELLER_WORKERS=many $teller serve"},
        /* Those of other commands, of a Kubernetes service of that name, and empty ones. */
        {1, "there is no database in", "TELLER_WORKERS=2 $teller audit --data $dir"},
        {1, "there is no database in",
            "TELLER_PORT=tcp://10.0.0.1:80 TELLER_SERVICE_HOST=10.0.0.1 TELLER_SERVICE_PORT=80"
            " TELLER_PORT_80_TCP_ADDR=10.0.0.1 TELLER_DATABSE= $teller audit --data $dir"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

/* Every flag of every command is a variable for all of them, and none is forgotten. */
static void every_flag_is_a_variable(void)
{
    struct command command = {0};
    lines_run(&command,
        "for name in $($teller --help | awk '/^  [a-z]/ { print $1 }'); do"
        "  $teller $name --help | sed -n 's/^  --\\([a-z-]*\\).*/\\1/p'; done | sort -u |"
        " grep -vx help | tr a-z- A-Z_ | sed 's/.*/TELLER_&=on/' >$dir/all;"
        "echo $(wc -l <$dir/all); env $(cat $dir/all) TELLER_DATA=$dir/none TELLER_DATABASE= "
        "TELLER_CONFIG="
        " $teller audit");
    EXPECT_EXIT(&command, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "there is no database in"));
    CU_ASSERT(strtol(command.out, NULL, 10) >= 12);
    command_free(&command);
}

/* ---- what it says, and where ----------------------------------------------------------------- */

static char *output_of(const struct service *service)
{
    struct command command = {0};
    char path[SERVICE_PROGRAM];
    snprintf(path, sizeof path, "%s/output.%d", service->folder, service->starts);
    const char *const argv[] = {"/bin/cat", path, NULL};
    command_run(&command, argv);
    return command.out;
}

/* Nothing that is written to a file has the token in it. */
static void token_is_for_terminals(void)
{
    struct command command = {0};
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    char *out = output_of(service);
    CU_ASSERT_PTR_NULL(strstr(out, service->target.token));
    CU_ASSERT_PTR_NULL(strstr(out, "dashboard at"));
    free(out);
    lines_run(&command,
        "cat >$dir/run <<END\n"
        "$teller serve --listen 127.0.0.1:0 --data $dir/data & pid=\\$!\n"
        "for i in {1..600}; do grep -q 'dashboard at' $dir/tty && break; sleep 0.1; done\n"
        "kill \\$pid; wait \\$pid\nEND\n"
        "script -qefc \"/bin/bash $dir/run\" $dir/tty </dev/null >/dev/null;"
        "grep -c \"dashboard at http://127.0.0.1:[0-9]*/#token=$(cat $dir/data/admin.token)\""
        " $dir/tty");
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

/* ---- signals --------------------------------------------------------------------------------- */

/* What asks for nothing changes nothing; SIGQUIT tells what all coroutines do. */
static void signals_that_do_not_end_it(void)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGXFSZ, SIGQUIT};
    static struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "alice", 100));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CU_ASSERT_EQUAL(kill(service.pid, numbers[i]), 0);
        co_sleep(50 * CO_CLOCK_MS);
        visit_post(&visit, "/accounts/alice/deposit", NULL, "{\"amount\":1}");
        EXPECT_STATUS(&visit, 201);
    }
    visit_end(&visit);
    char *out = output_of(&service);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, " coroutines on "));
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "waiting on "));
    free(out);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* A terminal that goes away is a request to stop, in order. */
static void a_hangup_stops_it_in_order(void)
{
    static struct service service;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    CU_ASSERT_EQUAL(kill(service.pid, SIGHUP), 0);
    CU_ASSERT_EQUAL(service_await_end(&service, 60 * CO_CLOCK_S), 0);
    CU_ASSERT(service_logged(&service, "info", "stopped"));
    service_remove(&service);
}

static const struct unit_test tests[] = {
    {"a_wrong_folder_makes_nothing", a_wrong_folder_makes_nothing},
    {"numbers_have_a_range", numbers_have_a_range}, {"variables_are_known", variables_are_known},
    {"every_flag_is_a_variable", every_flag_is_a_variable},
    {"token_is_for_terminals", token_is_for_terminals},
    {"signals_that_do_not_end_it", signals_that_do_not_end_it},
    {"a_hangup_stops_it_in_order", a_hangup_stops_it_in_order}, {0}};
const struct unit_suite operation_suite = {"operation", 2, tests};
