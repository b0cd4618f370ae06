/* SPDX-License-Identifier: MIT */
/* What of a request gets to another server, and what of that server's answer gets to the client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/forward/forward.h"
#include "server/forward/forward_answer.h"
#include "server/forward/forward_head.h"
#include "server/http/http_echo.h"
#include "server/http/http_fields.h"
#include "tests/server/suites.h"

/* ---- requests ------------------------------------------------------------------------------ */

struct asked {
    struct request request;
    struct http_echo echo;
    const char *lines, *url;
    char *bytes;
};

static void ask(struct asked *asked, const char *head)
{
    static struct http_head scanned; /* large */
    struct request_ids ids;
    size_t length = strlen(head);
    memset(asked, 0, sizeof *asked);
    memset(&scanned, 0, sizeof scanned);
    arena_init(&asked->request.arena, NULL, 0);
    request_ids_begin(&ids);
    CU_ASSERT_EQUAL_FATAL(http_head_scan(&scanned, head, length), HTTP_HEAD_WHOLE);
    static const struct cors none;
    http_echo_read(&asked->echo, &none, &ids, &scanned, head);
    CU_ASSERT_FATAL(http_fields_read(&asked->request, &scanned, head));
    asked->url = forward_head_url(&asked->request, "http://10.0.0.2:8080");
    asked->lines = forward_head_lines(&asked->request, &asked->echo);
}

static bool has_line(const struct asked *asked, const char *line)
{
    const char *at = strstr(asked->lines, line);
    return at && (at == asked->lines || at[-1] == '\n') &&
           memcmp(at + strlen(line), "\r\n", 2) == 0;
}

#define REQUEST(target, lines) "GET " target " HTTP/1.1\r\nHost: here\r\n" lines "\r\n"

/* Each header that the API reads gets there as it came. */
static void passes_what_is_read(void)
{
    static const char *const lines[] = {"Authorization: Bearer abc", "Content-Type: a/b; c=\"d\"",
        "Content-Encoding: identity", "Idempotency-Key: \"k 1\"", "Last-Event-ID: 12",
        "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Tracestate: a=1,b=2", "Accept-Encoding: gzip;q=0.5, br", "Prefer: wait=3",
        "If-None-Match: \"x\", W/\"y\"", "X-Request-Id: mine-1", "Teller-Hop: 1"};
    char head[2000] = "POST /v1/ledgers/main/transfers?a=%20b HTTP/1.1\r\nHost: here\r\n";
    struct asked asked;
    for (size_t i = 0; i + 1 < sizeof lines / sizeof lines[0]; i++)
        snprintf(head + strlen(head), sizeof head - strlen(head), "%s\r\n", lines[i]);
    snprintf(head + strlen(head), sizeof head - strlen(head), "\r\n");
    ask(&asked, head);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        CU_ASSERT(has_line(&asked, lines[i]));
    CU_ASSERT_STRING_EQUAL(asked.url, "http://10.0.0.2:8080/v1/ledgers/main/transfers?a=%20b");
    arena_clear(&asked.request.arena);
}

/* Lists in several lines are one. */
static void joins_lists(void)
{
    struct asked asked;
    ask(&asked, REQUEST("/", "Prefer: a\r\nPrefer: wait=3\r\nAccept-Encoding: br\r\n"
                             "Accept-Encoding: gzip\r\n"));
    CU_ASSERT(has_line(&asked, "Prefer: a, wait=3"));
    CU_ASSERT(has_line(&asked, "Accept-Encoding: br, gzip"));
    arena_clear(&asked.request.arena);
}

/* What is for one hop, frames the body, is nobody's business, or would speak for the client. */
static void keeps_the_rest(void)
{
    static const char *const kept[] = {"Host", "Connection", "Keep-Alive", "TE", "Trailer",
        "Upgrade", "Proxy-Authorization", "Transfer-Encoding", "Content-Length", "Expect", "Origin",
        "Sec-Fetch-Site", "Cookie", "X-Forwarded-For", "X-Forwarded-Proto", "X-Mine", "Range"};
    struct asked asked;
    char name[40];
    ask(&asked,
        REQUEST("/", "Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n"
                     "Trailer: X\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\n"
                     "Content-Length: 0\r\nExpect: 100-continue\r\nOrigin: http://evil\r\n"
                     "Sec-Fetch-Site: cross-site\r\nCookie: teller=x\r\nRange: bytes=0-1\r\n"
                     "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n"
                     "X-Forwarded-Proto: https\r\nX-Mine: 1\r\nTeller-Hop: 7\r\n"));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        snprintf(name, sizeof name, "\r\n%s:", kept[i]);
        CU_ASSERT_PTR_NULL(strcasestr(asked.lines, name));
    }
    CU_ASSERT_PTR_NULL(strstr(asked.lines, "6.6.6.6"));
    CU_ASSERT(has_line(&asked, "Teller-Hop: 1"));
    CU_ASSERT_PTR_NULL(strstr(asked.lines, "Teller-Hop: 7"));
    arena_clear(&asked.request.arena);
}

