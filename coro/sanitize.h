/* SPDX-License-Identifier: MIT */
/*
 * What the sanitizers must be told about stacks that we switch ourselves; nothing in other builds.
 *
 * ThreadSanitizer: each coroutine is a fiber, and a switch adds no happens-before edge, so a race
 * between two coroutines of one worker is seen though a thread runs them one after the other. The
 * scheduler's own code is CO_UNSANITIZED; the edges that it means (spawn to start, ready to resume)
 * are stated with co_sanitize_release() and co_sanitize_acquire().
 * AddressSanitizer: each coroutine has its bounds and its own fake stack.
 * Valgrind: knows which memory is a stack. It looks them up one by one: a few hundred are enough.
 */
#ifndef CORO_SANITIZE_H
#define CORO_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define CO_SANITIZE_THREADS 1
#define CO_SANITIZE_ADDRESSES 0
#define CO_UNSANITIZED __attribute__((no_sanitize("thread")))
#elif defined(__SANITIZE_ADDRESS__)
#define CO_SANITIZE_THREADS 0
#define CO_SANITIZE_ADDRESSES 1
#define CO_UNSANITIZED __attribute__((no_sanitize("address")))
#else
#define CO_SANITIZE_THREADS 0
#define CO_SANITIZE_ADDRESSES 0
#define CO_UNSANITIZED
#endif
#define CO_SANITIZED (CO_SANITIZE_THREADS || CO_SANITIZE_ADDRESSES)

struct co_sanitize {
#if CO_SANITIZE_THREADS
    void *fiber; /* kept for the next coroutine with this descriptor: fibers are few (8,128) */
#elif CO_SANITIZE_ADDRESSES
    void *fake_stack;
    const void *bottom;
    size_t size;
#endif
    char unused;
};

/* Valgrind, if the program runs under it: here is a stack. Once for each piece of memory. */
void co_sanitize_stack_new(void *bottom, size_t size);

#if CO_SANITIZED
/* The calling thread's own stack. */
void co_sanitize_thread_stack(struct co_sanitize *stack);

/* A coroutine's stack, before its first switch; and when its coroutine has ended. */
void co_sanitize_stack_open(struct co_sanitize *stack, void *bottom, size_t size);
void co_sanitize_stack_close(void *bottom, size_t size);

/* Right before the switch from one to the other (`ends`: never to come back); right after it. */
void co_sanitize_leave(struct co_sanitize *from, struct co_sanitize *to, bool ends);
void co_sanitize_arrive(struct co_sanitize *self);

/* A fiber for commits: code that runs on behalf of one that has left its stack. */
void co_sanitize_fiber_make(struct co_sanitize *stack);
void co_sanitize_fiber_free(struct co_sanitize *stack);
void co_sanitize_speak_as(struct co_sanitize *stack);

/* All that the caller did before release(key) happens before what follows acquire(key). */
void co_sanitize_release(void *key);
void co_sanitize_acquire(void *key);
#else
static inline void co_sanitize_thread_stack(struct co_sanitize *stack)
{
    (void)stack;
}
static inline void co_sanitize_stack_open(struct co_sanitize *stack, void *bottom, size_t size)
{
    (void)stack, (void)bottom, (void)size;
}
static inline void co_sanitize_stack_close(void *bottom, size_t size)
{
    (void)bottom, (void)size;
}
static inline void co_sanitize_leave(struct co_sanitize *from, struct co_sanitize *to, bool ends)
{
    (void)from, (void)to, (void)ends;
}
static inline void co_sanitize_arrive(struct co_sanitize *self)
{
    (void)self;
}
static inline void co_sanitize_fiber_make(struct co_sanitize *stack)
{
    (void)stack;
}
static inline void co_sanitize_fiber_free(struct co_sanitize *stack)
{
    (void)stack;
}
static inline void co_sanitize_speak_as(struct co_sanitize *stack)
{
    (void)stack;
}
static inline void co_sanitize_release(void *key)
{
    (void)key;
}
static inline void co_sanitize_acquire(void *key)
{
    (void)key;
}
#endif

#endif
