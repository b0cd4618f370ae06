/* SPDX-License-Identifier: MIT */
/*
 * Requests whose form is not HTTP's are refused as a whole: 400 in our own words, the connection
 * closed, and nothing moved: behind each there is another, valid request that would move money if
 * the first were taken to end where it does not. What is unusual, but HTTP's, is answered.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/attempt.h"

#define TARGET "/v1/ledgers/main/accounts/grammar/deposit"
#define BODY "{\"amount\":1}"
#define CHUNKED "c\r\n" BODY "\r\n0\r\n\r\n"

/* The beginning of a deposit: all but Host, framing, and the empty line. `line` NULL: the usual. */
static void add_head(struct attempt *attempt, const char *line)
{
    char text[512];
    int length = snprintf(text, sizeof text,
        "%s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n",
        line ? line : "POST " TARGET " HTTP/1.1", service_shared("owner")->target.token);
    attempt_add(attempt, text, (size_t)length);
}

static void add_good(struct attempt *attempt)
{
    static const char rest[] = "Host: x\r\nContent-Length: 12\r\nConnection: close\r\n\r\n" BODY;
    add_head(attempt, NULL);
    attempt_add(attempt, rest, sizeof rest - 1);
}

static int64_t balance(struct attempt *attempt)
{
    int64_t value = -1;
    return api_balance(&attempt->visit.api, "grammar", &value) == CLIENT_ANSWERED ? value : -1;
}

/* ---- what is refused ------------------------------------------------------------------------ */

struct row {
    const char *line; /* the request line; NULL: a deposit's */
    const char *rest; /* from there on */
    size_t length;
    int status;
};
#define ROW(line, rest)                                                                            \
    {                                                                                              \
        line, rest, sizeof rest - 1, 400                                                           \
    }
#define H "Host: x\r\n"
#define L "Content-Length: 12\r\n"
#define POST "POST " TARGET

