/* SPDX-License-Identifier: MIT */
/* Experiments over HTTP: what they find, and that one that goes wrong in any way ends as a told
 * result, while the service answers and keeps nothing of it. */
#include "tests/service/suites.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"

enum { BODY = 600, CODE = 200, LOCATION = 100, TEXT = 300 };

/* ---- one run ------------------------------------------------------------------------------- */

static void post_run(struct visit *visit, const char *body, const char *headers)
{
    visit_call(visit, &(struct request){.method = "POST",
                          .path = "/v1/lab/runs",
                          .headers = headers,
                          .body = body,
                          .body_length = strlen(body)});
}

static bool is_done(const struct visit *visit)
{
    return json_view_is(json_view_member(visit->body, "status"), "done");
}

/* The last answer is one of a run; ask again until it is done. */
static void await_run(struct visit *visit)
{
    char path[LOCATION], id[40] = "";
    int64_t until_ns = co_clock_now_ns() + 120 * CO_CLOCK_S;
    CU_ASSERT_FATAL(json_view_copy(json_view_member(visit->body, "id"), id, sizeof id));
    snprintf(path, sizeof path, "/v1/lab/runs/%s", id);
    while (!is_done(visit) && co_clock_now_ns() < until_ns) {
        visit_call(visit, &(struct request){.path = path, .headers = "Prefer: wait=10\r\n"});
        EXPECT_STATUS(visit, 200);
    }
    CU_ASSERT_FATAL(is_done(visit));
}

/* Have it run to its end; what came of it. */
static struct json_view run(struct visit *visit, const char *body)
{
    post_run(visit, body, "Prefer: wait=10\r\n");
    if (visit->response.status != 202)
        EXPECT_STATUS(visit, 200);
    await_run(visit);
    struct json_view result = json_view_member(visit->body, "result");
    if (!result.at)
        visit_print(visit, 200);
    CU_ASSERT_PTR_NOT_NULL_FATAL(result.at);
    return result;
}

