/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "ledger/money.h"
#include "tests/unit.h"

#define NINES "99999999999999999999999999999999999999"

static void parses(void)
{
    static const struct {
        const char *text;
        bool negative_too, good;
    } cases[] = {
        {"0", false, true},
        {"1", false, true},
        {NINES, false, true},
        {"-1", true, true},
        {"1", true, true},
        {"-" NINES, true, true},
        {"9007199254740993", false, true},
        {"", false, false},
        {"-", true, false},
        {"-0", true, false},
        {"-1", false, false},
        {"+1", false, false},
        {"01", false, false},
        {"", true, false},
        {"1:", false, false},
        {"1.0", false, false},
        {"1e3", false, false},
        {"0x10", false, false},
        {" 1", false, false},
        {"1 ", false, false},
        {"\xef\xbc\x91", false, false},
        {"1" NINES, false, false},
        {"100000000000000000000000000000000000000", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        money value = 0;
        char text[MONEY_TEXT];
        bool good =
            money_parse(cases[i].text, strlen(cases[i].text), cases[i].negative_too, &value);
        CU_ASSERT_EQUAL(good, cases[i].good);
        if (!good)
            continue;
        CU_ASSERT_EQUAL(money_format(value, text), strlen(cases[i].text));
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

static void adds_within_range(void)
{
    money max = money_max(), sum = 7;
    char text[MONEY_TEXT];
    CU_ASSERT_EQUAL(money_format(max, text), strlen(NINES));
    CU_ASSERT_STRING_EQUAL(text, NINES);
    CU_ASSERT_TRUE(money_add(max, 0, &sum) && sum == max);
    CU_ASSERT_TRUE(money_add(max, -max, &sum) && sum == 0);
    CU_ASSERT_TRUE(money_add(max - 1, 1, &sum) && sum == max);
    CU_ASSERT_FALSE(money_add(max, 1, &sum));
    CU_ASSERT_FALSE(money_add(max, max, &sum));
    CU_ASSERT_FALSE(money_add(-max, -1, &sum));
    CU_ASSERT_FALSE(money_add(-max, -max, &sum));
    CU_ASSERT_TRUE(sum == max); /* untouched by what failed */
}

static const struct unit_test tests[] = {
    {"parses", parses}, {"adds_within_range", adds_within_range}, {0}};
const struct unit_suite money_suite = {.name = "money", .tests = tests};
