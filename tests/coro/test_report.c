/* SPDX-License-Identifier: MIT */
/* What ends a process is tried in one of its own: this program again, with --child SCENARIO. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/sanitize.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

extern char **environ;

/* --- the scenarios ---------------------------------------------------------------------------- */

static int fall(volatile int *depth)
{
    volatile char frame[512];
    frame[0] = (char)++*depth;
    return *depth > 0 ? fall(depth) + frame[0] : 0;
}

static void fall_for_ever(void *arg)
{
    (void)arg;
    volatile int depth = 0;
    fall(&depth);
}

static void overflow(void *arg)
{
    (void)arg;
    if (co_spawn_named("faller", fall_for_ever, NULL))
        co_sleep(10 * CO_CLOCK_S);
}

static struct co_chan *forgotten;

static void wait_in_vain(void *arg)
{
    (void)arg;
    if (co_chan_recv(forgotten, NULL) == CO_CHAN_OK)
        puts("got something");
}

static void leak(void *arg)
{
    (void)arg;
    forgotten = co_chan_make(0, 0);
    if (co_spawn_named("leaky", wait_in_vain, NULL))
        co_sleep(CO_CLOCK_MS);
}

static struct co_mutex never_unlocked;

static void lock_twice(void *arg)
{
    (void)arg;
    co_mutex_lock(&never_unlocked);
    wait_in_vain(NULL);
}

static void deadlock(void *arg)
{
    (void)arg;
    forgotten = co_chan_make(0, 0);
    if (co_spawn_named("stuck", lock_twice, NULL))
        co_yield();
    co_mutex_lock(&never_unlocked);
}

static void unlock_unlocked(void *arg)
{
    (void)arg;
    struct co_mutex mutex = {0};
    co_mutex_unlock(&mutex);
}

static void too_many_done(void *arg)
{
    (void)arg;
    struct co_waitgroup group = {0};
    co_waitgroup_done(&group);
}

static int unguarded;
static struct co_waitgroup racers;

static void race(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) {
        unguarded++; /* the planted bug: nothing orders this with the other's */
        co_yield();
    }
    co_waitgroup_done(&racers);
}

static void race_on_one_worker(void *arg)
{
    (void)arg;
    co_waitgroup_add(&racers, 2);
    if (co_spawn(race, NULL) && co_spawn(race, NULL))
        co_waitgroup_wait(&racers);
}

static void use_stack(void *arg)
{
    char buffer[3000];
    snprintf(buffer, sizeof buffer, "%p", arg);
    co_waitgroup_done(&racers);
}

static void dump(void *arg)
{
    (void)arg;
    co_runtime_dump_on_quit();
    forgotten = co_chan_make(0, 0);
    co_waitgroup_add(&racers, 1);
    if (!co_spawn_named("deep", use_stack, NULL))
        return;
    co_waitgroup_wait(&racers);
    if (!co_spawn_named("waiter", wait_in_vain, NULL))
        return;
    co_sleep(CO_CLOCK_MS);
    co_runtime_dump(STDOUT_FILENO);
    raise(SIGQUIT);
    co_chan_close(forgotten);
    co_sleep(CO_CLOCK_MS);
}

static void use_a_freed_channel(void *arg)
{
    (void)arg;
    struct co_chan *chan = co_chan_make(0, 1), *volatile again = chan;
    co_chan_free(&chan);
    if (co_chan_send(again, NULL) == CO_CHAN_OK)
        puts("sent");
}

static void idle(void *arg)
{
    (void)arg;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    co_sleep(300 * CO_CLOCK_MS);
    getrusage(RUSAGE_SELF, &after);
    long switches = after.ru_nvcsw - before.ru_nvcsw + after.ru_nivcsw - before.ru_nivcsw;
    printf("idle: %ld switches\n", switches);
}

static int run(int workers, void (*scenario)(void *arg))
{
    const struct co_runtime_options options = {.workers = workers};
    size_t leaks = co_runtime_run(&options, scenario, NULL);
    return leaks ? 10 + (int)leaks : 0;
}

