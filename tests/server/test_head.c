/* SPDX-License-Identifier: MIT */
/* Heads of requests and bodies in chunks, as they may come, whole and in pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http_chunks.h"
#include "server/http/http_head.h"
#include "tests/server/suites.h"

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: h\r\n"

struct row {
    const char *bytes;
    size_t length;
    enum http_head_verdict verdict;
};
#define ROW(verdict, text)                                                                         \
    {                                                                                              \
        text, sizeof text - 1, HTTP_HEAD_##verdict                                                 \
    }

static const struct row rows[] = {
    ROW(WHOLE, GET HOST "\r\n"),
    ROW(WHOLE, GET HOST "\r\nGET /x"),
    ROW(WHOLE, "\r\n" GET HOST "\r\n"),
    ROW(WHOLE, "GET / HTTP/1.0\r\n\r\n"),
    ROW(WHOLE, "GET / HTTP/1.7\r\n" HOST "\r\n"),
    ROW(WHOLE, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
    ROW(WHOLE, "OPTIONS / HTTP/1.0\r\n\r\n"),
    ROW(WHOLE, "GET http://h:80/a?b=c HTTP/1.1\r\n" HOST "\r\n"),
    ROW(WHOLE, "GET HTTPS://h HTTP/1.1\r\n" HOST "\r\n"),
    ROW(WHOLE, GET "Host: [::1]:8080\r\n\r\n"),
    ROW(WHOLE, GET "HOST:h.example.:\r\n\r\n"),
    ROW(WHOLE, GET HOST "X:\r\nY: \t \r\nZ: \xc3\xa9\r\n\r\n"),
    ROW(WHOLE, GET HOST "Content-Length: \t 7 \r\n\r\n"),
    ROW(WHOLE, GET HOST "Prefer: a\r\nPrefer: wait=1\r\n\r\n"),
    ROW(WHOLE, GET HOST "Expect: 100-Continue\r\n\r\n"),
    ROW(MORE, ""),
    ROW(MORE, "\r"),
    ROW(MORE, "GET / HT"),
    ROW(MORE, GET HOST),
    ROW(MORE, GET HOST "\r"),
    ROW(MORE, GET HOST "X"),
    ROW(BAD, "\r\n\r\n" GET HOST "\r\n"),
    ROW(BAD, "\n"),
    ROW(BAD, "GET / HTTP/1.1\n"),
    ROW(BAD, GET "Host: h\n\r\n"),
    ROW(BAD, GET HOST "\n"),
    ROW(BAD, GET HOST "X: a\rb\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\r\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\0b\r\n\r\n"),
    ROW(BAD, GET HOST "\0X: a\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\x01\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\x7f\r\n\r\n"),
    ROW(BAD, "\0GET / HTTP/1.1\r\n"),
    ROW(BAD, " GET / HTTP/1.1\r\n"),
    ROW(BAD, "GET  / HTTP/1.1\r\n"),
    ROW(BAD, "GET /  HTTP/1.1\r\n"),
    ROW(BAD, "GET\t/ HTTP/1.1\r\n"),
    ROW(BAD, "GET / HTTP/1.1 \r\n"),
    ROW(BAD, "GET /a b HTTP/1.1\r\n"),
    ROW(BAD, "GET /\r\n"),
    ROW(BAD, "GET\r\n"),
    ROW(BAD, "G(T / HTTP/1.1\r\n"),
    ROW(BAD, "GET /a#b HTTP/1.1\r\n"),
    ROW(BAD, "GET a HTTP/1.1\r\n"),
    ROW(BAD, "GET * HTTP/1.1\r\n"),
    ROW(BAD, "options * HTTP/1.1\r\n"),
    ROW(BAD, "GET ftp://h/ HTTP/1.1\r\n"),
    ROW(BAD, "GET http:// HTTP/1.1\r\n"),
    ROW(BAD, "GET http://u@h/ HTTP/1.1\r\n"),
    ROW(BAD, "CONNECT h:80 HTTP/1.1\r\n"),
    ROW(BAD, "GET / HTTP/11\r\n"),
    ROW(BAD, "GET / http/1.1\r\n"),
    ROW(BAD, "GET / HTTP/1.\r\n"),
    ROW(OTHER_VERSION, "GET / HTTP/2.0\r\n"),
    ROW(OTHER_VERSION, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ROW(BAD, GET " " HOST "\r\n"),
    ROW(BAD, GET HOST "X : a\r\n\r\n"),
    ROW(BAD, GET HOST "X\t: a\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\r\n b\r\n\r\n"),
    ROW(BAD, GET HOST "X: a\r\n\tb\r\n\r\n"),
    ROW(BAD, GET HOST ": a\r\n\r\n"),
    ROW(BAD, GET HOST "X\r\n\r\n"),
    ROW(BAD, GET HOST "X[: a\r\n\r\n"),
    ROW(BAD, GET HOST "X\xc3\xa9: a\r\n\r\n"),
    ROW(BAD, GET "\r\n"),
    ROW(BAD, GET HOST HOST "\r\n"),
    ROW(BAD, "GET http://h/ HTTP/1.1\r\n\r\n"),
    ROW(BAD, GET "Host:\r\n\r\n"),
    ROW(BAD, GET "Host: a b\r\n\r\n"),
    ROW(BAD, GET "Host: a,b\r\n\r\n"),
    ROW(BAD, GET "Host: a/b\r\n\r\n"),
    ROW(BAD, GET "Host: u@a\r\n\r\n"),
    ROW(BAD, GET "Host: a:b\r\n\r\n"),
    ROW(BAD, GET "Host: a:123456\r\n\r\n"),
    ROW(BAD, GET "Host: [::1\r\n\r\n"),
    ROW(BAD, GET "Host: []\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length:\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: +1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: -1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 1, 1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 0x1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 1 1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 1234567890123456789\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
    ROW(BAD, GET HOST "Transfer-Encoding: gzip\r\n\r\n"),
    ROW(BAD, GET HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    ROW(BAD, GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ROW(BAD, GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
    ROW(BAD, GET HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ROW(BAD, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ROW(BAD, GET HOST "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n"),
    ROW(BAD, GET HOST "Authorization: a\r\nauthorization: b\r\n\r\n"),
    ROW(EXPECTATION, GET HOST "Expect: cake\r\n\r\n"),
};

/* What is said of a head, and of each part of it: good so far, until the byte that decides. */
static void test_heads(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_head head = {.at = 0}, slow = {.at = 0};
        enum http_head_verdict verdict = http_head_scan(&head, rows[i].bytes, rows[i].length);
        enum http_head_verdict late = HTTP_HEAD_MORE;
        for (size_t have = 1; have <= rows[i].length && late == HTTP_HEAD_MORE; have++)
            late = http_head_scan(&slow, rows[i].bytes, have);
        if (verdict != rows[i].verdict || late != verdict || slow.size != head.size ||
            (verdict == HTTP_HEAD_BAD && !head.fault)) {
            printf("\n    %zu: %s-> %d, in pieces %d ", i, rows[i].bytes, verdict, late);
            CU_FAIL("taken otherwise");
        }
    }
}

