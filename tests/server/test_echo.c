/* SPDX-License-Identifier: MIT */
/* What answers and the log repeat of a request: its id, its trace, the origin of its page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http_echo.h"
#include "tests/server/suites.h"

static void test_ids_that_are_taken(void)
{
    static const char *const good[] = {"a", "req-1", "018f2f6e-7b1a-7c3e-9d7e-1a2b3c4d5e6f",
        "Root=1-67891233-abcdef012345678912345678", "a.b_c~d!#$%&'*+^`|", "aGVsbG8+/w=="};
    static const char *const bad[] = {"", " ", "a b", "a\tb", "a\"b", "a\\b", "a,b", "a;b", "<a>",
        "(a)", "a\x7f", "caf\xc3\xa9", "{a}", "[a]", "a?b"};
    char longest[REQUEST_ID_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT(request_id_is_sane(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(request_id_is_sane(bad[i], strlen(bad[i])));
    CU_ASSERT_FALSE(request_id_is_sane("a\0b", 3));
    memset(longest, 'x', sizeof longest);
    CU_ASSERT(request_id_is_sane(longest, REQUEST_ID_MAX));
    CU_ASSERT_FALSE(request_id_is_sane(longest, REQUEST_ID_MAX + 1));
}

/* Version 7, the variant, and each above the one before: in a microsecond, and when the clock is
 * set back. */
static void test_ids_that_are_made(void)
{
    struct request_ids ids;
    char last[REQUEST_ID_TEXT] = "", id[REQUEST_ID_TEXT];
    request_ids_begin(&ids);
    for (int64_t i = 0; i < 20000; i++) {
        request_id_make(&ids, i < 10000 ? 1764148207123456 + i / 3 : 1764148207000000, id);
        CU_ASSERT_EQUAL(strlen(id), 36);
        CU_ASSERT(request_id_is_sane(id, 36));
        CU_ASSERT(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
        CU_ASSERT(id[14] == '7' && strchr("89ab", id[19]));
        CU_ASSERT(strcmp(id, last) > 0);
        strcpy(last, id);
    }
    /* 1764148207123 ms, and 456 of 1,000 us. */
    request_ids_begin(&ids);
    request_id_make(&ids, 1764148207123456, id);
    CU_ASSERT_NSTRING_EQUAL(id, "019abf6d-5e13-774b-", 19);
}

static void test_ids_of_two(void)
{
    struct request_ids one, other;
    char first[REQUEST_ID_TEXT], second[REQUEST_ID_TEXT];
    request_ids_begin(&one);
    request_ids_begin(&other);
    request_id_make(&one, 1, first);
    request_id_make(&other, 1, second);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
}

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void test_traces(void)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"00-" TRACE "-" SPAN "-01", true},
        {"00-" TRACE "-" SPAN "-00", true},
        {"00-" TRACE "-" SPAN "-ff", true},
        {"cc-" TRACE "-" SPAN "-01", true},
        {"cc-" TRACE "-" SPAN "-01-what-the-future-will-be-like", true},
        {"cc-" TRACE "-" SPAN "-01-", true},
        {"cc-" TRACE "-" SPAN "-01.what", false},
        {"00-" TRACE "-" SPAN "-01-what", false},
        {"00-" TRACE "-" SPAN "-01-", false},
        {"ff-" TRACE "-" SPAN "-01", false},
        {"00-00000000000000000000000000000000-" SPAN "-01", false},
        {"00-" TRACE "-0000000000000000-01", false},
        {"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false},
        {"00-" TRACE "-B7AD6B7169203331-01", false},
        {"00-" TRACE "-" SPAN "-0G", false},
        {"0G-" TRACE "-" SPAN "-01", false},
        {"00-" TRACE "-" SPAN "-1", false},
        {"00-" TRACE "-" SPAN "_01", false},
        {"00_" TRACE "-" SPAN "-01", false},
        {"00-" TRACE "." SPAN "-01", false},
        {"0-" TRACE "-" SPAN "-001", false},
        {"", false},
        {"00", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_parent parent;
        bool good = trace_parent_read(&parent, rows[i].text, strlen(rows[i].text));
        if (good != rows[i].good)
            printf("\n    %s ", rows[i].text);
        CU_ASSERT_EQUAL(good, rows[i].good);
        CU_ASSERT_STRING_EQUAL(parent.trace, good ? TRACE : "");
        CU_ASSERT_STRING_EQUAL(parent.span, good ? SPAN : "");
    }
}

