/* SPDX-License-Identifier: MIT */
/*
 * The frame that all C tests hang in, over CUnit: a suite is a table, and each test runs as the
 * first coroutine of a fresh runtime, which must end with no coroutine left over.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct unit_test {
    const char *name;
    void (*run)(void);
};

struct unit_suite {
    const char *name;
    int workers;                   /* that its tests run on; 0: two */
    const struct unit_test *tests; /* ends with an all-zero one */
};

/* Runs the suites (ends with NULL), or only those whose "suite" or "suite/test" is in argv, or that
 * are in the share that it names: "1/3" is each third suite, the first one on. Prints "NAME: N
 * passed, N failed" last. The exit code of the program. */
int unit_main(const char *name, const struct unit_suite *const *suites, int argc, char **argv);

/* "suite/test" of the one that runs; "" between them. From any thread. */
void unit_name(char *name, size_t size);

/* The seed for random choices of this run: from TEST_SEED or the clock; printed at the start. */
unsigned long unit_seed(void);

#endif
