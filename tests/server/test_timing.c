/* SPDX-License-Identifier: MIT */
/* Server-Timing as text: exact to the nanosecond, and without a gap between the stages. */
#include <string.h>

#include "server/http/server_timing.h"
#include "tests/server/suites.h"

static void expect(const struct response *response, int64_t now_ns, const char *wanted)
{
    char text[SERVER_TIMING_TEXT];
    CU_ASSERT_STRING_EQUAL(server_timing_write(response, now_ns, text), wanted);
}

static void test_digits(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        {0, "parse;dur=0.000000"},
        {1, "parse;dur=0.000001"},
        {999999, "parse;dur=0.999999"},
        {1000000, "parse;dur=1.000000"},
        {12345678901, "parse;dur=12345.678901"},
        {INT64_MAX - 7, "parse;dur=9223372036854.775800"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(&(struct response){.began_ns = 7}, 7 + rows[i].ns, rows[i].text);
}

static void test_stages_follow_each_other(void)
{
    struct response response = {.began_ns = 1000};
    response_stage(&response, "parse", 3500);
    expect(&response, 4000, "parse;dur=0.002500, answer;dur=0.000500");
    response_stage(&response, "queue", 3500);
    response_stage(&response, "decide", 3600);
    response_stage(&response, "commit", 2003600);
    expect(&response, 2003601,
        "parse;dur=0.002500, queue;dur=0.000000, decide;dur=0.000100, commit;dur=2.000000, "
        "answer;dur=0.000001");
}

/* A head that was refused before it was whole began at no known time. */
static void test_without_a_beginning(void)
{
    expect(&(struct response){.began_ns = 0}, 123456789, "parse;dur=0.000000");
}

/* What one worker notes a moment after another need not be later by its own clock. */
static void test_never_negative(void)
{
    struct response response = {.began_ns = 5000};
    response_stage(&response, "parse", 4000);
    expect(&response, 4500, "parse;dur=0.000000, answer;dur=0.000500");
}

/* The longest text that there can be fits. */
static void test_longest(void)
{
    struct response response = {.began_ns = 1};
    for (int i = 0; i < RESPONSE_STAGES; i++)
        response_stage(&response, "12345678", i % 2 ? 1 : INT64_MAX);
    char text[SERVER_TIMING_TEXT];
    CU_ASSERT(strlen(server_timing_write(&response, INT64_MAX, text)) < sizeof text);
}

const struct unit_suite timing_suite = {"timing", 0,
    (const struct unit_test[]){{"digits", test_digits},
        {"stages_follow_each_other", test_stages_follow_each_other},
        {"without_a_beginning", test_without_a_beginning}, {"never_negative", test_never_negative},
        {"longest", test_longest}, {0}}};