static const struct row refused[] = {
    /* where does it end */
    ROW(NULL, H "Transfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n" CHUNKED),
    ROW(NULL, H "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H L "Content-Length: 5\r\n\r\n" BODY),
    ROW(NULL, H L L "\r\n" BODY),
    ROW(NULL, H "Content-Length: 12, 12\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 12, 5\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: +12\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: -12\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 0x0c\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 1 2\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 12.0\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length:\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 18446744073709551628\r\n\r\n" BODY),
    ROW(NULL, H L "Transfer-Encoding: identity\r\n\r\n" BODY),
    ROW(NULL, H "Transfer-Encoding: xchunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked, identity\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: \"chunked\"\r\n\r\n" CHUNKED),
    ROW(POST " HTTP/1.0", H "Transfer-Encoding: chunked\r\n\r\n" CHUNKED),
    ROW(POST " HTTP/1.0", H L "Transfer-Encoding: chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked, chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked;q=1\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked,\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding:\x0b"
                "chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding: chunked\0\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding:\r\n chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding:\r\n\r\n" CHUNKED),
    ROW(NULL, H "Transfer-Encoding : chunked\r\n\r\n" CHUNKED),
    ROW(NULL, H "Content-Length: 12;\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 1e1\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: \xef\xbc\x91\xef\xbc\x92\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: -0\r\n\r\n" BODY),
    /* header lines */
    ROW(NULL, H "Content-Length : 12\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length\t: 12\r\n\r\n" BODY),
    ROW(NULL, H " Content-Length: 12\r\n\r\n" BODY),
    ROW(NULL, H "X: a\r\n Content-Length: 12\r\n\r\n" BODY),
    ROW(NULL, H "X: a\r\n\tContent-Length: 12\r\n\r\n" BODY),
    ROW(NULL, H L "Idempotency-Key: a\r\n b\r\n\r\n" BODY),
    ROW(NULL, H L "Idempotency-Key:\r\n b\r\n\r\n" BODY),
    ROW(NULL, H L "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n" BODY),
    ROW(NULL, H L "X: a\0b\r\n\r\n" BODY),
    ROW(NULL, H "\0Content-Length: 12\r\n\r\n" BODY),
    ROW(NULL, H L "X: a\rContent-Length: 0\r\n\r\n" BODY),
    ROW(NULL, H L "X: a\nContent-Length: 0\r\n\r\n" BODY),
    ROW(NULL, H L "X: a\x0b\r\n\r\n" BODY),
    ROW(NULL, H "Content-Length: 12\n\r\n" BODY),
    ROW(NULL, H L "\n" BODY),
    ROW(NULL, H L "X\r\n\r\n" BODY),
    ROW(NULL, H L ": a\r\n\r\n" BODY),
    ROW(NULL, H L "X(: a\r\n\r\n" BODY),
    /* Host */
    ROW(NULL, L "\r\n" BODY),
    ROW(NULL, H H L "\r\n" BODY),
    ROW(NULL, "Host: a b\r\n" L "\r\n" BODY),
    ROW(NULL, "Host:\r\n" L "\r\n" BODY),
    ROW(NULL, "Host: a/b\r\n" L "\r\n" BODY),
    ROW(NULL, "Host: a,b\r\n" L "\r\n" BODY),
    ROW(NULL, "Host: u@a\r\n" L "\r\n" BODY),
    ROW(NULL, "Host: a:8o\r\n" L "\r\n" BODY),
    /* the request line */
    ROW("POST  " TARGET " HTTP/1.1", H L "\r\n" BODY),
    ROW(POST "  HTTP/1.1", H L "\r\n" BODY),
    ROW("POST\t" TARGET " HTTP/1.1", H L "\r\n" BODY),
    ROW(POST " HTTP/1.1 ", H L "\r\n" BODY),
    ROW(" " POST " HTTP/1.1", H L "\r\n" BODY),
    ROW(POST " x HTTP/1.1", H L "\r\n" BODY),
    ROW(POST "#x HTTP/1.1", H L "\r\n" BODY),
    ROW(POST " http/1.1", H L "\r\n" BODY),
    ROW(POST " HTTP/1.1\rX: a", H L "\r\n" BODY),
    ROW(POST " HTTP/1.1\nX: a", H L "\r\n" BODY),
    ROW(POST, H L "\r\n" BODY),
    ROW("\r\n\r\n" POST " HTTP/1.1", H L "\r\n" BODY),
    ROW("POST v1/ledgers/main/accounts/grammar/deposit HTTP/1.1", H L "\r\n" BODY),
    ROW("POST ftp://x" TARGET " HTTP/1.1", H L "\r\n" BODY),
    ROW("POST http://u@x" TARGET " HTTP/1.1", H L "\r\n" BODY),
    ROW("P(ST " TARGET " HTTP/1.1", H L "\r\n" BODY),
    {POST " HTTP/2.0", H L "\r\n" BODY, sizeof(H L "\r\n" BODY) - 1, 505},
    {POST " HTTP/0.9", H L "\r\n" BODY, sizeof(H L "\r\n" BODY) - 1, 505},
    {NULL, H L "Expect: money\r\n\r\n" BODY, sizeof(H L "Expect: money\r\n\r\n" BODY) - 1, 417},
    /* chunks */
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\r\n" BODY "\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\r\n" BODY "0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\n0xc\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\n+c\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc \r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc;x\ny\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\n1000000000000000c\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\r\n" BODY "\r\n0\r\nX: a\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc;x\ry\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc;x\0y\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\n-1\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\r\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\n\r\n" BODY "\r\n0\r\n\r\n"),
    ROW(NULL, H "Transfer-Encoding: chunked\r\n\r\nc\r\n" BODY "\r\n0\n\r\n"),
};

static void refuse_all(bool bytewise)
{
    struct attempt *attempt = attempt_begin("grammar");
    attempt->raw.bytewise = bytewise;
    int64_t before = balance(attempt);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        attempt->length = 0;
        add_head(attempt, refused[i].line);
        attempt_add(attempt, refused[i].rest, refused[i].length);
        add_good(attempt);
        attempt_ask(attempt);
        int64_t moved = balance(attempt) - before;
        if (!raw_is_refusal(&attempt->raw, refused[i].status) || moved != 0) {
            printf("\n    %d, %d answer(s), %s, %lld moved, for %zu: %.60s", attempt->raw.status,
                attempt->raw.answers, attempt->raw.closed ? "closed" : "open", (long long)moved, i,
                refused[i].rest);
            CU_FAIL("not refused");
        }
        before += moved;
    }
    attempt_end(&attempt);
}

static void what_is_refused(void)
{
    refuse_all(false);
}

/* However little of it can be seen at a time. */
static void what_is_refused_byte_by_byte(void)
{
    refuse_all(true);
}

