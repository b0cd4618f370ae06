/* SPDX-License-Identifier: MIT */
/* The HTTP server by itself, with answers of the test's own. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "server/http/problem.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

/* Says back what came; /park parks first, /hold until it is let go. */
struct echo {
    _Atomic bool let_go;
    _Atomic int asked;
};

static void echo(void *arg, struct request *request, struct response *response)
{
    struct echo *state = arg;
    const char *what = request->segment_count ? request->segments[0] : "";
    atomic_fetch_add(&state->asked, 1);
    if (strcmp(what, "park") == 0)
        co_sleep(CO_CLOCK_MS);
    while (strcmp(what, "hold") == 0 && !atomic_load(&state->let_go))
        co_sleep(CO_CLOCK_MS);
    response->status = 200;
    response->content_type = "text/plain";
    response->body = request->body;
    response->length = request->body_length;
}

static struct client *open_client(int port)
{
    struct client *client = malloc(sizeof *client);
    co_ensure(client);
    CU_ASSERT_TRUE_FATAL(client_open(client, port));
    return client;
}

static void close_client(struct client *client)
{
    client_close(client);
    free(client);
}

static bool send_text(struct client *client, const char *text)
{
    return client_send(client, text, strlen(text));
}

/* Send the text as it is; the status of the answer, and whether the connection was kept. */
static int ask(int port, const char *text, bool *kept)
{
    struct client *client = open_client(port);
    struct answer *answer = calloc(2, sizeof *answer);
    co_ensure(answer);
    (void)send_text(client, text);
    client_read(client, false, answer);
    int status = answer->status;
    client_call(client, "GET", "/again", "", NULL, answer);
    *kept = answer->status == 200;
    close_client(client);
    free(answer);
    return status;
}

/* ---- requests as they may come ------------------------------------------------------------- */

static void test_framing(void)
{
    static const struct {
        const char *text;
        int status;
        bool kept;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 200, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", 200, true},
        {"POST /park HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", 200, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            200, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"
         "2\r\nab\r\n0\r\n\r\n",
            400, false},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nab", 400, false},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400,
            false},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\nab", 400, false},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \t 2 \r\n\r\nab", 200, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n"
         "Content-Length: 0\r\n\r\n",
            400, false},
        {"GET / HTTP/1.1\r\n\r\n", 400, false},
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, true},
        {"GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400, true},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 200, true},
        {"GET / HTTP/1.0\r\nHost: h\r\n\r\n", 200, false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, false},
    };
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(100, echo, &state, &port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool kept;
        int status = ask(port, rows[i].text, &kept);
        if (status != rows[i].status || kept != rows[i].kept) {
            printf("\n    %s-> %d, %s ", rows[i].text, status, kept ? "kept" : "closed");
            CU_FAIL("answered otherwise");
        }
    }
    http_stop(&http);
}

static void test_pipelined_requests_are_answered_in_order(void)
{
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(100, echo, &state, &port);
    struct client *client = open_client(port);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    char text[2000] = "";
    size_t used = 0;
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
            "POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n%02d",
            i % 3 ? "at-once" : "park", i);
    CU_ASSERT_TRUE(client_send(client, text, used));
    for (int i = 0; i < 20; i++) {
        client_read(client, false, answer);
        CU_ASSERT_EQUAL(answer->status, 200);
        CU_ASSERT_EQUAL(strtol(answer->body, NULL, 10), i);
    }
    free(answer);
    close_client(client);
    http_stop(&http);
}

static void await_no_connection(struct http *http)
{
    static struct http_figures figures;
    int tries = 0;
    do {
        co_sleep(CO_CLOCK_MS);
        http_read_figures(http, &figures);
    } while (figures.connections > 0 && ++tries < 1000);
    CU_ASSERT_EQUAL(figures.connections, 0);
}

/* Between two requests nobody reads, so whatever comes then must be noticed: the rest of a request
 * that came half with the one before, a request in pieces, the end of the connection. */
static void test_what_comes_at_rest_is_noticed(void)
{
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(100, echo, &state, &port);
    struct client *client = open_client(port);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    static const char *const pieces[][2] = {
        {"GET /park HTTP/1.1\r\nHost: h\r\n\r\n", ""},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GE"},
        {"T /park HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: "},
        {"h\r\nContent-Length: 2\r\n\r\na", NULL},
        {"b", "\r\n"},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            ""},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
    };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "%s%s", pieces[i][0], pieces[i][1] ? pieces[i][1] : "");
        CU_ASSERT_TRUE(send_text(client, text));
        if (pieces[i][1]) {
            client_read(client, false, answer);
            CU_ASSERT_EQUAL(answer->status, 200);
        }
        co_sleep(3 * CO_CLOCK_MS);
    }
    free(answer);
    close_client(client);
    await_no_connection(http);
    client = open_client(port); /* one that rests at the end */
    CU_ASSERT_TRUE(send_text(client, pieces[0][0]));
    co_sleep(20 * CO_CLOCK_MS);
    http_stop(&http);
    close_client(client);
}

