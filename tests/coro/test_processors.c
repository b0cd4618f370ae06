/* SPDX-License-Identifier: MIT */
/* Control groups as the kernel shows them, in a folder made for it. */
#include "coro/processors.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/coro/suites.h"

static char root[] = "/tmp/test-processors-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static int limit(const char *membership)
{
    char path[200];
    put("membership", membership);
    snprintf(path, sizeof path, "%s/membership", root);
    return co_processors_of_groups(path, root);
}

static void make_folders(void)
{
    static const char *const folders[] = {"a", "a/b", "cpu", "cpu/docker"};
    char path[200];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    }
}

static void remove_folders(void)
{
    static const char *const names[] = {"cpu/docker/cpu.cfs_quota_us",
        "cpu/docker/cpu.cfs_period_us", "cpu/docker", "cpu", "a/b/cpu.max", "a/b", "a/cpu.max", "a",
        "membership", ""};
    char path[200];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        CU_ASSERT_EQUAL(remove(path), 0);
    }
}

static void the_quota_of_a_container_counts(void)
{
    make_folders();
    CU_ASSERT_EQUAL(limit("0::/a/b\n"), 0); /* nothing is written there */
    put("a/b/cpu.max", "max 100000\n");
    CU_ASSERT_EQUAL(limit("0::/a/b\n"), 0);
    put("a/b/cpu.max", "250000 100000\n");
    CU_ASSERT_EQUAL(limit("0::/a/b\n"), 3);
    CU_ASSERT_EQUAL(limit("12:memory:/x\n0::/a/b\n"), 3);
    CU_ASSERT_EQUAL(limit("0::/a\n"), 0);
    put("a/cpu.max", "50000 100000\n"); /* the group above allows less */
    CU_ASSERT_EQUAL(limit("0::/a/b\n"), 1);
    put("a/cpu.max", "nonsense\n");
    CU_ASSERT_EQUAL(limit("0::/a/b\n"), 3);
    CU_ASSERT_EQUAL(limit("0::/nowhere\n"), 0);
    CU_ASSERT_EQUAL(limit("nonsense"), 0);

    /* Version 1 */
    put("cpu/docker/cpu.cfs_quota_us", "-1\n");
    put("cpu/docker/cpu.cfs_period_us", "100000\n");
    CU_ASSERT_EQUAL(limit("4:cpu,cpuacct:/docker\n"), 0);
    put("cpu/docker/cpu.cfs_quota_us", "150000\n");
    CU_ASSERT_EQUAL(limit("4:cpu,cpuacct:/docker\n"), 2);
    CU_ASSERT_EQUAL(limit("4:cpuset:/docker\n3:cpuacct:/docker\n"), 0);
    remove_folders();
    CU_ASSERT_EQUAL(co_processors_of_groups("/nowhere", "/nowhere"), 0);
}

static void affinity_counts(void)
{
    cpu_set_t all, one;
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof all, &all), 0);
    CU_ASSERT(co_processors_available() <= CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof one, &one), 0);
    CU_ASSERT_EQUAL(co_processors_available(), 1);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
}

static const struct unit_test tests[] = {
    {"the_quota_of_a_container_counts", the_quota_of_a_container_counts},
    {"affinity_counts", affinity_counts},
    {NULL, NULL},
};

const struct unit_suite suite_processors = {.name = "processors", .tests = tests};
