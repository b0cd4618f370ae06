/* SPDX-License-Identifier: MIT */
/*
 * One child that runs an experiment, from its start to its end, within bounds: confined
 * (lab_confine.h), read through a pipe, watched, ended when it goes too far. However it ends, that
 * is a result, and touches nothing but what is told here.
 */
#ifndef SERVER_LAB_LAB_CHILD_H
#define SERVER_LAB_LAB_CHILD_H

#include <stdint.h>

#include "coro/context.h"
#include "server/lab/lab_confine.h"

/* How a child has ended. The names are told to clients. */
#define LAB_END_MAP(X)                                                                             \
    X(RESULT, "result")                 /* by itself: there is an exit code, and output */         \
    X(CRASHED, "crashed")               /* by a signal, or an exit code that says nothing else */  \
    X(DEADLOCK, "deadlock")             /* all of its coroutines waited for each other */          \
    X(FORBIDDEN, "forbidden")           /* it made a system call that no experiment makes */       \
    X(PROCESSOR_TIME, "processor_time") /* beyond its `processor_s` */                             \
    X(MEMORY, "memory")                 /* beyond LAB_CHILD_MEMORY_MIB */                          \
    X(OUTPUT, "output")                 /* beyond its `output_max`, or into a file */              \
    X(TIME, "time")                     /* beyond its `time_s` */                                  \
    X(STOPPED, "stopped")               /* the context ended, as the service stops */              \
    X(FAILED, "failed")                 /* it did not begin; or it said what is not JSON */

enum lab_end {
#define X(symbol, name) LAB_END_##symbol,
    LAB_END_MAP(X)
#undef X
        LAB_ENDS
};

extern const char *const lab_end_names[LAB_ENDS];

enum {
    /* Resident; looked at 50 times a second. Sanitizers keep shadows of all memory. */
    LAB_CHILD_MEMORY_MIB = 512,
    LAB_CHILD_MEMORY_SANITIZED_MIB = 2048,
    LAB_CHILD_OUTPUT_MAX = 2 << 20,
    LAB_CHILD_SAID = 4096, /* of what it writes to stderr; the rest is lost */
    LAB_CHILD_TEXT = 200,
    LAB_CHILD_WORDS = 40,
};

struct lab_share;

struct lab_child_job {
    struct lab_share *share; /* what it uses is charged there, and it rests when told; NULL: no */
    const char *program;     /* NULL: this one */
    enum lab_confine kind;
    const char *database;         /* the URL, unless it is LAB_CONFINE_MEMORY; else NULL */
    int folder_fd;                /* of LAB_CONFINE_SOCKET */
    const char *const *words;     /* "lab", …: the command and its flags, ends with NULL */
    size_t output_max;            /* bytes */
    unsigned processor_s, time_s; /* 0: as lab_bounds.h has them */
    int exits;                    /* exit codes from 0 to this one are results */
};

struct lab_child_report {
    enum lab_end how;
    int exit_code;                 /* of a result */
    char *output;                  /* of a result: with an end; the caller frees it. Else NULL */
    size_t length;                 /* without the end */
    char text[LAB_CHILD_TEXT];     /* one sentence about `how`; of a result: "" */
    char said[LAB_CHILD_SAID + 1]; /* on stderr, as ASCII */
    uint64_t peak_kib, processor_us;
};

/* Run it to its end. Parks. The report is large: not for a coroutine's stack. */
void lab_child_run(
    struct co_context *context, const struct lab_child_job *job, struct lab_child_report *report);

#endif
