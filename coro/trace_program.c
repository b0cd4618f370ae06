/* SPDX-License-Identifier: MIT */
/* The recording of a whole program, because its environment says so. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/say.h"
#include "coro/trace_events_private.h"

void co_trace_begin(void)
{
    if (getenv("CORO_TRACE") && !co_trace_start(0))
        co_say_line(STDERR_FILENO, "CORO_TRACE: there is not enough memory\n");
}

void co_trace_finish(void)
{
    const char *path = getenv("CORO_TRACE");
    if (!path || !co_trace_is_on())
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || !co_trace_write(fd, 0))
        co_say_line(STDERR_FILENO, "CORO_TRACE: %s cannot be written\n", path);
    if (fd >= 0)
        close(fd);
}
