/* SPDX-License-Identifier: MIT */
/* What a call comes to, on which every judge stands: against a server that says what a test has
 * written down, byte for byte. */
#include "loadtest/client.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/coro/script.h"
#include "tests/loadtest/suites.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define OK_HELLO OK "Content-Length: 5\r\n\r\nhello"

enum { LONG = 60, SHORT_MS = 100 };

struct row {
    enum client_status status;
    const char *method;
    struct turn turn;
};

/* Where a row waits for more than comes, it waits shortly. */
static int64_t timeout_of(const struct row *row)
{
    return row->status == CLIENT_TIMEOUT ? SHORT_MS * CO_CLOCK_MS : LONG * CO_CLOCK_S;
}

static void meets(const struct row *row)
{
    struct script script = {0};
    struct target target;
    struct response response;
    script_start(&script, "127.0.0.1:0", &row->turn);
    CU_ASSERT_PTR_NULL_FATAL(target_make(script.url, NULL, &target));
    struct client *client = client_make(&target, timeout_of(row));
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    const struct request request = {.method = row->method, .path = "/"};
    enum client_status status = client_call(client, &request, &response);
    if (status != row->status)
        printf("\n    %s: %s", row->turn.says ? row->turn.says : "nothing",
            client_status_name(status));
    CU_ASSERT_EQUAL(status, row->status);
    client_free(&client);
    script_stop(&script);
    CU_ASSERT_EQUAL(script.requests, 1);
}

static void each_outcome(void)
{
    static const struct row rows[] = {
        {CLIENT_ANSWERED, "GET", {OK_HELLO, KEEP, false}},
        {CLIENT_ANSWERED, "GET", {OK_HELLO, KEEP, true}},
        {CLIENT_ANSWERED, "GET", {OK_HELLO, CLOSE, false}},
        {CLIENT_ANSWERED, "GET", {"HTTP/1.1 100 Continue\r\n\r\n" OK_HELLO, KEEP, false}},
        {CLIENT_ANSWERED, "GET", {"HTTP/1.1 204 No Content\r\n\r\n", KEEP, false}},
        {CLIENT_ANSWERED, "HEAD", {OK "Content-Length: 5\r\n\r\n", KEEP, false}},
        {CLIENT_ANSWERED, "HEAD", {OK "\r\n", KEEP, false}},
        /* The connection ends before the answer does. */
        {CLIENT_LOST, "GET", {NULL, CLOSE, false}},
        {CLIENT_LOST, "GET", {NULL, RESET, false}},
        {CLIENT_LOST, "GET", {"HTTP/1.1 100 Continue\r\n\r\n", CLOSE, false}},
        {CLIENT_LOST, "GET", {OK "Content-Length: 5\r\n", CLOSE, false}},
        {CLIENT_LOST, "GET", {OK "Content-Length: 5\r\n\r\nhell", CLOSE, false}},
        {CLIENT_LOST, "GET", {OK "Content-Length: 5\r\n\r\n", RESET, false}},
        /* It does not end, nor does the answer. */
        {CLIENT_TIMEOUT, "GET", {"", KEEP, false}},
        {CLIENT_TIMEOUT, "GET", {OK "Content-Length: 5\r\n", KEEP, false}},
        {CLIENT_TIMEOUT, "GET", {OK "Content-Length: 5\r\n\r\nhell", KEEP, false}},
        /* Nobody can tell whether it is whole. */
        {CLIENT_GARBLED, "GET", {OK "\r\nhello", CLOSE, false}},
        {CLIENT_GARBLED, "GET", {OK "\r\n", CLOSE, false}},
        {CLIENT_GARBLED, "GET", {"hello\r\n\r\n", KEEP, false}},
        {CLIENT_GARBLED, "GET", {OK_HELLO OK_HELLO, KEEP, false}},
        {CLIENT_GARBLED, "GET", {OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", KEEP, false}},
        {CLIENT_GARBLED, "GET", {OK "Content-Length: 0\r\nLedger-Seq: x\r\n\r\n", KEEP, false}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        meets(&rows[i]);
}

static void nobody_listens(void)
{
    struct target target;
    struct response response;
    CU_ASSERT_PTR_NULL_FATAL(target_make("http://127.0.0.1:1", NULL, &target));
    struct client *client = client_make(&target, LONG * CO_CLOCK_S);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    const struct request request = {.path = "/"};
    CU_ASSERT_EQUAL(client_call(client, &request, &response), CLIENT_NO_CONNECTION);
    CU_ASSERT_EQUAL(client_receive(client, &response), CLIENT_LOST);
    client_free(&client);
}

/* One connection serves call after call; one that was closed meanwhile loses the next request,
 * which is not sent again; and the call after that connects. */
static void one_connection(void)
{
    static const struct turn turns[] = {{OK_HELLO, KEEP, false}, {OK_HELLO, CLOSE, false},
        {OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello", KEEP, false},
        {OK_HELLO, KEEP, false}};
    static const enum client_status statuses[] = {
        CLIENT_ANSWERED, CLIENT_ANSWERED, CLIENT_LOST, CLIENT_ANSWERED, CLIENT_ANSWERED};
    struct script script = {0};
    struct target target;
    struct response response;
    script_start(&script, "127.0.0.1:0", turns);
    CU_ASSERT_PTR_NULL_FATAL(target_make(script.url, NULL, &target));
    struct client *client = client_make(&target, LONG * CO_CLOCK_S);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const struct request request = {.path = "/"};
        CU_ASSERT_EQUAL(client_call(client, &request, &response), statuses[i]);
        /* It stays valid, also when the connection is closed. */
        if (statuses[i] == CLIENT_ANSWERED)
            CU_ASSERT(response.body_length == 5 && memcmp(response.body, "hello", 5) == 0);
    }
    client_free(&client);
    script_stop(&script);
    CU_ASSERT_EQUAL(script.requests, 4);
    CU_ASSERT_EQUAL(script.connections, 3);
}

const struct unit_suite client_suite = {"client", 1,
    (const struct unit_test[]){{"each_outcome", each_outcome}, {"nobody_listens", nobody_listens},
        {"one_connection", one_connection}, {0}}};