/* A caller that asks for it goes on after a deadlock, and nothing is said. */
static int ended_by_deadlock(void)
{
    for (int workers = 1; workers <= 3; workers++) {
        bool deadlocked = false;
        never_unlocked = (struct co_mutex){0};
        struct co_runtime_options options = {.workers = workers, .deadlocked = &deadlocked};
        if (co_runtime_run(&options, deadlock, NULL) != 2 || !deadlocked)
            return workers;
    }
    return 0;
}

int report_child(const char *scenario)
{
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    static const struct {
        const char *name;
        int workers;
        void (*main)(void *arg);
    } scenarios[] = {
        {"overflow", 2, overflow},
        {"leak", 2, leak},
        {"deadlock", 2, deadlock},
        {"deadlock-alone", 1, deadlock},
        {"unlock", 1, unlock_unlocked},
        {"waitgroup", 1, too_many_done},
        {"race", 1, race_on_one_worker},
        {"idle", 4, idle},
        {"dump", 2, dump},
        {"freed", 1, use_a_freed_channel},
        {"short", 1, memory_is_short},
    };
    static const struct {
        const char *name;
        int (*run)(void);
    } whole[] = {{"ended", ended_by_deadlock}, {"limit", report_limit}, {"start", start_short},
        {"mprotect", start_by_mprotect}, {"planted", seeds_planted}, {"replay", seeds_replay},
        {"listed", seeds_listed}, {"observed", seeds_observed}, {"stopped", seeds_stopped}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(scenario, whole[i].name) == 0)
            return whole[i].run();
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenario, scenarios[i].name) == 0)
            return run(scenarios[i].workers, scenarios[i].main);
    return 99;
}

/* --- the tests -------------------------------------------------------------------------------- */

struct child {
    const char *under;    /* a command that gets this program as its argument, or NULL */
    const char *scenario; /* or a whole command line, without the program */
    char said[64 * 1024];
    int status;
};

static void run_child(void *arg)
{
    struct child *child = arg;
    int ends[2];
    pid_t pid;
    enum { WORDS = 24 };
    char line[400], self[200] = "", *argv[WORDS] = {line};
    bool whole = strchr(child->scenario, ' ') != NULL;
    CU_ASSERT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(line, sizeof line, "%s%s%s %s%s", child->under ? child->under : "",
        child->under ? " " : "", self, whole ? "" : "--child ", child->scenario);
    char *rest = line;
    for (int i = 0; i < WORDS - 1 && (argv[i] = strsep(&rest, " ")); i++)
        continue;
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    CU_ASSERT_EQUAL_FATAL(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t length = 0;
    for (ssize_t n = 1; n > 0 && length<sizeof child->said - 1; length += n> 0 ? (size_t)n : 0)
        n = read(ends[0], child->said + length, sizeof child->said - 1 - length);
    child->said[length] = '\0';
    close(ends[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &child->status, 0), pid);
}

static const char *said(struct child *child, const char *scenario)
{
    const char *under = child->under;
    memset(child, 0, sizeof *child);
    child->scenario = scenario;
    child->under = under;
    co_blocking_call(run_child, child);
    return child->said;
}

static struct child child;

#define CHECK_SAID(text)                                                                           \
    do {                                                                                           \
        bool found_ = strstr(child.said, text) != NULL;                                            \
        if (!found_)                                                                               \
            printf("\n%s said:\n%s\n", child.scenario, child.said);                                \
        CU_ASSERT(found_);                                                                         \
    } while (0)

static void overflow_names_its_coroutine(void)
{
    said(&child, "overflow");
    CHECK_SAID("stack overflow in coroutine #");
    CHECK_SAID(" faller spawned at tests/coro/test_report.c:");
    CU_ASSERT(WIFSIGNALED(child.status) || WEXITSTATUS(child.status) != 0);
}

static void leaks_are_listed(void)
{
    said(&child, "leak");
    CHECK_SAID("coroutines still alive at the end:");
    CHECK_SAID(" leaky: waiting on channel receive");
    CHECK_SAID("spawned at tests/coro/test_report.c:");
    CU_ASSERT(WIFEXITED(child.status));
    CU_ASSERT(CO_SANITIZE_ADDRESSES || WEXITSTATUS(child.status) == 11);
}

static void deadlock_is_reported(void)
{
    for (int i = 0; i < 2; i++) {
        said(&child, i ? "deadlock-alone" : "deadlock");
        CHECK_SAID("deadlock: all coroutines wait");
        CHECK_SAID(" main: waiting on mutex");
        CHECK_SAID(" stuck: waiting on channel receive");
        CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 2);
    }
}

