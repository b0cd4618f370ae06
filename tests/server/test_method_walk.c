/* SPDX-License-Identifier: MIT */
/* Each route and each file: HEAD is GET without its body, OPTIONS says what the path takes. */
#include "tests/server/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/embed.h"
#include "server/api/route.h"
#include "tests/server/fixture.h"

static const char *const methods[] = {
    [REQUEST_GET] = "GET", [REQUEST_POST] = "POST", [REQUEST_DELETE] = "DELETE"};

/* A client, and its answers to the two methods. */
struct walk {
    struct fixture fixture;
    struct client client;
    struct answer get, head;
};

/* The head of the answer alone: the body of a stream would not end. */
static void ask(struct walk *walk, const char *method, const char *path, const char *more,
    struct answer *answer)
{
    char text[1000];
    int length = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
        method, path, walk->fixture.headers, more);
    answer_clear(answer);
    if (client_send(&walk->client, text, (size_t)length))
        client_read(&walk->client, true, answer);
}

static bool is_same(const struct walk *walk, const char *name)
{
    char get[256], head[256];
    return strcmp(answer_header(&walk->get, name, get), answer_header(&walk->head, name, head)) ==
           0;
}

/* Figures change from one answer to the next, a file does not, and a stream has no length. */
static bool lengths_agree(const struct walk *walk, bool is_file)
{
    char get[256], head[256];
    answer_header(&walk->get, "Content-Length", get);
    answer_header(&walk->head, "Content-Length", head);
    return is_file ? *get && strcmp(get, head) == 0 : !*get == !*head;
}

static void expect(bool right, const struct walk *walk, const char *path)
{
    if (!right)
        printf("\n    %s, GET: %s\n    HEAD: %s ", path, walk->get.headers, walk->head.headers);
    CU_ASSERT(right);
}

/* No cache keeps what was true of one moment; what has a version is asked for again. */
static void expect_unkept(struct walk *walk, const struct answer *answer, const char *path)
{
    char kept[256], etag[256], sniffed[256];
    const char *wanted = *answer_header(answer, "ETag", etag) ? "no-cache" : "no-store";
    answer_header(answer, "Cache-Control", kept);
    expect(strncmp(kept, wanted, strlen(wanted)) == 0, walk, path);
    answer_header(answer, "X-Content-Type-Options", sniffed);
    expect(strcmp(sniffed, "nosniff") == 0, walk, path);
}

/* Another answer over the connection on which there was a HEAD: no body is in its way. */
static void expect_next(struct walk *walk, const char *path, const char *method)
{
    static struct answer answer;
    char allow[256];
    ask(walk, "OPTIONS", path, "", &answer);
    answer_header(&answer, "Allow", allow);
    expect(answer.status == 204 && strstr(allow, method) && strstr(allow, "OPTIONS"), walk, path);
    expect_unkept(walk, &answer, path);
    ask(walk, "PATCH", path, "", &answer);
    expect(answer.status == 405, walk, path);
    expect_unkept(walk, &answer, path);
    CU_ASSERT_EQUAL(strstr(allow, "GET") != NULL, strstr(allow, "HEAD") != NULL);
}

static void compare(struct walk *walk, const char *path, const char *more, bool is_file)
{
    static const char *const names[] = {"Content-Type", "ETag", "Vary", "Content-Encoding",
        "Cache-Control", "Content-Security-Policy", "Location", "Retry-After"};
    CU_ASSERT_FATAL(client_open(&walk->client, walk->fixture.port));
    ask(walk, "GET", path, more, &walk->get);
    client_close(&walk->client);
    CU_ASSERT_FATAL(client_open(&walk->client, walk->fixture.port));
    ask(walk, "HEAD", path, more, &walk->head);
    expect(walk->get.status == walk->head.status && walk->head.status >= 200, walk, path);
    expect(!is_file || walk->head.status == 200, walk, path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect(is_same(walk, names[i]), walk, path);
    expect(lengths_agree(walk, is_file), walk, path);
    expect_unkept(walk, &walk->get, path);
    char connection[256];
    if (strcmp(answer_header(&walk->head, "Connection", connection), "close") == 0)
        CU_ASSERT_EQUAL(client_read_some(&walk->client), 0)
    else
        expect_next(walk, path, "GET");
    client_close(&walk->client);
}

static void each_route(void)
{
    static struct walk walk;
    char path[FIXTURE_PATH];
    fixture_start(&walk.fixture);
    for (size_t i = 0; i < route_count; i++) {
        fixture_path(&route_table[i], path);
        if (route_table[i].method == REQUEST_GET)
            compare(&walk, path, "", false);
        CU_ASSERT_FATAL(client_open(&walk.client, walk.fixture.port));
        expect_next(&walk, path, methods[route_table[i].method]);
        client_close(&walk.client);
    }
    fixture_stop(&walk.fixture);
}

static void each_file(void)
{
    static struct walk walk;
    static const struct embed *const folders[] = {embed_web, embed_lab, embed_api};
    static const char folder[] = "ledger/strategy/", *const wants[] = {
                                                         "", "Accept-Encoding: gzip\r\n"};
    char path[FIXTURE_PATH];
    size_t count = 0;
    fixture_start(&walk.fixture);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        for (const struct embed *file = folders[i]; file->name; file++) {
            /* Of the code that the lab shows only the strategies have an address. */
            bool is_code = strncmp(file->name, folder, sizeof folder - 1) == 0;
            const char *end = strrchr(file->name, '.');
            if (folders[i] == embed_lab && (!is_code || strcmp(end, ".c") != 0))
                continue;
            snprintf(path, sizeof path, "/%s", file->name + (is_code ? sizeof folder - 1 : 0));
            for (size_t j = 0; j < 2; j++)
                compare(&walk, path, wants[j], true);
            count++;
        }
    CU_ASSERT(count > 20);
    fixture_stop(&walk.fixture);
}

static const struct unit_test tests[] = {{"each_route", each_route}, {"each_file", each_file}, {0}};
const struct unit_suite method_walk_suite = {"method_walk", 0, tests};