static bool is(struct json_view object, const char *member, const char *text)
{
    struct json_view value = json_view_member(object, member);
    return value.at && value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

/* ---- what they find ------------------------------------------------------------------------ */

static void what_there_is(void)
{
    struct visit visit;
    struct json_view item;
    size_t names = 0, sources = 0;
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/v1/lab/scenarios");
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk scenarios = {.rest = json_view_member(visit.body, "scenarios")};
    while (json_view_next(&scenarios, &item))
        names += json_view_member(item, "name").at && json_view_member(item, "holds").at;
    struct json_view_walk code = {.rest = json_view_member(visit.body, "sources")};
    while (json_view_next(&code, &item))
        sources += json_view_member(item, "code").length > 100;
    CU_ASSERT(names >= 10);
    CU_ASSERT(sources >= 10);
    visit_end(&visit);
}

/* Money is lost; the shrunk schedule loses it again, step by step the same. */
static void found_and_replayed(void)
{
    struct visit visit;
    char code[CODE], body[BODY];
    visit_begin_shared(&visit, "owner");
    struct json_view found =
        run(&visit, "{\"scenario\":\"double-withdraw\",\"strategy\":\"unsafe\","
                    "\"mode\":\"find\",\"shrink\":true}");
    CU_ASSERT(is(found, "found", "true"));
    CU_ASSERT(is(found, "broken", "true"));
    CU_ASSERT_FATAL(json_view_copy(json_view_member(found, "code"), code, sizeof code));
    struct json_view steps = json_view_member(found, "steps");
    char *before = strndup(steps.at ? steps.at : "", steps.length);
    snprintf(body, sizeof body,
        "{\"scenario\":\"double-withdraw\",\"strategy\":\"unsafe\",\"schedule\":\"%s\"}", code);
    struct json_view again = run(&visit, body);
    CU_ASSERT(is(again, "broken", "true"));
    CU_ASSERT(is(again, "steps", before));
    free(before);
    visit_end(&visit);
}

static void what_is_safe_holds(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    struct json_view counted =
        run(&visit, "{\"scenario\":\"double-withdraw\",\"strategy\":\"owner\","
                    "\"mode\":\"count\",\"seeds\":1000}");
    CU_ASSERT(is(counted, "broken", "false"));
    CU_ASSERT(is(counted, "broken_seeds", "0"));
    CU_ASSERT(is(counted, "seeds", "1000"));
    visit_end(&visit);
}

/* On the service's own PostgreSQL: money is lost without a lock, and not by one. */
static void on_the_database(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    struct json_view found = run(
        &visit, "{\"scenario\":\"double-withdraw\",\"strategy\":\"sql-naive\",\"mode\":\"find\"}");
    CU_ASSERT(is(found, "broken", "true"));
    struct json_view counted = run(&visit, "{\"scenario\":\"double-withdraw\",\"mode\":\"count\","
                                           "\"strategy\":\"sql-for-update\",\"seeds\":20}");
    CU_ASSERT(is(counted, "broken_seeds", "0"));
    CU_ASSERT(visit_audit(&visit, "main"));
    visit_end(&visit);
}

/* A program for learners; one whose point is that it deadlocks is no failure. */
static void an_example(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    struct json_view said = run(&visit, "{\"example\":\"deadlock\"}");
    CU_ASSERT(json_view_is(json_view_member(said, "output"), "both reach for their forks\\n"));
    CU_ASSERT(is(said, "exit", "2"));
    struct json_view list = json_view_member(said, "said");
    CU_ASSERT(list.at && memmem(list.at, list.length, "deadlock: all", 13));
    visit_end(&visit);
}

static void what_is_refused(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    post_run(&visit, "{\"scenario\":\"double-withdraw\",\"strategy\":\"hope\",\"seed\":1}", NULL);
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(json_view_is(json_view_member(visit.body, "member"), "strategy"));
    visit_get(&visit, "/v1/lab/runs/1");
    EXPECT_PROBLEM(&visit, 404, "lab_run_not_found");
    visit_end(&visit);
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

/* Children of that service that run an experiment: its process id is among their words. */
static int children_of(pid_t service)
{
    char path[300], text[TEXT], own[40];
    int count = 0, own_size = snprintf(own, sizeof own, "lab-child%c%d", '\0', (int)service) + 1;
    DIR *folder = opendir("/proc");
    co_ensure(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text);
        count += length > 0 && memmem(text, (size_t)length, own, (size_t)own_size) != NULL;
        if (fd >= 0)
            close(fd);
    }
    closedir(folder);
    return count;
}

/* None is left within ten seconds. */
static bool has_no_children(pid_t service)
{
    for (int i = 0; i < 500 && children_of(service) > 0; i++)
        co_sleep(20 * CO_CLOCK_MS);
    return children_of(service) == 0;
}

/* A service whose careless strategies have faults instead (planted/). */
static void make_planted(struct service *service)
{
    static char program[SERVICE_PROGRAM + 20];
    snprintf(program, sizeof program, "%s/teller-planted", service_tests_folder());
    *service = (struct service){.program = program, .strategy = "owner"};
    char *folder = service->folder;
    snprintf(folder, sizeof service->folder, "/tmp/teller-planted-XXXXXX");
    co_ensure(mkdtemp(folder));
    CU_ASSERT_FATAL(service_run(service));
}

#define FAULT(strategy)                                                                            \
    "{\"scenario\":\"double-withdraw\",\"strategy\":\"" strategy "\",\"seed\":1}"

/* While it runs, money moves; then it is told how it ended. */
static void expect_end(struct visit *visit, const char *body, const char *how, const char *other)
{
    int deposits = 0;
    post_run(visit, body, NULL);
    EXPECT_STATUS(visit, 202);
    char path[LOCATION], id[40] = "";
    CU_ASSERT_FATAL(json_view_copy(json_view_member(visit->body, "id"), id, sizeof id));
    snprintf(path, sizeof path, "/v1/lab/runs/%s", id);
    int64_t until_ns = co_clock_now_ns() + 120 * CO_CLOCK_S;
    do {
        visit_post(visit, "/accounts/alice/deposit", NULL, "{\"amount\":1}");
        EXPECT_STATUS(visit, 201);
        deposits++;
        co_sleep(20 * CO_CLOCK_MS); /* it gets only what others leave of the processors */
        visit_get(visit, path);
        EXPECT_STATUS(visit, 200);
    } while (!is_done(visit) && co_clock_now_ns() < until_ns);
    struct json_view ended = json_view_member(visit->body, "ended");
    bool good = json_view_is(json_view_member(ended, "how"), how) ||
                (other && json_view_is(json_view_member(ended, "how"), other));
    if (!good)
        visit_print(visit, 200);
    CU_ASSERT(good);
    CU_ASSERT(deposits > 0);
}

/* A crash, an endless loop, a fork bomb, ten gigabytes, output without an end. */
static void each_fault_is_a_result(void)
{
    static struct service service;
    struct visit visit;
    make_planted(&service);
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "alice", 100));
    /* By then the service has its connections to the database. */
    expect_end(&visit, FAULT("unsafe"), "crashed", NULL);
    CU_ASSERT(visit_audit(&visit, "main"));
    size_t descriptors = service_descriptors(&service), memory_kib = service_memory_kib(&service);
    expect_end(&visit, FAULT("unsafe"), "crashed", NULL);
    expect_end(&visit, FAULT("unordered-locks"), "forbidden", NULL);
    expect_end(&visit, FAULT("rwmutex"), "memory", NULL);
    expect_end(&visit, FAULT("compare-and-swap"), "output", NULL);
    CU_ASSERT(has_no_children(service.pid));
    CU_ASSERT(visit_audit(&visit, "main"));
    size_t now = service_descriptors(&service);
    if (now > descriptors + 2)
        printf("\n    %zu descriptors, then %zu ", descriptors, now);
    CU_ASSERT(now <= descriptors + 2);
    /* Where the machine is busy it does not get as much processor time before its minute ends. */
    expect_end(&visit, FAULT("atomic"), "processor_time", "time");
    CU_ASSERT(has_no_children(service.pid));
    CU_ASSERT(service_memory_kib(&service) < memory_kib + SERVICE_SLACK_KIB);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_lab_runs_total{ended=\"crashed\"}"), 2);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_lab_runs_running"), 0);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* Two that never end by themselves, eight that wait, and no more; then the service goes. */
