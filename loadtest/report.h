/* SPDX-License-Identifier: MIT */
/*
 * What a run found, and how it is printed: as text or as JSON.
 *
 * Two kinds of findings are kept apart. A violation: the service broke a promise, whatever else
 * happened. A doubt: what was wanted could not be seen, because an answer did not come (a lost
 * connection, a timeout, a 429, 503 or 504) or the run was interrupted; it proves nothing.
 */
#ifndef LOADTEST_REPORT_H
#define LOADTEST_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "coro/mutex.h"
#include "loadtest/stats.h"

enum { REPORT_FINDINGS = 20, REPORT_FIGURES = 12, REPORT_TEXT = 240 };

enum report_verdict {
    REPORT_KEPT,   /* everything was as promised */
    REPORT_BROKEN, /* at least one violation */
    REPORT_OPEN,   /* no violation, but a doubt, or interrupted: nothing is proved */
};

struct report_findings {
    uint64_t count;
    char text[REPORT_FINDINGS][REPORT_TEXT]; /* of the first ones */
};

struct report {
    struct stats *stats; /* made and freed with the report */
    int64_t elapsed_ns;
    size_t figures;
    struct {
        const char *name; /* a static text: "rounds" */
        int64_t value;
    } figure[REPORT_FIGURES];
    _Atomic bool interrupted; /* the user wants the run to end now; set at any time */
    struct co_mutex lock;     /* over what follows */
    struct report_findings violations, doubts;
};

/* An empty report, within a runtime; NULL when memory is short. */
CO_MUST_CHECK struct report *report_make(void);
void report_free(struct report **report);

/* A number that belongs to the scenario. Past REPORT_FIGURES it is dropped. */
void report_figure(struct report *report, const char *name, int64_t value);

/* The service broke a promise. May park. */
__attribute__((format(printf, 2, 3))) void report_violation(
    struct report *report, const char *format, ...);

/* What was wanted could not be seen. May park. */
__attribute__((format(printf, 2, 3))) void report_doubt(
    struct report *report, const char *format, ...);

enum report_verdict report_verdict(const struct report *report);

/* Prints doubles: needs a big stack. `name` is the scenario's. */
void report_print(FILE *out, struct report *report, const char *name, int64_t seed);
void report_print_json(FILE *out, struct report *report, const char *name, int64_t seed);

#endif
