/* SPDX-License-Identifier: MIT */
/* What a run found, and how it is told: as text or as JSON. */
#ifndef LOADTEST_REPORT_H
#define LOADTEST_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "coro/mutex.h"
#include "loadtest/stats.h"

enum { REPORT_VIOLATIONS = 20, REPORT_FIGURES = 12, REPORT_TEXT = 240 };

struct report {
    struct stats *stats; /* made and freed with the report */
    int64_t elapsed_ns;
    size_t figures;
    struct {
        const char *name; /* a static text: "rounds" */
        int64_t value;
    } figure[REPORT_FIGURES];
    struct mutex lock; /* over what follows */
    uint64_t violations;
    char violation[REPORT_VIOLATIONS][REPORT_TEXT]; /* the first ones */
};

/* An empty report, within a runtime; NULL when memory is short. */
MUST_CHECK struct report *report_make(void);
void report_free(struct report **report);

/* A number that belongs to the scenario. Past REPORT_FIGURES it is dropped. */
void report_figure(struct report *report, const char *name, int64_t value);

/* The service broke a promise. May park. */
__attribute__((format(printf, 2, 3))) void report_violation(
    struct report *report, const char *format, ...);

/* Prints doubles: needs a big stack. `name` is the scenario's. */
void report_print(FILE *out, struct report *report, const char *name, int64_t seed);
void report_print_json(FILE *out, struct report *report, const char *name, int64_t seed);

#endif
