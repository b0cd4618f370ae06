/* SPDX-License-Identifier: MIT */
#include "tests/loadtest/suites.h"

#include <string.h>

#include "loadtest/key.h"
#include "loadtest/dice.h"

static void repeats_from_its_seed(void)
{
    struct dice a = dice_make(1, 2), b = dice_make(1, 2), c = dice_make(1, 3);
    uint64_t first = dice_next(&a);
    CU_ASSERT_EQUAL(first, dice_next(&b));
    CU_ASSERT_NOT_EQUAL(first, dice_next(&c));
}

static void stays_below_its_bound(void)
{
    struct dice dice = dice_make(unit_seed(), 0);
    int seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t value = dice_below(&dice, 7);
        CU_ASSERT_FATAL(value < 7);
        seen[value]++;
    }
    for (int i = 0; i < 7; i++)
        CU_ASSERT(seen[i] > 800 && seen[i] < 1200);
}

static void keys_rise_and_differ(void)
{
    struct key_source one = key_source_make(5, 1), other = key_source_make(5, 2);
    char last[KEY_SIZE] = "", key[KEY_SIZE], foreign[KEY_SIZE];
    for (int i = 0; i < 1000; i++) {
        key_next(&one, key);
        key_next(&other, foreign);
        CU_ASSERT(strcmp(last, key) < 0);
        CU_ASSERT(strcmp(key, foreign) != 0);
        CU_ASSERT_EQUAL(strlen(key), KEY_SIZE - 1);
        memcpy(last, key, sizeof last);
    }
}

const struct unit_suite dice_suite = {"dice", 1,
    (const struct unit_test[]){{"repeats_from_its_seed", repeats_from_its_seed},
        {"stays_below_its_bound", stays_below_its_bound},
        {"keys_rise_and_differ", keys_rise_and_differ}, {0}}};
