/* SPDX-License-Identifier: MIT */
/* What a URL and the head of an answer say, and what is none. */
#include <string.h>

#include "coro/http/co_http_head.h"
#include "coro/http/co_http_url.h"
#include "tests/coro/suites.h"

static void urls(void)
{
    struct co_http_origin origin;
    const char *target;
    CU_ASSERT(co_http_url_read("http://example.test/a?b#c", &origin, &target));
    CU_ASSERT_FALSE(origin.secure);
    CU_ASSERT_STRING_EQUAL(origin.host, "example.test");
    CU_ASSERT_STRING_EQUAL(origin.address, "example.test:80");
    CU_ASSERT_STRING_EQUAL(origin.authority, "example.test");
    CU_ASSERT_STRING_EQUAL(target, "/a?b#c");
    CU_ASSERT(co_http_url_read("HTTPS://[::1]:8443?q", &origin, &target));
    CU_ASSERT(origin.secure);
    CU_ASSERT_STRING_EQUAL(origin.host, "::1");
    CU_ASSERT_STRING_EQUAL(origin.address, "[::1]:8443");
    CU_ASSERT_STRING_EQUAL(origin.authority, "[::1]:8443");
    CU_ASSERT_STRING_EQUAL(target, "?q");
    CU_ASSERT(co_http_url_read("https://a:443", &origin, &target));
    CU_ASSERT_STRING_EQUAL(origin.address, "a:443");
    CU_ASSERT_STRING_EQUAL(origin.authority, "a");
    CU_ASSERT_STRING_EQUAL(target, "");

    static const char *const rows[] = {"", "http:/a", "ftp://a/", "http://", "http://:80/",
        "http://a:/", "http://a:0/", "http://a:65536/", "http://a:1x/", "http://u@a/",
        "http://::1/", "http://[]/", "http://[::1/", "http://[::1]x/", "http://a/b c",
        "http://a/\r\nX: y", "http://a/\xc3\xa4"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (co_http_url_read(rows[i], &origin, &target))
            CU_FAIL(rows[i]);
}

static bool head_of(const char *text, struct co_http_head *head)
{
    return co_http_head_read(text, strlen(text), head);
}

static void good_heads(void)
{
    struct co_http_head head;
    struct co_http_field field;
    char value[8];
    int64_t number;
    CU_ASSERT(head_of("HTTP/1.1 201 Created\r\nContent-Length: 12\r\nX-Number:77\r\n"
                      "Location:  /v1/x \t\r\nEmpty:\r\n\r\n",
        &head));
    CU_ASSERT_EQUAL(head.status, 201);
    CU_ASSERT_EQUAL(head.length, 12);
    CU_ASSERT_FALSE(head.closes || head.chunked);
    CU_ASSERT(co_http_head_find(&head, "location", value, sizeof value));
    CU_ASSERT_STRING_EQUAL(value, "/v1/x");
    CU_ASSERT_FALSE(co_http_head_find(&head, "location", value, 5));
    CU_ASSERT_FALSE(co_http_head_find(&head, "locatio", value, sizeof value));
    const char *at = NULL;
    int fields = 0;
    while (co_http_head_next(&head, &at, &field))
        if (++fields == 2)
            CU_ASSERT(co_http_field_is(&field, "x-number") &&
                      co_http_field_number(&field, &number) && number == 77);
    CU_ASSERT_EQUAL(fields, 4);

    CU_ASSERT(head_of("HTTP/1.1 200\r\nConnection: a, Close\r\n\r\n", &head));
    CU_ASSERT(head.closes);
    CU_ASSERT_EQUAL(head.length, -1);
    CU_ASSERT(head_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", &head));
    CU_ASSERT(head.chunked && !head.closes);
    CU_ASSERT(head_of("HTTP/1.0 200 OK\r\n\r\n", &head));
    CU_ASSERT(head.closes);
}

static void bad_heads(void)
{
    static const char *const rows[] = {
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 600 High\r\n\r\n",
        "HTTP/1.1 2000 Long\r\n\r\n",
        "HTTP/1.1 abc\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nName : blank\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n goes on\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
    };
    struct co_http_head head;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (head_of(rows[i], &head))
            CU_FAIL(rows[i]);
}

static const struct unit_test tests[] = {
    {"urls", urls},
    {"good_heads", good_heads},
    {"bad_heads", bad_heads},
    {NULL, NULL},
};

const struct unit_suite suite_http_head = {.name = "http_head", .workers = 1, .tests = tests};