/* What was never meant as a request of HTTP/1, or has no end. */
static void what_is_none(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        int status;
    } rows[] = {
#define NONE(bytes, status) {bytes, sizeof bytes - 1, status}
        NONE("\r\n\r\n\r\n\r\n", 400),
        NONE("GET\r\n\r\n", 400),
        NONE("GET /\r\n\r\n", 400),
        NONE("\n\n", 400),
        NONE("\0\0\0\0", 400),
        NONE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        NONE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        NONE("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        NONE("SSH-2.0-OpenSSH_9.2\r\n", 400),
        NONE("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    };
    struct attempt *attempt = attempt_begin("grammar");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        attempt->length = 0;
        attempt_add(attempt, rows[i].bytes, rows[i].length);
        attempt_ask(attempt);
        CU_ASSERT(raw_is_refusal(&attempt->raw, rows[i].status));
    }
    attempt_end(&attempt);
}

/* ---- what is taken -------------------------------------------------------------------------- */

#define C "Connection: close\r\n"

/* Deposits of one each, in all the ways that are HTTP's. */
static const struct row taken[] = {
    {NULL, H C "Content-Length:12\r\n\r\n" BODY, 0, 201},
    {NULL, H C "Content-Length: \t 12\t \r\n\r\n" BODY, 0, 201},
    {NULL, H C "content-length: 012\r\n\r\n" BODY, 0, 201},
    {NULL, H C "Transfer-Encoding: chunked\t \r\n\r\n" CHUNKED, 0, 201},
    {NULL, H C "Transfer-Encoding:\tCHUNKED\r\n\r\n" CHUNKED, 0, 201},
    {NULL, H C "Transfer-Encoding: chunked\r\n\r\nC;x=\"y\";z\r\n" BODY "\r\n0\r\nX: a\r\n\r\n", 0,
        201},
    {NULL, H C "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"amo\r\n07\r\nunt\":1}\r\n0\r\n\r\n", 0,
        201},
    {"\r\n" POST " HTTP/1.1", H C L "\r\n" BODY, 0, 201},
    {POST " HTTP/1.2", H C L "\r\n" BODY, 0, 201},
    {POST " HTTP/1.0", L "\r\n" BODY, 0, 201},
    {POST " HTTP/1.0", H L "Connection: keep-alive, close\r\n\r\n" BODY, 0, 201},
    {"POST http://x:80" TARGET " HTTP/1.1", H C L "\r\n" BODY, 0, 201},
    {"POST HTTP://[::1]" TARGET " HTTP/1.1", H C L "\r\n" BODY, 0, 201},
    {"POST https://x" TARGET " HTTP/1.1", H C L "\r\n" BODY, 0, 201},
    {NULL, "Host: [::1]:8080\r\n" C L "\r\n" BODY, 0, 201},
    {NULL, "Host: x.example.:\r\n" C L "\r\n" BODY, 0, 201},
    {NULL, H C L "Expect: 100-continue\r\n\r\n" BODY, 0, 201},
    {NULL, H C L "Prefer: respond-async\r\nPrefer: wait=20\r\n\r\n" BODY, 0, 201},
    {NULL, H C L "X:\r\nY: \xc3\xa9\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n" BODY, 0, 201},
};

static void what_is_taken(void)
{
    struct attempt *attempt = attempt_begin("grammar");
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        int64_t before = balance(attempt);
        attempt->length = 0;
        add_head(attempt, taken[i].line);
        attempt_add(attempt, taken[i].rest, strlen(taken[i].rest));
        attempt_ask(attempt);
        int64_t moved = balance(attempt) - before;
        if (attempt->raw.status != 201 || attempt->raw.answers != 1 || moved != 1) {
            printf("\n    %d, %lld moved, for %zu: %s", attempt->raw.status, (long long)moved, i,
                taken[i].rest);
            CU_FAIL("not taken");
        }
    }
    attempt_end(&attempt);
}

/* Blanks around a value are not part of it: with them it is the same key. */
static void blanks_around_a_key(void)
{
    static const char *const around[][2] = {{"Idempotency-Key: ", ""}, {"Idempotency-Key:", ""},
        {"Idempotency-Key: ", " "}, {"Idempotency-Key: \t ", "\t\t"},
        {"idempotency-key:  \"", "\" "}};
    struct attempt *attempt = attempt_begin("grammar");
    int64_t before = balance(attempt);
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        char key[80];
        int length = snprintf(
            key, sizeof key, "%sblanks-%lld%s\r\n", around[i][0], (long long)before, around[i][1]);
        attempt->length = 0;
        add_head(attempt, NULL);
        attempt_add(attempt, key, (size_t)length);
        attempt_add(attempt, H C L "\r\n" BODY, sizeof(H C L "\r\n" BODY) - 1);
        attempt_ask(attempt);
        CU_ASSERT_EQUAL(attempt->raw.status, 201);
        CU_ASSERT_EQUAL(
            strstr(attempt->raw.text, "\r\nIdempotency-Replayed: true\r\n") != NULL, i > 0);
    }
    CU_ASSERT_EQUAL(balance(attempt), before + 1);
    attempt_end(&attempt);
}

