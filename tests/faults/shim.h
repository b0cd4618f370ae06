/* SPDX-License-Identifier: MIT */
/*
 * shim.so goes between the program and its libraries (LD_PRELOAD). A file that both sides map tells
 * it what to do: the test writes, a running program obeys immediately. Processes with another name
 * than "teller" are left alone.
 */
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>

#define SHIM_VARIABLE "TELLER_TEST_SHIM" /* of the environment: the path of that file */

/* The functions of libpq that can fail. A server at work calls those of the first list, those of
 * the second are for new connections and for the start. */
#define SHIM_SERVING(X)                                                                            \
    X(PQputCopyData)                                                                               \
    X(PQputCopyEnd)                                                                                \
    X(PQsendQuery)                                                                                 \
    X(PQsendQueryPrepared)                                                                         \
    X(PQflush)                                                                                     \
    X(PQconsumeInput)                                                                              \
    X(PQgetResult)
#define SHIM_STARTING(X)                                                                           \
    X(PQconnectStartParams)                                                                        \
    X(PQconninfo)                                                                                  \
    X(PQescapeIdentifier)                                                                          \
    X(PQconnectPoll)                                                                               \
    X(PQsetnonblocking)                                                                            \
    X(PQsendPrepare)                                                                               \
    X(PQgetCopyData)

/* What can fail: those; SHIM_ROWS: PQgetResult() says that the command is done, and drops its rows,
 * as old libpqs could when memory was short; SHIM_MEMORY: malloc() and all that rests on it;
 * SHIM_MAPPING: mmap(). */
#define SHIM_ALL(X) SHIM_SERVING(X) SHIM_STARTING(X) X(ROWS) X(MEMORY) X(MAPPING)
enum shim_call {
#define X(name) SHIM_##name,
    SHIM_ALL(X)
#undef X
        SHIM_CALLS
};

struct shim_control {
    _Atomic int call;           /* which one fails; SHIM_CALLS: none */
    atomic_long countdown;      /* the call that makes it 0 fails */
    atomic_bool forever;        /* and so do all after it */
    atomic_ulong failed;        /* how many have */
    atomic_long clock_offset_s; /* added to the wall clock */
};

#endif
