/* SPDX-License-Identifier: MIT */
#include "ledger/follow/follow_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACCOUNT_BYTES = 200, /* of one with its place in the tables */
    SHARE = 4,           /* one part of so many may be used */
};

/* The number behind that word, which begins a line; false: there is none. */
static bool read_number(const char *path, const char *word, uint64_t *number)
{
    char line[200];
    FILE *file = fopen(path, "re");
    bool found = false;
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file)) {
        char *end = line;
        if (strncmp(line, word, strlen(word)) == 0)
            *number = strtoull(line + strlen(word), &end, 10);
        found = end > line + strlen(word);
    }
    (void)fclose(file);
    return found;
}

bool follow_room_has(uint64_t accounts)
{
    uint64_t available, limit, used, needed = accounts * ACCOUNT_BYTES * SHARE;
    if (read_number("/proc/meminfo", "MemAvailable:", &available) && needed > available * 1024)
        return false;
    /* "max" is no number: there is no limit. */
    if (read_number("/sys/fs/cgroup/memory.max", "", &limit) &&
        read_number("/sys/fs/cgroup/memory.current", "", &used))
        return limit > used && needed <= limit - used;
    return true;
}
