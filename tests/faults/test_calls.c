/* SPDX-License-Identifier: MIT */
/* The functions of libpq and the allocations fail, first the 1st of them, then the 2nd ...; once,
 * and for ever; at work and at the start. And the wall clock jumps. */
#include "tests/faults/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/shim.h"
#include "tests/faults/trial.h"

enum {
    PROGRESS = 30,
    FAILS_WITHIN_MS = 1500,
    FOR_EVER_MS = 200,
    ANSWERED_WITHIN_S = 10,
    WAITS_S = 3,
    PATIENCE_S = 90,
    TEXT = 500
};

static struct shim_control *control;
static char control_path[] = "/tmp/teller-shim-XXXXXX";

/* The programs that are started from here on run with the shim, which does nothing yet. */
static void set_up(void)
{
    char shim[TEXT];
    int length = snprintf(shim, sizeof shim, "%s/shim.so", service_tests_folder());
    CU_ASSERT_FATAL(length < (int)sizeof shim);
    strcpy(strrchr(control_path, '-'), "-XXXXXX");
    int fd = mkstemp(control_path);
    CU_ASSERT_FATAL(fd >= 0 && ftruncate(fd, sizeof *control) == 0);
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    CU_ASSERT_FATAL(control != MAP_FAILED);
    control->call = SHIM_CALLS;
    setenv(SHIM_VARIABLE, control_path, 1);
    setenv("LD_PRELOAD", shim, 1);
}

static void tear_down(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv(SHIM_VARIABLE);
    unlink(control_path);
    trial_tally.failed_calls += control->failed;
    munmap(control, sizeof *control);
}

struct fault {
    enum shim_call call;
    long n; /* which one of them, from 1 */
    bool for_ever;
};

static void arm(const struct fault *fault)
{
    control->call = SHIM_CALLS;
    control->countdown = fault->n;
    control->for_ever = fault->for_ever;
    control->call = (int)fault->call;
}

/* It may go on, or end by itself: with a code, or by an ensure(). Nothing else is clean. */
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
            names[fault->call], fault->n, fault->for_ever ? " and for ever" : "", code);
    CU_ASSERT(clean);
    return clean;
}

/* Wait until the clients are served again, by this process or, if it dies of the fault, the next.
 * False: they are not, or were answered as nobody may be. */
static bool go_on(struct trial *trial, const struct fault *fault)
{
    struct workload *workload = &trial->workload;
    size_t target = workload->answered + PROGRESS;
    int64_t until = clock_now_ns() + PATIENCE_S * CLOCK_S;
    while (workload->answered < target && !workload->failed && clock_now_ns() < until) {
        int code = service_await_end(&trial->service, 20 * CLOCK_MS);
        if (trial->service.pid == 0 && !(ends_cleanly(code, fault) && trial_restart(trial, NULL)))
            return false;
    }
    bool served = workload->answered >= target;
    CU_ASSERT(served);
    return served;
}

/* While it serves. Whether it has died of that, go_on() will see. */
static bool fail_serving(struct trial *trial, const struct fault *fault)
{
    (void)trial;
    unsigned long before = control->failed;
    arm(fault);
    for (int ms = 0; control->failed == before && ms < FAILS_WITHIN_MS; ms += 5)
        co_sleep(5 * CLOCK_MS);
    CU_ASSERT(control->failed > before);
    if (fault->for_ever)
        co_sleep(FOR_EVER_MS * CLOCK_MS);
    control->call = SHIM_CALLS;
    return true;
}

/* While it starts. It may wait until the database can be worked with, and comes up then; what came
 * up though a call had failed must end when it is told to. */
static bool fail_starting(struct trial *trial, const struct fault *fault)
{
    unsigned long before = control->failed;
    if (fault->for_ever)
        (void)ends_cleanly(service_stop(&trial->service), fault);
    trial_kill(trial);
    arm(fault);
    trial->service.start_seconds = fault->for_ever ? WAITS_S : 0;
    bool up = trial_restart(trial, "none=error");
    trial->service.start_seconds = 0;
    control->call = SHIM_CALLS;
    CU_ASSERT(fault->n > 1 || control->failed > before);
    if (!up && trial->service.pid != 0) { /* it waits for better times: here they are */
        up = service_await_ready(&trial->service, PATIENCE_S * CLOCK_S);
        CU_ASSERT(up);
    }
    if (up)
        return true;
    trial_kill(trial);
    return ends_cleanly(trial->service.exit_code, fault) && trial_restart(trial, NULL);
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
            up = fail(&trial, &fault) && go_on(&trial, &fault);
        }
    if (up) {
        CU_ASSERT(trial.workload.slowest_ns < ANSWERED_WITHIN_S * CLOCK_S);
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

/* An answer without its rows is no empty one: nobody's token is forgotten for it. */
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
        /* They tell what is there, or give it back: nothing to fail. */
        "PQclear", "PQcmdStatus", "PQconninfoFree", "PQdb", "PQbackendPID", "PQtransactionStatus",
        "PQerrorMessage", "PQparameterStatus", "PQfinish", "PQfreemem", "PQgetisnull",
        "PQgetlength", "PQgetvalue", "PQisBusy", "PQntuples", "PQresultErrorField",
        "PQresultErrorMessage", "PQresultStatus", "PQsetNoticeReceiver", "PQsocket", "PQstatus"};
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
    ensure(symbols);
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
    blocking_call(look_at_symbols, NULL);
}

/* --- the clock -------------------------------------------------------------------------------- */

/* An hour and ten years, there and back: time rises in the journal (the checker sees to that), and
 * nobody's patience ends early. */
static void clock_jumps(void)
{
    static const long hours[] = {1, -1, 10 * 8766, -10 * 8766, 0};
    struct trial trial;
    set_up();
    trial_begin(&trial, "sharded", NULL);
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        control->clock_offset_s = hours[i] * 3600;
        int64_t since = clock_now_ns();
        trial_progress(&trial, 300);
        CU_ASSERT(clock_now_ns() - since < 10 * CLOCK_S);
    }
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
