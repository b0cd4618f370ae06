/* SPDX-License-Identifier: MIT */
/* The program under a supervisor that speaks as systemd does: what it tells of itself, that a hung
 * ledger does not count as alive, and sockets that are handed over. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/lines.h"
#include "tests/service/played.h"
#include "tests/service/visit.h"

static const int64_t patience_ns = 120 * CO_CLOCK_S;

static void fund(const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    CU_ASSERT_FATAL(visit_fund(&visit, "alice", 100));
    visit_end(&visit);
}

/* A deposit whose answer nobody waits for. */
static struct client *send_deposit(const struct service *service)
{
    static const struct request deposit = {.path = "/v1/ledgers/main/accounts/alice/deposit",
        .key = "hangs",
        .body = "{\"amount\":7}",
        .body_length = 12};
    struct client *client = client_make(&service->target, patience_ns);
    co_ensure(client);
    CU_ASSERT_EQUAL(client_send(client, &deposit), CLIENT_ANSWERED);
    return client;
}

/* What is meant for the program is not told to its PostgreSQL, which would say that it is ready. */
static void expect_child_untold(const struct service *service)
{
    struct command command = {0};
    char line[200];
    snprintf(line, sizeof line,
        "tr '\\0' '\\n' </proc/%d/environ | grep -cE 'NOTIFY|WATCHDOG|LISTEN_'",
        (int)service_postmaster(service));
    lines_run(&command, line);
    CU_ASSERT_STRING_EQUAL(command.out, "0\n");
    command_free(&command);
}

static void it_tells_how_it_is(void)
{
    static struct service service;
    static struct played played = {.watchdog_ms = 600};
    static char text[PLAYED_TEXT];
    service_prepare(&service, "owner", NULL);
    played_begin(&played, &service);
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT(played_await(&played, "STATUS=ledger main: strategy owner", NULL, patience_ns));
    CU_ASSERT_FATAL(played_await(&played, "READY=1", text, patience_ns));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "STATUS=serving on http://127.0.0.1:"));
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 200);
    expect_child_untold(&service);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(played_await(&played, "WATCHDOG=1", NULL, patience_ns));

    /* SIGHUP is no wish to end it, though it has nothing to read again. */
    CU_ASSERT_EQUAL(kill(service.pid, SIGHUP), 0);
    CU_ASSERT(played_await(&played, "RELOADING=1\nMONOTONIC_USEC=", NULL, patience_ns));
    CU_ASSERT(played_await(&played, "READY=1", NULL, patience_ns));
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 200);

    CU_ASSERT_EQUAL(kill(service.pid, SIGTERM), 0);
    CU_ASSERT(played_await(&played, "STOPPING=1", NULL, patience_ns));
    CU_ASSERT_EQUAL(service_await_end(&service, 60 * CO_CLOCK_S), 0);
    played_end(&played);
    service_remove(&service);
}

/* A transfer of so many postings. */
static void post_many(struct visit *visit, int count)
{
    static char body[64 * 1000];
    size_t used = (size_t)snprintf(body, sizeof body, "{\"postings\":[");
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(body + used, sizeof body - used,
            "%s{\"from\":\"alice\",\"to\":\"bob\",\"amount\":1}", i ? "," : "");
    snprintf(body + used, sizeof body - used, "]}");
    visit_post(visit, "/transfers", NULL, body);
    EXPECT_STATUS(visit, 201);
}

/* A long start says how far it has come, in the log and to the supervisor: here each of the
 * journal's 5,000 postings takes a while to fold. */
static void a_long_start_tells_how_far_it_is(void)
{
    static struct service service;
    static struct played played = {.more = "TELLER_FAILPOINTS=fold.posting=pause:1"};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 10000) && visit_fund(&visit, "bob", 0));
    for (int i = 0; i < 5; i++)
        post_many(&visit, 1000);
    visit_end(&visit);
    service_kill(&service); /* so that it leaves no checkpoint */
    played_begin(&played, &service);
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT(played_await(&played, "going on", NULL, patience_ns));
    CU_ASSERT(service_logged(&service, "info", " rows read in "));
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    played_end(&played);
    service_remove(&service);
}

/* ---- the watchdog ---------------------------------------------------------------------------- */

/* That passage of the place never ends: it is the deposit's, after the accounts and their money. */
static void hang(const char *strategy, const char *point, int passage)
{
    static struct service service;
    static struct played played;
    char variable[100];
    snprintf(variable, sizeof variable, "TELLER_FAILPOINTS=%s=pause:3600000@%d", point, passage);
    played = (struct played){.watchdog_ms = 300, .more = variable};
    service_prepare(&service, strategy, NULL);
    played_begin(&played, &service);
    CU_ASSERT_FATAL(service_run(&service));
    fund(&service);
    for (int i = 0; i < 2; i++)
        CU_ASSERT(played_await(&played, "WATCHDOG=1", NULL, patience_ns));
    struct client *client = send_deposit(&service);

    /* One may be on its way; then none comes in twenty times the span in which three did. */
    co_sleep(CO_CLOCK_S);
    while (played_await(&played, "WATCHDOG=1", NULL, 0))
        ;
    CU_ASSERT(!played_await(&played, "WATCHDOG=1", NULL, 6 * CO_CLOCK_S));
    CU_ASSERT_EQUAL(service_probe(&service, "/livez"), 200);
    client_free(&client);
    service_kill(&service);
    played_end(&played);
    service_remove(&service);
}

