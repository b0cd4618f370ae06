/* SPDX-License-Identifier: MIT */
/* What company costs an ordinary client (beside.h): by turns without it and with it, so that what
 * changes on the machine meanwhile changes both; of each the middle of what was found. */
#ifndef TESTS_SERVICE_COMPARE_H
#define TESTS_SERVICE_COMPARE_H

#include "tests/service/beside.h"

enum { COMPARE_ROUNDS_MAX = 9 };

struct compare {
    const struct service *service;
    const char *account;
    int rate, seconds;       /* as of beside_measure() */
    size_t rounds;           /* 1 .. COMPARE_ROUNDS_MAX */
    void (*come)(void *arg); /* all of it is there when it returns */
    void (*go)(void *arg);
    void *arg;
};

struct compare_pair {
    int64_t without, beside;
};

struct compare_found {
    struct compare_pair p50_us, p99_us, rate;
};

/* Each turn is printed, and the result. Parks. */
struct compare_found compare_run(const struct compare *compare);

#endif
