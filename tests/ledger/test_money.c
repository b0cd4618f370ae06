/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "ledger/domain/money_sum.h"
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

/* Adds up to four values, and then takes them back in the same order. */
static void sums_beyond_range(void)
{
    const money max = money_max();
    const struct {
        money values[4];
        const char *text;
    } cases[] = {
        {{0}, "0"},
        {{max, 1}, "1"
                   "00000000000000000000000000000000000000"},
        {{max, max}, "1"
                     "99999999999999999999999999999999999998"},
        {{-max, -max}, "-1"
                       "99999999999999999999999999999999999998"},
        {{-max, -1}, "-1"
                     "00000000000000000000000000000000000000"},
        {{max, max, max, max}, "3"
                               "99999999999999999999999999999999999996"},
        {{max, max, -5, -max}, "99999999999999999999999999999999999994"},
        {{max, 1, -1}, NINES},
        {{max, 1, -max, -max}, "-99999999999999999999999999999999999998"},
        {{-max, -1, 1}, "-" NINES},
        {{-max, -1, max, 5}, "4"},
        {{max, 1, 0, -max}, "1"},
        {{5, -7}, "-2"},
        {{-5, 7}, "2"},
        {{-5, max}, "99999999999999999999999999999999999994"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct money_sum sum = {0};
        char text[MONEY_SUM_TEXT];
        for (int v = 0; v < 4; v++)
            money_sum_add(&sum, cases[i].values[v]);
        CU_ASSERT_EQUAL(money_sum_format(&sum, text), strlen(cases[i].text));
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
        for (int v = 0; v < 4; v++)
            money_sum_add(&sum, -cases[i].values[v]);
        CU_ASSERT_EQUAL(money_sum_format(&sum, text), 1);
        CU_ASSERT_STRING_EQUAL(text, "0");
    }
}

static const struct unit_test tests[] = {{"parses", parses},
    {"adds_within_range", adds_within_range}, {"sums_beyond_range", sums_beyond_range}, {0}};
const struct unit_suite money_suite = {.name = "money", .tests = tests};
