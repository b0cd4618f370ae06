/* SPDX-License-Identifier: MIT */
/*
 * A container's limit is a share of time ("200000 100000": 200 ms in each 100 ms), not a set of
 * processors. With more threads than that they use the share up early in each period, and then all
 * of them stand still until the next. A group's limit holds for all groups below it.
 */
#include "coro/processors.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 512, PATH_SIZE = 1024 }; /* what is longer has no limit for us */

/* The first line of a file in the group; false: there is none. */
static bool read_line(const char *folder, const char *name, char line[LINE_SIZE])
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    bool got = file && fgets(line, LINE_SIZE, file);
    if (file)
        fclose(file);
    return got;
}

static int rounded_up(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long n = quota / period + (quota % period != 0);
    return n > INT16_MAX ? 0 : (int)n;
}

/* What one group allows by itself; 0: as much as there is. */
static int limit_of(const char *folder)
{
    char line[LINE_SIZE], period_line[LINE_SIZE];
    long long quota = 0, period = 0;
    if (read_line(folder, "cpu.max", line)) /* version 2; "max 100000" is no limit */
        return sscanf(line, "%lld %lld", &quota, &period) == 2 ? rounded_up(quota, period) : 0;
    if (read_line(folder, "cpu.cfs_quota_us", line) && /* version 1; -1 is no limit */
        read_line(folder, "cpu.cfs_period_us", period_line) && sscanf(line, "%lld", &quota) == 1 &&
        sscanf(period_line, "%lld", &period) == 1)
        return rounded_up(quota, period);
    return 0;
}

static int lower(int a, int b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* Of the group at `path` below `mount`, and of all above it. */
static int limit_upwards(const char *mount, const char *path)
{
    char folder[PATH_SIZE];
    size_t top = strlen(mount);
    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return 0;
    int limit = limit_of(folder);
    for (char *slash; (slash = strrchr(folder, '/')) && slash >= folder + top;) {
        *slash = '\0';
        limit = lower(limit, limit_of(folder));
    }
    return limit;
}

static bool has_cpu(const char *controllers)
{
    for (const char *at = controllers; (at = strstr(at, "cpu")); at += 3)
        if ((at == controllers || at[-1] == ',') && (at[3] == ',' || at[3] == '\0'))
            return true;
    return false;
}

int co_processors_of_groups(const char *membership, const char *root)
{
    char line[LINE_SIZE], mount[PATH_SIZE];
    int limit = 0;
    FILE *file = fopen(membership, "re");
    while (file && fgets(line, sizeof line, file)) { /* "0::/path", or "4:cpu,cpuacct:/path" */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *path = NULL;
        if (controllers)
            path = strchr(++controllers, ':');
        if (!path)
            continue;
        *path++ = '\0';
        bool unified = controllers[0] == '\0';
        if (!unified && !has_cpu(controllers))
            continue;
        if (snprintf(mount, sizeof mount, "%s%s", root, unified ? "" : "/cpu") < (int)sizeof mount)
            limit = lower(limit, limit_upwards(mount, path));
    }
    if (file)
        fclose(file);
    return limit;
}

int co_processors_available(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                            : (int)sysconf(_SC_NPROCESSORS_ONLN);
    count = lower(count, co_processors_of_groups("/proc/self/cgroup", "/sys/fs/cgroup"));
    return count > 0 ? count : 1;
}
