/* SPDX-License-Identifier: MIT */
/* The small parts: text of times, arenas, JSON out and in, options, addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/text/json_in.h"
#include "server/text/json_out.h"
#include "server/http/listen.h"
#include "server/cmd/options.h"
#include "server/text/time_text.h"
#include "tests/server/suites.h"

/* ---- times --------------------------------------------------------------------------------- */

static void test_rfc_3339(void)
{
    static const struct {
        int64_t at_us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {951782399999999, "2000-02-28T23:59:59.999999Z"},
        {951782400000000, "2000-02-29T00:00:00.000000Z"},
        {951868800000000, "2000-03-01T00:00:00.000000Z"},
        {1795251600123456, "2026-11-21T09:00:00.123456Z"},
        {4107542400000001, "2100-03-01T00:00:00.000001Z"},
        {253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    char text[TIME_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        time_text(rows[i].at_us, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

/* What a user may write for a time. */
static void test_times_as_they_may_come(void)
{
    static const struct {
        const char *text;
        int64_t at_us; /* -1: it is not a time */
    } rows[] = {
        {"2026-11-21T09:00:00.123456Z", 1795251600123456},
        {"2026-11-21T09:00:00Z", 1795251600000000},
        {"2026-11-21t09:00:00.5z", 1795251600500000},
        {"2026-11-21T09:00:00.123456789Z", 1795251600123456},
        {"2026-11-21T09:00:00.000000999Z", 1795251600000000},
        {"2026-11-21T09:00:00+00:00", 1795251600000000},
        {"2026-11-21T09:00:00-00:00", 1795251600000000},
        {"2026-11-21T09:00:00 00:00", 1795251600000000},
        {"2026-11-21T10:30:00.1+01:30", 1795251600100000},
        {"2026-11-21T04:00:00-05:00", 1795251600000000},
        {"2026-11-21", 1795219200000000},
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00+00:01", -1},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31", -1},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
        {"9999-12-31T23:59:59-00:01", -1},
        {"2026-11-31", -1},
        {"2026-02-29", -1},
        {"2026-13-01", -1},
        {"2026-11-21T", -1},
        {"2026-11-21T09:00", -1},
        {"2026-11-21T09:00:00", -1},
        {"2026-11-21T24:00:00Z", -1},
        {"2026-11-21T09:60:00Z", -1},
        {"2026-11-21T09:00:00.Z", -1},
        {"2026-11-21T09:00:00ZZ", -1},
        {"2026-11-21T09:00:00+1:00", -1},
        {"2026-11-21T09:00:00+24:00", -1},
        {"2026-11-21T09:00:00+01:00Z", -1},
        {"2026-11-21Z", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t at_us = 0;
        if (!time_read(rows[i].text, &at_us))
            at_us = -1;
        if (at_us != rows[i].at_us) {
            printf("\n    %s: %lld ", rows[i].text, (long long)at_us);
            CU_FAIL("read otherwise");
        }
    }
}

static void test_http_date(void)
{
    char text[TIME_TEXT_HTTP];
    time_text_http(784111777, text); /* the example of RFC 9110 */
    CU_ASSERT_STRING_EQUAL(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    time_text_http(0, text);
    CU_ASSERT_STRING_EQUAL(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static const struct unit_test time_text_tests[] = {{"rfc_3339", test_rfc_3339},
    {"times_as_they_may_come", test_times_as_they_may_come}, {"http_date", test_http_date}, {0}};
const struct unit_suite time_text_suite = {"time_text", 1, time_text_tests};

/* ---- arenas -------------------------------------------------------------------------------- */

static void test_arena_keeps_what_it_gives(void)
{
    char memory[256];
    char *pieces[200];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            pieces[i] = arena_alloc(&arena, i * 37 % 9000 + 1);
            CU_ASSERT_EQUAL((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)i, i * 37 % 9000 + 1);
        }
        for (size_t i = 0; i < 200; i++)
            for (size_t j = 0; j < i * 37 % 9000 + 1; j++)
                if ((unsigned char)pieces[i][j] != i) {
                    CU_FAIL("one piece lies over another");
                    break;
                }
        arena_clear(&arena);
    }
}

static void test_arena_extends_the_last(void)
{
    char memory[256];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    char *first = arena_alloc(&arena, 16), *second = arena_alloc(&arena, 16);
    CU_ASSERT_PTR_NULL(arena_extend(&arena, first, 16, 32));
    CU_ASSERT_PTR_EQUAL(arena_extend(&arena, second, 16, 100), second);
    char *third = arena_alloc(&arena, 1);
    CU_ASSERT_TRUE(third >= second + 100);
    CU_ASSERT_PTR_NULL(arena_extend(&arena, third, 1, 4000));
    arena_clear(&arena);
}

static const struct unit_test arena_tests[] = {
    {"keeps_what_it_gives", test_arena_keeps_what_it_gives},
    {"extends_the_last", test_arena_extends_the_last}, {0}};
const struct unit_suite arena_suite = {"arena", 1, arena_tests};

/* ---- JSON out ------------------------------------------------------------------------------ */

static void test_escapes(void)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"plain", "\"plain\""},
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"\xc3\xa9</script>", "\"\xc3\xa9</script>\""},
        {NULL, "null"},
    };
    char memory[64];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_begin(&out, &arena);
        json_out_text(&out, rows[i].text);
        CU_ASSERT_EQUAL(out.length, strlen(rows[i].json));
        CU_ASSERT_EQUAL(memcmp(out.text, rows[i].json, out.length), 0);
    }
    arena_clear(&arena);
}

static void test_commas_and_growth(void)
{
    char memory[64];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    json_out_begin(&out, &arena);
    json_out_open(&out, '{');
    json_out_key(&out, "list");
    json_out_open(&out, '[');
    for (uint64_t i = 0; i < 5000; i++) {
        json_out_number(&out, UINT64_MAX - i);
        arena_alloc(&arena, 8); /* so that the text cannot grow where it is */
    }
    json_out_close(&out, ']');
    json_out_key(&out, "least");
    json_out_money(&out, -money_max());
    json_out_key(&out, "empty");
    json_out_open(&out, '{');
    json_out_close(&out, '}');
    json_out_key(&out, "yes");
    json_out_bool(&out, true);
    json_out_close(&out, '}');
    char error[JSON_IN_ERROR];
    const struct json_in *read =
        json_in_read(&arena, out.text, out.length, JSON_IN_VALUES, "metadata", error);
    CU_ASSERT_PTR_NULL(read); /* numbers beyond 64 bits of ours are refused */
    CU_ASSERT_PTR_NOT_NULL(
        memmem(out.text, out.length, "18446744073709551615,18446744073709551614,", 42));
    CU_ASSERT_PTR_NOT_NULL(memmem(out.text, out.length,
        "],\"least\":\"-99999999999999999999999999999999999999\",\"empty\":{},\"yes\":true}", 73));
    arena_clear(&arena);
}

static void test_what_is_no_character(void)
{
#define NONE "\xef\xbf\xbd"
    static const char *const rows[][2] = {
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xe2\x82", "a" NONE NONE},
        {"\xc3", NONE},
        {"\x80z\xff", NONE "z" NONE},
        {"\xc0\xaf", NONE NONE},
        {"\xed\xa0\x80", NONE NONE NONE},
        {"\xf4\x90\x80\x80", NONE NONE NONE NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct json_out out;
        arena_init(&arena, NULL, 0);
        json_out_begin(&out, &arena);
        json_out_text(&out, rows[i][0]);
        size_t length = strlen(rows[i][1]);
        CU_ASSERT(out.length == length + 2 && memcmp(out.text + 1, rows[i][1], length) == 0);
        arena_clear(&arena);
    }
}

static const struct unit_test json_out_tests[] = {{"escapes", test_escapes},
    {"commas_and_growth", test_commas_and_growth},
    {"what_is_no_character", test_what_is_no_character}, {0}};
const struct unit_suite json_out_suite = {"json_out", 1, json_out_tests};

/* ---- JSON in ------------------------------------------------------------------------------- */

static bool reads(const char *text, size_t length)
{
    char memory[1024], error[JSON_IN_ERROR] = "";
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    bool good = json_in_read(&arena, text, length, JSON_IN_VALUES, "metadata", error) != NULL;
    CU_ASSERT_TRUE(good || error[0] != '\0');
    arena_clear(&arena);
    return good;
}

static void test_what_is_json(void)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"{}", true},
        {" {\"a\":[1,2,{\"b\":null}]} ", true},
        {"{\"a\":\"\\u00e9\\ud83d\\ude00\"}", true},
        {"{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[\"}", true},
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", true},    /* 16 deep */
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", false}, /* 17 */
        {"", false},
        {"{", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":1}x", false},
        {"{'a':1}", false},
        {"{\"a\":01}", false},
        {"{\"a\":+1}", false},
        {"{\"a\":99999999999999999999}", false},
        {"{\"a\":\"\\u0000\"}", false},
        {"{\"a\":\"\\ud800\"}", false},
        {"{\"a\":\"\xff\"}", false},
        {"\xef\xbb\xbf{}", false},
        {"{\"a\":1,}", false},
        {"{\"a\":NaN}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (reads(rows[i].text, strlen(rows[i].text)) != rows[i].good) {
            printf("\n    %s ", rows[i].text);
            CU_FAIL("read otherwise");
        }
    CU_ASSERT_FALSE(reads("{\"a\":\"x\0y\"}", 11));
}

