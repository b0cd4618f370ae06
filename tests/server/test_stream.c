/* SPDX-License-Identifier: MIT */
/* Responses that are written bit by bit. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

struct source {
    _Atomic int lines, running; /* written so far, by all streams; streams that have not ended */
    int most;                   /* of each stream; then it ends */
    int64_t pause_ns;
    size_t size;                        /* of a line */
    struct co_context *_Atomic context; /* of the stream that began last */
};

static void write_lines(struct http_stream *stream, struct request *request, void *arg)
{
    struct source *source = arg;
    char *line = malloc(source->size + 1);
    co_ensure(line);
    (void)request;
    source->context = http_stream_context(stream);
    atomic_fetch_add(&source->running, 1);
    for (int i = 0; i < source->most; i++) {
        int length = snprintf(line, source->size, "line %d ", i);
        memset(line + length, '.', source->size - (size_t)length - 1);
        line[source->size - 1] = '\n';
        if (!http_stream_write(stream, line, source->size))
            break;
        atomic_fetch_add(&source->lines, 1);
        if (source->pause_ns)
            co_sleep(source->pause_ns);
    }
    atomic_fetch_sub(&source->running, 1);
    free(line);
}

static void answer(void *arg, struct request *request, struct response *response)
{
    (void)request;
    response->status = 200;
    response->content_type = "text/plain";
    response->stream = write_lines;
    response->stream_arg = arg;
}

static struct client *subscribe(int port)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    struct client *client = malloc(sizeof *client);
    struct answer *head = malloc(sizeof *head);
    co_ensure(client && head);
    CU_ASSERT_TRUE_FATAL(client_open(client, port));
    CU_ASSERT_TRUE(client_send(client, text, sizeof text - 1));
    client_read(client, true, head);
    CU_ASSERT_EQUAL(head->status, 200);
    free(head);
    return client;
}

static void unsubscribe(struct client *client)
{
    client_close(client);
    free(client);
}

/* Wait, at most 10 seconds, until the figure is `wanted`. */
static bool becomes(_Atomic int *figure, int wanted)
{
    for (int i = 0; i < 1000 && atomic_load(figure) != wanted; i++)
        co_sleep(10 * CO_CLOCK_MS);
    return atomic_load(figure) == wanted;
}

/* Wait, at most 10 seconds, until the figure has stayed the same for 300 ms. */
static bool rests(_Atomic int *figure)
{
    for (int i = 0; i < 33; i++) {
        int before = atomic_load(figure);
        co_sleep(300 * CO_CLOCK_MS);
        if (before > 0 && atomic_load(figure) == before)
            return true;
    }
    return false;
}

static void test_lines_come_in_order_and_end(void)
{
    struct source source = {.most = 500, .size = 100};
    int port;
    char text[20];
    struct http *http = fixture_http(10, answer, &source, &port);
    struct client *client = subscribe(port);
    for (int i = 0; i < source.most; i++) {
        snprintf(text, sizeof text, "line %d .", i);
        CU_ASSERT_TRUE(client_read_until(client, text));
    }
    CU_ASSERT_TRUE(client_read_until(client, "\r\n0\r\n\r\n"));
    unsubscribe(client);
    http_stop(&http);
}

/* What the kernel holds of a stream, on both sides. */
enum { HELD_MAX = 1 << 20 };

static void test_a_client_that_does_not_read_holds_little(void)
{
    struct source source = {.most = 1000000, .size = 8192};
    int port;
    struct http *http = fixture_http(10, answer, &source, &port);
    struct client *client = subscribe(port);
    CU_ASSERT_TRUE(rests(&source.lines)); /* the socket is full, the writer waits */
    CU_ASSERT_TRUE(atomic_load(&source.lines) * source.size < HELD_MAX);
    CU_ASSERT_EQUAL(atomic_load(&source.running), 1);
    CU_ASSERT_TRUE(client_read_until(client, "line 3 ."));
    unsubscribe(client);
    CU_ASSERT_TRUE(becomes(&source.running, 0));
    http_stop(&http);
}

/* What a stream tells is over: its writer waits for no client then. */
static void test_one_that_is_over_waits_for_nobody(void)
{
    struct source source = {.most = 1000000, .size = 8192};
    int port;
    struct http *http = fixture_http(10, answer, &source, &port);
    struct client *client = subscribe(port);
    CU_ASSERT_TRUE(rests(&source.lines));
    CU_ASSERT_EQUAL(atomic_load(&source.running), 1);
    co_context_cancel(source.context);
    CU_ASSERT_TRUE(becomes(&source.running, 0));
    unsubscribe(client);
    http_stop(&http);
}

static void test_a_client_that_goes_is_noticed(void)
{
    struct source source = {.most = 1000000, .size = 20, .pause_ns = 5 * CO_CLOCK_MS};
    int port;
    struct http *http = fixture_http(10, answer, &source, &port);
    for (int i = 0; i < 5; i++)
        unsubscribe(subscribe(port));
    CU_ASSERT_TRUE(becomes(&source.running, 0));
    http_stop(&http);
}

static void test_streams_end_when_the_server_stops(void)
{
    struct source source = {.most = 1000000, .size = 20, .pause_ns = 5 * CO_CLOCK_MS};
    struct source fast = {.most = 1000000, .size = 8192};
    int port, other_port;
    struct http *http = fixture_http(10, answer, &source, &port);
    struct http *other = fixture_http(10, answer, &fast, &other_port);
    struct client *reader = subscribe(port), *sleeper = subscribe(other_port);
    CU_ASSERT_TRUE(client_read_until(reader, "line 3 "));
    http_stop(&http);
    CU_ASSERT_TRUE(client_read_until(reader, "\r\n0\r\n\r\n"));
    CU_ASSERT_EQUAL(atomic_load(&source.running), 0);
    http_stop(&other); /* also with a client that takes nothing */
    CU_ASSERT_EQUAL(atomic_load(&fast.running), 0);
    unsubscribe(reader);
    unsubscribe(sleeper);
}

/* A thousand together, each with a line every 50 ms. */
static void test_a_thousand_streams(void)
{
    enum { MANY = 1000 };
    struct source source = {.most = 1000000, .size = 100, .pause_ns = 50 * CO_CLOCK_MS};
    int port;
    struct http *http = fixture_http(2 * MANY, answer, &source, &port);
    struct client **clients = calloc(MANY, sizeof *clients);
    struct http_figures *figures = malloc(sizeof *figures);
    co_ensure(clients && figures);
    for (int i = 0; i < MANY; i++)
        clients[i] = subscribe(port);
    http_read_figures(http, figures);
    CU_ASSERT_EQUAL(figures->streams, MANY);
    for (int i = 0; i < MANY; i++)
        CU_ASSERT_TRUE(client_read_until(clients[i], "line 2 "));
    for (int i = 0; i < MANY; i++)
        unsubscribe(clients[i]);
    CU_ASSERT_TRUE(becomes(&source.running, 0));
    http_stop(&http);
    free(figures);
    free(clients);
}

static const struct unit_test tests[] = {
    {"lines_come_in_order_and_end", test_lines_come_in_order_and_end},
    {"a_client_that_does_not_read_holds_little", test_a_client_that_does_not_read_holds_little},
    {"one_that_is_over_waits_for_nobody", test_one_that_is_over_waits_for_nobody},
    {"a_client_that_goes_is_noticed", test_a_client_that_goes_is_noticed},
    {"streams_end_when_the_server_stops", test_streams_end_when_the_server_stops},
    {"a_thousand_streams", test_a_thousand_streams}, {0}};
const struct unit_suite stream_suite = {"stream", 0, tests};