static void a_deadlock_ends_a_run(void)
{
    said(&child, "ended");
    CU_ASSERT(CO_SANITIZE_ADDRESSES || (!*child.said && child.status == 0));
}

/* Once on request, once on SIGQUIT, and it goes on. */
static void a_dump_lists_everyone(void)
{
    static const char waiter[] = " waiter: waiting on channel receive";
    said(&child, "dump");
    CHECK_SAID("2 coroutines on 2 workers");
    CHECK_SAID(" main: running");
    CHECK_SAID(waiter);
    const char *first = strstr(child.said, waiter);
    CU_ASSERT(first && strstr(first + 1, waiter));
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
#ifdef CORO_DEBUG
    CHECK_SAID("deep spawned at tests/coro/test_report.c:");
    const char *mark = strstr(child.said, "used up to ");
    unsigned bytes = 0;
    for (; mark && bytes < 3000; mark = strstr(mark + 1, "used up to "))
        sscanf(mark, "used up to %u", &bytes);
    CU_ASSERT(bytes >= 3000);
#endif
}

static void misuse_names_the_coroutine(void)
{
    said(&child, "unlock");
    CHECK_SAID("co_mutex_unlock: broken:");
    CHECK_SAID("in coroutine #1 main");
    CU_ASSERT(WIFSIGNALED(child.status) || WEXITSTATUS(child.status) != 0);
    said(&child, "waitgroup");
    CHECK_SAID("co_waitgroup_add: broken:");
    CU_ASSERT(WIFSIGNALED(child.status) || WEXITSTATUS(child.status) != 0);
}