static void a_hung_strategy_is_not_alive(const char *strategy)
{
    hang(strategy, "appended", 4);
}
BOTH_STRATEGIES(a_hung_strategy_is_not_alive)

static void a_hung_committer_is_not_alive(void)
{
    hang("owner", "batch.taken", 3);
}

/* To start it again would not bring the database back. */
static void a_stalled_database_is_alive(void)
{
    static struct service service;
    static struct played played = {.watchdog_ms = 300};
    service_prepare(&service, "owner", NULL);
    played_begin(&played, &service);
    CU_ASSERT_FATAL(service_run(&service));
    fund(&service);
    service_signal_postgres(&service, SIGSTOP);
    struct client *client = send_deposit(&service);
    co_sleep(CO_CLOCK_S);
    while (played_await(&played, "WATCHDOG=1", NULL, 0))
        ;
    for (int i = 0; i < 3; i++)
        CU_ASSERT(played_await(&played, "WATCHDOG=1", NULL, patience_ns));
    service_signal_postgres(&service, SIGCONT);
    client_free(&client);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    played_end(&played);
    service_remove(&service);
}

/* ---- sockets --------------------------------------------------------------------------------- */

static const struct request livez = {.path = "/livez", .without_token = true};

/* Whoever connects while it is down is answered when it is up, also the second time. */
static void a_socket_is_handed_over(void)
{
    static struct service service;
    static struct played played = {.hands_over = true};
    struct response response = {0};
    service_prepare(&service, "owner", NULL);
    played_begin(&played, &service);
    for (int i = 0; i < 2; i++) {
        struct target target;
        char url[60];
        snprintf(url, sizeof url, "http://127.0.0.1:%d", service.port);
        co_ensure(target_make(url, "none", &target) == NULL);
        struct client *client = client_make(&target, patience_ns);
        co_ensure(client);
        CU_ASSERT_EQUAL(client_send(client, &livez), CLIENT_ANSWERED);
        CU_ASSERT_FATAL(service_run(&service));
        CU_ASSERT_EQUAL(client_receive(client, &response), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(response.status, 200);
        client_free(&client);
        CU_ASSERT_EQUAL(service_stop(&service), 0);
    }
    played_end(&played);
    service_remove(&service);
}

/* Python opens the socket, at an address of its own choice, and becomes the program. */
#define HANDED_OVER(family, address, calls)                                                        \
    "cat >$dir/t.py <<'END'\n"                                                                     \
    "import os, socket, sys\n"                                                                     \
    "s = socket.socket(socket." family ")\n"                                                       \
    "s.bind(" address ")\n" calls "\n"                                                             \
    "os.dup2(s.fileno(), 3); os.set_inheritable(3, True)\n"                                        \
    "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"                             \
    "os.execvp(sys.argv[1], sys.argv[1:])\n"                                                       \
    "END\n"                                                                                        \
    "run() { python3 $dir/t.py ${teller#timeout 60 } serve --data $dir/data \"$@\"; }\n"

static void others_are_refused(void)
{
    static const struct lines_row rows[] = {
        {1, "--auth off is for loopback only, and 0.0.0.0:",
            HANDED_OVER("AF_INET", "('0.0.0.0', 0)", "s.listen()") "run --auth off"},
        {1, "descriptor 3 was handed over, and is not a listening socket",
            HANDED_OVER("AF_INET", "('127.0.0.1', 0)", "") "run"},
        {1, "descriptor 3 was handed over, and is not a listening socket",
            HANDED_OVER("AF_UNIX", "''", "s.listen()") "run"},
        {1, "2 sockets were handed over, for 1 workers",
            HANDED_OVER("AF_INET", "('127.0.0.1', 0)",
                "s.listen()") "sed -i \"s/FDS='1'/FDS='2'/\" $dir/t.py;"
                              " run --workers 1"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

static const struct unit_test tests[] = {{"it_tells_how_it_is", it_tells_how_it_is},
    {"a_long_start_tells_how_far_it_is", a_long_start_tells_how_far_it_is},
    BOTH_ROWS(a_hung_strategy_is_not_alive),
    {"a_hung_committer_is_not_alive", a_hung_committer_is_not_alive},
    {"a_stalled_database_is_alive", a_stalled_database_is_alive},
    {"a_socket_is_handed_over", a_socket_is_handed_over},
    {"others_are_refused", others_are_refused}, {0}};
const struct unit_suite supervisor_suite = {"supervisor", 2, tests};