/* Every line that is sent is one line: whatever a client writes, nothing stands behind a value. */
static void lets_nothing_in(void)
{
    static const char *const values[] = {"a", "a: b", "\t", "\"", "\xc3\xa9\xff", "x,y;z"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct asked asked;
        char head[400];
        size_t count = 0;
        snprintf(head, sizeof head,
            "GET / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k%s\r\nTracestate: t%s\r\n\r\n",
            values[i], values[i]);
        ask(&asked, head);
        for (const char *at = asked.lines; (at = strstr(at, "\r\n")); at += 2)
            count++;
        CU_ASSERT_EQUAL(count, 4); /* these two, the hop, the id */
        CU_ASSERT_EQUAL(strcspn(asked.lines, "\r"), strcspn(asked.lines, "\n") - 1);
        arena_clear(&asked.request.arena);
    }
}

/* Of whoever asked here it is said who it is, whatever it claims. */
static void names_the_client(void)
{
    struct asked asked;
    uint8_t v4[ADDRESS_BYTES], v6[ADDRESS_BYTES];
    CU_ASSERT_FATAL(address_parse_node("192.0.2.7", 9, v4));
    CU_ASSERT_FATAL(address_parse_node("2001:db8::1", 11, v6));
    ask(&asked, REQUEST("/", ""));
    CU_ASSERT_PTR_NULL(strstr(asked.lines, "Forwarded"));
    asked.echo.client.is_known = true;
    memcpy(asked.echo.client.address, v4, sizeof v4);
    asked.lines = forward_head_lines(&asked.request, &asked.echo);
    CU_ASSERT(has_line(&asked, "Forwarded: for=192.0.2.7;proto=http"));
    memcpy(asked.echo.client.address, v6, sizeof v6);
    asked.request.is_secret = true;
    asked.lines = forward_head_lines(&asked.request, &asked.echo);
    CU_ASSERT(has_line(&asked, "Forwarded: for=\"[2001:db8::1]\";proto=https"));
    arena_clear(&asked.request.arena);
}

static void writes_targets(void)
{
    static const char *const rows[][2] = {
        {"/a?b=c", "/a?b=c"},
        {"/%2f%0d%0a", "/%2f%0d%0a"},
        {"/\xc3\xa9", "/%C3%A9"},
        {"http://else.where/a?b", "/a?b"},
        {"http://else.where?b", "/?b"},
        {"http://else.where", "/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked;
        char head[200], url[200];
        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", rows[i][0]);
        snprintf(url, sizeof url, "http://10.0.0.2:8080%s", rows[i][1]);
        ask(&asked, head);
        CU_ASSERT_STRING_EQUAL(asked.url, url);
        arena_clear(&asked.request.arena);
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

struct got {
    struct request request;
    struct response response;
    bool taken;
};

static void answer(struct got *got, const char *text)
{
    struct co_http_head head;
    memset(got, 0, sizeof *got);
    arena_init(&got->request.arena, NULL, 0);
    CU_ASSERT_FATAL(co_http_head_read(text, strlen(text), &head));
    got->taken = forward_answer_head(&head, "http://owner", &got->request, &got->response);
}

static const char *field_of(const struct got *got, const char *name)
{
    for (size_t i = 0; i < got->response.passed_count; i++)
        if (strcasecmp(got->response.passed[i].name, name) == 0)
            return got->response.passed[i].value;
    return NULL;
}

static void answers_pass(void)
{
    struct got got;
    answer(&got, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nLedger-Seq: 7\r\n"
                 "Location: /v1/x\r\nRetry-After: 1\r\nContent-Encoding: gzip\r\nX-New: a\tb\r\n"
                 "Vary: Origin, accept-encoding\r\nContent-Length: 2\r\n\r\n");
    CU_ASSERT_FATAL(got.taken);
    CU_ASSERT_EQUAL(got.response.status, 201);
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Content-Type"), "application/json");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Ledger-Seq"), "7");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Location"), "/v1/x");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Retry-After"), "1");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Content-Encoding"), "gzip");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "X-New"), "a b");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Teller-Owner"), "http://owner");
    CU_ASSERT(got.response.varies);
    arena_clear(&got.request.arena);
}