/* An empty line before a request is not of it, and neither is nothing. */
static void test_where_a_request_begins(void)
{
    static const struct {
        const char *bytes;
        bool begins;
    } cases[] = {{"", false}, {"\r\n", false}, {"\r", true}, {"G", true}, {"\r\n\r", true},
        {"\r\nG", true}, {GET, true}, {"\r\n" GET, true}, {GET HOST, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_head head = {.at = 0};
        size_t length = strlen(cases[i].bytes);
        CU_ASSERT_EQUAL(http_head_scan(&head, cases[i].bytes, length), HTTP_HEAD_MORE);
        CU_ASSERT_EQUAL(http_head_has_begun(&head), cases[i].begins);
    }
}

static bool span_is(const char *bytes, struct http_span span, const char *wanted)
{
    return span.length == strlen(wanted) && memcmp(bytes + span.from, wanted, span.length) == 0;
}

static void test_what_a_head_says(void)
{
    static const char text[] = "POST http://h:1/a?b HTTP/1.1\r\nhost: x\r\nContent-Length: 012\r\n"
                               "Idempotency-Key: \t a b \t\r\nConnection: Keep-Alive, CLOSE\r\n"
                               "Expect: 100-continue\r\n\r\nbody";
    struct http_head head = {.at = 0};
    CU_ASSERT_EQUAL(http_head_scan(&head, text, sizeof text - 1), HTTP_HEAD_WHOLE);
    CU_ASSERT_EQUAL(head.size, sizeof text - 1 - 4);
    CU_ASSERT_TRUE(span_is(text, head.method, "POST"));
    CU_ASSERT_TRUE(span_is(text, head.target, "/a?b"));
    CU_ASSERT_TRUE(span_is(text, head.authority, "h:1"));
    CU_ASSERT_TRUE(head.has_length && head.content_length == 12);
    CU_ASSERT_TRUE(head.expects_continue && !head.keep_alive && !head.chunked && !head.is_head);
    CU_ASSERT_EQUAL(head.known_count, 2);
    CU_ASSERT_EQUAL(head.known[1].field, HTTP_FIELD_IDEMPOTENCY_KEY);
    CU_ASSERT_TRUE(span_is(text, head.known[1].value, "a b"));
}

/* A head whose target has `target` bytes, and whose `lines` header lines have `fields` bytes. */
static enum http_head_verdict scan_sized(size_t target, size_t fields, size_t lines)
{
    static char text[2 * HTTP_HEAD_MAX];
    struct http_head head = {.at = 0};
    size_t used = 0, each = (fields - 9) / (lines - 1), first = fields - 9 - each * (lines - 2);
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    used += 4 + target;
    memcpy(text + used, " HTTP/1.1\r\nHost: h\r\n", 20);
    used += 20;
    for (size_t line = 1; line < lines; line++) {
        size_t length = line == 1 ? first : each;
        text[used + 1] = ':';
        memcpy(text + used + length - 2, "\r\n", 2);
        used += length;
    }
    memcpy(text + used, "\r\n", 2);
    return http_head_scan(&head, text, used + 2);
}

static void test_how_large_a_head_may_be(void)
{
    CU_ASSERT_EQUAL(scan_sized(HTTP_HEAD_TARGET_MAX, 9000, 3), HTTP_HEAD_WHOLE);
    CU_ASSERT_EQUAL(scan_sized(HTTP_HEAD_TARGET_MAX + 1, 9000, 3), HTTP_HEAD_LONG_TARGET);
    CU_ASSERT_EQUAL(scan_sized(3 * HTTP_HEAD_TARGET_MAX, 9000, 3), HTTP_HEAD_LONG_TARGET);
    CU_ASSERT_EQUAL(scan_sized(10, HTTP_HEAD_FIELDS_MAX - 2, 3), HTTP_HEAD_WHOLE);
    CU_ASSERT_EQUAL(scan_sized(10, HTTP_HEAD_FIELDS_MAX + 1, 3), HTTP_HEAD_LARGE_FIELDS);
    CU_ASSERT_EQUAL(scan_sized(10, 2 * HTTP_HEAD_FIELDS_MAX, 3), HTTP_HEAD_LARGE_FIELDS);
    CU_ASSERT_EQUAL(
        scan_sized(HTTP_HEAD_TARGET_MAX, HTTP_HEAD_FIELDS_MAX - 2, 50), HTTP_HEAD_WHOLE);
    CU_ASSERT_EQUAL(scan_sized(10, 5000, HTTP_HEAD_LINES_MAX), HTTP_HEAD_WHOLE);
    CU_ASSERT_EQUAL(scan_sized(10, 5000, HTTP_HEAD_LINES_MAX + 1), HTTP_HEAD_LARGE_FIELDS);
}

/* ---- chunks --------------------------------------------------------------------------------- */

static const struct {
    const char *bytes, *kept; /* kept NULL: it is refused */
    bool over;
} bodies[] = {
    {"0\r\n\r\n", "0\r\n\r\n", true},
    {"2\r\nab\r\n0\r\n\r\nGET", "2\r\nab\r\n0\r\n\r\n", true},
    {"002\r\nab\r\nA\r\n0123456789\r\n00\r\n\r\n", "002\r\nab\r\nA\r\n0123456789\r\n00\r\n\r\n",
        true},
    {"2;a=b;c\r\nab\r\n0 ; d\r\n\r\n", "2\r\nab\r\n0\r\n\r\n", true},
    {"0\r\nX: a\r\nY: b\r\n\r\n", "0\r\n\r\n", true},
    {"2\r\nab", "2\r\nab", false},
    {"3\r\n\r\n\r\r\n", "3\r\n\r\n\r\r\n", false},
    {"\r\n", NULL, false},
    {";a\r\n", NULL, false},
    {"-2\r\n", NULL, false},
    {"0x2\r\n", NULL, false},
    {"2 \r\n", NULL, false},
    {"2\nab\r\n", NULL, false},
    {"2\r\nab\n0\r\n", NULL, false},
    {"2\r\nabc\r\n", NULL, false},
    {"2\r\nab0\r\n", NULL, false},
    {"2;a\nb\r\n", NULL, false},
    {"2;a\rb\r\n", NULL, false},
    {"2\rab\r\n", NULL, false},
    {"0\r\nX: a\n\r\n", NULL, false},
    {"0\r\n\rX", NULL, false},
    {"123456789abcdef\r\n", NULL, false},
};

/* Pass a body in pieces of `step` bytes; false: refused. */
static bool pass(const char *bytes, size_t step, char *kept, bool *over)
{
    struct http_chunks chunks = {.digits = 0};
    size_t length = strlen(bytes), at = 0, used = 0;
    bool good = true;
    *kept = '\0';
    while (good && at < length && chunks.state != HTTP_CHUNKS_OVER) {
        char piece[200];
        size_t size = length - at < step ? length - at : step;
        memcpy(piece, bytes + at, size);
        good = http_chunks_pass(&chunks, piece, &size, &used);
        if (good)
            strncat(kept, piece, size);
        at += used;
    }
    *over = chunks.state == HTTP_CHUNKS_OVER;
    return good;
}

static void test_chunks(void)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (size_t step = 1; step < 80; step++) {
            char kept[200];
            bool over, good = pass(bodies[i].bytes, step, kept, &over);
            if (good != (bodies[i].kept != NULL) ||
                (good && (strcmp(kept, bodies[i].kept) != 0 || over != bodies[i].over))) {
                printf("\n    %s in pieces of %zu: %d, %s ", bodies[i].bytes, step, good, kept);
                CU_FAIL("passed otherwise");
                break;
            }
        }
}

