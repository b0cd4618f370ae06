/* SPDX-License-Identifier: MIT */
/* The text of a schedule: what is one, what is none, and that it comes back as it was. */
#include "lab/machine/code.h"

#include <stdio.h>
#include <string.h>

#include "tests/lab/suites.h"

static void comes_back_as_it_was(void)
{
    static const char *const texts[] = {"0", "3.2", "3.2-5.1", "1.0-2.t-999999999.40"};
    static struct co_schedule_choice choices[CODE_CHOICES];
    static char again[CODE_TEXT];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t count;
        CU_ASSERT_TRUE_FATAL(code_parse(texts[i], choices, &count));
        CU_ASSERT_STRING_EQUAL(code_format(choices, count, again), texts[i]);
    }
    size_t count = 1;
    CU_ASSERT(code_parse("", choices, &count) && count == 0); /* as "0" */
}

static void refuses_what_is_none(void)
{
    static const char *const texts[] = {"-", "3", "3.", ".2", "3.2-", "-3.2", "3.2-3.1", "5.1-3.2",
        "0.1", "03.1", "3.01", "3.2 ", " 3.2", "3.2-5.1x", "3.T", "3,2", "3.-1", "9999999999.1",
        "1.9999999999", "0-1.1", "3.2-0", "1.tt"};
    static struct co_schedule_choice choices[CODE_CHOICES];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t count;
        CU_ASSERT_FALSE(code_parse(texts[i], choices, &count));
    }
}

static void holds_as_many_as_it_says(void)
{
    static struct co_schedule_choice choices[CODE_CHOICES], parsed[CODE_CHOICES];
    static char text[CODE_TEXT + 16];
    size_t count;
    for (uint32_t i = 0; i < CODE_CHOICES; i++)
        choices[i] = (struct co_schedule_choice){999000000 + i, 40};
    code_format(choices, CODE_CHOICES, text);
    CU_ASSERT_TRUE(code_parse(text, parsed, &count));
    CU_ASSERT_EQUAL(count, CODE_CHOICES);
    CU_ASSERT_EQUAL(memcmp(choices, parsed, sizeof choices), 0);
    memcpy(text + strlen(text), "-999999999.1", sizeof "-999999999.1");
    CU_ASSERT_FALSE(code_parse(text, parsed, &count));
}

static const struct unit_test tests[] = {
    {"comes_back_as_it_was", comes_back_as_it_was},
    {"refuses_what_is_none", refuses_what_is_none},
    {"holds_as_many_as_it_says", holds_as_many_as_it_says},
    {NULL, NULL},
};

const struct unit_suite suite_code = {"code", 1, tests};