static void begin_endless(struct visit *visit)
{
    do
        post_run(visit, FAULT("atomic"), NULL);
    while (visit->response.status == 202);
    EXPECT_PROBLEM(visit, 429, "lab_busy");
    CU_ASSERT(visit_header_is(visit, "Retry-After", "1"));
    CU_ASSERT(visit_figure_becomes(visit, "teller_lab_runs_running", 2));
}

static void a_stop_ends_them(void)
{
    static struct service service;
    struct visit visit;
    make_planted(&service);
    visit_begin(&visit, &service);
    begin_endless(&visit);
    pid_t pid = service.pid;
    CU_ASSERT_EQUAL(children_of(pid), 2);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_EQUAL(children_of(pid), 0);
    visit_end(&visit);
    service_remove(&service);
}

static void none_outlives_a_kill(void)
{
    static struct service service;
    struct visit visit;
    make_planted(&service);
    visit_begin(&visit, &service);
    begin_endless(&visit);
    pid_t pid = service.pid;
    service_kill(&service);
    CU_ASSERT(has_no_children(pid));
    visit_end(&visit);
    service_remove(&service);
}

static const struct unit_test tests[] = {{"what_there_is", what_there_is},
    {"found_and_replayed", found_and_replayed}, {"what_is_safe_holds", what_is_safe_holds},
    {"on_the_database", on_the_database}, {"an_example", an_example},
    {"what_is_refused", what_is_refused}, {"each_fault_is_a_result", each_fault_is_a_result},
    {"a_stop_ends_them", a_stop_ends_them}, {"none_outlives_a_kill", none_outlives_a_kill}, {0}};
const struct unit_suite lab_suite = {"lab", 2, tests};
