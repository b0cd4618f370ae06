/* SPDX-License-Identifier: MIT */
/* Sources: proc(5), for the fields of /proc/self/stat and /proc/stat. */
#include "server/process/own_process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_TEXT = 1024 };

/* The end of the machine's boot, in seconds of the wall clock; 0: unknown. */
static int64_t booted_s(void)
{
    char line[STAT_TEXT];
    int64_t booted = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(line, sizeof line, file) && booted == 0)
        sscanf(line, "btime %" SCNd64, &booted);
    if (file)
        fclose(file);
    return booted;
}

/* Fields 20, 22, 23 and 24 of proc(5). The second one is a name in brackets, which may hold
 * anything, also brackets: what follows the last of them is counted from 3. */
static bool read_stat(struct own_process *own)
{
    char text[STAT_TEXT];
    uint64_t started;
    FILE *file = fopen("/proc/self/stat", "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = '\0';
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 1,
                   " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64
                   " %*s %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &own->threads, &started, &own->virtual_bytes, &own->resident) != 4)
        return false;
    own->resident *= (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    own->started_us = booted_s() * 1000000 + (int64_t)(started * 1000000 / ticks);
    return true;
}

static uint64_t count_descriptors(void)
{
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (const struct dirent *each; (each = readdir(folder));)
        count += each->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* the folder's own */
}

bool own_process_read(struct own_process *own)
{
    struct rlimit limit;
    struct timespec used;
    memset(own, 0, sizeof *own);
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || !read_stat(own))
        return false;
    own->processor_ns = (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
    own->descriptors = count_descriptors();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        own->descriptors_max = limit.rlim_cur;
    return true;
}