static void the_limit_of_coroutines_holds(void)
{
    said(&child, "limit");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

/* Two coroutines of one worker, one thread: a switch that made an edge would hide it. */
static void a_race_on_one_worker_is_seen(void)
{
    if (!CO_SANITIZE_THREADS) {
        printf("[SKIPPED: only in a build with ThreadSanitizer] ");
        return;
    }
    said(&child, "race");
    CHECK_SAID("ThreadSanitizer: data race");
    CHECK_SAID("test_report.c");
}

static void an_idle_program_sleeps(void)
{
    long switches = -1;
    said(&child, "idle");
    const char *line = strstr(child.said, "idle: ");
    CU_ASSERT_FATAL(line && sscanf(line, "idle: %ld", &switches) == 1);
    CU_ASSERT(switches < (CO_SANITIZED ? 200 : 50)); /* the sanitizer has a thread that ticks */
}

static void planted_faults_are_found(void)
{
    static const char *const names[] = {"lost-update", "missed-wakeup", "lock-order"};
    static const char *const strategies[] = {"random", "pct2", "pct3"};
    said(&child, "planted");
    for (int i = 0; i < 9; i++) {
        char key[40];
        int seeds = -1;
        snprintf(key, sizeof key, "%s %s ", names[i / 3], strategies[i % 3]);
        const char *line = strstr(child.said, key);
        CU_ASSERT_FATAL(line && sscanf(line + strlen(key), "%d", &seeds) == 1);
        CU_ASSERT(seeds > 0 && seeds <= 100);
    }
    CHECK_SAID("no-fault random 1000");
    CHECK_SAID("no-fault pct2 1000");
}

static void a_seed_replays(void)
{
    said(&child, "replay");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

static void a_list_replays(void)
{
    said(&child, "listed");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

static void an_observer_sees_all(void)
{
    said(&child, "observed");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

static void runs_follow_each_other(void)
{
    said(&child, "stopped");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

/* Time can pass at any point of such a run, so the suites of timers and descriptors are not part of
 * it. SEEDS in the environment says how many; `make seeds` has thousands. */
static void suites_under_seeds(void)
{
    const char *given = getenv("SEEDS");
    unsigned long count = given ? strtoul(given, NULL, 10) : CO_SANITIZED ? 3 : 200;
    unsigned long first = unit_seed() % 1000000;
    for (unsigned long seed = first; seed < first + count; seed++) {
        char text[24];
        snprintf(text, sizeof text, "%lu", seed);
        CU_ASSERT_EQUAL(setenv("CORO_SEED", text, 1), 0);
        said(&child, "chan select mutex waitgroup context eventcount sync");
        unsetenv("CORO_SEED");
        if (!WIFEXITED(child.status) || WEXITSTATUS(child.status) != 0)
            printf("with CORO_SEED=%lu\n", seed);
        CHECK_SAID(" 0 failed");
    }
}

/* Coroutines that go on on another worker after each park: nothing may hold on to a thread. */
static void suites_with_forced_migration(void)
{
    CU_ASSERT_EQUAL(setenv("CORO_MIGRATE", "1", 1), 0);
    said(&child, "co chan select mutex waitgroup context eventcount poller sync flow timer");
    unsetenv("CORO_MIGRATE");
    CHECK_SAID(" 0 failed");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

/* A smoke test: that it knows our stacks, and finds no fault. */
static void valgrind_is_content(void)
{
#ifdef CORO_DEBUG
    bool looks_at_unused_stack = true; /* marks.c */
#else
    bool looks_at_unused_stack = false;
#endif
    if (CO_SANITIZED || looks_at_unused_stack || access("/usr/bin/valgrind", X_OK) != 0) {
        printf("[SKIPPED: no valgrind, or not a release build] ");
        return;
    }
    child.under = "valgrind -q --error-exitcode=9";
    said(&child,
        "chan/items_pass_in_order select/the_ready_one_is_taken mutex/nobody_starves "
        "waitgroup/waits_for_all context/cancel_goes_down_only poller/cancelled_and_ready");
    child.under = NULL;
    CHECK_SAID(" 0 failed");
    CU_ASSERT(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0);
}

static void a_freed_channel_is_noticed(void)
{
    if (CO_SANITIZE_ADDRESSES || CO_SANITIZE_THREADS)
        return; /* the sanitizer speaks first */
    said(&child, "freed");
    CHECK_SAID("co_chan_check: broken:");
    CHECK_SAID("in coroutine #1 main");
}

const char *report_said(const char *scenario)
{
    return said(&child, scenario);
}

static const struct unit_test tests[] = {
    {"overflow_names_its_coroutine", overflow_names_its_coroutine},
    {"leaks_are_listed", leaks_are_listed},
    {"deadlock_is_reported", deadlock_is_reported},
    {"a_deadlock_ends_a_run", a_deadlock_ends_a_run},
    {"a_dump_lists_everyone", a_dump_lists_everyone},
    {"misuse_names_the_coroutine", misuse_names_the_coroutine},
    {"the_limit_of_coroutines_holds", the_limit_of_coroutines_holds},
    {"a_race_on_one_worker_is_seen", a_race_on_one_worker_is_seen},
    {"an_idle_program_sleeps", an_idle_program_sleeps},
    {"planted_faults_are_found", planted_faults_are_found},
    {"a_seed_replays", a_seed_replays},
    {"a_list_replays", a_list_replays},
    {"an_observer_sees_all", an_observer_sees_all},
    {"runs_follow_each_other", runs_follow_each_other},
    {"suites_under_seeds", suites_under_seeds},
    {"suites_with_forced_migration", suites_with_forced_migration},
    {"valgrind_is_content", valgrind_is_content},
    {"a_freed_channel_is_noticed", a_freed_channel_is_noticed},
    {NULL, NULL},
};

const struct unit_suite suite_report = {.name = "report", .tests = tests};
