/* SPDX-License-Identifier: MIT */
#include "coro/ensure.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/sched_private.h"

_Noreturn void co_ensure_failed(const char *condition, const char *file, int line, const char *func)
{
    const struct co *co = co_current();
    if (co)
        fprintf(stderr, "%s:%d: %s: broken: %s, in coroutine #%llu %s spawned at %s:%d\n", file,
            line, func, condition, (unsigned long long)co_id(co), co_name(co), co->site->file,
            co->site->line);
    else
        fprintf(stderr, "%s:%d: %s: broken: %s\n", file, line, func, condition);
    abort();
}
