/* SPDX-License-Identifier: MIT */
/*
 * What a child that runs an experiment gives up before it begins, for good: descriptors, files,
 * other processes, the network, privileges, and resources beyond its bounds. It is called in the
 * child, by its only thread, before anything else. What it keeps: its memory, its threads, its
 * clock, descriptors 0 to 2, and what enum lab_confine says.
 *
 * What it may not do fails with EPERM; starting a process or a program, tracing, signalling others,
 * and sockets where there are none to be had, end it with SIGSYS.
 */
#ifndef SERVER_LAB_LAB_CONFINE_H
#define SERVER_LAB_LAB_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "coro/ensure.h"

enum lab_confine {
    LAB_CONFINE_MEMORY,   /* it computes, and no more */
    LAB_CONFINE_SOCKET,   /* it asks a PostgreSQL server, by sockets of this machine alone: the
                             folder that they are in is its fourth descriptor */
    LAB_CONFINE_DATABASE, /* the same by any socket; and it may read files, such as certificates */
    LAB_CONFINE_KINDS
};

/* "memory", "socket", "database": on the command line of the child. */
extern const char *const lab_confine_names[LAB_CONFINE_KINDS];

/* Bounds that the kernel keeps; SIGXCPU and SIGXFSZ tell, or a call that fails. */
enum {
    LAB_CONFINE_DATA_MIB = 2048, /* of address space that it can write to; see lab_child.h too */
    LAB_CONFINE_FILE_BYTES = 64 << 10,
    LAB_CONFINE_DESCRIPTORS = 1024,
};

/* Give up what `kind` does not need, and all processor time beyond `processor_s` seconds (> 0) of
 * all its threads together. It ends with its parent, the process `parent`. False: with the reason
 * in `error`, and the caller must go no further. */
CO_MUST_CHECK bool lab_confine(
    enum lab_confine kind, pid_t parent, unsigned processor_s, char *error, size_t error_size);

#endif
