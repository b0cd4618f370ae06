/* SPDX-License-Identifier: MIT */
/* The functions of libpq and the allocations fail, first the 1st of them, then the 2nd ...; once,
 * and forever; at work and at the start. And the wall clock jumps. */
#include "tests/faults/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/shimmed.h"
#include "tests/faults/trial.h"
#include "tests/service/visit.h"

enum {
    PROGRESS = 30,
    FAILS_WITHIN_MS = 15000,
    FOR_EVER_MS = 200,
    ANSWERED_WITHIN_S = 10,
    PATIENCE_S = 90,
    TEXT = 500
};

static struct shimmed shimmed;
static struct shim_control *control;

static void set_up(void)
{
    shimmed_begin(&shimmed);
    control = shimmed.control;
}

static void tear_down(void)
{
    trial_tally.failed_calls += control->failed;
    shimmed_end(&shimmed);
}

struct fault {
    enum shim_call call;
    long n; /* which one of them, from 1 */
    bool forever;
};

static void arm(const struct fault *fault)
{
    control->call = SHIM_CALLS;
    control->countdown = fault->n;
    control->forever = fault->forever;
    control->call = (int)fault->call;
}

/* It may go on, or end by itself: with a code, or by an co_ensure(). Nothing else is clean. */
static bool ends_cleanly(int code, const struct fault *fault)
{
    static const char *const names[] = {
#define X(name) #name,
        SHIM_ALL(X)
#undef X
    };
    bool clean = code != -1 && (code < 128 || code == 128 + SIGABRT);
    if (!clean)
        printf("\n    %s failing at its %ld. time%s ended the program with %d\n    ",
            names[fault->call], fault->n, fault->forever ? " and forever" : "", code);
    CU_ASSERT(clean);
    return clean;
}

/* Wait until the clients are served again, by this process or, if it dies of the fault, the next.
 * False: they are not, or were answered as nobody may be. */
static bool go_on(struct trial *trial, const struct fault *fault)
{
    struct workload *workload = &trial->workload;
    size_t target = workload->answered + PROGRESS;
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (workload->answered < target && !workload->failed && co_clock_now_ns() < until) {
        int code = service_await_end(&trial->service, 20 * CO_CLOCK_MS);
        if (trial->service.pid == 0 && !(ends_cleanly(code, fault) && trial_restart(trial, NULL)))
            return false;
    }
    bool reached = workload->answered >= target;
    CU_ASSERT(reached);
    return reached;
}

/* While it serves. Whether it has died of that, go_on() will see. */
static bool fail_serving(struct trial *trial, const struct fault *fault)
{
    (void)trial;
    unsigned long before = control->failed;
    arm(fault);
    for (int ms = 0; control->failed == before && ms < FAILS_WITHIN_MS; ms += 5)
        co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT(control->failed > before);
    if (fault->forever)
        co_sleep(FOR_EVER_MS * CO_CLOCK_MS);
    control->call = SHIM_CALLS;
    return true;
}

/* Until it is ready, or has ended, as one may that was about to when all went well again. */
static bool is_up_at_last(struct trial *trial)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (trial->service.pid != 0 && co_clock_now_ns() < until) {
        if (service_probe(&trial->service, "/readyz") == 200)
            return true;
        trial->service.exit_code = service_await_end(&trial->service, 20 * CO_CLOCK_MS);
    }
    CU_ASSERT(trial->service.pid == 0);
    return false;
}

/* While it starts. It may wait until the database can be worked with, and comes up then; what came
 * up though a call had failed must end when it is told to. */
static bool fail_starting(struct trial *trial, const struct fault *fault)
{
    unsigned long before = control->failed;
    if (fault->forever)
        (void)ends_cleanly(service_stop(&trial->service), fault);
    trial_kill(trial);
    arm(fault);
    trial->service.start_seconds = !fault->forever ? 0 : trial_is_long() ? 3 : 1;
    bool up = trial_restart(trial, "none=error");
    trial->service.start_seconds = 0;
    for (int ms = 0; fault->n == 1 && control->failed == before && ms < FAILS_WITHIN_MS; ms += 5)
        co_sleep(5 * CO_CLOCK_MS); /* where that second was not enough */
    control->call = SHIM_CALLS;
    CU_ASSERT(fault->n > 1 || control->failed > before);
    if (up || is_up_at_last(trial))
        return true;
    trial_kill(trial);
    return ends_cleanly(trial->service.exit_code, fault) && trial_restart(trial, NULL);
}

/* The first one fails once, and forever; of those after it the short form takes one of the two. */
static bool is_in_form(const struct fault *fault)
{
    return trial_is_long() || fault->n == 1 ||
           fault->forever == ((unit_seed() + (unsigned long)fault->n) % 2 != 0);
}

