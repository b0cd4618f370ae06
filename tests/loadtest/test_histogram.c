/* SPDX-License-Identifier: MIT */
#include "tests/loadtest/suites.h"

#include <stdlib.h>
#include <string.h>

#include "loadtest/histogram.h"
#include "loadtest/dice.h"

static struct histogram one, other;

static void clear(void)
{
    memset(&one, 0, sizeof one); /* at -O0 a compound literal would be on the stack */
    memset(&other, 0, sizeof other);
}

static void small_values_are_exact(void)
{
    clear();
    for (int i = 1; i <= 100; i++)
        histogram_record(&one, i);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 50), 50);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 99), 99);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 99.9), 100);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 100), 100);
    CU_ASSERT_EQUAL(one.min_ns, 1);
    CU_ASSERT_EQUAL(one.max_ns, 100);
}

static void empty(void)
{
    clear();
    CU_ASSERT_EQUAL(histogram_percentile(&one, 99), 0);
    histogram_merge(&one, &other);
    CU_ASSERT_EQUAL(one.count, 0);
}

/* A value reads back as itself or up to 1/128 more, over the whole range. */
static void precision(void)
{
    struct dice dice = dice_make(unit_seed(), 0);
    for (int i = 0; i < 2000; i++) {
        clear();
        uint64_t value = dice_next(&dice) >> (24 + dice_below(&dice, 40));
        histogram_record(&one, (int64_t)value);
        histogram_record(&one, INT64_C(1) << 39); /* so that the maximum does not clip it */
        uint64_t read = histogram_percentile(&one, 50);
        if (value <= UINT64_C(1) << 39)
            CU_ASSERT(read >= value && read - value <= value / 128);
    }
}

static void out_of_range(void)
{
    clear();
    histogram_record(&one, -5);
    histogram_record(&one, INT64_MAX);
    CU_ASSERT_EQUAL(one.count, 2);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 50), 0);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 100), (UINT64_C(1) << HISTOGRAM_TOP_BITS) - 1);
}

static void merged(void)
{
    clear();
    for (int i = 1; i <= 50; i++)
        histogram_record(&one, i);
    for (int i = 51; i <= 100; i++)
        histogram_record(&other, i);
    histogram_merge(&one, &other);
    CU_ASSERT_EQUAL(one.count, 100);
    CU_ASSERT_EQUAL(histogram_percentile(&one, 75), 75);
    CU_ASSERT_EQUAL(one.max_ns, 100);
}

const struct unit_suite histogram_suite = {"histogram", 1,
    (const struct unit_test[]){{"small_values_are_exact", small_values_are_exact}, {"empty", empty},
        {"precision", precision}, {"out_of_range", out_of_range}, {"merged", merged}, {0}}};
