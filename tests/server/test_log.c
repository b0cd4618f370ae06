/* SPDX-License-Identifier: MIT */
/* Lines of the log: for people and for programs, whatever is in them. */
#include <stdio.h>
#include <string.h>

#include "server/text/arena.h"
#include "server/text/json_in.h"
#include "server/text/log_line.h"
#include "tests/server/suites.h"

static const char *line_of(enum log_format format, const char *message, const char *value)
{
    static struct log_line line;
    const struct log_field fields[] = {
        {"a", value, 0, false}, {"n", NULL, -7, false}, {"ms", NULL, 1234567, true}};
    log_line_begin(&line, format, INT64_C(1764148207123456), "info", message);
    for (size_t i = 0; i < 3; i++)
        log_line_add(&line, &fields[i]);
    log_line_end(&line);
    CU_ASSERT_FATAL(line.length < sizeof line.text);
    line.text[line.length] = '\0';
    return line.text;
}

static void test_forms(void)
{
    CU_ASSERT_STRING_EQUAL(line_of(LOG_LINES, "it is so", "word"),
        "2025-11-26T09:10:07.123456Z info it is so a=word n=-7 ms=1.234\n");
    CU_ASSERT_STRING_EQUAL(line_of(LOG_LINES, "x", "two \"words\""),
        "2025-11-26T09:10:07.123456Z info x a=\"two \\\"words\\\"\" n=-7 ms=1.234\n");
    CU_ASSERT_STRING_EQUAL(
        line_of(LOG_LINES, "x", ""), "2025-11-26T09:10:07.123456Z info x a=\"\" n=-7 ms=1.234\n");
    CU_ASSERT_STRING_EQUAL(line_of(LOG_JSON, "it \"is\" so", "two words"),
        "{\"time\":\"2025-11-26T09:10:07.123456Z\",\"level\":\"info\",\"message\":\"it \\\"is\\\" "
        "so\","
        "\"a\":\"two words\",\"n\":-7,\"ms\":1.234}\n");
}

/* What makes a terminal do something, what hides or turns text round, what is not UTF-8. */
static void test_strange_text(void)
{
    static const struct {
        const char *given, *line, *json;
    } rows[] = {
        {"a\x1b[2Jb", "a [2Jb", "a\\u001b[2Jb"},
        {"a\r\nb", "a  b", "a\\u000d\\u000ab"},
        {"a\x7f", "a ", "a\\u007f"},
        {"a\xc2\x9b"
         "31m",
            "a 31m", "a\\u009b31m"},
        {"a\xe2\x80\xae"
         "b",
            "a b", "a\\u202eb"},
        {"a\xe2\x81\xa6"
         "b",
            "a b", "a\\u2066b"},
        {"a\xef\xbb\xbf"
         "b",
            "a b", "a\\ufeffb"},
        {"a\xff"
         "b",
            "a\xef\xbf\xbd"
            "b",
            "a\xef\xbf\xbd"
            "b"},
        {"a\xc3", "a\xef\xbf\xbd", "a\xef\xbf\xbd"},
        {"a\xed\xa0\x80", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
            "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb6", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb6",
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb6"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char wanted[200];
        snprintf(wanted, sizeof wanted, " info %s a=", rows[i].line);
        CU_ASSERT_PTR_NOT_NULL(strstr(line_of(LOG_LINES, rows[i].given, "x"), wanted));
        snprintf(wanted, sizeof wanted, "\"message\":\"%s\",", rows[i].json);
        CU_ASSERT_PTR_NOT_NULL(strstr(line_of(LOG_JSON, rows[i].given, "x"), wanted));
    }
}

static bool is_json(const char *text)
{
    char memory[2048], error[JSON_IN_ERROR];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    bool good = json_in_read(&arena, text, strlen(text), 100, NULL, error) != NULL;
    arena_clear(&arena);
    return good;
}

/* However long: one line, whole JSON, and no half character. */
static void test_long_text(void)
{
    static const char *const pieces[] = {
        "a", "\"", "\x1b", "\xe2\x82\xac", "\xff", "\xf0\x9f\x92\xb6"};
    static char text[6000];
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        text[0] = '\0';
        for (size_t at = 0; at + 5 < sizeof text; at += strlen(pieces[i]))
            memcpy(text + at, pieces[i], strlen(pieces[i]) + 1);
        for (size_t from = 0; from < 8; from++) {
            const char *json = line_of(LOG_JSON, text + from * strlen(pieces[i]), text);
            CU_ASSERT(is_json(json));
            const char *line = line_of(LOG_LINES, text + from * strlen(pieces[i]), text);
            CU_ASSERT_EQUAL(strchr(line, '\n'), line + strlen(line) - 1);
        }
    }
}

static const struct unit_test tests[] = {
    {"forms", test_forms}, {"strange_text", test_strange_text}, {"long_text", test_long_text}, {0}};
const struct unit_suite log_suite = {"log", 0, tests};
