/* SPDX-License-Identifier: MIT */
#include "server/cmd/descriptors.h"

#include <sys/resource.h>

#include "server/text/log.h"

enum { OTHERS = 256 }; /* for files, and for the database's sessions */

size_t descriptors_raise(size_t connections, size_t streams)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return 0;
    /* A quarter at most, if there are few. */
    size_t others = limit.rlim_cur / 4 < OTHERS ? limit.rlim_cur / 4 : OTHERS;
    size_t most = limit.rlim_cur - others;
    if (most < connections + streams)
        log_info("%zu descriptors are all that there may be: too few for %zu connections and "
                 "%zu streams",
            (size_t)limit.rlim_cur, connections, streams);
    return most;
}
