/* SPDX-License-Identifier: MIT */
/*
 * A way to carry operations out on shared cells: what the user calls a strategy. (The ledger's own
 * struct strategy, which two of these stand on, is in ledger/strategy.)
 */
#ifndef LAB_MACHINE_LAB_STRATEGY_H
#define LAB_MACHINE_LAB_STRATEGY_H

#include <stdbool.h>

struct operation;
struct co_schedule;
struct trial;

enum lab_strategy_kind { LAB_STRATEGY_MEMORY, LAB_STRATEGY_SQL };

struct lab_strategy {
    const char *name;  /* "compare-and-swap" */
    const char *title; /* "Compare and swap" */
    enum lab_strategy_kind kind;
    bool safe;            /* it holds in every scenario that it is offered for */
    const char *why;      /* one sentence: why it fails, or holds */
    const char *go;       /* the Go lines that it stands for */
    const char *files[3]; /* to read; NULL ends them */

    /* Before the clients begin, in the run's first coroutine, when the cells are made. NULL, or
     * returning NULL: it needs no state (make NULL), or memory is short (make not NULL). */
    void *(*make)(struct trial *trial);

    /* May park. True: it was carried out; false: it may not happen, and nothing was changed. */
    bool (*carry_out)(void *state, struct operation *operation);

    /* When all clients have their answers, in the same coroutine; may park. NULL: nothing to do. */
    void (*stop)(void *state);

    /* After the run: no coroutine is left; stop() was not called if the run ended in a deadlock.
     * NULL: free(). */
    void (*free)(void *state);

    /* Runs a schedule in place of trial_run(), for lanes that the runtime cannot hold back, as they
     * wait for a database. NULL: trial_run() does. */
    bool (*run)(struct trial *trial, struct co_schedule *schedule, bool records);
};

#endif
