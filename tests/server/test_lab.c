/* SPDX-License-Identifier: MIT */
/* The runner of experiments, with a program that misbehaves (tests/server/lab/): however a child
 * ends, that is told, and nothing else is touched. Then the same over HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/lab/lab_runs.h"
#include "server/lab/lab_share.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

#define RUNS "/v1/lab/runs"

/* ---- the runner ---------------------------------------------------------------------------- */

/* It lies beside the tests' own program. */
static const char *standin(void)
{
    static char path[500];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 20);
    co_ensure(length > 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, "lab-standin");
    return path;
}

/* Sanitizers need more time to fill more memory. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { PROCESSOR_S = 10 };
#else
enum { PROCESSOR_S = 1 };
#endif

static struct lab_runs *start(void)
{
    const struct lab_runs_options options = {
        .program = standin(), .processor_s = PROCESSOR_S, .time_s = 60};
    struct lab_runs *runs = lab_runs_start(&options);
    co_ensure(runs);
    return runs;
}

static struct lab_run *add(struct lab_runs *runs, const char *strategy)
{
    const struct lab_order order = {.words = {"lab", "double-withdraw", "--strategy", strategy},
        .word_count = 4,
        .request = "{}"};
    struct lab_run *run;
    return lab_runs_add(runs, &order, &run) == LAB_ADDED ? run : NULL;
}

struct row {
    const char *strategy;
    enum lab_end how;
    const char *text, *said; /* that is in it; NULL: whatever */
};

