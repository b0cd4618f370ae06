/* SPDX-License-Identifier: MIT */
/* A cell: one number that coroutines share, as an account's balance. cell_access.h touches it. */
#ifndef LAB_MACHINE_CELL_H
#define LAB_MACHINE_CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/mutex.h"

struct cell {
    const char *name; /* "alice" */
    int number;       /* from 0, in the order of making */
    int64_t start;
    _Atomic int64_t value;
    struct co_mutex mutex;    /* for strategies that lock each cell by itself */
    bool ordered;             /* wanted: `changed` */
    _Atomic uint64_t changed; /* when it last was, among all changes of ordered cells */
    _Atomic uint64_t retried; /* how often it was not what a swap expected */
};

#endif