static void test_origins(void)
{
    static const char *const good[] = {"https://app.example", "http://localhost:3000",
        "http://127.0.0.1:1", "https://[::1]:8443", "http://[2001:db8::1]", "https://a:80",
        "http://a:443", "https://a,https://b,http://c:1", "https://xn--bcher-kva.example"};
    static const char *const bad[] = {"*", "null", "app.example", "https://", "https://:1",
        "https://a/", "https://a/b", "https://A", "HTTPS://a", "https://u@a",
        "https://a:", "https://a:0", "https://a:443", "http://a:80", "https://a:123456",
        "https://a:1x", "https://[::1", "https://[]", "https://a b", "https://a,", ",https://a",
        "https://a,,https://b", "https://a, https://b", "ftp://a", "https://*.example",
        "https://a?b"};
    struct cors *cors = malloc(sizeof *cors);
    co_ensure(cors);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT(cors_read(cors, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (cors_read(cors, bad[i]))
            printf("\n    %s ", bad[i]);
        CU_ASSERT_FALSE(cors_read(cors, bad[i]));
    }
    CU_ASSERT(cors_read(cors, NULL) && cors->count == 0);
    CU_ASSERT_PTR_NULL(cors_find(cors, "https://a", 9));
    CU_ASSERT_FATAL(cors_read(cors, "https://app.example,http://localhost:3000"));
    CU_ASSERT_PTR_NOT_NULL(cors_find(cors, "https://app.example", 19));
    CU_ASSERT_PTR_NOT_NULL(cors_find(cors, "http://localhost:3000", 21));
    CU_ASSERT_PTR_NULL(cors_find(cors, "http://localhost:30000", 22));
    CU_ASSERT_PTR_NULL(cors_find(cors, "http://localhost", 16));
    CU_ASSERT_PTR_NULL(cors_find(cors, "http://app.example", 18));
    free(cors);
}

static void test_echo_of_heads(void)
{
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\nOrigin: https://a\r\n"
        "Traceparent: 00-" TRACE "-" SPAN "-01\r\n";
    static const struct cors cors = {.count = 1, .origins = {"https://a"}};
    struct request_ids ids;
    struct http_echo echo;
    struct http_head head = {.at = 0};
    request_ids_begin(&ids);
    CU_ASSERT_EQUAL(http_head_scan(&head, text, sizeof text - 1), HTTP_HEAD_MORE);
    http_echo_read(&echo, &cors, &ids, &head, text); /* it ends there */
    CU_ASSERT_STRING_EQUAL(echo.id, "abc");
    CU_ASSERT_STRING_EQUAL(echo.origin, "https://a");
    CU_ASSERT_STRING_EQUAL(echo.trace.trace, TRACE);
    CU_ASSERT_STRING_EQUAL(echo.trace.span, SPAN);
    http_echo_read(&echo, &cors, &ids, NULL, NULL);
    CU_ASSERT_EQUAL(strlen(echo.id), 36);
    CU_ASSERT_PTR_NULL(echo.origin);
    CU_ASSERT_STRING_EQUAL(echo.trace.trace, "");
    /* Which of two it is nobody can say. */
    static const char two[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\n"
                              "Traceparent: 00-" TRACE "-" SPAN "-01\r\n"
                              "X-Request-Id: abd\r\nTraceparent: 00-" TRACE "-" SPAN "-01\r\n\r\n";
    head = (struct http_head){.at = 0};
    CU_ASSERT_EQUAL(http_head_scan(&head, two, sizeof two - 1), HTTP_HEAD_WHOLE);
    http_echo_read(&echo, &cors, &ids, &head, two);
    CU_ASSERT_EQUAL(strlen(echo.id), 36);
    CU_ASSERT_STRING_EQUAL(echo.trace.trace, "");
}

static const struct unit_test tests[] = {{"ids_that_are_taken", test_ids_that_are_taken},
    {"ids_that_are_made", test_ids_that_are_made}, {"ids_of_two", test_ids_of_two},
    {"traces", test_traces}, {"origins", test_origins}, {"echo_of_heads", test_echo_of_heads}, {0}};
const struct unit_suite echo_suite = {"echo", 0, tests};
