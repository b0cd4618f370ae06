/* SPDX-License-Identifier: MIT */
/* The CUnit frame: see unit.h. CUnit calls tests without an argument, hence the two statics. */
#include "tests/unit.h"

#include <CUnit/Automated.h>
#include <CUnit/TestRun.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coro/runtime.h"

static const struct unit_suite *current_suite;
static const struct unit_test *current_test;
static unsigned long seed;

unsigned long unit_seed(void)
{
    return seed;
}

void unit_name(char *name, size_t size)
{
    name[0] = '\0';
    if (current_test)
        snprintf(name, size, "%s/%s", current_suite->name, current_test->name);
}

/* A fatal assertion leaves the test by a jump: it must land on this coroutine's own stack. */
static void run_test(void *arg)
{
    (void)arg;
    jmp_buf fatal;
    CU_get_current_test()->pJumpBuf = &fatal;
    if (setjmp(fatal) == 0)
        current_test->run();
}

static void run_in_runtime(void)
{
    const struct co_runtime_options options = {
        .workers = current_suite->workers ? current_suite->workers : 2,
    };
    CU_ASSERT_EQUAL(co_runtime_run(&options, run_test, NULL), 0);
}

/* Whether the suite, the nth of all, is in the share that is named "1/3". */
static int in_share(const char *share, int nth)
{
    int which = 0, shares = 0;
    return sscanf(share, "%d/%d", &which, &shares) == 2 && shares > 0 && nth % shares == which - 1;
}

static int wanted(int nth, const char *suite, const char *test, int argc, char **argv)
{
    char full[200];
    snprintf(full, sizeof full, "%s/%s", suite, test);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], suite) == 0 || strcmp(argv[i], full) == 0 || in_share(argv[i], nth))
            return 1;
    return argc < 2;
}

static void print_failures(void)
{
    for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
        printf("    %s:%u: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber,
            f->strCondition ? f->strCondition : "?");
}

/* Run one test by itself and say how it went; true when it passed. */
static int run_one(CU_pSuite suite, const struct unit_test *test)
{
    CU_pTest handle = CU_add_test(suite, test->name, run_in_runtime);
    current_test = test;
    printf("  %s/%s ", suite->pName, test->name);
    fflush(stdout);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    CU_run_test(suite, handle);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int passed = CU_get_number_of_failure_records() == 0;
    long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    printf("%s (%ld ms)\n", passed ? "ok" : "FAILED", ms);
    print_failures();
    fflush(stdout);
    return passed;
}

int unit_main(const char *name, const struct unit_suite *const *suites, int argc, char **argv)
{
    const char *given = getenv("TEST_SEED");
    seed = given ? strtoul(given, NULL, 0) : (unsigned long)time(NULL);
    printf("%s: TEST_SEED=%lu\n", name, seed);
    int passed = 0, failed = 0;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (int nth = 0; suites[nth]; nth++) {
        current_suite = suites[nth];
        CU_pSuite suite = CU_add_suite(current_suite->name, NULL, NULL);
        for (const struct unit_test *test = current_suite->tests; test->name; test++)
            if (wanted(nth, current_suite->name, test->name, argc, argv))
                *(run_one(suite, test) ? &passed : &failed) += 1;
    }
    CU_cleanup_registry();
    printf("%s: %d passed, %d failed\n", name, passed, failed);
    return failed ? 1 : 0;
}