/* One journal for all of it. `ns` ends with 0: fail the first, the second ... */
static void sweep(bool (*fail)(struct trial *, const struct fault *), enum shim_call first,
    enum shim_call last, const long *ns)
{
    struct trial trial;
    bool up = true;
    set_up();
    trial_begin(&trial, unit_seed() % 2 ? "owner" : "sharded", NULL);
    for (int call = first; call <= (int)last; call++)
        for (int i = 0; up && ns[i / 2] > 0; i++) {
            const struct fault fault = {(enum shim_call)call, ns[i / 2], i % 2};
            if (is_in_form(&fault))
                up = fail(&trial, &fault) && go_on(&trial, &fault);
        }
    if (up) {
        CU_ASSERT(trial.workload.slowest_ns < ANSWERED_WITHIN_S * CO_CLOCK_S);
        trial_verify(&trial);
    }
    trial_end(&trial);
    tear_down();
}

/* 1, 2, 3 ... up to `all`, and from there by steps that the dice make, up to `most`. */
static const long *some_of(long all, long most)
{
    enum { MANY = 600 };
    static long ns[MANY + 1];
    struct dice dice = dice_make(unit_seed(), 12);
    int count = 0;
    for (long n = 1; n <= most && count < MANY; count++) {
        ns[count] = n;
        n += n < all ? 1 : 1 + (long)dice_below(&dice, (uint64_t)n);
    }
    ns[count] = 0;
    return ns;
}

static void serving(void)
{
    long most = trial_is_long() ? 20 : 2;
    sweep(fail_serving, SHIM_PQputCopyData, SHIM_PQgetResult, some_of(most, most));
}

static void starting(void)
{
    long most = trial_is_long() ? 10 : 1;
    sweep(fail_starting, SHIM_PQsendQuery, SHIM_PQgetCopyData, some_of(most, most));
}

/* An answer without its rows is not an empty one: no token is forgotten because of it. */
static void rows_serving(void)
{
    long most = trial_is_long() ? 20 : 3;
    sweep(fail_serving, SHIM_ROWS, SHIM_ROWS, some_of(most, most));
}

static void rows_starting(void)
{
    long most = trial_is_long() ? 40 : 4;
    sweep(fail_starting, SHIM_ROWS, SHIM_ROWS, some_of(most, most));
}

static void memory_serving(void)
{
    sweep(fail_serving, SHIM_MEMORY, SHIM_MEMORY,
        trial_is_long() ? some_of(120, 3000) : some_of(3, 60));
}

static void memory_starting(void)
{
    sweep(fail_starting, SHIM_MEMORY, SHIM_MAPPING,
        trial_is_long() ? some_of(60, 5000) : some_of(2, 100));
}

/* --- is that all of them? --------------------------------------------------------------------- */

