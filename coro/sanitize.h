/* SPDX-License-Identifier: MIT */
/*
 * What the sanitizers must be told about stacks that we switch ourselves; nothing in other builds.
 *
 * ThreadSanitizer: each coroutine is a fiber, and a switch adds no happens-before edge, so a race
 * between two coroutines of one worker is seen though a thread runs them one after the other. The
 * scheduler's own code is UNSANITIZED; the edges that it means (spawn to start, ready to resume)
 * are stated with sanitize_release() and sanitize_acquire().
 * AddressSanitizer: each coroutine has its bounds and its own fake stack.
 * Valgrind: knows which memory is a stack. It looks them up one by one: a few hundred are enough.
 */
#ifndef CORO_SANITIZE_H
#define CORO_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define SANITIZE_THREADS 1
#define SANITIZE_ADDRESSES 0
#define UNSANITIZED __attribute__((no_sanitize("thread")))
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZE_THREADS 0
#define SANITIZE_ADDRESSES 1
#define UNSANITIZED __attribute__((no_sanitize("address")))
#else
#define SANITIZE_THREADS 0
#define SANITIZE_ADDRESSES 0
#define UNSANITIZED
#endif
#define SANITIZED (SANITIZE_THREADS || SANITIZE_ADDRESSES)

struct sanitize {
#if SANITIZE_THREADS
    void *fiber; /* kept for the next coroutine with this descriptor: fibers are few (8,128) */
#elif SANITIZE_ADDRESSES
    void *fake_stack;
    const void *bottom;
    size_t size;
#endif
    char unused;
};

/* Valgrind, if the program runs under it: here is a stack. Once for each piece of memory. */
void sanitize_stack_new(void *bottom, size_t size);

#if SANITIZED
/* The calling thread's own stack. */
void sanitize_thread_stack(struct sanitize *stack);

/* A coroutine's stack, before its first switch; and when its coroutine has ended. */
void sanitize_stack_open(struct sanitize *stack, void *bottom, size_t size);
void sanitize_stack_close(void *bottom, size_t size);

/* Right before the switch from one to the other (`ends`: never to come back); right after it. */
void sanitize_leave(struct sanitize *from, struct sanitize *to, bool ends);
void sanitize_arrive(struct sanitize *self);

/* A fiber for commits: code that runs on behalf of one that has left its stack. */
void sanitize_fiber_make(struct sanitize *stack);
void sanitize_fiber_free(struct sanitize *stack);
void sanitize_speak_as(struct sanitize *stack);

/* All that the caller did before release(key) happens before what follows acquire(key). */
void sanitize_release(void *key);
void sanitize_acquire(void *key);
#else
static inline void sanitize_thread_stack(struct sanitize *stack)
{
    (void)stack;
}
static inline void sanitize_stack_open(struct sanitize *stack, void *bottom, size_t size)
{
    (void)stack, (void)bottom, (void)size;
}
static inline void sanitize_stack_close(void *bottom, size_t size)
{
    (void)bottom, (void)size;
}
static inline void sanitize_leave(struct sanitize *from, struct sanitize *to, bool ends)
{
    (void)from, (void)to, (void)ends;
}
static inline void sanitize_arrive(struct sanitize *self)
{
    (void)self;
}
static inline void sanitize_fiber_make(struct sanitize *stack)
{
    (void)stack;
}
static inline void sanitize_fiber_free(struct sanitize *stack)
{
    (void)stack;
}
static inline void sanitize_speak_as(struct sanitize *stack)
{
    (void)stack;
}
static inline void sanitize_release(void *key)
{
    (void)key;
}
static inline void sanitize_acquire(void *key)
{
    (void)key;
}
#endif

#endif