static void test_shapes_are_bounded(void)
{
    enum { SIZE = 40000 };
    char *text = malloc(SIZE + 1);
    co_ensure(text);
    memset(text, '[', SIZE);
    CU_ASSERT_FALSE(reads(text, 2000));
    for (size_t i = 0; i < SIZE; i += 2)
        memcpy(text + i, "1,", 2);
    text[0] = '[';
    memcpy(text + SIZE - 2, "1]", 2);
    CU_ASSERT_FALSE(reads(text, SIZE));
    free(text);
}

static void test_amounts(void)
{
    static const struct {
        const char *json;
        bool good, good_if_negative_too;
    } rows[] = {
        {"1", true, true},
        {"0", true, true},
        {"9007199254740991", true, true},
        {"9007199254740992", false, false},
        {"\"9007199254740992\"", true, true},
        {"\"99999999999999999999999999999999999999\"", true, true},
        {"\"100000000000000000000000000000000000000\"", false, false},
        {"-1", false, true},
        {"\"-1\"", false, true},
        {"\"-0\"", false, false},
        {"1.0", false, false},
        {"1e3", false, false},
        {"\"1.0\"", false, false},
        {"\"01\"", false, false},
        {"\"+1\"", false, false},
        {"\" 1\"", false, false},
        {"\"1 \"", false, false},
        {"\"0x10\"", false, false},
        {"\"\"", false, false},
        {"\"\xef\xbc\x91\"", false, false}, /* a full-width 1 */
        {"null", false, false},
        {"true", false, false},
        {"[1]", false, false},
        {"{}", false, false},
    };
    char memory[1024], error[JSON_IN_ERROR];
    struct arena arena;
    money amount;
    arena_init(&arena, memory, sizeof memory);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json_in *value = json_in_read(
            &arena, rows[i].json, strlen(rows[i].json), JSON_IN_VALUES, "metadata", error);
        if (!value || json_in_money(value, false, &amount) != rows[i].good ||
            json_in_money(value, true, &amount) != rows[i].good_if_negative_too) {
            printf("\n    %s ", rows[i].json);
            CU_FAIL("taken otherwise");
        }
    }
    arena_clear(&arena);
}