/* A client that says no more (nc -N) is answered, if what it said was whole. */
static void half_closed(void)
{
    static const struct {
        const char *rest;
        int status, moved;
    } rows[] = {{H L "\r\n" BODY, 201, 1}, {H "Transfer-Encoding: chunked\r\n\r\n" CHUNKED, 201, 1},
        {H L "\r\n{\"amount\"", 400, 0}, {H "Transfer-Encoding: chunked\r\n\r\nc\r\n" BODY, 400, 0},
        {H "Content-Le", 400, 0}, {H L, 400, 0}};
    struct attempt *attempt = attempt_begin("grammar");
    attempt->raw.say_no_more = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t before = balance(attempt);
        attempt->length = 0;
        add_head(attempt, NULL);
        attempt_add(attempt, rows[i].rest, strlen(rows[i].rest));
        attempt_ask(attempt);
        CU_ASSERT_EQUAL(attempt->raw.status, rows[i].status);
        CU_ASSERT(attempt->raw.closed && attempt->raw.answers == 1);
        CU_ASSERT_EQUAL(balance(attempt) - before, rows[i].moved);
    }
    /* Two together, and then no more. */
    int64_t before = balance(attempt);
    attempt->length = 0;
    add_head(attempt, NULL);
    attempt_add(attempt, H L "\r\n" BODY, sizeof(H L "\r\n" BODY) - 1);
    add_good(attempt);
    attempt_ask(attempt);
    CU_ASSERT(attempt->raw.closed && attempt->raw.answers == 2);
    CU_ASSERT_EQUAL(balance(attempt), before + 2);
    attempt_end(&attempt);
}

/* Some clients end a body with an empty line, which is then in front of their next request, or the
 * last thing that they say. It is not a request: nothing is answered to it. */
static void an_empty_line_between(bool bytewise)
{
    static const char good[] = H L "\r\n" BODY;
    static const struct {
        const char *before, *behind; /* a good request */
        int rounds;                  /* how often all three; 0: what is before it, once */
        int moved, answers, status;  /* the status is that of the first answer */
    } rows[] = {{"", "\r\n", 1, 1, 1, 201}, {"\r\n", "", 3, 3, 3, 201}, {"", "\r\n", 3, 3, 3, 201},
        {"", "\r\n\r", 1, 1, 2, 201}, {"", "\r\n\r\n", 1, 1, 2, 201},
        {"\r\n", "\r\n", 2, 1, 2, 201}, {"\r\n", "", 0, 0, 0, 0}, {"\r", "", 0, 0, 1, 400},
        {"\r\n\r\n", "", 0, 0, 1, 400}};
    struct attempt *attempt = attempt_begin("grammar");
    attempt->raw.say_no_more = true;
    attempt->raw.bytewise = bytewise;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t before = balance(attempt);
        attempt->length = 0;
        for (int round = 0; round < rows[i].rounds; round++) {
            attempt_add_text(attempt, rows[i].before);
            add_head(attempt, NULL);
            attempt_add(attempt, good, sizeof good - 1);
            attempt_add_text(attempt, rows[i].behind);
        }
        if (rows[i].rounds == 0)
            attempt_add_text(attempt, rows[i].before);
        attempt_ask(attempt);
        CU_ASSERT(attempt->raw.closed);
        CU_ASSERT_EQUAL(attempt->raw.status, rows[i].status);
        CU_ASSERT_EQUAL(attempt->raw.answers, rows[i].answers);
        CU_ASSERT_EQUAL(balance(attempt) - before, rows[i].moved);
    }
    attempt_end(&attempt);
}

static void an_empty_line(void)
{
    an_empty_line_between(false);
    an_empty_line_between(true);
}

/* ---- as other programs ask ------------------------------------------------------------------ */

