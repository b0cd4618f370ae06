/* SPDX-License-Identifier: MIT */
/* HEAD is GET without its body, OPTIONS says what a path takes, and the page's files are there in
 * gzip for who wants that. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/raw.h"
#include "tests/service/visit.h"

static const char *const paths[] = {"/", "/style.css", "/main.js", "/icon.svg", "/lab",
    "/lab/lab.js", "/docs/", "/docs/tutorial.html", "/docs/docs.css", "/openapi.json", "/owner.c",
    "/livez", "/readyz", "/v1/ledgers", "/v1/ledgers/main", "/v1/ledgers/main/accounts?limit=1",
    "/v1/ledgers/main/accounts/nobody", "/v1/ledgers/main/journal?limit=1",
    "/v1/ledgers/main/transfers?limit=0", "/v1/ledgers/main/machinery", "/v1/lab/scenarios",
    "/v1/lab/runs/none", "/nowhere"};

/* Over a connection of its own, whole: text and status in *raw. */
static void ask(const char *method, const char *path, const char *headers, struct raw *raw)
{
    char text[800];
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    int length = snprintf(text, sizeof text,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%sConnection: "
        "close\r\n\r\n",
        method, path, service->target.token, headers);
    raw_ask(service, text, (size_t)length, raw);
}

/* A header of the answer, with its name; "" if it is not there. */
static void header_of(const struct raw *raw, const char *name, char *to, size_t size)
{
    char mark[80];
    snprintf(mark, sizeof mark, "\r\n%s: ", name);
    const char *at = strstr(raw->text, mark), *end = strstr(raw->text, "\r\n\r\n");
    bool there = at && end && at < end;
    snprintf(to, size, "%.*s", there ? (int)strcspn(at + 2, "\r") : 0, there ? at + 2 : "");
}

static void expect_same(const struct raw *get, const struct raw *head, const char *path)
{
    static const char *const names[] = {"Content-Length", "Content-Type", "ETag", "Vary",
        "Content-Encoding", "Cache-Control", "Transfer-Encoding", "Content-Security-Policy"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char one[600], other[600];
        header_of(get, names[i], one, sizeof one);
        header_of(head, names[i], other, sizeof other);
        if (strcmp(one, other) != 0)
            printf("\n    %s: %s, HEAD: %s ", path, one, other);
        CU_ASSERT_STRING_EQUAL(one, other);
    }
}

static void head(void)
{
    static struct raw get, head;
    static const char *const wants[] = {"", "Accept-Encoding: gzip\r\n"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        for (size_t j = 0; j < 2; j++) {
            ask("GET", paths[i], wants[j], &get);
            ask("HEAD", paths[i], wants[j], &head);
            CU_ASSERT_EQUAL(get.status, head.status);
            expect_same(&get, &head, paths[i]);
            const char *end = strstr(head.text, "\r\n\r\n");
            CU_ASSERT(head.closed && end && (size_t)(end + 4 - head.text) == head.length);
        }
    /* Of a stream: its length is not known, and there is none. */
    ask("HEAD", "/v1/ledgers/main/events", "", &head);
    CU_ASSERT_EQUAL(head.status, 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(head.text, "\r\nContent-Type: text/event-stream\r\n"));
    CU_ASSERT_PTR_NULL(strstr(head.text, "Content-Length"));
    const char *end = strstr(head.text, "\r\n\r\n");
    if (!head.closed || !end || end[4])
        printf("\n    %s ", head.text);
    CU_ASSERT(head.closed && end && !end[4]);
}

/* Its end is the connection's, also for a client that would have kept it. */
static void head_of_a_stream(void)
{
    static struct raw raw;
    char text[400];
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    int length = snprintf(text, sizeof text,
        "HEAD /v1/ledgers/main/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        "%s\r\n\r\n",
        service->target.token);
    raw_ask(service, text, (size_t)length, &raw);
    CU_ASSERT_EQUAL(raw.status, 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(raw.text, "\r\nConnection: close\r\n"));
    CU_ASSERT(raw.closed);
}

static void options(void)
{
    static struct raw raw;
    char allow[100];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask("OPTIONS", paths[i], "", &raw);
        header_of(&raw, "Allow", allow, sizeof allow);
        CU_ASSERT_EQUAL(raw.status, 204);
        CU_ASSERT_NSTRING_EQUAL(allow, "Allow: GET, HEAD, ", 18);
        CU_ASSERT_PTR_NULL(strstr(raw.text, "Content-Length"));
        ask("PATCH", paths[i], "", &raw);
        CU_ASSERT_EQUAL(raw.status, 405);
        header_of(&raw, "Allow", allow, sizeof allow);
        CU_ASSERT_NSTRING_EQUAL(allow, "Allow: GET, HEAD, ", 18);
    }
    ask("OPTIONS", "*", "", &raw);
    CU_ASSERT_EQUAL(raw.status, 204);
    CU_ASSERT_PTR_NOT_NULL(strstr(raw.text, "\r\nAllow: GET, HEAD, POST, DELETE, OPTIONS\r\n"));
    ask("OPTIONS", "/v1/nowhere", "", &raw);
    CU_ASSERT_EQUAL(raw.status, 404);
}

