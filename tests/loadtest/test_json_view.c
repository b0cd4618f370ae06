/* SPDX-License-Identifier: MIT */
#include "tests/loadtest/suites.h"

#include <string.h>

#include "loadtest/json_view.h"

static struct json_view of(const char *text)
{
    return json_view_read(text, strlen(text));
}

static int is_text(struct json_view value, const char *text)
{
    return value.at && value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

static void members(void)
{
    struct json_view object =
        of(" {\"a\": 1, \"b\":{\"c\":[1,2,{\"a\":3}]},\n\"d\" : \"x}\\\"]\" } tail");
    CU_ASSERT(is_text(json_view_member(object, "a"), "1"));
    CU_ASSERT(is_text(json_view_member(object, "b"), "{\"c\":[1,2,{\"a\":3}]}"));
    CU_ASSERT(is_text(json_view_member(json_view_member(object, "b"), "c"), "[1,2,{\"a\":3}]"));
    CU_ASSERT(is_text(json_view_member(object, "d"), "\"x}\\\"]\""));
    CU_ASSERT_PTR_NULL(json_view_member(object, "c").at);
    CU_ASSERT_PTR_NULL(json_view_member(of("[1]"), "a").at);
    CU_ASSERT_PTR_NULL(json_view_member(of("{}"), "a").at);
}

static void items(void)
{
    const struct {
        const char *text;
        int count;
    } rows[] = {{"[]", 0}, {"[1]", 1}, {"[ 1 , \"a,b\" , [2,3] ]", 3}, {"{\"a\":1}", 0}, {"7", 0},
        {"[{\"a\":1},{\"a\":2}]", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_view_walk walk = {.rest = of(rows[i].text)};
        struct json_view item;
        int count = 0;
        while (json_view_next(&walk, &item))
            count++;
        CU_ASSERT_EQUAL(count, rows[i].count);
    }
}

static void integers(void)
{
    const struct {
        const char *text;
        int good;
        int64_t value;
    } rows[] = {
        {"0", 1, 0},
        {"-1", 1, -1},
        {"\"-80\"", 1, -80},
        {"9223372036854775807", 1, INT64_MAX},
        {"\"-9223372036854775808\"", 1, INT64_MIN},
        {"9223372036854775808", 0, 0},
        {"1.0", 0, 0},
        {"\"\"", 0, 0},
        {"-", 0, 0},
        {"null", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 0;
        CU_ASSERT_EQUAL(json_view_integer(of(rows[i].text), &value), rows[i].good);
        CU_ASSERT_EQUAL(value, rows[i].value);
    }
}

static void strings(void)
{
    char text[4];
    CU_ASSERT(json_view_copy(of("\"abc\""), text, sizeof text));
    CU_ASSERT_STRING_EQUAL(text, "abc");
    CU_ASSERT_FALSE(json_view_copy(of("\"abcd\""), text, sizeof text));
    CU_ASSERT_FALSE(json_view_copy(of("\"a\\n\""), text, sizeof text));
    CU_ASSERT_FALSE(json_view_copy(of("12"), text, sizeof text));
    CU_ASSERT_FALSE(json_view_copy(json_view_read("\"a\0\"", 4), text, sizeof text));
    CU_ASSERT(json_view_is(of("\"x\""), "x"));
    CU_ASSERT_FALSE(json_view_is(of("\"xy\""), "x"));
    CU_ASSERT(json_view_says_null(of("null")));
}

/* Every beginning of a document is handled without reading past its end (seen by ASan). */
static void truncated(void)
{
    static const char whole[] = "{\"a\":[1,{\"b\":\"c\\\"\"}],\"d\":null}";
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        char text[sizeof whole];
        memcpy(text, whole, length);
        CU_ASSERT_PTR_NULL(json_view_read(text, length).at);
        struct json_view_walk walk = {.rest = {length ? text : NULL, length}};
        struct json_view name, value;
        while (json_view_next_member(&walk, &name, &value))
            continue;
    }
}

const struct unit_suite json_view_suite = {"json_view", 1,
    (const struct unit_test[]){{"members", members}, {"items", items}, {"integers", integers},
        {"strings", strings}, {"truncated", truncated}, {0}}};
