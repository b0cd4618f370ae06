/* SPDX-License-Identifier: MIT */
/*
 * What the programs that drive the peers share: the shapes of the rows, which are those of
 * coro/bench/bench.c, and the run of those that are asked for. Header only; also for C++.
 */
#ifndef CORO_BENCH_PEER_H
#define CORO_BENCH_PEER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPS = 2000000, FLOCK = 1000, CALLERS = 64, CROWD = 1000000 };

struct peer_row {
    const char *name;
    void (*run)(void);
    int ops;
};

/* What the peer says cannot fail here; the row is not printed then. */
static inline void peer_must(int is, const char *what)
{
    if (is)
        return;
    printf("# failed: %s\n", what);
    fflush(stdout);
    _exit(1);
}
#define MUST(condition) peer_must((condition), #condition)

static inline int64_t peer_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Resident memory, without the kernel's page tables, as coro/bench/bench.c reports it. */
static inline void peer_report_resident(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    MUST(statm && fscanf(statm, "%*d %ld", &pages) == 1);
    fclose(statm);
    printf("million_gb %.2f\n", (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e9);
    fflush(stdout);
}

static inline int peer_is_wanted(const struct peer_row *row, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], row->name) == 0)
            return 1;
    return argc < 2;
}

/* "row nanoseconds-per-operation" */
static inline void peer_time(const struct peer_row *row)
{
    int64_t from = peer_now_ns();
    row->run();
    printf("%s %.1f\n", row->name, (double)(peer_now_ns() - from) / row->ops);
    fflush(stdout);
}

#endif
