/* SPDX-License-Identifier: MIT */
#include "coro/frames_private.h"

#include <string.h>

#include "coro/sched_private.h"
#include "coro/symbols_private.h"

/* What co_switch_stack() pushes: how far above the stack pointer the caller's frame pointer and the
 * address of its return are, in words. */
#if defined(__x86_64__)
enum { FRAME = 5, RETURN = 6 };
#else
enum { FRAME = 10, RETURN = 11 };
#endif
enum { OWN_DEPTH = 8 }; /* no way from the program to a park is longer */

CO_UNSANITIZED static uintptr_t word(uintptr_t at)
{
    return *(volatile uintptr_t *)at; /* NOLINT: of another stack, in bounds */
}

CO_UNSANITIZED int co_frames_of(const struct co *co, const void **frames, int most)
{
    uint32_t stack = *(volatile const uint32_t *)&co->stack;
    uintptr_t sp = (uintptr_t) * (void *volatile const *)&co->strand.sp;
    if (stack >= co_runtime.stacks.pool.capacity || most < 1)
        return 0;
    uintptr_t bottom = (uintptr_t)co_stack_bottom(&co_runtime.stacks, stack);
    uintptr_t top = (uintptr_t)co_stack_top(&co_runtime.stacks, stack) - 2 * sizeof(uintptr_t);
    if (sp < bottom || sp % sizeof(uintptr_t) || sp + RETURN * sizeof(uintptr_t) > top)
        return 0;

    /* The frame of the switch first, then up from frame to frame while that leads upwards. */
    int count = 0;
    uintptr_t at = word(sp + FRAME * sizeof(uintptr_t)), below = sp;
    frames[count++] = (const void *)word(sp + RETURN * sizeof(uintptr_t));
    while (count < most && at > below && at <= top && at % sizeof(uintptr_t) == 0) {
        const void *to = (const void *)word(at + sizeof(uintptr_t));
        if (!to)
            break;
        frames[count++] = to;
        below = at;
        at = word(at);
    }
    return count;
}

static bool is_bottom(const char *name)
{
    return strcmp(name, "co_main") == 0 || strcmp(name, "co_switch_start") == 0;
}

/* All that the library exports has one prefix, so its way in is the last such name; the coroutine's
 * own bottom has it, too. */
int co_frames_own(const void *const *frames, int count)
{
    int own = 0;
    for (int i = 0; i < count && i < OWN_DEPTH; i++) {
        size_t offset;
        const char *name = co_symbols_find(frames[i], &offset);
        if (co_symbols_in_library(frames[i]) && i == own)
            own = i + 1;
        if (name && strncmp(name, "co_", 3) == 0 && !is_bottom(name))
            own = i + 1;
    }
    return own < count ? own : 0;
}