static bool is_covered(const char *name)
{
    static const char *const names[] = {
#define X(name) #name,
        SHIM_SERVING(X) SHIM_STARTING(X)
#undef X
            "PQsendQueryParams", /* behind a pooler alone */
        "PQconninfoParse",       /* with --database alone: tests/ledger makes it say no */
        "PQconndefaults",        /* the same; without it PQconninfoParse() refuses */
        /* They tell what is there, or give it back: nothing to fail. */
        "PQbinaryTuples", "PQclear", "PQcmdStatus", "PQconninfoFree", "PQdb", "PQbackendPID",
        "PQtransactionStatus", "PQerrorMessage", "PQparameterStatus", "PQfinish", "PQfreemem",
        "PQgetisnull", "PQgetlength", "PQgetvalue", "PQisBusy", "PQnfields", "PQntuples",
        "PQresultErrorField", "PQresultErrorMessage", "PQresultStatus", "PQsetNoticeReceiver",
        "PQsocket", "PQstatus"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* What the program wants of libpq, as its symbols say. */
static void look_at_symbols(void *arg)
{
    char command[TEXT + SERVICE_PROGRAM], program[SERVICE_PROGRAM], name[100];
    (void)arg;
    service_program(program);
    snprintf(command, sizeof command, "nm -D --undefined-only '%s' | awk '$2 ~ /^PQ/ { print $2 }'",
        program);
    int functions = 0;
    FILE *symbols = popen(command, "r");
    co_ensure(symbols);
    while (fscanf(symbols, "%99s", name) == 1) {
        functions++;
        CU_ASSERT(is_covered(name));
        if (!is_covered(name))
            printf("\n    no test makes %s() fail\n    ", name);
    }
    CU_ASSERT(functions > 20);
    pclose(symbols);
}

static void all_of_libpq(void)
{
    co_blocking_call(look_at_symbols, NULL);
}

/* --- the clock -------------------------------------------------------------------------------- */

/* A ledger that no client of the trial moves money in. */
#define SIDE "/v1/ledgers/side"

static void set_clock(long seconds)
{
    control->clock_offset_s = seconds;
}

/* Ready or not, as /readyz says; not for any reason but the clock. */
static bool is_ready(struct visit *visit)
{
    visit_get(visit, "/readyz");
    char reason[TEXT] = "";
    (void)json_view_copy(json_view_member(visit->body, "reason"), reason, sizeof reason);
    CU_ASSERT(visit->response.status == 200 || strstr(reason, "the clock of this server differs"));
    return visit->response.status == 200;
}

static void utc_text(int64_t at_us, char *text, size_t size)
{
    struct tm parts;
    time_t at_s = at_us / 1000000;
    CU_ASSERT_FATAL(gmtime_r(&at_s, &parts) && strftime(text, size, "%FT%T", &parts) > 0);
}

/* What the journal has after a position was written between these moments. */
static void journal_is_between(struct visit *visit, int64_t after, int64_t from_us, int64_t to_us)
{
    struct json_view item;
    char path[64], at[64], from[64], to[64];
    utc_text(from_us, from, sizeof from);
    utc_text(to_us, to, sizeof to);
    snprintf(path, sizeof path, "/journal?limit=1000&after=%lld", (long long)after);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
    while (json_view_next(&walk, &item)) {
        CU_ASSERT_FATAL(json_view_copy(json_view_member(item, "at"), at, sizeof at));
        CU_ASSERT(strcmp(at, from) >= 0 && strcmp(at, to) <= 0);
    }
}

static int64_t last_seq(const struct trial *trial)
{
    return trial_metric(&trial->service, "teller_last_seq{ledger=\"main\"}");
}

/* A clock that is more than a minute off, under load: nothing is written, no hold expires, and the
 * client is told why; what was admitted before gets the right time. Then it goes on by itself. */
static void clock_is_wrong(struct trial *trial, struct visit *visit, int64_t hold, long seconds)
{
    static const int64_t minute_us = 60 * CO_CLOCK_S / CO_CLOCK_US;
    static const char one[] = "{\"from\":\"jump\",\"to\":\"shop\",\"amount\":1}";
    char path[64];
    int64_t since_us = co_clock_wall_us(), durable = last_seq(trial);
    set_clock(seconds);
    for (int i = 0; i < 10; i++) {
        visit_post(visit, SIDE "/transfers", NULL, one);
        EXPECT_PROBLEM(visit, 503, "unavailable");
        CU_ASSERT(strstr(visit->response.body, "clock") != NULL);
        CU_ASSERT_FALSE(is_ready(visit));
        co_sleep(150 * CO_CLOCK_MS); /* beats come between, and the expirer */
    }
    snprintf(path, sizeof path, SIDE "/holds/%lld", (long long)hold);
    visit_get(visit, path);
    CU_ASSERT(visit_is(visit, "status", "\"held\""));
    set_clock(0);
    for (int i = 0; i < 100 && !is_ready(visit); i++)
        co_sleep(50 * CO_CLOCK_MS);
    trial_progress(trial, 300);
    journal_is_between(
        visit, durable, since_us - 2 * minute_us, co_clock_wall_us() + 2 * minute_us);
}

/* Half a minute, a bit more than one, an hour and ten years, there and back. Time rises in the
 * journal (the checker sees to that), and no wait ends early. */
static void clock_jumps(void)
{
    static const long wrong_s[] = {90, -90, 3600, -3600, 315576000, -315576000};
    struct trial trial;
    struct visit visit;
    int64_t hold = 0;
    set_up();
    trial_begin(&trial, "sharded", NULL);
    visit_begin(&visit, &trial.service);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"side\"}");
    EXPECT_STATUS(&visit, 201);
    visit.api.ledger = "side";
    CU_ASSERT(visit_fund(&visit, "jump", 1000) && visit_fund(&visit, "shop", 0));
    visit_post(&visit, SIDE "/holds", NULL,
        "{\"from\":\"jump\",\"to\":\"shop\",\"amount\":10,\"expires_in\":3000}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(json_view_integer(json_view_member(visit.body, "id"), &hold));
    for (size_t i = 0; i < sizeof wrong_s / sizeof wrong_s[0]; i++)
        clock_is_wrong(&trial, &visit, hold, wrong_s[i]);
    for (long seconds = 30; seconds >= -30; seconds -= 30) {
        set_clock(seconds);
        trial_progress(&trial, 300);
    }
    set_clock(0);
    visit_end(&visit);
    trial_kill(&trial);
    if (trial_restart(&trial, NULL)) {
        trial_progress(&trial, PROGRESS);
        trial_verify(&trial);
    }
    trial_end(&trial);
    tear_down();
}

const struct unit_suite calls_suite = {"calls", 2,
    (const struct unit_test[]){{"all_of_libpq", all_of_libpq}, {"serving", serving},
        {"starting", starting}, {"rows_serving", rows_serving}, {"rows_starting", rows_starting},
        {"memory_serving", memory_serving}, {"memory_starting", memory_starting},
        {"clock_jumps", clock_jumps}, {0}}};
