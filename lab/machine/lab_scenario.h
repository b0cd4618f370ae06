/* SPDX-License-Identifier: MIT */
/* A story with shared state: which cells there are, what each client asks for, and what must hold
 * in the end, whatever the schedule. */
#ifndef LAB_MACHINE_LAB_SCENARIO_H
#define LAB_MACHINE_LAB_SCENARIO_H

#include <stdbool.h>

#include "lab/machine/lab_strategy.h"

struct trial;

enum { LAB_SCENARIO_TEXT = 200, LAB_SCENARIO_STRATEGIES = 20 };

/* What is found in the end. */
struct lab_verdict {
    bool broken;
    char verdict[LAB_SCENARIO_TEXT];  /* a sentence: what happened */
    char expected[LAB_SCENARIO_TEXT]; /* "Exactly one withdrawal succeeds and 20 remain." */
    char actual[LAB_SCENARIO_TEXT];   /* "2 succeeded and -60 remain." */
};

struct lab_scenario {
    const char *name;  /* "double-withdraw" */
    const char *title; /* "Two withdrawals of 80 from 100" */
    const char *holds; /* one sentence: what must hold */
    const char *file;
    int clients;     /* how many, if not said otherwise */
    int clients_min; /* fewer make no story of it */
    bool settles;    /* when all clients have their answers, see who is left: a leak */
    const struct lab_strategy *const *strategies; /* offered for it; NULL ends them */
    const char *breaks[LAB_SCENARIO_STRATEGIES];  /* names of those that fail here; NULL ends */

    /* Makes the cells, and an operation for each of trial->clients, by trial_cell() and
     * trial_operation(). */
    void (*prepare)(struct trial *trial);

    /* When all have ended. Deadlocks, leaks and runs without end are judged by the trial. */
    void (*judge)(const struct trial *trial, struct lab_verdict *verdict);
};

#endif