static void answers_of_a_hop_end(void)
{
    static const char *const kept[] = {"Connection", "Keep-Alive", "Transfer-Encoding", "Trailer",
        "Upgrade", "X-Hop", "Date", "X-Request-Id", "Server-Timing", "Vary",
        "Access-Control-Allow-Origin", "Strict-Transport-Security", "Content-Length",
        "Cache-Control", "X-Content-Type-Options", "X-Accel-Buffering"};
    struct got got;
    answer(&got, "HTTP/1.1 200 OK\r\nConnection: keep-alive , X-Hop\r\nKeep-Alive: timeout=5\r\n"
                 "Transfer-Encoding: chunked\r\nTrailer: X\r\nUpgrade: h2c\r\nX-Hop: 1\r\n"
                 "Date: now\r\nX-Request-Id: theirs\r\nServer-Timing: a;dur=1\r\nVary: Origin\r\n"
                 "Access-Control-Allow-Origin: *\r\nStrict-Transport-Security: max-age=1\r\n"
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                 "X-Accel-Buffering: no\r\nX-Hop-Not: 2\r\nTeller-Owner: http://false\r\n\r\n");
    CU_ASSERT_FATAL(got.taken);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        CU_ASSERT_PTR_NULL(field_of(&got, kept[i]));
    CU_ASSERT_STRING_EQUAL(field_of(&got, "X-Hop-Not"), "2");
    CU_ASSERT_STRING_EQUAL(field_of(&got, "Teller-Owner"), "http://owner");
    CU_ASSERT_EQUAL(got.response.passed_count, 2);
    CU_ASSERT_FALSE(got.response.varies);
    arena_clear(&got.request.arena);
}

/* More than a head may have, or bytes that none may have: it is no answer. */
static void answers_are_bounded(void)
{
    static char text[12000];
    struct got got;
    size_t at = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < FORWARD_ANSWER_FIELDS + 1; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "X-%d: y\r\n", i);
    snprintf(text + at, sizeof text - at, "\r\n");
    answer(&got, text);
    CU_ASSERT_FALSE(got.taken);
    arena_clear(&got.request.arena);
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX: %0*d\r\n\r\n", FORWARD_ANSWER_BYTES, 1);
    answer(&got, text);
    CU_ASSERT_FALSE(got.taken);
    arena_clear(&got.request.arena);
    answer(&got, "HTTP/1.1 200 OK\r\nX: a\x01z\r\n\r\n");
    CU_ASSERT_FALSE(got.taken);
    arena_clear(&got.request.arena);
    /* The head of a stream has less room. */
    snprintf(text, sizeof text,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: %0*d\r\n\r\n", 600, 1);
    answer(&got, text);
    CU_ASSERT_FALSE(got.taken);
    arena_clear(&got.request.arena);
}

/* ---- whom it can reach --------------------------------------------------------------------- */

static bool nobody(void *arg, uint64_t server)
{
    (void)arg, (void)server;
    return false;
}

static void reaches(void)
{
    static const struct {
        const char *own, *other;
        bool reaches;
    } rows[] = {
        {"http://127.0.0.1:1", "http://127.0.0.1:2", true},
        {"http://127.0.0.1:1", "http://127.0.0.1:1", false},
        {"http://127.0.0.1:1", "http://10.0.0.1:1", true},
        {"http://10.0.0.1:1", "http://127.0.0.1:2", false},
        {"http://10.0.0.1:1", "http://localhost:2", false},
        {"http://10.0.0.1:1", "http://[::1]:2", false},
        {"http://10.0.0.1:1", "https://teller-2.example", true},
        {"http://10.0.0.1:1", "http://0.0.0.0:8080", false},
        {"http://10.0.0.1:1", "http://[::]:8080", false},
        {"http://0.0.0.0:1", "http://10.0.0.1:1", true},
        {"http://10.0.0.1:1", "", false},
        {"http://10.0.0.1:1", "unix:/x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[200];
        const struct forward_options options = {
            .url = rows[i].own, .is_gone = nobody, .is_silent = nobody};
        struct forward *forward = forward_make(&options, error, sizeof error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(forward);
        CU_ASSERT_EQUAL(forward_reaches(forward, rows[i].other), rows[i].reaches);
        forward_free(&forward);
    }
}

const struct unit_suite passing_suite = {"passing", 1,
    (const struct unit_test[]){{"passes_what_is_read", passes_what_is_read},
        {"joins_lists", joins_lists}, {"keeps_the_rest", keeps_the_rest},
        {"lets_nothing_in", lets_nothing_in}, {"names_the_client", names_the_client},
        {"writes_targets", writes_targets}, {"answers_pass", answers_pass},
        {"answers_of_a_hop_end", answers_of_a_hop_end},
        {"answers_are_bounded", answers_are_bounded}, {"reaches", reaches}, {0}}};