static void as_others_ask(void)
{
    static const struct {
        const char *text;
        int status;
        const char *holds; /* NULL: nothing in particular */
    } rows[] = {
        {"OPTIONS / HTTP/1.0\r\n\r\n", 204, "\r\nAllow: GET, HEAD, OPTIONS\r\n"},
        {"OPTIONS * HTTP/1.1\r\n" H C "\r\n", 204, "\r\nAllow: GET, HEAD, POST, "},
        {"OPTIONS " TARGET " HTTP/1.1\r\n" H C "\r\n", 204, "\r\nAllow: POST, OPTIONS\r\n"},
        {"OPTIONS /v1/nothing HTTP/1.1\r\n" H C "\r\n", 404, NULL},
        {"PUT " TARGET " HTTP/1.1\r\n" H C "\r\n", 405, "\r\nAllow: POST, OPTIONS\r\n"},
        {"GET /livez HTTP/1.0\r\n\r\n", 200, NULL},
        {"GET /?utm_source=x&a=%zz&1&2&3&4&5&6&7&8&9 HTTP/1.1\r\n" H C "\r\n", 200, NULL},
        {"GET /livez?x HTTP/1.1\r\n" H C "\r\n", 200, NULL},
        {"GET /readyz?x=1&x=2 HTTP/1.1\r\n" H C "\r\n", 200, NULL},
        {"GET /metrics?x HTTP/1.1\r\n" H C "\r\n", 200, NULL},
        {"GET /openapi.json?x HTTP/1.1\r\n" H C "\r\n", 200, NULL},
        {"GET http://x?y HTTP/1.1\r\n" H C "\r\n", 200, "text/html"},
        {"GET /v1/ledgers?x HTTP/1.1\r\n" H C "\r\n", 401, NULL},
    };
    struct attempt *attempt = attempt_begin("grammar");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        attempt->length = 0;
        attempt_add(attempt, rows[i].text, strlen(rows[i].text));
        attempt_ask(attempt);
        if (attempt->raw.status != rows[i].status || !attempt->raw.closed ||
            (rows[i].holds && !strstr(attempt->raw.text, rows[i].holds))) {
            printf("\n    %d for %s", attempt->raw.status, rows[i].text);
            CU_FAIL("answered otherwise");
        }
    }
    visit_get(&attempt->visit, "/v1/ledgers?x=1");
    EXPECT_PROBLEM(&attempt->visit, 400, "invalid_request");
    attempt_end(&attempt);
}

/* Two lines of If-None-Match are a list. */
static void entity_tags(void)
{
    struct visit visit;
    char tag[80], length[20], lines[200];
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/openapi.json");
    CU_ASSERT_FATAL(response_header(&visit.response, "ETag", tag, sizeof tag));
    CU_ASSERT_FATAL(response_header(&visit.response, "Content-Length", length, sizeof length));
    snprintf(lines, sizeof lines, "If-None-Match: \"x\"\r\nIf-None-Match: W/%s \r\n", tag);
    visit_call(&visit, &(struct request){.path = "/openapi.json", .headers = lines});
    EXPECT_STATUS(&visit, 304);
    CU_ASSERT(visit_header_is(&visit, "Content-Length", length)); /* that of the 200, or none */
    visit_get(&visit, "/livez");
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
}

/* A body that is packed is refused by its head, not read as if it were not. */
static void packed_bodies(void)
{
    static const struct {
        const char *lines;
        int status;
    } cases[] = {
        {"Content-Encoding: gzip\r\n", 415},
        {"Content-Encoding: identity\r\nContent-Encoding: br\r\n", 415},
        {"Content-Encoding: x\r\n", 415},
        {"Content-Encoding: Identity\r\n", 201},
        {"Content-Encoding:\r\n", 201},
    };
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_fund(&visit, "packed", 1));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char body[] = "{\"amount\":1}";
        visit_call(&visit, &(struct request){.path = "/accounts/packed/deposit",
                               .headers = cases[i].lines,
                               .body = body,
                               .body_length = sizeof body - 1});
        EXPECT_STATUS(&visit, cases[i].status);
    }
    CU_ASSERT(visit_balance_is(&visit, "packed", 3));
    visit_end(&visit);
}

const struct unit_suite grammar_suite = {"grammar", 2,
    (const struct unit_test[]){{"what_is_refused", what_is_refused},
        {"what_is_refused_byte_by_byte", what_is_refused_byte_by_byte},
        {"what_is_none", what_is_none}, {"what_is_taken", what_is_taken},
        {"blanks_around_a_key", blanks_around_a_key}, {"half_closed", half_closed},
        {"an_empty_line", an_empty_line}, {"as_others_ask", as_others_ask},
        {"entity_tags", entity_tags}, {"packed_bodies", packed_bodies}, {0}}};
