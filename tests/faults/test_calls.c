/* SPDX-License-Identifier: MIT */
/* The functions of libpq fail, first the 1st of them, then the
 * 2nd ...; once, and for ever. And the wall clock jumps. */
#include "tests/faults/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/shim.h"
#include "tests/faults/trial.h"

enum { PROGRESS = 30, FAILS_WITHIN_MS = 1500, FOR_EVER_MS = 200, TEXT = 500 };

static struct shim_control *control;
static char control_path[] = "/tmp/teller-shim-XXXXXX";

/* The programs that are started from here on run with the shim, which does nothing yet. */
static void set_up(void)
{
    char shim[TEXT];
    ssize_t length = readlink("/proc/self/exe", shim, sizeof shim - 16);
    CU_ASSERT_FATAL(length > 0);
    shim[length] = '\0';
    snprintf(strrchr(shim, '/'), 16, "/shim.so");
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

static void arm(enum shim_call call, long n, bool for_ever)
{
    control->call = SHIM_CALLS;
    control->countdown = n;
    control->for_ever = for_ever;
    control->call = (int)call;
}

/* It may go on, or end by itself: with a code, or by an ensure(). Nothing else is clean. */
static bool ends_cleanly(int code, enum shim_call call, long n)
{
    bool clean = code != -1 && (code < 128 || code == 128 + SIGABRT);
    if (!clean)
        printf("\n    call %d failing at its %ld. time ended the program with %d\n    ", (int)call,
            n, code);
    CU_ASSERT(clean);
    return clean;
}

/* While it serves. False: it cannot be brought back. */
static bool fail_serving(struct trial *trial, enum shim_call call, long n, bool for_ever)
{
    unsigned long before = control->failed;
    arm(call, n, for_ever);
    for (int ms = 0; control->failed == before && ms < FAILS_WITHIN_MS; ms += 5)
        co_sleep(5 * CLOCK_MS);
    CU_ASSERT(control->failed > before);
    if (for_ever)
        co_sleep(FOR_EVER_MS * CLOCK_MS);
    control->call = SHIM_CALLS;
    int code = service_await_end(&trial->service, 20 * CLOCK_MS);
    if (trial->service.pid != 0)
        return true;
    return ends_cleanly(code, call, n) && trial_restart(trial, NULL);
}

/* While it starts. */
static bool fail_starting(struct trial *trial, enum shim_call call, long n, bool for_ever)
{
    trial_kill(trial);
    arm(call, n, for_ever);
    bool up = trial_restart(trial, "none=error");
    control->call = SHIM_CALLS;
    if (up)
        return true;
    if (trial->service.pid != 0)
        trial_kill(trial);
    else
        (void)ends_cleanly(trial->service.exit_code, call, n);
    return trial_restart(trial, NULL);
}

static void sweep(bool (*fail)(struct trial *, enum shim_call, long, bool), enum shim_call first,
    enum shim_call last, long most)
{
    struct trial trial;
    bool up = true;
    set_up();
    trial_begin(&trial, unit_seed() % 2 ? "owner" : "sharded", NULL);
    for (int call = first; call <= (int)last; call++)
        for (long n = 1; n <= most && up; n++)
            for (int for_ever = 0; for_ever < 2 && up; for_ever++) {
                up = fail(&trial, (enum shim_call)call, n, for_ever);
                if (up)
                    trial_progress(&trial, PROGRESS);
            }
    if (up)
        trial_verify(&trial);
    trial_end(&trial);
    tear_down();
}

static void serving(void)
{
    sweep(fail_serving, SHIM_SEND_QUERY, SHIM_PUT_END, trial_is_long() ? 20 : 3);
}

static void starting(void)
{
    sweep(fail_starting, SHIM_CONNECT_START, SHIM_SEND_PREPARE, trial_is_long() ? 10 : 1);
}

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
    (const struct unit_test[]){
        {"serving", serving}, {"starting", starting}, {"clock_jumps", clock_jumps}, {0}}};
