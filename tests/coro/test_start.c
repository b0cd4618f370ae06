/* SPDX-License-Identifier: MIT */
/* A start that finds no memory, no threads or no descriptors is a status, and the next one, when
 * there are some, is whole. In processes of their own, which lower their limits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/chan.h"
#include "coro/runtime.h"
#include "coro/sanitize.h"
#include "coro/schedule.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

enum { MIB = 1 << 20, STEPS = 80, MOST = 100000, FEWEST = 1000, BY_MPROTECT = 40000 };

static const struct co_runtime_options small = {
    .workers = 4, .max_coroutines = 200, .stack_size = 64 * 1024};
static int runs;

static void add_one(void *arg)
{
    *(int *)arg += 1;
}

static void count_run(void *arg)
{
    (void)arg;
    int called = 0;
    co_blocking_call(add_one, &called);
    runs += called;
}

static void limit(int which, rlim_t to)
{
    struct rlimit now;
    getrlimit(which, &now);
    now.rlim_cur = to;
    setrlimit(which, &now);
}

static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    size_t pages = 0;
    if (!file || fscanf(file, "%zu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * 4096;
}

/* A megabyte more each time: at first nothing starts, at last all does. */
static bool starts_by_memory(void)
{
    int refused = 0, started = 0;
    rlim_t from = address_space();
    for (int step = 0; step < STEPS; step++) {
        limit(RLIMIT_AS, from + (rlim_t)step * MIB);
        size_t left = co_runtime_run(&small, count_run, NULL);
        refused += left == CO_RUNTIME_NOT_STARTED && errno != 0;
        started += left == 0;
    }
    limit(RLIMIT_AS, RLIM_INFINITY);
    return refused > 0 && refused + started == STEPS && runs == started;
}

/* Each worker takes two. */
static bool starts_by_descriptors(void)
{
    int before = runs, refused = 0;
    int lowest = dup(0);
    close(lowest);
    for (int more = 0; more < 8; more++) {
        limit(RLIMIT_NOFILE, (rlim_t)(lowest + more));
        refused +=
            co_runtime_run(&small, count_run, NULL) == CO_RUNTIME_NOT_STARTED && errno == EMFILE;
    }
    limit(RLIMIT_NOFILE, 1024);
    return refused == 8 && runs == before && co_runtime_run(&small, count_run, NULL) == 0;
}

/* A seeded run takes descriptors when something waits for the outside. Without, the call is made
 * all the same. */
static bool seeded_without_descriptors(void)
{
    struct co_schedule schedule = {.seed = 1, .quiet = true};
    int before = runs, lowest = dup(0);
    close(lowest);
    limit(RLIMIT_NOFILE, (rlim_t)lowest);
    size_t left =
        co_runtime_run(&(struct co_runtime_options){.schedule = &schedule}, count_run, NULL);
    limit(RLIMIT_NOFILE, 1024);
    return left == 0 && runs == before + 1;
}

int start_short(void)
{
    if (!starts_by_memory())
        return 1;
    if (!starts_by_descriptors())
        return 2;
    return seeded_without_descriptors() ? 0 : 3;
}

static void wait_for_end(void *end)
{
    while (co_chan_recv(end, NULL) == CO_CHAN_OK)
        continue;
}

static int spawned;

static void spawn_all(void *arg)
{
    (void)arg;
    struct co_chan *end = co_chan_make(0, 0);
    while (end && spawned < MOST && co_spawn(wait_for_end, end)) {
        spawned++;
        co_yield();
    }
    co_chan_close(end);
    while (co_runtime_alive() > 1)
        co_yield();
    co_chan_free(&end);
}

/* Guards that cost mappings, as before Linux 6.13: some coroutines fewer, and no fault. */
int start_by_mprotect(void)
{
    setenv("CORO_MPROTECT", "1", 1);
    const struct co_runtime_options many = {.workers = 2, .max_coroutines = MOST};
    if (co_runtime_run(&many, spawn_all, NULL) != 0)
        return 1;
    return spawned >= FEWEST && spawned < BY_MPROTECT ? 0 : 2;
}

/* --- the tests -------------------------------------------------------------------------------- */

struct child {
    const char *name;
    int status;
};

static void run_child(void *arg)
{
    struct child *child = arg;
    char self[200] = "", line[300];
    CU_ASSERT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(line, sizeof line, "exec '%s' --child %s 2>/dev/null", self, child->name);
    child->status = system(line);
}

static void ends_well(const char *name)
{
    struct child child = {.name = name, .status = -1};
    if (CO_SANITIZED)
        return; /* they need memory of their own, and as many mappings as they like */
    co_blocking_call(run_child, &child);
    CU_ASSERT(WIFEXITED(child.status));
    CU_ASSERT_EQUAL(WEXITSTATUS(child.status), 0);
}

static void without_means_is_a_status(void)
{
    ends_well("start");
}

static void guards_by_mprotect_are_counted(void)
{
    long most = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    bool usual = file && fscanf(file, "%ld", &most) == 1 && most < 2 * BY_MPROTECT;
    if (file)
        fclose(file);
    if (usual)
        ends_well("mprotect");
}

static const struct unit_test tests[] = {
    {"without_means_is_a_status", without_means_is_a_status},
    {"guards_by_mprotect_are_counted", guards_by_mprotect_are_counted},
    {NULL, NULL},
};

const struct unit_suite suite_start = {.name = "start", .tests = tests};
