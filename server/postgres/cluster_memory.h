/* SPDX-License-Identifier: MIT */
/* How much memory the database that we bring along takes for its buffers. */
#ifndef SERVER_POSTGRES_CLUSTER_MEMORY_H
#define SERVER_POSTGRES_CLUSTER_MEMORY_H

#include <stdint.h>

enum { CLUSTER_MEMORY_LEAST = 128, CLUSTER_MEMORY_MOST = 512 }; /* MB */

#define CLUSTER_MEMORY_LIMIT "/sys/fs/cgroup/memory.max" /* what our control group may have */

/* In MB, for shared_buffers: an eighth of the memory, within the bounds above. That is `machine`
 * bytes, or what the file `limit` says if that is less; one that is not there, or does not say a
 * number ("max"), limits nothing. Reads a small file, never parks; any thread. */
unsigned cluster_memory(uint64_t machine, const char *limit);

#endif