static void test_members(void)
{
    static const char text[] = "{\"b\" : 1, \"a\":{\"z\":[1, 2],\"y\":\"\\u00e9\"}}";
    static const char *const names[] = {"b", "c", "a"};
    const struct json_in *members[3];
    char memory[1024], error[JSON_IN_ERROR];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    const struct json_in *value =
        json_in_read(&arena, text, sizeof text - 1, JSON_IN_VALUES, "metadata", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    CU_ASSERT_STRING_EQUAL(json_in_members(value, names, 2, 3, members), "a");
    CU_ASSERT_STRING_EQUAL(json_in_members(value, names, 3, 3, members), "a"); /* not known */
    CU_ASSERT_PTR_NULL(json_in_members(value, names, 3, 7, members));
    CU_ASSERT_PTR_EQUAL(members[0], json_in_member(value, "b"));
    CU_ASSERT_PTR_NULL(members[1]);
    CU_ASSERT_PTR_EQUAL(members[2], json_in_member(value, "a"));
    arena_clear(&arena);
}

/* The reason quotes the text, which may end within a character there; it is told as JSON. */
static void test_reasons_are_told(void)
{
    enum { MOST = 200 };
    for (size_t before = 0; before < MOST; before++) {
        char text[MOST + 8], error[JSON_IN_ERROR] = "";
        struct arena arena;
        struct json_out out;
        size_t length = 1;
        arena_init(&arena, NULL, 0);
        text[0] = '"';
        if (before % 2)
            text[length++] = 'x';
        for (size_t i = 0; i < before / 2; i++, length += 2)
            memcpy(text + length, "\xc3\xa9", 2);
        memcpy(text + length, "\\\xe2\x82\xac\"", 5);
        length += 5;
        CU_ASSERT_PTR_NULL(json_in_read(&arena, text, length, JSON_IN_VALUES, NULL, error));
        json_out_begin(&out, &arena);
        json_out_text(&out, error);
        CU_ASSERT(json_in_read(&arena, out.text, out.length, JSON_IN_VALUES, NULL, error) != NULL);
        arena_clear(&arena);
    }
}

static const struct unit_test json_in_tests[] = {{"what_is_json", test_what_is_json},
    {"shapes_are_bounded", test_shapes_are_bounded}, {"amounts", test_amounts},
    {"members", test_members}, {"reasons_are_told", test_reasons_are_told}, {0}};
const struct unit_suite json_in_suite = {"json_in", 1, json_in_tests};

/* ---- options ------------------------------------------------------------------------------- */

static void test_flags_and_environment(void)
{
    struct option flags[] = {{"max-requests", "N=1..100", "", "7"}, {"json", NULL, "", NULL},
        {"data", "DIR", "", "var"}, {NULL, NULL, NULL, NULL}};
    const struct options options = {"test", "", flags};
    char *argv[] = {(char[]){"teller"}, (char[]){"x"}, (char[]){"--data=here"}, (char[]){"word"},
        (char[]){"--json"}};
    const char *words[2];
    setenv("TELLER_MAX_REQUESTS", "12", 1);
    setenv("TELLER_DATA", "there", 1);
    CU_ASSERT_EQUAL(options_parse(&options, 5, argv, 2, words, 1), OPTIONS_GOOD);
    unsetenv("TELLER_MAX_REQUESTS");
    unsetenv("TELLER_DATA");
    CU_ASSERT_STRING_EQUAL(options_value(&options, "data"), "here");
    CU_ASSERT_STRING_EQUAL(options_value(&options, "json"), "on");
    CU_ASSERT_EQUAL(options_number(&options, "max-requests"), 12);
    CU_ASSERT_STRING_EQUAL(words[0], "word");
    CU_ASSERT_PTR_NULL(words[1]);
}

static void test_listen_addresses(void)
{
    static const struct {
        const char *text;
        bool good, loopback;
    } rows[] = {
        {"127.0.0.1:8080", true, true},
        {"127.9.9.9:0", true, true},
        {"[::1]:80", true, true},
        {"localhost:1", true, true},
        {"0.0.0.0:8080", true, false},
        {"[::]:8080", true, false},
        {"192.0.2.1:8080", true, false},
        {"8080", false, false},
        {":8080", false, false},
        {"127.0.0.1:", false, false},
        {"127.0.0.1:http", false, false},
        {"127.0.0.1:65535", true, true},
        {"127.0.0.1:65536", false, false},
        {"127.0.0.1:99999", false, false},
        {"127.0.0.1:999999", false, false},
    };
    struct listen listen;
    char error[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool good = listen_parse(&listen, rows[i].text, error, sizeof error);
        if (good != rows[i].good || (good && listen.is_loopback != rows[i].loopback)) {
            printf("\n    %s ", rows[i].text);
            CU_FAIL("taken otherwise");
        }
    }
}

static void test_one_port_for_all_and_for_us_alone(void)
{
    struct listen first, second;
    int sockets[2], others[2];
    char error[200], url[LISTEN_URL];
    CU_ASSERT_TRUE_FATAL(listen_parse(&first, "127.0.0.1:0", error, sizeof error));
    CU_ASSERT_TRUE_FATAL(listen_open(&first, sockets, 2, error, sizeof error));
    snprintf(url, sizeof url, "%s", first.url + strlen("http://"));
    CU_ASSERT_TRUE_FATAL(listen_parse(&second, url, error, sizeof error));
    CU_ASSERT_FALSE(listen_open(&second, others, 2, error, sizeof error));
    close(sockets[0]);
    close(sockets[1]);
}

static const struct unit_test options_tests[] = {
    {"flags_and_environment", test_flags_and_environment}, {0}};
const struct unit_suite options_suite = {"options", 1, options_tests};
static const struct unit_test listen_tests[] = {{"addresses", test_listen_addresses},
    {"one_port_for_all_and_for_us_alone", test_one_port_for_all_and_for_us_alone}, {0}};
const struct unit_suite listen_suite = {"listen", 1, listen_tests};