static void test_a_body_in_pieces(void)
{
    enum { SIZE = 60000 };
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(100, echo, &state, &port);
    struct client *client = open_client(port);
    struct answer *answer = malloc(sizeof *answer);
    char *body = malloc(SIZE);
    co_ensure(answer && body);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 26);
    CU_ASSERT_TRUE(
        send_text(client, "POST /park HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (size_t at = 0; at < SIZE; at += 1000) {
        char head[20];
        snprintf(head, sizeof head, "%x\r\n", 1000);
        CU_ASSERT_TRUE(send_text(client, head) && client_send(client, body + at, 1000) &&
                       send_text(client, "\r\n"));
        co_yield();
    }
    CU_ASSERT_TRUE(send_text(client, "0\r\n\r\n"));
    client_read(client, false, answer);
    CU_ASSERT_EQUAL(answer->status, 200);
    CU_ASSERT_EQUAL(answer->length, SIZE);
    CU_ASSERT_EQUAL(memcmp(answer->body, body, SIZE), 0);
    free(body);
    free(answer);
    close_client(client);
    http_stop(&http);
}

static void test_too_large(void)
{
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(100, echo, &state, &port);
    struct client *client = open_client(port);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    static const char piece[65536];
    /* Without waiting for an answer: all is read, nothing kept, and the connection goes on. */
    CU_ASSERT_TRUE(
        send_text(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n"));
    for (int i = 0; i < 64; i++)
        CU_ASSERT_TRUE(client_send(client, piece, sizeof piece));
    client_read(client, false, answer);
    CU_ASSERT_EQUAL(answer->status, 413);
    /* In chunks, so that the size is not known before. */
    CU_ASSERT_TRUE(
        send_text(client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 8; i++)
        CU_ASSERT_TRUE(send_text(client, "10000\r\n") && client_send(client, piece, sizeof piece) &&
                       send_text(client, "\r\n"));
    CU_ASSERT_TRUE(send_text(client, "0\r\n\r\n"));
    client_read(client, false, answer);
    CU_ASSERT_EQUAL(answer->status, 413);
    /* A client that asks first, and one beyond all bounds, are answered immediately. */
    CU_ASSERT_TRUE(send_text(client, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                     "Content-Length: 104857600\r\n\r\n"));
    client_read(client, false, answer);
    CU_ASSERT_EQUAL(answer->status, 413);
    close_client(client);
    client = open_client(port);
    CU_ASSERT_TRUE(
        send_text(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 104857600000\r\n\r\n"));
    client_read(client, false, answer);
    CU_ASSERT_EQUAL(answer->status, 413);
    CU_ASSERT_EQUAL(atomic_load(&state.asked), 0);
    free(answer);
    close_client(client);
    http_stop(&http);
}

/* ---- many together ------------------------------------------------------------------------- */

struct crowd {
    int port, requests;
    _Atomic int good;
    struct co_waitgroup group;
};

static void one_of_the_crowd(void *arg)
{
    struct crowd *crowd = arg;
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(client && answer);
    if (client_open(client, crowd->port)) {
        for (int i = 0; i < crowd->requests; i++) {
            client_call(client, "POST", i % 2 ? "/park" : "/", "", "abc", answer);
            if (answer->status == 200 && strcmp(answer->body, "abc") == 0)
                atomic_fetch_add(&crowd->good, 1);
        }
        client_close(client);
    }
    free(client);
    free(answer);
    co_waitgroup_done(&crowd->group);
}

/* libmicrohttpd takes 128 events at a time; round counts have stalled loops before. */
static void test_no_count_of_clients_stalls(void)
{
    static const int counts[] = {1, 127, 128, 129, 256, 384, 512};
    struct echo state = {.asked = 0};
    int port;
    struct http *http = fixture_http(2000, echo, &state, &port);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct crowd crowd = {.port = port, .requests = 6};
        co_waitgroup_add(&crowd.group, counts[i]);
        int64_t since_ns = co_clock_now_ns();
        for (int j = 0; j < counts[i]; j++)
            co_ensure(co_spawn(one_of_the_crowd, &crowd));
        co_waitgroup_wait(&crowd.group);
        CU_ASSERT_EQUAL(atomic_load(&crowd.good), counts[i] * 6);
        CU_ASSERT_TRUE(co_clock_now_ns() - since_ns < 60 * CO_CLOCK_S);
    }
    http_stop(&http);
}

static void hold_one(void *arg)
{
    struct crowd *crowd = arg;
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(client && answer && client_open(client, crowd->port));
    client_call(client, "POST", "/hold", "", "abc", answer);
    atomic_fetch_add(&crowd->good, answer->status == 200);
    client_close(client);
    free(client);
    free(answer);
    co_waitgroup_done(&crowd->group);
}

static void test_a_full_pool_says_so(void)
{
    enum { MOST = 4 };
    struct echo state = {.asked = 0};
    struct crowd crowd = {.good = 0};
    char value[256];
    struct http *http = fixture_http(MOST, echo, &state, &crowd.port);
    co_waitgroup_add(&crowd.group, 20 * MOST);
    struct client *client = open_client(crowd.port);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    for (int i = 0; i < 20 * MOST; i++)
        co_ensure(co_spawn(hold_one, &crowd));
    co_sleep(300 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(atomic_load(&state.asked), MOST); /* the others were not let in */
    client_call(client, "POST", "/", "", "abc", answer);
    CU_ASSERT_EQUAL(answer->status, 503);
    CU_ASSERT_STRING_EQUAL(answer_header(answer, "Retry-After", value), "1");
    CU_ASSERT_PTR_NOT_NULL(strstr(answer->body, "\"code\":\"overloaded\""));
    atomic_store(&state.let_go, true);
    co_waitgroup_wait(&crowd.group);
    CU_ASSERT_EQUAL(atomic_load(&crowd.good), MOST);
    client_call(client, "POST", "/", "", "abc", answer); /* and the same connection goes on */
    CU_ASSERT_EQUAL(answer->status, 200);
    free(answer);
    close_client(client);
    http_stop(&http);
}

static void one_visit(void *arg)
{
    struct crowd *crowd = arg;
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(client && answer);
    if (client_open(client, crowd->port)) {
        client_call(client, "POST", "/", "", "abc", answer);
        atomic_fetch_add(&crowd->good, answer->status == 200);
        client_close(client);
    }
    free(client);
    free(answer);
    co_waitgroup_done(&crowd->group);
}

/* Those beyond the limit wait until others have gone, and then are let in. */
static void test_a_full_house_lets_in_later(void)
{
    enum { VISITORS = 200 };
    struct echo state = {.asked = 0};
    struct crowd crowd = {.good = 0};
    struct http *http = fixture_http_small(echo, &state, &crowd.port);
    co_waitgroup_add(&crowd.group, VISITORS);
    for (int i = 0; i < VISITORS; i++)
        co_ensure(co_spawn(one_visit, &crowd));
    co_waitgroup_wait(&crowd.group);
    CU_ASSERT_EQUAL(atomic_load(&crowd.good), VISITORS);
    http_stop(&http);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void let_go_later(void *arg)
{
    struct echo *state = arg;
    co_sleep(200 * CO_CLOCK_MS);
    atomic_store(&state->let_go, true);
}

static void test_what_was_accepted_is_answered(void)
{
    struct echo state = {.asked = 0};
    struct crowd crowd = {.good = 0};
    struct http *http = fixture_http(100, echo, &state, &crowd.port);
    co_waitgroup_add(&crowd.group, 10);
    for (int i = 0; i < 10; i++)
        co_ensure(co_spawn(hold_one, &crowd));
    co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(atomic_load(&state.asked), 10);
    co_ensure(co_spawn(let_go_later, &state));
    http_stop(&http);
    CU_ASSERT_TRUE(atomic_load(&state.let_go));
    co_waitgroup_wait(&crowd.group);
    CU_ASSERT_EQUAL(atomic_load(&crowd.good), 10);
}

static const struct unit_test tests[] = {{"framing", test_framing},
    {"pipelined_requests_are_answered_in_order", test_pipelined_requests_are_answered_in_order},
    {"what_comes_at_rest_is_noticed", test_what_comes_at_rest_is_noticed},
    {"a_body_in_pieces", test_a_body_in_pieces}, {"too_large", test_too_large},
    {"no_count_of_clients_stalls", test_no_count_of_clients_stalls},
    {"a_full_pool_says_so", test_a_full_pool_says_so},
    {"a_full_house_lets_in_later", test_a_full_house_lets_in_later},
    {"what_was_accepted_is_answered", test_what_was_accepted_is_answered}, {0}};
const struct unit_suite http_suite = {"http", 0, tests};
