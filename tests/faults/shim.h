/* SPDX-License-Identifier: MIT */
/*
 * shim.so goes between the program and its libraries (LD_PRELOAD). A file that both sides map tells
 * it what to do: the test writes, a running program obeys at once. Processes with another name than
 * "teller" are left alone.
 */
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>

#define SHIM_VARIABLE "TELLER_TEST_SHIM" /* of the environment: the path of that file */

/* What can fail. Those from SHIM_CONNECT_START on happen with a new connection only. */
enum shim_call {
    SHIM_SEND_QUERY,
    SHIM_SEND_PREPARED,
    SHIM_FLUSH,
    SHIM_CONSUME_INPUT,
    SHIM_PUT_DATA,
    SHIM_PUT_END,
    SHIM_CONNECT_START,
    SHIM_CONNECT_POLL,
    SHIM_SET_NONBLOCKING,
    SHIM_SEND_PREPARE,
    SHIM_CALLS
};

struct shim_control {
    _Atomic int call;           /* which one fails; SHIM_CALLS: none */
    atomic_long countdown;      /* the call that makes it 0 fails */
    atomic_bool for_ever;       /* and so do all after it */
    atomic_ulong failed;        /* how many have */
    atomic_long clock_offset_s; /* added to the wall clock */
};

#endif
