/* SPDX-License-Identifier: MIT */
/* How many threads of this process can run simultaneously: the number of workers by default. */
#ifndef CORO_PROCESSORS_H
#define CORO_PROCESSORS_H

#include "coro/language.h"

CO_C_BEGIN

/* The processors that it may use (sched_setaffinity, cpusets), but no more than the processor time
 * that its control groups allow, rounded up: 1 or more. From any thread. */
int co_processors_available(void);

/* What control groups allow: `membership` is a file as /proc/self/cgroup, `root` where they are
 * mounted (version 2, or version 1 with its `cpu` below). In processors, rounded up; 0: no limit,
 * or none that can be read. */
int co_processors_of_groups(const char *membership, const char *root);

CO_C_END

#endif
