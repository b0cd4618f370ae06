/* SPDX-License-Identifier: MIT */
/* The client against a server that says what a test has written down, byte for byte. */
#include "coro/http/co_http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/net.h"
#include "coro/tls/co_tls.h"
#include "tests/coro/certificates.h"
#include "tests/coro/script.h"
#include "tests/coro/suites.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* --- answers ---------------------------------------------------------------------------------- */

static void body_is(const struct co_http_answer *answer, const char *body)
{
    CU_ASSERT_EQUAL(answer->body_length, strlen(body));
    CU_ASSERT_STRING_EQUAL(answer->body, body);
}

/* Each framing, all of it on one connection. */
static const struct turn framings[] = {
    {OK_HELLO, KEEP, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\nhe\r\n003;name=value\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
        KEEP, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" OK_HELLO, KEEP, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", KEEP, true},
    {OK_HELLO, KEEP, true}, {"HTTP/1.1 204 No Content\r\n\r\n", KEEP, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", KEEP, false}, /* to a HEAD */
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP, false},
    {"HTTP/1.1 200 OK\r\n\r\nhello", CLOSE, false}, /* up to the end */
};

static void each_framing(void)
{
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(http);
    script_start(&script, "127.0.0.1:0", framings);
    enum { COUNT = sizeof framings / sizeof framings[0], EMPTY_FROM = 5, EMPTY_TO = 7 };
    for (int i = 0; i < COUNT; i++) {
        struct co_http_answer answer;
        const struct co_http_request request = {
            .method = i == 6 ? "HEAD" : "GET", .url = script.url};
        CU_ASSERT_EQUAL(
            co_http_call(co_context_background(), http, &request, &answer), CO_HTTP_ANSWERED);
        body_is(&answer, i >= EMPTY_FROM && i <= EMPTY_TO ? "" : "hello");
        co_http_answer_free(&answer);
    }
    CU_ASSERT_EQUAL(script.requests, COUNT);
    CU_ASSERT_EQUAL(script.connections, 1);
    co_http_free(&http);
    script_stop(&script);
}

