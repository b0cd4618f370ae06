/* SPDX-License-Identifier: MIT */
/*
 * The runtime: its workers (threads), the stacks they share, and the reports it can give.
 */
#ifndef CORO_RUNTIME_H
#define CORO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

struct co_schedule;
struct co_watchdog_report;

struct co_runtime_options {
    int workers;       /* threads that run coroutines; 0: as processors.h says, at most 64 */
    size_t stack_size; /* bytes of stack for each coroutine, guard page included; 0: 69,632 (more
                          without optimisation) */
    size_t max_coroutines; /* alive together; 0: 2,000,000. Near it, a few may be refused early */
    struct co_schedule *schedule; /* a seeded run on one worker (schedule.h); NULL: a real one,
                     or as the environment variable CORO_SEED says */
    bool *deadlocked;  /* NULL: a deadlock ends the program. Else it ends the run, and this is set;
                     and what is left alive is counted, not listed */
    bool move_started; /* an idle worker may take ready coroutines, except local ones, from one that
                     another coroutine has kept busy for a millisecond. Then nothing of a thread may
                     be kept over what parks or yields: no pthread mutex, no address of a
                     thread-local variable; and compilers keep that of errno, so read errno in the
                     statement after the call, and in a function that does not park if it is read
                     in a loop. Without effect if the kernel has no membarrier. Also switched on by
                     the environment variable CORO_MOVE */
    bool migrate; /* test mode: each wake moves a coroutine that is not local to any worker. Also
                     switched on by the environment variable CORO_MIGRATE */
    int64_t watchdog_ns; /* report what keeps a worker from switching for that long (watchdog.h); 0:
                            nothing, or as the environment variable CORO_WATCHDOG says */
    void (*on_watchdog)(const struct co_watchdog_report *report, void *arg); /* on a thread of its
                                        own, one at a time; NULL: it is written to stderr */
    void *watchdog_arg;
};

#define CO_RUNTIME_NOT_STARTED SIZE_MAX

/*
 * Run main(arg) as the first coroutine and return when it has returned and every worker has
 * stopped. Coroutines that are still alive then are leaks: they are listed on stderr with their
 * spawn sites, and counted in the return value (0: none). `options` may be NULL. Not reentrant;
 * may be called again after it has returned.
 *
 * CO_RUNTIME_NOT_STARTED: there is not the memory, the threads or the descriptors for it. A line
 * on stderr and errno say which; main was not called, and nothing is left over.
 *
 * When all coroutines wait, and there is no timer, watch, descriptor wait or blocking call that
 * could wake one, they are listed on stderr and the program exits with 2. A thread of your own that
 * would call co_ready() is not seen: let the coroutine wait in a co_blocking_call() for it.
 */
size_t co_runtime_run(const struct co_runtime_options *options, void (*main)(void *), void *arg);

/* Coroutines alive now, the caller's included. From any thread. */
size_t co_runtime_alive(void);

/* List every coroutine on the file descriptor: id, name, state, why it waits, since when, spawn
 * site. From any coroutine or worker callback; the others go on meanwhile. With CORO_DEBUG also
 * the most stack that each entry function has used so far. */
void co_runtime_dump(int fd);

/* From now on SIGQUIT (Ctrl-\\) writes to stderr where coroutines wait (stuck.h), and the first
 * 1,000 of the same list, and the program goes on. Works also when a coroutine keeps its worker
 * from doing anything else. In any program by the environment variable CORO_DUMP=1. */
void co_runtime_dump_on_quit(void);

CO_C_END

#endif
