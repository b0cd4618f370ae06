/* SPDX-License-Identifier: MIT */
#include "coro/sanitize.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>

void co_sanitize_stack_new(void *bottom, size_t size)
{
    if (RUNNING_ON_VALGRIND)
        VALGRIND_STACK_REGISTER(bottom, (char *)bottom + size);
}
#else
void co_sanitize_stack_new(void *bottom, size_t size)
{
    (void)bottom, (void)size;
}
#endif

#if CO_SANITIZE_THREADS
#include <ctype.h>
#include <errno.h>
#include <sanitizer/tsan_interface.h>

/* Of the dynamic annotations, which have no header. */
void AnnotateBenignRaceSized(
    const char *file, int line, const volatile void *at, size_t size, const char *why);

/* errno belongs to the thread; parking saves and restores it, so coroutines do not race on it. So
 * does where the tables of <ctype.h> are, which is written as the thread begins. */
CO_UNSANITIZED void co_sanitize_thread_stack(struct co_sanitize *stack)
{
    AnnotateBenignRaceSized(__FILE__, __LINE__, &errno, sizeof errno, "errno");
    AnnotateBenignRaceSized(__FILE__, __LINE__, __ctype_b_loc(), sizeof(void *), "ctype");
    stack->fiber = __tsan_get_current_fiber();
}

CO_UNSANITIZED void co_sanitize_stack_open(struct co_sanitize *stack, void *bottom, size_t size)
{
    (void)bottom, (void)size;
    if (!stack->fiber)
        stack->fiber = __tsan_create_fiber(0);
}

CO_UNSANITIZED void co_sanitize_stack_close(void *bottom, size_t size)
{
    (void)bottom, (void)size;
}

CO_UNSANITIZED void co_sanitize_leave(struct co_sanitize *from, struct co_sanitize *to, bool ends)
{
    (void)from, (void)ends;
    __tsan_switch_to_fiber(to->fiber, __tsan_switch_to_fiber_no_sync);
}

CO_UNSANITIZED void co_sanitize_arrive(struct co_sanitize *self)
{
    (void)self;
}

/* A fiber that never ran must not be destroyed (a fault of the run-time library): run it once. */
CO_UNSANITIZED void co_sanitize_fiber_make(struct co_sanitize *stack)
{
    void *self = __tsan_get_current_fiber();
    stack->fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(stack->fiber, __tsan_switch_to_fiber_no_sync);
    __tsan_switch_to_fiber(self, __tsan_switch_to_fiber_no_sync);
}

CO_UNSANITIZED void co_sanitize_fiber_free(struct co_sanitize *stack)
{
    if (stack->fiber)
        __tsan_destroy_fiber(stack->fiber);
    stack->fiber = NULL;
}

CO_UNSANITIZED void co_sanitize_speak_as(struct co_sanitize *stack)
{
    __tsan_switch_to_fiber(stack->fiber, __tsan_switch_to_fiber_no_sync);
}

CO_UNSANITIZED void co_sanitize_release(void *key)
{
    __tsan_release(key);
}

CO_UNSANITIZED void co_sanitize_acquire(void *key)
{
    __tsan_acquire(key);
}
#endif

#if CO_SANITIZE_ADDRESSES
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

void co_sanitize_thread_stack(struct co_sanitize *stack)
{
    pthread_attr_t attr;
    void *bottom = NULL;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &bottom, &stack->size);
        pthread_attr_destroy(&attr);
    }
    stack->bottom = bottom;
    stack->fake_stack = NULL;
}

void co_sanitize_stack_open(struct co_sanitize *stack, void *bottom, size_t size)
{
    ASAN_UNPOISON_MEMORY_REGION(bottom, size);
    stack->bottom = bottom;
    stack->size = size;
    stack->fake_stack = NULL;
}

void co_sanitize_stack_close(void *bottom, size_t size)
{
    ASAN_POISON_MEMORY_REGION(bottom, size);
}

CO_UNSANITIZED void co_sanitize_leave(struct co_sanitize *from, struct co_sanitize *to, bool ends)
{
    __sanitizer_start_switch_fiber(ends ? NULL : &from->fake_stack, to->bottom, to->size);
}

CO_UNSANITIZED void co_sanitize_arrive(struct co_sanitize *self)
{
    __sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
}

void co_sanitize_fiber_make(struct co_sanitize *stack)
{
    (void)stack;
}

void co_sanitize_fiber_free(struct co_sanitize *stack)
{
    (void)stack;
}

void co_sanitize_speak_as(struct co_sanitize *stack)
{
    (void)stack;
}

void co_sanitize_release(void *key)
{
    (void)key;
}

void co_sanitize_acquire(void *key)
{
    (void)key;
}
#endif
