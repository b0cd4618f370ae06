/* SPDX-License-Identifier: MIT */
/* Server-Timing read, and counted by stage. */
#include "tests/loadtest/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/stage_times.h"

static void record(struct stage_times *stages, const char *timing)
{
    char head[600];
    struct response response;
    struct co_http_head read;
    snprintf(head, sizeof head, "HTTP/1.1 201 Created\r\n%s%s%s\r\n",
        timing ? "Server-Timing: " : "", timing ? timing : "", timing ? "\r\n" : "");
    CU_ASSERT_TRUE_FATAL(co_http_head_read(head, strlen(head), &read));
    CU_ASSERT_TRUE_FATAL(response_read_head(&read, &response));
    stage_times_record(stages, &response);
}

static void expect(
    const struct stage_times *stages, size_t i, const char *name, uint64_t count, uint64_t max_ns)
{
    CU_ASSERT_TRUE_FATAL(i < stages->count);
    CU_ASSERT_STRING_EQUAL(stages->stage[i].name, name);
    CU_ASSERT_EQUAL(stages->stage[i].took.count, count);
    CU_ASSERT_EQUAL(stages->stage[i].took.max_ns, max_ns);
}

static void by_name(void)
{
    struct stage_times *stages = calloc(1, sizeof *stages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stages);
    record(stages, "parse;dur=0.000021, commit;dur=12.5");
    record(stages, "parse;dur=0.000007,read;desc=\"x\";dur=3");
    expect(stages, 0, "parse", 2, 21);
    expect(stages, 1, "commit", 1, 12500000);
    expect(stages, 2, "read", 1, 3000000);
    CU_ASSERT_EQUAL(stages->count, 3);
    free(stages);
}

/* What is not said, or not like that, counts nowhere. */
static void what_is_not_a_duration(void)
{
    static const char *const texts[] = {NULL, "", "parse", "parse;dur=", "parse;dur=x",
        "parse;desc=\"no place\"", ";dur=1", "a-name-that-is-too-long;dur=1", ",,,",
        "parse;dur=9999999999999"};
    struct stage_times *stages = calloc(1, sizeof *stages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stages);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        record(stages, texts[i]);
    CU_ASSERT_EQUAL(stages->count, 0);
    free(stages);
}

static void merged(void)
{
    struct stage_times *stages = calloc(2, sizeof *stages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stages);
    record(&stages[0], "parse;dur=0.1, answer;dur=0.2");
    record(&stages[1], "answer;dur=0.4, read;dur=0.3");
    stage_times_merge(&stages[0], &stages[1]);
    expect(&stages[0], 0, "parse", 1, 100000);
    expect(&stages[0], 1, "answer", 2, 400000);
    expect(&stages[0], 2, "read", 1, 300000);
    free(stages);
}

const struct unit_suite stage_times_suite = {"stage_times", 1,
    (const struct unit_test[]){{"by_name", by_name},
        {"what_is_not_a_duration", what_is_not_a_duration}, {"merged", merged}, {0}}};
