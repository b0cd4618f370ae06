/* SPDX-License-Identifier: MIT */
/* What this process takes of the machine, as the kernel counts it. */
#ifndef SERVER_PROCESS_OWN_PROCESS_H
#define SERVER_PROCESS_OWN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

struct own_process {
    uint64_t processor_ns;            /* of all its threads, in user and kernel mode */
    uint64_t resident, virtual_bytes; /* memory */
    uint64_t descriptors, descriptors_max;
    uint64_t threads;
    int64_t started_us; /* on the wall clock, to a hundredth of a second */
};

/* False: /proc cannot be read, and nothing is known. It reads a few files of /proc, which takes
 * microseconds, and milliseconds with tens of thousands of descriptors: call it from a thread that
 * may block (blocking.h). */
CO_MUST_CHECK bool own_process_read(struct own_process *own);

#endif