/* The length that gzip's last four bytes tell is the plain one's; no name and no time are in it. */
static void gzip(void)
{
    struct visit visit;
    char plain_tag[80], tag[80], length[30], header[120];
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < 8; i++) {
        struct request request = {.path = paths[i]};
        CU_ASSERT_EQUAL_FATAL(
            client_call(visit.client, &request, &visit.response), CLIENT_ANSWERED);
        size_t plain = visit.response.body_length;
        CU_ASSERT(response_header(&visit.response, "ETag", plain_tag, sizeof plain_tag));
        CU_ASSERT(visit_header_is(&visit, "Vary", "Accept-Encoding"));
        CU_ASSERT_FALSE(
            response_header(&visit.response, "Content-Encoding", length, sizeof length));
        request.headers = "Accept-Encoding: br, gzip;q=0.5\r\n";
        CU_ASSERT_EQUAL_FATAL(
            client_call(visit.client, &request, &visit.response), CLIENT_ANSWERED);
        const unsigned char *bytes = (const unsigned char *)visit.response.body;
        size_t size = visit.response.body_length;
        CU_ASSERT(visit_header_is(&visit, "Content-Encoding", "gzip"));
        CU_ASSERT(visit_header_is(&visit, "Vary", "Accept-Encoding"));
        CU_ASSERT_FATAL(size > 18 && size < plain);
        CU_ASSERT(memcmp(bytes, "\x1f\x8b\x08\0\0\0\0\0", 8) == 0);
        CU_ASSERT_EQUAL(bytes[size - 4] | bytes[size - 3] << 8 | bytes[size - 2] << 16, (int)plain);
        CU_ASSERT(response_header(&visit.response, "ETag", tag, sizeof tag));
        CU_ASSERT_STRING_NOT_EQUAL(tag, plain_tag);
        /* Each is its own copy in the browser. */
        snprintf(header, sizeof header, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", tag);
        request.headers = header;
        CU_ASSERT_EQUAL(client_call(visit.client, &request, &visit.response), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(visit.response.status, 304);
        CU_ASSERT(visit_header_is(&visit, "Vary", "Accept-Encoding"));
        snprintf(header, sizeof header, "If-None-Match: %s\r\n", tag);
        CU_ASSERT_EQUAL(client_call(visit.client, &request, &visit.response), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(visit.response.status, 200);
        request.headers = "Accept-Encoding: gzip;q=0, *\r\n";
        CU_ASSERT_EQUAL(client_call(visit.client, &request, &visit.response), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(visit.response.body_length, plain);
    }
    visit_end(&visit);
}

const struct unit_suite methods_suite = {"methods", 2,
    (const struct unit_test[]){{"head", head}, {"head_of_a_stream", head_of_a_stream},
        {"options", options}, {"gzip", gzip}, {0}}};
