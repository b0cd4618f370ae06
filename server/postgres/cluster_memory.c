/* SPDX-License-Identifier: MIT */
#include "server/postgres/cluster_memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHARE = 8 }; /* one part of so many; a journal's last pages and indexes should fit in it */

/* UINT64_MAX: it names none. */
static uint64_t read_limit(const char *path)
{
    uint64_t limit;
    FILE *file = fopen(path, "re");
    if (!file)
        return UINT64_MAX;
    int found = fscanf(file, "%" SCNu64, &limit);
    (void)fclose(file);
    return found == 1 ? limit : UINT64_MAX;
}

unsigned cluster_memory(uint64_t machine, const char *limit)
{
    uint64_t allowed = read_limit(limit);
    uint64_t mb = (allowed < machine ? allowed : machine) / SHARE >> 20;
    if (mb < CLUSTER_MEMORY_LEAST)
        return CLUSTER_MEMORY_LEAST;
    return mb > CLUSTER_MEMORY_MOST ? CLUSTER_MEMORY_MOST : (unsigned)mb;
}