static void what_is_sent(void)
{
    static const struct turn turns[] = {
        {OK_HELLO, KEEP, false}, {OK_HELLO, KEEP, false}, {OK_HELLO, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    struct co_http_answer answer;
    char url[80], wanted[300];
    static char heard[SCRIPT_HEARD];
    script_start(&script, "[::1]:0", turns);
    snprintf(url, sizeof url, "%sa?b#c", script.url);
    int port = co_net_port(script.listener);
    struct co_http_request request = {.url = url, .headers = "X: y\r\n"};
    CU_ASSERT_EQUAL(
        co_http_call(co_context_background(), http, &request, &answer), CO_HTTP_ANSWERED);
    co_http_answer_free(&answer);
    snprintf(wanted, sizeof wanted, "GET /a?b HTTP/1.1\r\nHost: [::1]:%d\r\nX: y\r\n\r\n", port);
    script_heard(&script, heard);
    CU_ASSERT_STRING_EQUAL(heard, wanted);

    request = (struct co_http_request){.url = url, .body = "{}", .body_length = 2};
    CU_ASSERT_EQUAL(
        co_http_call(co_context_background(), http, &request, &answer), CO_HTTP_ANSWERED);
    co_http_answer_free(&answer);
    snprintf(wanted, sizeof wanted,
        "POST /a?b HTTP/1.1\r\nHost: [::1]:%d\r\nContent-Length: 2\r\n\r\n{}", port);
    script_heard(&script, heard);
    CU_ASSERT_STRING_EQUAL(heard, wanted);

    /* Nothing that would be a request within the request. */
    static const struct co_http_request wrong[] = {
        {.url = "http://127.0.0.1:1/", .method = "GET /x"},
        {.url = "http://127.0.0.1:1/", .method = ""},
        {.url = "http://127.0.0.1:1/", .headers = "X: y"},
        {.url = "http://127.0.0.1:1/", .headers = "X: y\r\n\r\n"},
        {.url = "http://127.0.0.1:1/", .headers = "X: y\nZ: a\r\n"},
        {.url = "http://127.0.0.1:1/\n"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        request = wrong[i];
        if (i < 5)
            request.url = url;
        CU_ASSERT_EQUAL(
            co_http_call(co_context_background(), http, &request, &answer), CO_HTTP_NOT_SENT);
        CU_ASSERT_EQUAL(errno, EINVAL);
        co_http_answer_free(&answer);
    }
    co_http_free(&http);
    script_stop(&script);
}

/* One answer on a fresh connection: the fate, and errno if there is no answer. */
static void ends(const struct turn *turn, enum co_http_fate fate, int error)
{
    struct script script = {0};
    struct co_http_answer answer;
    script_start(&script, "127.0.0.1:0", turn);
    CU_ASSERT_EQUAL(co_http_get(co_context_background(), NULL, script.url, &answer), fate);
    CU_ASSERT_EQUAL(fate == CO_HTTP_ANSWERED ? 0 : errno, error);
    co_http_answer_free(&answer);
    co_http_answer_free(&answer); /* again is harmless */
    script_stop(&script);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void answers_that_are_none(void)
{
    static const struct turn wrong[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", CLOSE, false},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", CLOSE, false},
        {CHUNKED "x\r\n", CLOSE, false},
        {CHUNKED "\r\n", CLOSE, false},
        {CHUNKED "2\r\nhello\r\n0\r\n\r\n", CLOSE, false},
        {CHUNKED "2\nhe\r\n", CLOSE, false},
        {CHUNKED "fffffffffffff\r\nhe\r\n", CLOSE, false},
        {CHUNKED "-1\r\nhe\r\n", CLOSE, false},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ends(&wrong[i], CO_HTTP_CUT, EPROTO);
}

static void cut_everywhere(void)
{
    static const char whole[] = CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n";
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        char part[sizeof whole];
        memcpy(part, whole, length);
        part[length] = '\0';
        const struct turn turn = {part, CLOSE, false};
        ends(&turn, length == 0 ? CO_HTTP_SENT : CO_HTTP_CUT, ECONNRESET);
    }
    ends(&(struct turn){"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", CLOSE, false},
        CO_HTTP_CUT, ECONNRESET);
    ends(&(struct turn){whole, CLOSE, false}, CO_HTTP_ANSWERED, 0);
}

static void limits_hold(void)
{
    static const struct turn turns[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n"
         "12345678901234567890123456789012345678901",
            CLOSE, false},
        {CHUNKED "29\r\n12345678901234567890123456789012345678901\r\n0\r\n\r\n", CLOSE, false},
        {"HTTP/1.1 200 OK\r\n\r\n12345678901234567890123456789012345678901", CLOSE, false},
        {"HTTP/1.1 200 OK\r\nA: 1234567890123456789012345678901234567890\r\n"
         "B: 1234567890123456789012345678901234567890\r\n\r\n",
            CLOSE, false},
        {CHUNKED "0\r\nA: 1234567890123456789012345678901234567890\r\n"
                 "B: 1234567890123456789012345678901234567890\r\n\r\n",
            CLOSE, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n1234567890123456789012345678901234567890",
            CLOSE, false},
    };
    struct script script = {0};
    struct co_http *http =
        co_http_make(&(struct co_http_options){.limits = {.head_max = 80, .body_max = 40}});
    script_start(&script, "127.0.0.1:0", turns);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        struct co_http_answer answer;
        bool fits = i == 5;
        CU_ASSERT_EQUAL(co_http_get(co_context_background(), http, script.url, &answer),
            fits ? CO_HTTP_ANSWERED : CO_HTTP_CUT);
        CU_ASSERT(fits || errno == EMSGSIZE);
        co_http_answer_free(&answer);
    }
    co_http_free(&http);
    script_stop(&script);
}

/* --- connections that are kept ---------------------------------------------------------------- */

static enum co_http_fate request_to(
    struct script *script, struct co_http *http, const char *method, bool repeatable)
{
    struct co_http_answer answer;
    const struct co_http_request request = {
        .method = method, .url = script->url, .repeatable = repeatable};
    enum co_http_fate fate = co_http_call(co_context_background(), http, &request, &answer);
    int error = errno;
    co_http_answer_free(&answer);
    errno = error;
    return fate;
}

/* The second request meets a server that closes without a word. */
static void second_meets_the_end(
    const char *method, bool repeatable, enum co_http_fate fate, int requests)
{
    static const struct turn turns[] = {
        {OK_HELLO, KEEP, false}, {NULL, CLOSE, false}, {OK_HELLO, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    script_start(&script, "127.0.0.1:0", turns);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(request_to(&script, http, method, repeatable), fate);
    CU_ASSERT(fate == CO_HTTP_ANSWERED || errno == ECONNRESET);
    CU_ASSERT_EQUAL(script.requests, requests);
    co_http_free(&http);
    script_stop(&script);
}

static void closed_while_it_was_kept(void)
{
    second_meets_the_end("GET", false, CO_HTTP_ANSWERED, 3);
    second_meets_the_end("DELETE", false, CO_HTTP_ANSWERED, 3);
    second_meets_the_end("POST", true, CO_HTTP_ANSWERED, 3);
    second_meets_the_end("POST", false, CO_HTTP_SENT, 2); /* it may have been executed */

    /* Closed before it was asked again: seen, so that a POST goes out once, over another one. */
    static const struct turn turns[] = {{OK_HELLO, CLOSE, false}, {OK_HELLO, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    script_start(&script, "127.0.0.1:0", turns);
    CU_ASSERT_EQUAL(request_to(&script, http, "POST", false), CO_HTTP_ANSWERED);
    script_await_closed(&script, 1);
    CU_ASSERT_EQUAL(request_to(&script, http, "POST", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(script.connections, 2);
    co_http_free(&http);
    script_stop(&script);
}

/* The server takes a request, and is gone when it is sent again: what was sent stays sent. */
static void gone_before_the_other_try(void)
{
    static const struct turn turns[] = {{OK_HELLO, KEEP, false}, {NULL, CLOSE, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    script_start(&script, "127.0.0.1:0", turns);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(shutdown(script.listener, SHUT_RDWR), 0); /* nobody gets in any more */
    CU_ASSERT_EQUAL(request_to(&script, http, "POST", true), CO_HTTP_SENT);
    co_http_free(&http);
    script_stop(&script);
}

/* An answer that began is no reason for another try, nor is a fresh connection that ends. */
static void no_other_try(void)
{
    static const struct turn begun[] = {{OK_HELLO, KEEP, false}, {"HTTP/1.1 2", CLOSE, false}};
    static const struct turn fresh[] = {{NULL, RESET, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    script_start(&script, "127.0.0.1:0", begun);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_CUT);
    CU_ASSERT_EQUAL(script.requests, 2);
    script_stop(&script);
    co_http_free(&http);
    http = co_http_make(NULL);
    memset(&script, 0, sizeof script);
    script_start(&script, "127.0.0.1:0", fresh);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_SENT);
    CU_ASSERT_EQUAL(script.requests, 1);
    script_stop(&script);
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_NOT_SENT);
    CU_ASSERT_EQUAL(errno, ECONNREFUSED);
    co_http_free(&http);
}

/* What is not to be kept: more than was asked, an announced end, none wanted. */
static void not_every_connection_is_kept(void)
{
    static const struct turn turns[] = {{OK_HELLO "more", KEEP, false},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", KEEP, false},
        {OK_HELLO, KEEP, false}, {OK_HELLO, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    script_start(&script, "127.0.0.1:0", turns);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(script.connections, 3);
    co_http_free(&http);
    http = co_http_make(&(struct co_http_options){.idle_ns = 1});
    CU_ASSERT_EQUAL(request_to(&script, http, "GET", false), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(script.connections, 4);
    co_http_free(&http);
    script_stop(&script);
}

CO_GO_FUNCTION(get_often, (struct script *, script), (struct co_http *, http))
{
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(request_to(script, http, "GET", false), CO_HTTP_ANSWERED);
}

static void many_share_a_client(void)
{
    enum { CLIENTS = 20, TURNS = 20 * CLIENTS };
    static struct turn turns[TURNS];
    for (int i = 0; i < TURNS; i++)
        turns[i] = (struct turn){OK_HELLO, KEEP, false};
    struct script script = {0};
    struct co_waitgroup all = {0};
    struct co_http *http = co_http_make(&(struct co_http_options){.idle_max = CLIENTS});
    script_start(&script, "127.0.0.1:0", turns);
    script.turns = turns;
    for (int i = 0; i < CLIENTS; i++)
        CU_ASSERT(co_waitgroup_go(&all, get_often, &script, http));
    co_waitgroup_wait(&all);
    CU_ASSERT(script.connections <= CLIENTS);
    co_http_free(&http);
    script_stop(&script);
}

/* --- piece by piece --------------------------------------------------------------------------- */

static void events_as_they_come(void)
{
    static const struct turn turns[] = {
        {CHUNKED "6\r\nfirst\n\r\n7\r\nsecond\n\r\n0\r\n\r\n", KEEP, true},
        {OK_HELLO, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    struct co_http_exchange *exchange;
    struct co_http_answer answer;
    char text[40] = "";
    size_t used = 0;
    ssize_t n;
    script_start(&script, "127.0.0.1:0", turns);
    const struct co_http_request request = {.url = script.url};
    CU_ASSERT_EQUAL_FATAL(
        co_http_open(co_context_background(), http, &request, &exchange, NULL), CO_HTTP_ANSWERED);
    CU_ASSERT_EQUAL(co_http_exchange_head(exchange)->status, 200);
    while ((n = co_http_exchange_read(
                co_context_background(), exchange, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)n;
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_STRING_EQUAL(text, "first\nsecond\n");
    co_http_exchange_close(&exchange);
    CU_ASSERT_PTR_NULL(exchange);
    CU_ASSERT_EQUAL(
        co_http_get(co_context_background(), http, script.url, &answer), CO_HTTP_ANSWERED);
    co_http_answer_free(&answer);
    CU_ASSERT_EQUAL(script.connections, 1);
    co_http_free(&http);
    script_stop(&script);
}

static void a_download_that_is_left(void)
{
    enum { BODY = 300000 };
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
    static char text[sizeof head + BODY];
    memcpy(text, head, sizeof head - 1);
    for (size_t i = 0; i < BODY; i++)
        text[sizeof head - 1 + i] = (char)('a' + i % 26);
    const struct turn turns[] = {{text, KEEP, false}, {text, KEEP, false}};
    struct script script = {0};
    struct co_http *http = co_http_make(NULL);
    struct co_http_exchange *exchange;
    static char buffer[7000];
    script_start(&script, "127.0.0.1:0", turns);
    const struct co_http_request request = {.url = script.url};
    for (int whole = 1; whole >= 0; whole--) {
        CU_ASSERT_EQUAL_FATAL(
            co_http_open(co_context_background(), http, &request, &exchange, NULL),
            CO_HTTP_ANSWERED);
        size_t got = 0;
        bool same = true;
        for (ssize_t n; (got == 0 || whole) && (n = co_http_exchange_read(co_context_background(),
                                                    exchange, buffer, sizeof buffer)) > 0;
             got += (size_t)n)
            same = same && memcmp(buffer, text + sizeof head - 1 + got, (size_t)n) == 0;
        CU_ASSERT(same);
        CU_ASSERT_EQUAL(got == BODY, whole);
        CU_ASSERT_EQUAL(co_http_exchange_head(exchange)->length, BODY);
        co_http_exchange_close(&exchange); /* the second is left in its middle: not kept */
    }
    CU_ASSERT_EQUAL(script.connections, 1);
    co_http_free(&http);
    script_stop(&script);
}

/* --- deadlines and TLS ------------------------------------------------------------------------ */

enum { TRIES = 10 };

/* What has become of a request by the deadline. Where that came before what was to be seen, as it
 * may on a busy machine, once more with twice the time. */
static enum co_http_fate ended_by_time(const char *url, enum co_http_fate at_least)
{
    enum co_http_fate fate = CO_HTTP_NOT_SENT;
    int64_t time_ns = 20 * CO_CLOCK_MS;
    for (int i = 0; i < TRIES && fate < at_least; i++, time_ns *= 2) {
        struct co_http_answer answer;
        struct co_context *soon = co_context_with_timeout(co_context_background(), time_ns);
        fate = co_http_get(soon, NULL, url, &answer);
        CU_ASSERT_EQUAL(errno, ETIMEDOUT);
        co_http_answer_free(&answer);
        CU_ASSERT_EQUAL(co_http_get(soon, NULL, url, &answer), CO_HTTP_NOT_SENT);
        CU_ASSERT_EQUAL(errno, ETIMEDOUT);
        co_http_answer_free(&answer);
        co_context_release(&soon);
    }
    return fate;
}

static void a_context_ends_it(void)
{
    struct turn turns[1 + TRIES] = {{"", KEEP, false}};
    struct script script = {0};
    for (int i = 1; i <= TRIES; i++)
        turns[i] = (struct turn){"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", KEEP, false};
    script_start(&script, "127.0.0.1:0", turns);
    CU_ASSERT_EQUAL(ended_by_time(script.url, CO_HTTP_SENT), CO_HTTP_SENT);
    CU_ASSERT_EQUAL(ended_by_time(script.url, CO_HTTP_CUT), CO_HTTP_CUT);
    script_stop(&script);
}

static void https(void)
{
    static const struct turn turns[] = {{OK_HELLO, KEEP, false}, {OK_HELLO, KEEP, false},
        {OK_HELLO, CLOSE, false}, {"HTTP/1.1 200 OK\r\n\r\nhello", CLOSE, false}};
    struct certificates files;
    certificates_make(&files);
    struct script script = {
        .tls = co_tls_server(
            &(struct co_tls_server_options){.certificate_file = files.good, .key_file = files.key},
            NULL)};
    struct co_tls_config *trusting =
        co_tls_client(&(struct co_tls_client_options){.trust_file = files.authority}, NULL);
    struct co_tls_config *wary =
        co_tls_client(&(struct co_tls_client_options){.trust_file = files.other}, NULL);
    CU_ASSERT_FATAL(script.tls && trusting && wary);
    struct co_http *http =
        co_http_make(&(struct co_http_options){.https = co_tls_dialer(trusting)});
    struct co_http *other = co_http_make(&(struct co_http_options){.https = co_tls_dialer(wary)});
    struct co_http_answer answer;
    script_start(&script, "127.0.0.1:0", turns);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(
            co_http_get(co_context_background(), http, script.url, &answer), CO_HTTP_ANSWERED);
        body_is(&answer, "hello");
        co_http_answer_free(&answer);
        if (i == 2)
            script_await_closed(&script, 1); /* its farewell is seen before the next request */
    }
    CU_ASSERT_EQUAL(script.connections, 2);
    CU_ASSERT_EQUAL(
        co_http_get(co_context_background(), other, script.url, &answer), CO_HTTP_NOT_SENT);
    CU_ASSERT_EQUAL(errno, EKEYREJECTED);
    CU_ASSERT_STRING_EQUAL(answer.why.text, "unable to get local issuer certificate");
    co_http_answer_free(&answer);
    CU_ASSERT_EQUAL(
        co_http_get(co_context_background(), NULL, script.url, &answer), CO_HTTP_NOT_SENT);
    CU_ASSERT_EQUAL(errno, EPROTONOSUPPORT);
    co_http_answer_free(&answer);
    co_http_free(&http);
    co_http_free(&other);
    script_stop(&script);
    co_tls_config_free(&script.tls);
    co_tls_config_free(&trusting);
    co_tls_config_free(&wary);
    certificates_remove(&files);
}

static const struct unit_test tests[] = {
    {"each_framing", each_framing},
    {"what_is_sent", what_is_sent},
    {"answers_that_are_none", answers_that_are_none},
    {"cut_everywhere", cut_everywhere},
    {"limits_hold", limits_hold},
    {"closed_while_it_was_kept", closed_while_it_was_kept},
    {"gone_before_the_other_try", gone_before_the_other_try},
    {"no_other_try", no_other_try},
    {"not_every_connection_is_kept", not_every_connection_is_kept},
    {"many_share_a_client", many_share_a_client},
    {"events_as_they_come", events_as_they_come},
    {"a_download_that_is_left", a_download_that_is_left},
    {"a_context_ends_it", a_context_ends_it},
    {"https", https},
    {NULL, NULL},
};

/* One worker: what the server counts is its own. */
const struct unit_suite suite_http = {.name = "http", .workers = 1, .tests = tests};