static void expect_end(struct lab_runs *runs, const struct row *row)
{
    struct lab_view view;
    struct lab_run *run = add(runs, row->strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    lab_runs_await(co_context_background(), run);
    lab_runs_view(runs, run, &view);
    CU_ASSERT_EQUAL_FATAL(view.state, LAB_DONE);
    const struct lab_child_report *report = view.report;
    const char *told = report->how == LAB_END_RESULT ? report->output : report->text;
    bool good = report->how == row->how && (!row->text || strstr(told, row->text)) &&
                (!row->said || strstr(report->said, row->said));
    if (!good)
        printf("\n    %s: %s, \"%s\", said \"%.200s\" ", row->strategy, lab_end_names[report->how],
            told, report->said);
    CU_ASSERT_TRUE(good);
    lab_runs_release(runs, &run);
}

static void test_each_end_is_told(void)
{
    static const struct row rows[] = {{"holds", LAB_END_RESULT, "It held.", ""},
        {"breaks", LAB_END_RESULT, "It broke.", ""},
        {"crash", LAB_END_CRASHED, "signal 11", "about to crash\n?[1mhere"},
        {"loop", LAB_END_PROCESSOR_TIME, "seconds of processor time", ""},
        {"fork", LAB_END_FORBIDDEN, "starting a process", ""},
        {"program", LAB_END_FORBIDDEN, "starting a process", ""},
        {"socket", LAB_END_FORBIDDEN, NULL, ""}, {"memory", LAB_END_MEMORY, "MiB of memory", NULL},
        {"output", LAB_END_OUTPUT, "more than 2048 KiB", ""},
        {"words", LAB_END_RESULT, "It held.", "and more\nand more\n"},
        {"silence", LAB_END_FAILED, "code 1 and without a result", "nothing to say"},
        {"babble", LAB_END_FAILED, "not JSON", ""}, {"usage", LAB_END_CRASHED, "exit code 2", ""},
        {"deadlock", LAB_END_DEADLOCK, "waited for each other", "deadlock:"},
        {"unheard-of", LAB_END_FAILED, "without a result", ""}};
    struct lab_runs *runs = start();
    struct lab_figures figures;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_end(runs, &rows[i]);
    lab_runs_read(runs, &figures);
    CU_ASSERT_EQUAL(figures.ended[LAB_END_RESULT], 3);
    CU_ASSERT_EQUAL(figures.ended[LAB_END_FORBIDDEN], 3);
    CU_ASSERT_EQUAL(figures.kept, sizeof rows / sizeof rows[0]);
    CU_ASSERT_EQUAL(figures.running + figures.waiting, 0);
    CU_ASSERT_TRUE(figures.processor_us >= 900000); /* the loop's */
    lab_runs_free(&runs);
}

/* Descriptors 0 to 2, no file, nothing of the parent's, and not root. */
static void test_what_a_child_has(void)
{
    static const struct row row = {"around", LAB_END_RESULT,
        "\"descriptors\":3,\"files\":false,\"parent\":false,\"root\":false", ""};
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    return; /* their reports take files */
#endif
    struct lab_runs *runs = start();
    expect_end(runs, &row);
    lab_runs_free(&runs);
}

static void test_a_clock_ends_it(void)
{
    static const struct row rows[] = {{"sleep", LAB_END_TIME, "after 1 seconds", ""},
        {"closed", LAB_END_TIME, "after 1 seconds", ""}};
    const struct lab_runs_options options = {.program = standin(), .time_s = 1};
    struct lab_runs *runs = lab_runs_start(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(runs);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_end(runs, &rows[i]);
    lab_runs_free(&runs);
}

static void test_a_program_that_is_not_there(void)
{
    static const struct row row = {"holds", LAB_END_FAILED, "could not be started", NULL};
    const struct lab_runs_options options = {.program = "/nonexistent/teller"};
    struct lab_runs *runs = lab_runs_start(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(runs);
    expect_end(runs, &row);
    lab_runs_free(&runs);
}

/* Two run and eight wait; the end ends them all, and tells whoever waits. */
static void test_more_than_can_wait(void)
{
    struct lab_run *all[LAB_RUNS_RUNNING + LAB_RUNS_WAITING];
    struct lab_runs *runs = start();
    struct lab_figures figures;
    size_t count = 0;
    for (int i = 0; i < 2; i++)
        all[count++] = add(runs, "sleep");
    /* The first two are taken; the others would find the places that those had waited in. */
    for (int i = 0; i < 2000; i++) {
        lab_runs_read(runs, &figures);
        if (figures.running == 2)
            break;
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL_FATAL(figures.running, 2);
    for (int i = 0; i < LAB_RUNS_WAITING; i++)
        all[count++] = add(runs, "sleep");
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(all[i]);
    CU_ASSERT_PTR_NULL(add(runs, "holds"));
    lab_runs_read(runs, &figures);
    CU_ASSERT_EQUAL(figures.waiting, LAB_RUNS_WAITING);
    CU_ASSERT_EQUAL(figures.refused, 1);
    lab_runs_end(runs);
    CU_ASSERT_PTR_NULL(add(runs, "holds"));
    for (size_t i = 0; i < count; i++) {
        struct lab_view view;
        lab_runs_await(co_context_background(), all[i]);
        lab_runs_view(runs, all[i], &view);
        CU_ASSERT_EQUAL(view.report->how, LAB_END_STOPPED);
        lab_runs_release(runs, &all[i]);
    }
    lab_runs_free(&runs);
}

/* The newest are kept, up to a number of runs and of bytes. */
static void test_what_is_kept(void)
{
    struct lab_runs *runs = start();
    struct lab_figures figures;
    char first[MONEY_TEXT] = "", last[MONEY_TEXT] = "";
    for (int i = 0; i < LAB_RUNS_KEPT + 5; i++) {
        struct lab_view view;
        struct lab_run *run = add(runs, "holds");
        CU_ASSERT_PTR_NOT_NULL_FATAL(run);
        lab_runs_await(co_context_background(), run);
        lab_runs_view(runs, run, &view);
        strcpy(i == 0 ? first : last, view.id);
        lab_runs_release(runs, &run);
    }
    lab_runs_read(runs, &figures);
    CU_ASSERT_EQUAL(figures.kept, LAB_RUNS_KEPT);
    CU_ASSERT_PTR_NULL(lab_runs_find(runs, first));
    struct lab_run *found = lab_runs_find(runs, last);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    lab_runs_release(runs, &found);
    lab_runs_free(&runs);
}

/* One that has used up what there is rests, and ends all the same. */
static void test_a_busy_service(void)
{
    const int64_t long_ns = 1000 * CO_CLOCK_S, now_ns = co_clock_now_ns();
    struct lab_share share = {.refilled_ns = now_ns, .looked_ns = now_ns};
    CU_ASSERT_TRUE(lab_share_charge(&share, 10 * CO_CLOCK_S)); /* it was not busy meanwhile */
    share.busy_until_ns = now_ns + long_ns;
    CU_ASSERT_TRUE(lab_share_charge(&share, 0));
    CU_ASSERT_FALSE(lab_share_charge(&share, CO_CLOCK_S / 4));
    static const char *const words[] = {"lab", "double-withdraw", "--strategy", "holds", NULL};
    const struct lab_child_job job = {
        .share = &share, .program = standin(), .words = words, .output_max = LAB_CHILD_OUTPUT_MAX};
    struct lab_child_report *report = malloc(sizeof *report);
    co_ensure(report);
    lab_child_run(co_context_background(), &job, report);
    CU_ASSERT_EQUAL(report->how, LAB_END_RESULT);
    free(report->output);
    free(report);
    share.busy_until_ns = 0;
    CU_ASSERT_TRUE(lab_share_charge(&share, 0));
}

/* Others keep the processors busy for longer than it may live: it waits, and then it runs. */
static void test_a_busy_machine(void)
{
    static const char others[] = "for i in $(seq $((3 * $(nproc)))); do "
                                 "timeout 10 sh -c 'while :; do :; done' & done; wait";
    static const struct row row = {"loop", LAB_END_PROCESSOR_TIME, NULL, ""};
    const struct lab_runs_options options = {.program = standin(), .processor_s = 1, .time_s = 5};
    struct lab_runs *runs = lab_runs_start(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(runs);
    FILE *busy = popen(others, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(busy);
    co_sleep(CO_CLOCK_S);
    expect_end(runs, &row);
    pclose(busy);
    lab_runs_free(&runs);
}

static const struct unit_test runs_tests[] = {{"each_end_is_told", test_each_end_is_told},
    {"what_a_child_has", test_what_a_child_has}, {"a_clock_ends_it", test_a_clock_ends_it},
    {"a_program_that_is_not_there", test_a_program_that_is_not_there},
    {"more_than_can_wait", test_more_than_can_wait}, {"what_is_kept", test_what_is_kept},
    {"a_busy_service", test_a_busy_service}, {"a_busy_machine", test_a_busy_machine}, {0}};
const struct unit_suite lab_runs_suite = {"lab_runs", 0, runs_tests};

/* ---- over HTTP ----------------------------------------------------------------------------- */

struct visit {
    struct fixture fixture;
    struct answer answer;
};

static struct visit *visit_begin(void)
{
    struct visit *visit = malloc(sizeof *visit);
    co_ensure(visit);
    fixture_start(&visit->fixture);
    visit->fixture.api.lab = start();
    return visit;
}

static void visit_end(struct visit *visit)
{
    lab_runs_end(visit->fixture.api.lab);
    struct lab_runs *runs = visit->fixture.api.lab;
    fixture_stop(&visit->fixture);
    lab_runs_free(&runs);
    free(visit);
}

static void expect(struct visit *visit, const char *method, const char *path, const char *body,
    int status, const char *text)
{
    struct answer *answer = &visit->answer;
    fixture_call(&visit->fixture, method, path, body, answer);
    bool good = answer->status == status && strstr(answer->body, text);
    if (!good)
        printf("\n    %s %s %s: %d %.400s ", method, path, body ? body : "", answer->status,
            answer->body);
    CU_ASSERT_TRUE(good);
}

static void test_what_there_is(void)
{
    struct visit *visit = visit_begin();
    expect(visit, "GET", "/v1/lab/scenarios", NULL, 200,
        "{\"scenarios\":[{\"name\":\"double-withdraw\"");
    expect(visit, "GET", RUNS "/1", NULL, 404, "lab_run_not_found");
    expect(visit, "GET", "/metrics", NULL, 200, "\nteller_lab_runs_waiting 0\n");
    visit_end(visit);
}

#define ONE "{\"scenario\":\"double-withdraw\",\"strategy\":"

static void test_a_run_from_start_to_end(void)
{
    struct visit *visit = visit_begin();
    char location[256];
    expect(visit, "POST", RUNS, ONE "\"breaks\",\"seed\":7}", 202,
        "\"request\":{\"scenario\":\"double-withdraw\",\"strategy\":\"breaks\",\"mode\":"
        "\"schedule\",\"seed\":7}");
    answer_header(&visit->answer, "Location", location);
    CU_ASSERT_EQUAL(strncmp(location, RUNS "/", sizeof RUNS), 0);
    do
        fixture_call(&visit->fixture, "GET", location, NULL, &visit->answer);
    while (strstr(visit->answer.body, "\"status\":\"waiting\"") ||
           strstr(visit->answer.body, "\"status\":\"running\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(visit->answer.body, "\"status\":\"done\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(visit->answer.body, "\"result\":{\"broken\":true,\"verdict\":\"It broke.\"}"));
    /* And in one go. */
    char *headers = visit->fixture.headers;
    snprintf(headers + strlen(headers), sizeof visit->fixture.headers - strlen(headers),
        "Prefer: wait=10\r\n");
    expect(visit, "POST", RUNS, ONE "\"holds\",\"schedule\":\"3.2-5.1\"}", 200, "It held.");
    expect(visit, "POST", RUNS, ONE "\"crash\",\"seed\":1}", 200, "\"ended\":{\"how\":\"crashed\"");
    expect(visit, "POST", RUNS, "{\"example\":\"hello\"}", 200,
        "\"result\":{\"output\":\"hello?, \\\"world\\\"\\n\",\"said\":\"\",\"exit\":0}");
    visit_end(visit);
}

/* Each is refused for the one thing that is wrong with it. */
static void test_what_is_refused(void)
{
    static const struct {
        const char *body, *detail;
    } rows[] = {{"{}", "scenario: is required, or an example"},
        {"{\"scenario\":1}", "scenario: must be a text"},
        {"{\"scenario\":\"x\"}", "scenario: must be one of double-withdraw, ring"},
        {"{\"scenario\":\"ring\"}", "strategy: is required"},
        {"{\"scenario\":\"ring\",\"strategy\":\"crash\"}", "strategy: must be one of holds\""},
        {ONE "\"holds\"}", "seed: is required in this mode, or a schedule"},
        {ONE "\"holds\",\"mode\":\"x\"}", "mode: must be one of schedule, find, count, parallel"},
        {ONE "\"holds\",\"seed\":-1}", "seed: must be a whole number from 0 to 9007199254740991"},
        {ONE "\"holds\",\"seed\":1,\"schedule\":\"1.2\"}", "schedule: goes without a seed"},
        {ONE "\"holds\",\"schedule\":\"A\"}", "schedule: must be at most 8,192 characters"},
        {ONE "\"holds\",\"mode\":\"find\",\"schedule\":\"1\"}",
            "schedule: goes with the mode schedule"},
        {ONE "\"holds\",\"mode\":\"count\"}", "seeds: is required in this mode"},
        {ONE "\"holds\",\"mode\":\"count\",\"seeds\":100001}",
            "seeds: must be a whole number from 1 to 100000"},
        {ONE "\"holds\",\"seed\":1,\"seeds\":1}", "seeds: goes with the modes find and count only"},
        {ONE "\"holds\",\"mode\":\"count\",\"seeds\":1,\"shrink\":true}",
            "shrink: goes with the mode find, or with a schedule"},
        {ONE "\"holds\",\"mode\":\"find\",\"shrink\":1}", "shrink: must be true or false"},
        {ONE "\"holds\",\"mode\":\"find\",\"walk\":\"x\"}", "walk: must be one of random, pct"},
        {ONE "\"holds\",\"schedule\":\"\",\"walk\":\"pct\"}", "walk: goes with seeds only"},
        {ONE "\"holds\",\"mode\":\"find\",\"depth\":3}", "depth: goes with the walk pct only"},
        {ONE "\"holds\",\"mode\":\"find\",\"clients\":17}",
            "clients: must be a whole number from 2 to 16"},
        {ONE "\"holds\",\"mode\":\"parallel\",\"clients\":101}",
            "clients: must be a whole number from 2 to 100"},
        {ONE "\"holds\",\"mode\":\"parallel\",\"seed\":1}", "seed: goes with other modes only"},
        {"{\"example\":\"x\"}", "example: must be one of hello"},
        {"{\"example\":\"hello\",\"seed\":1}", "example: goes with no other member"},
        {ONE "\"holds\",\"speed\":1}", "speed: is not a member of this request"}};
    struct visit *visit = visit_begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(visit, "POST", RUNS, rows[i].body, 400, rows[i].detail);
    /* Nothing of it was run. */
    expect(visit, "GET", "/metrics", NULL, 200, "\nteller_lab_kept_runs 0\n");
    visit_end(visit);
}

static void test_too_many(void)
{
    struct visit *visit = visit_begin();
    char value[256];
    do
        fixture_call(&visit->fixture, "POST", RUNS, ONE "\"sleep\",\"seed\":1}", &visit->answer);
    while (visit->answer.status == 202);
    CU_ASSERT_EQUAL(visit->answer.status, 429);
    CU_ASSERT_PTR_NOT_NULL(strstr(visit->answer.body, "\"code\":\"lab_busy\""));
    CU_ASSERT_STRING_EQUAL(answer_header(&visit->answer, "Retry-After", value), "1");
    expect(visit, "GET", "/metrics", NULL, 200, "\nteller_lab_refused_runs_total 1\n");
    visit_end(visit);
}

static const struct unit_test tests[] = {{"what_there_is", test_what_there_is},
    {"a_run_from_start_to_end", test_a_run_from_start_to_end},
    {"what_is_refused", test_what_is_refused}, {"too_many", test_too_many}, {0}};
const struct unit_suite lab_suite = {"lab", 0, tests};
