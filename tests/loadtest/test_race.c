/* SPDX-License-Identifier: MIT */
/* What a round proves when some of its answers did not come. */
#include "tests/loadtest/suites.h"

#include "loadtest/race.h"

static const char body[] = "{\"code\":\"insufficient_funds\"}";

static struct race_answer answered(int status)
{
    return (struct race_answer){.status = CLIENT_ANSWERED,
        .response = {.status = status, .body = body, .body_length = sizeof body - 1}};
}

/* A round of three of which one may be paid, with these answers: what is the verdict? */
static enum report_verdict verdict(struct race_answer answers[3], int64_t missing)
{
    const struct load_options options = {.racers = 3};
    struct report *report = report_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    struct race race = {
        .options = &options, .report = report, .answers = answers, .missing = missing};
    bool good = race_expect_split(&race, 1, 422, "insufficient_funds");
    enum report_verdict found = report_verdict(report);
    CU_ASSERT_EQUAL(good, found == REPORT_KEPT);
    report_free(&report);
    return found;
}

static void all_answered(void)
{
    struct race_answer right[3] = {answered(422), answered(201), answered(422)};
    struct race_answer none[3] = {answered(422), answered(422), answered(422)};
    struct race_answer two[3] = {answered(422), answered(201), answered(201)};
    CU_ASSERT_EQUAL(verdict(right, 0), REPORT_KEPT);
    CU_ASSERT_EQUAL(verdict(none, 0), REPORT_BROKEN);
    CU_ASSERT_EQUAL(verdict(two, 0), REPORT_BROKEN);
}

static void one_is_missing(void)
{
    const struct race_answer lost = {.status = CLIENT_LOST};
    struct race_answer paid[3] = {answered(422), answered(201), lost};
    struct race_answer none[3] = {answered(422), answered(422), lost};
    struct race_answer two[3] = {answered(201), answered(201), lost};
    CU_ASSERT_EQUAL(verdict(paid, 1), REPORT_OPEN);
    CU_ASSERT_EQUAL(verdict(none, 1), REPORT_OPEN);
    CU_ASSERT_EQUAL(verdict(two, 1), REPORT_BROKEN);
}

static void interrupted(void)
{
    struct report *report = report_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(report_verdict(report), REPORT_KEPT);
    report->interrupted = true;
    CU_ASSERT_EQUAL(report_verdict(report), REPORT_OPEN);
    report_violation(report, "paid %d times", 2);
    CU_ASSERT_EQUAL(report_verdict(report), REPORT_BROKEN);
    report_free(&report);
}

static void what_is_final(void)
{
    static const struct {
        enum client_status got;
        int status;
        bool final;
    } rows[] = {{CLIENT_ANSWERED, 200, true}, {CLIENT_ANSWERED, 404, true},
        {CLIENT_ANSWERED, 422, true}, {CLIENT_ANSWERED, 429, false}, {CLIENT_ANSWERED, 503, false},
        {CLIENT_ANSWERED, 504, false}, {CLIENT_LOST, 0, false}, {CLIENT_TIMEOUT, 0, false},
        {CLIENT_NO_CONNECTION, 0, false}, {CLIENT_GARBLED, 0, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct response response = {.status = rows[i].status};
        CU_ASSERT_EQUAL(api_is_final(rows[i].got, &response), rows[i].final);
    }
}

const struct unit_suite race_suite = {"race", 0,
    (const struct unit_test[]){{"all_answered", all_answered}, {"one_is_missing", one_is_missing},
        {"interrupted", interrupted}, {"what_is_final", what_is_final}, {0}}};