/* Beside the chunks only so much may be said: in one extension, in many, in trailers. */
static void test_chunks_with_much_beside(void)
{
    static const char *const pieces[][2] = {
        {"2;", "c"}, {"", "1;cccccccccccccccccccccccccccccccccc\r\na\r\n"}, {"0\r\n", "X: a\r\n"}};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct http_chunks chunks = {.digits = 0};
        char text[64];
        size_t length = strlen(pieces[i][0]), used, said = 0;
        memcpy(text, pieces[i][0], length);
        bool good = http_chunks_pass(&chunks, text, &length, &used);
        while (good && said < 4 * HTTP_CHUNKS_EXTRA_MAX) {
            length = strlen(pieces[i][1]);
            memcpy(text, pieces[i][1], length);
            said += length;
            good = http_chunks_pass(&chunks, text, &length, &used);
        }
        CU_ASSERT_FALSE(good);
        CU_ASSERT_TRUE(said > HTTP_CHUNKS_EXTRA_MAX / 2);
    }
}

/* Whatever comes: a verdict, and nothing is read beyond what is given (sanitizers would see). */
static void test_noise(void)
{
    static const char alphabet[] = "GET /:HTTP/1.10\r\n\r\nHost: h;\t\n\rab\x01\xff?#,%";
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        struct http_head head = {.at = 0};
        struct http_chunks chunks = {.digits = 0};
        size_t length = state % 200, used;
        char *bytes = malloc(length + 1);
        co_ensure(bytes);
        for (size_t i = 0; i < length; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = alphabet[(state >> 33) % (sizeof alphabet - 1)];
        }
        if (length > 16 && round % 2)
            memcpy(bytes, GET, 16);
        (void)http_head_scan(&head, bytes, length);
        CU_ASSERT_TRUE(head.at <= length && head.size <= length);
        size_t kept = length;
        if (http_chunks_pass(&chunks, bytes, &kept, &used))
            CU_ASSERT_TRUE(kept <= used && used <= length);
        free(bytes);
        state = state * 6364136223846793005u + 1442695040888963407u;
    }
}

static const struct unit_test tests[] = {{"heads", test_heads},
    {"where_a_request_begins", test_where_a_request_begins},
    {"what_a_head_says", test_what_a_head_says},
    {"how_large_a_head_may_be", test_how_large_a_head_may_be}, {"chunks", test_chunks},
    {"chunks_with_much_beside", test_chunks_with_much_beside}, {"noise", test_noise}, {0}};
const struct unit_suite head_suite = {"head", 0, tests};
