/* SPDX-License-Identifier: MIT */
/*
 * A coroutine: a function with a stack of its own, run by one of the runtime's workers until it
 * parks, yields or returns. Everything that waits is built on two verbs, park and ready.
 *
 * A coroutine may be taken by any worker until it first runs; from then on it stays on that one,
 * unless the run's option move_started says otherwise (runtime.h).
 */
#ifndef CORO_CO_H
#define CORO_CO_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

struct co;

/* Where a coroutine was spawned, for reports. Static: the runtime keeps the pointer. */
struct co_site {
    const char *name; /* the entry function, or the name that was given */
    const char *file;
    int line;
};

#define CO_SITE(name)                                                                              \
    ({                                                                                             \
        static const struct co_site site_ = {(name), __FILE__, __LINE__};                          \
        &site_;                                                                                    \
    })

/*
 * Start fn(arg) as a coroutine. False when the runtime's limit of coroutines is reached or memory
 * is short: nothing was started then. Never parks. From any coroutine or worker callback.
 */
#define co_spawn(fn, arg) co_spawn_at(CO_SITE(#fn), (fn), (arg))
#define co_spawn_named(name, fn, arg) co_spawn_at(CO_SITE(name), (fn), (arg))
CO_MUST_CHECK bool co_spawn_at(const struct co_site *site, void (*fn)(void *), void *arg);

/*
 * The same with an argument whose type the compiler checks. At file level
 *     CO_FUNCTION(serve, struct client *, client) { ... client->fd ... }
 * and then, with a struct client *c:  co_spawn_typed(serve, c)
 */
#define CO_FUNCTION(name, type, arg)                                                               \
    static void name(type arg);                                                                    \
    static void name##_co(void *arg_)                                                              \
    {                                                                                              \
        name(arg_);                                                                                \
    }                                                                                              \
    static void name(type arg)
#define co_spawn_typed(name, arg)                                                                  \
    ((void)(0 ? (name)(arg) : (void)0), co_spawn_at(CO_SITE(#name), name##_co, (arg)))

/*
 * As co_spawn, but the coroutine runs on the worker of the caller and on no other. Such coroutines
 * of one worker, and its callbacks (worker.h, timer.h), never run concurrently: between two parks
 * they may share state without locks, and ThreadSanitizer knows it.
 */
#define co_spawn_local(fn, arg) co_spawn_local_at(CO_SITE(#fn), (fn), (arg))
CO_MUST_CHECK bool co_spawn_local_at(const struct co_site *site, void (*fn)(void *), void *arg);

/*
 * For callbacks on a worker's own stack (worker.h), not for coroutines: start fn(arg) on this
 * worker and run it immediately, until it first parks or returns.
 */
enum co_started { CO_REFUSED, CO_PARKED, CO_FINISHED };
#define co_start_now(fn, arg) co_start_now_at(CO_SITE(#fn), (fn), (arg))
CO_MUST_CHECK enum co_started co_start_now_at(
    const struct co_site *site, void (*fn)(void *), void *arg);

/* The running coroutine; NULL on a worker's own stack or on a foreign thread. */
struct co *co_current(void);

/* The name of a coroutine, for messages ("-" for NULL), and a number that is never used twice. */
const char *co_name(const struct co *co);
uint64_t co_id(const struct co *co);

/* Let the other ready coroutines of this worker run first. (C++20 keeps the word for itself.) */
#ifdef __cplusplus
void co_give_way(void) __asm__("co_yield");
#else
void co_yield(void);
#endif

/* Park for at least ns nanoseconds (0 or less: as co_yield). */
void co_sleep(int64_t ns);

/*
 * Park the running coroutine until co_ready(). `commit` runs on the worker's stack after the
 * coroutine's registers are saved: only there may the coroutine be published to a waker (and the
 * lock that guards the publication be released), else the wake could come too early. If commit
 * returns false the coroutine goes on immediately. `why` is a static text for reports ("chan
 * receive").
 */
void co_park(const char *why, bool (*commit)(struct co *co, void *arg), void *arg);

/* Make a parked coroutine run again. Exactly once for each park; from any thread. */
void co_ready(struct co *co);

CO_C_END

#endif
