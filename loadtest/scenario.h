/* SPDX-License-Identifier: MIT */
/* What the load tester can do to a service, one scenario a file. */
#ifndef LOADTEST_SCENARIO_H
#define LOADTEST_SCENARIO_H

#include "loadtest/options.h"
#include "loadtest/report.h"

struct scenario {
    const char *name, *summary; /* the summary is one line, without a full stop */
    const char *description;
    unsigned uses; /* OPTION_... */
    struct options defaults;
    /* Runs as the first coroutine. What it finds goes into the report; false: it could not be set
     * up, and the report's first violation says why. */
    bool (*run)(const struct options *options, struct report *report);
};

extern const struct scenario scenario_double_withdraw;
extern const struct scenario scenario_same_key;
extern const struct scenario scenario_transfers;

/* All of them, in the order of their names; ends with NULL. */
extern const struct scenario *const scenario_table[];

#endif
