/* SPDX-License-Identifier: MIT */
/*
 * What an ordinary client finds while others are about. It moves money and reads balances, over a
 * few connections, in a process of its own: what the crowds of a test cost the test is not charged
 * to it, but for the processor that all share.
 */
#ifndef TESTS_SERVICE_BESIDE_H
#define TESTS_SERVICE_BESIDE_H

#include <stddef.h>

#include "tests/service/service.h"

/* One stretch of time. A latency counts from when the request was due, not from when it was sent;
 * the rate is what was reached, in a second. */
struct beside {
    int64_t requests, p50_us, p99_us, max_us, rate;
};

/*
 * Send `rate` requests a second for that many seconds, half of them deposits to the account, half
 * reads of it; 0: deposits alone, as fast as answers come. Each is answered 201 or 200, or the test
 * fails. Parks.
 */
void beside_measure(const struct service *service, const char *account, int rate, int seconds,
    struct beside *found);

/* The value in the middle; they are put in order. */
int64_t beside_median(int64_t *values, size_t count);

/* What the other process runs: main() of this program, if its first argument is this word. */
#define BESIDE_WORD "--beside"
int beside_main(int argc, char **argv);

#endif
