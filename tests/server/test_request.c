/* SPDX-License-Identifier: MIT */
/* Taking a request apart, and finding its route. */
#include <stdio.h>
#include <string.h>

#include "server/api/request_key.h"
#include "server/api/route.h"
#include "server/http/accept_encoding.h"
#include "server/http/prefer.h"
#include "tests/server/suites.h"

static void with_request(const char *target, bool good, void (*check)(struct request *request))
{
    char memory[2048];
    struct request request = {.body = NULL};
    arena_init(&request.arena, memory, sizeof memory);
    if (request_read_target(&request, target, strlen(target)) != good) {
        printf("\n    %s ", target);
        CU_FAIL("taken otherwise");
    } else if (check) {
        check(&request);
    }
    arena_clear(&request.arena);
}

static void check_parts(struct request *request)
{
    CU_ASSERT_EQUAL(request->segment_count, 3);
    CU_ASSERT_STRING_EQUAL(request->segments[1], "b/c d");
    CU_ASSERT_STRING_EQUAL(request->segments[2], "+");
    CU_ASSERT_STRING_EQUAL(request_query(request, "x"), "1 2");
    CU_ASSERT_STRING_EQUAL(request_query(request, "y"), "");
    CU_ASSERT_STRING_EQUAL(request_query(request, "z&"), "=a=");
    CU_ASSERT_PTR_NULL(request_query(request, "w"));
}

static void check_count(struct request *request)
{
    CU_ASSERT_EQUAL(request->query_count, 2);
}

static void check_left_out(struct request *request)
{
    CU_ASSERT_EQUAL(request->segment_count, 1);
    CU_ASSERT_EQUAL(request->query_count, 1);
}

static void check_whole(struct request *request)
{
    CU_ASSERT_EQUAL(request->segment_count, 0);
}

static void test_target(void)
{
    with_request("/a/b%2fc%20d/+?x=1+2&y&z%26==a=", true, check_parts);
    with_request("/", true, NULL);
    with_request("", true, NULL); /* of "http://host" */
    with_request("a", false, NULL);
    with_request("/%", false, NULL);
    with_request("/%2", false, NULL);
    with_request("/%zz", false, NULL);
    with_request("/a%00b", false, NULL);
    with_request("/v1?a=%00", false, NULL);
    with_request("/caf%c3%a9?a=%E2%82%AC%f0%9f%92%b6", true, NULL);
    static const char *const not_utf8[] = {"%ff", "%c3", "%c3%28", "%80", "%c0%80", "%c0%af",
        "%e0%80%af", "%ed%a0%80", "%f4%90%80%80", "%f8%88%80%80%80", "a%e2%82"};
    for (size_t i = 0; i < sizeof not_utf8 / sizeof not_utf8[0]; i++) {
        char target[64];
        static const char *const places[] = {
            "/%s", "/a/%s/b", "/v1?key=%s", "/v1?%s=1", "/v1?b&c=%s"};
        for (size_t place = 0; place < sizeof places / sizeof places[0]; place++) {
            static const char mark[] = "%s";
            size_t before = (size_t)(strstr(places[place], mark) - places[place]);
            snprintf(target, sizeof target, "%.*s%s%s", (int)before, places[place], not_utf8[i],
                places[place] + before + strlen(mark));
            with_request(target, false, NULL);
        }
    }
    with_request("/1/2/3/4/5/6/7/8", true, NULL);
    with_request("/1/2/3/4/5/6/7/8/9", false, NULL);
    with_request("/v1?1&2&3&4&5&6&7&8&9", false, NULL);
    with_request("/v1?a=%zz", false, NULL);
    with_request("/v1?&a&&b&", true, check_count);
    with_request("/livez?1&2&3&4&5&6&7&8&9", true, NULL);
    with_request("/livez?a=%zz&b=%00&c", true, check_left_out);
    with_request("*", true, check_whole);
    with_request("?a=b", true, check_left_out);
    with_request("**", false, NULL);
}

static void test_keys(void)
{
    static const struct {
        const char *header, *key; /* key NULL: it is none */
    } rows[] = {
        {"abc", "abc"},
        {"\"abc\"", "abc"},
        {"\"a\\\"b\\\\c\"", "a\"b\\c"},
        {"\"\\\\\"", "\\"},
        {"a b", "a b"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"", NULL},
        {"\"\"", NULL},
        {"\"", NULL},
        {"\"abc", NULL},
        {"\"a\"b\"", NULL},
        {"\"a\\n\"", NULL},
        {"\"\\\"", NULL},
        {"caf\xc3\xa9", NULL},
        {"a\tb", NULL},
    };
    char memory[2048];
    struct arena arena;
    bool good;
    arena_init(&arena, memory, sizeof memory);
    CU_ASSERT_PTR_NULL(request_key_of_header(&arena, NULL, &good));
    CU_ASSERT_TRUE(good);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *key = request_key_of_header(&arena, rows[i].header, &good);
        if (good != (rows[i].key != NULL) || (good && strcmp(key, rows[i].key) != 0)) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
    }
    arena_clear(&arena);
}

static void test_key_length(void)
{
    char memory[2048], header[300];
    struct arena arena;
    bool good;
    arena_init(&arena, memory, sizeof memory);
    memset(header, 'k', sizeof header);
    header[255] = '\0';
    CU_ASSERT_PTR_NOT_NULL(request_key_of_header(&arena, header, &good));
    header[255] = 'k';
    header[256] = '\0';
    CU_ASSERT_PTR_NULL(request_key_of_header(&arena, header, &good));
    CU_ASSERT_FALSE(good);
    header[0] = header[256] = '"'; /* quotes do not count */
    header[257] = '\0';
    CU_ASSERT_PTR_NOT_NULL(request_key_of_header(&arena, header, &good));
    arena_clear(&arena);
}

static void test_content_type(void)
{
    static const struct {
        const char *header;
        bool good;
    } rows[] = {{"application/json", true}, {"Application/JSON", true},
        {"application/json; charset=utf-8", true}, {"application/json;charset=UTF-8", true},
        {"application/json ", true}, {"application/jsonx", false}, {"text/json", false},
        {"application/json; charset=latin1", false}, {"application/json; charset=utf-8; x", false},
        {"application/json; charset=\"utf-8\"", true}, {"application/json ; a=b", true},
        {"application/json; profile=\"a;b\\\"c\"; Charset=UTF-8", true},
        {"application/json;", true}, {"application/json; ; charset=utf-8 ", true},
        {"application/json; charset=", false}, {"application/json; charset=\"utf-8", false},
        {"application/json; =b", false}, {"application/json; charset=\"latin1\"", false},
        {"application/json, text/plain", false}, {"application/json; a=b c", false},
        {"application/json; charset =utf-8", false}, {"", false}, {NULL, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request request = {.content_type = rows[i].header};
        if (request_is_json(&request) != rows[i].good) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
    }
}

static void test_prefer(void)
{
    static const struct {
        const char *header;
        int64_t wait_s; /* -1: none is said */
    } rows[] = {
        {NULL, -1},
        {"", -1},
        {"wait=5", 5},
        {"WAIT=5", 5},
        {"wait = 5", 5},
        {"wait\t=\t\"5\"", 5},
        {"respond-async, wait=0", 0},
        {",, ,wait=3", 3},
        {"wait=99999999999999999999", PREFER_WAIT_MAX},
        {"wait=7;for=\"a,b\"", 7},
        {"wait=7, wait=8", 7}, /* the first one counts */
        {"wait, wait=8", -1},
        {"wait=", -1},
        {"wait=x", -1},
        {"wait=-1", -1},
        {"wait=+1", -1},
        {"wait=1.5", -1},
        {"wait=\"\"", -1},
        {"wait=\"5", -1},
        {"await=3", -1},
        {"waiting=3", -1},
        {"return=minimal; foo; wait=7", -1}, /* a parameter of another one */
        {"return=minimal; foo;; bar=\"x\", wait=7", 7},
        {"foo=\"wait=3, wait=4\", wait=5", 5},
        {"foo=\"\\\", wait=4\", wait=5", 5},
        {"foo bar, wait=5", -1},
        {"=5, wait=5", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t seconds = -1;
        bool says = prefer_wait(rows[i].header, &seconds);
        if ((says ? seconds : -1) != rows[i].wait_s) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
    }
}

static void test_stale(void)
{
    static const struct {
        const char *header;
        bool has;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"stale", true},
        {"Stale", true},
        {"wait=5, stale", true},
        {"stale;for=\"a\"", true},
        {"stale=no", false},
        {"stale-if-error", false},
        {"foo; stale", false}, /* a parameter of another one */
        {"foo=\"stale\"", false},
        {"foo bar, stale", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (prefer_has(rows[i].header, "stale") != rows[i].has) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
}

static void test_encodings(void)
{
    static const struct {
        const char *header;
        bool gzip;
    } rows[] = {{NULL, false}, {"", false}, {"gzip", true}, {"GZIP", true}, {"x-gzip", true},
        {"gzip, deflate, br, zstd", true}, {"deflate", false}, {"*", true}, {"*;q=0", false},
        {"gzip;q=0", false}, {"gzip;q=0.000", false}, {"gzip;q=0.001", true}, {"gzip ; q=1", true},
        {"*;q=0, gzip", true}, {"gzip;q=0, *", false}, {"identity", false},
        {"identity;q=0.5, gzip", true}, {"identity, gzip;q=0.5", false},
        {"identity;q=1, gzip;q=1.000", true}, {"gzip;q=1.001", false}, {"gzip;q=2", false},
        {"gzip;q=", false}, {"gzip;x=1", false}, {"gzip;q=0.5x", false}, {"gzipped", false},
        {",, gzip ,", true}, {"gzip deflate", false}, {"gzip;q=0.1234", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (accept_encoding_wants_gzip(rows[i].header) != rows[i].gzip) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
}

static void test_entity_tags(void)
{
    static const struct {
        const char *header;
        bool has;
    } rows[] = {{NULL, false}, {"", false}, {"\"a\"", true}, {"\"b\"", false}, {"W/\"a\"", true},
        {"\"b\", \"a\"", true}, {"\"b,\",W/\"a\"", true}, {"\"b,\"a\"", false}, {"*", true},
        {"a", false}, {"\"b", false}, {", ,\"a\"", true}, {"\"\"a\"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request request = {.if_none_match = rows[i].header};
        if (request_has_etag(&request, "\"a\"") != rows[i].has) {
            printf("\n    %s ", rows[i].header);
            CU_FAIL("taken otherwise");
        }
    }
}

static const struct unit_test request_tests[] = {{"target", test_target}, {"keys", test_keys},
    {"key_length", test_key_length}, {"content_type", test_content_type}, {"prefer", test_prefer},
    {"stale", test_stale}, {"encodings", test_encodings}, {"entity_tags", test_entity_tags}, {0}};
const struct unit_suite request_suite = {"request", 1, request_tests};

/* ---- routes -------------------------------------------------------------------------------- */

static enum route_found find(
    enum request_method method, const char *target, const struct route **route, const char **allow)
{
    static char memory[2048];
    static struct request request;
    struct call_path parts;
    memset(&request, 0, sizeof request);
    request.method = method;
    arena_init(&request.arena, memory, sizeof memory);
    co_ensure(request_read_target(&request, target, strlen(target)));
    return route_find(&request, &parts, route, allow);
}

static void test_paths(void)
{
    static const struct {
        enum request_method method;
        const char *target;
        enum route_found found;
        const char *pattern_or_allow;
    } rows[] = {
        {REQUEST_GET, "/", ROUTE_FOUND, "/{file}"},
        {REQUEST_GET, "/lab", ROUTE_FOUND, "/lab"},
        {REQUEST_GET, "/docs/", ROUTE_FOUND, "/docs/{file}"},
        {REQUEST_GET, "/lab/concurrency", ROUTE_FOUND, "/lab/{file}"},
        {REQUEST_GET, "/lab/trace", ROUTE_FOUND, "/lab/{file}"},
        {REQUEST_GET, "/v1/trace", ROUTE_FOUND, "/v1/trace"},
        {REQUEST_POST, "/v1/trace", ROUTE_NO_METHOD, "GET, HEAD, OPTIONS"},
        {REQUEST_GET, "/lab/a/b", ROUTE_NO_PATH, NULL},
        {REQUEST_HEAD, "/livez", ROUTE_FOUND, "/livez"},
        {REQUEST_GET, "/v1/ledgers", ROUTE_FOUND, "/v1/ledgers"},
        {REQUEST_GET, "/v1/ledgers/main/accounts/a", ROUTE_FOUND,
            "/v1/ledgers/{ledger}/accounts/{account}"},
        {REQUEST_POST, "/v1/ledgers/main/accounts/a/deposit", ROUTE_FOUND,
            "/v1/ledgers/{ledger}/accounts/{account}/deposit"},
        {REQUEST_GET, "/v1/ledgers/main/audit", ROUTE_FOUND, "/v1/ledgers/{ledger}/audit"},
        {REQUEST_POST, "/v1/ledgers/main/audit", ROUTE_NO_METHOD, "GET, HEAD, OPTIONS"},
        {REQUEST_POST, "/v1/ledgers/main/audits", ROUTE_FOUND, "/v1/ledgers/{ledger}/audits"},
        {REQUEST_GET, "/v1/ledgers/main/audits", ROUTE_NO_METHOD, "POST, OPTIONS"},
        {REQUEST_GET, "/v1/ledgers/main/audits/1", ROUTE_FOUND, "/v1/ledgers/{ledger}/audits/{id}"},
        {REQUEST_POST, "/v1/ledgers/main/accounts/a", ROUTE_NO_METHOD, "GET, HEAD, OPTIONS"},
        {REQUEST_OTHER, "/v1/ledgers/main/accounts", ROUTE_NO_METHOD, "GET, HEAD, POST, OPTIONS"},
        {REQUEST_GET, "/v1/ledgers/main/accounts/a/deposit", ROUTE_NO_METHOD, "POST, OPTIONS"},
        {REQUEST_OPTIONS, "/", ROUTE_NO_METHOD, "GET, HEAD, OPTIONS"},
        {REQUEST_OPTIONS, "*", ROUTE_NO_METHOD, "GET, HEAD, POST, DELETE, OPTIONS"},
        {REQUEST_DELETE, "/v1/session", ROUTE_FOUND, "/v1/session"},
        {REQUEST_GET, "/v1", ROUTE_FOUND, "/{file}"},
        {REQUEST_GET, "/v1/", ROUTE_NO_PATH, NULL},
        {REQUEST_GET, "/v1/ledgers/main/accounts/a/b", ROUTE_NO_PATH, NULL},
        {REQUEST_GET, "/V1/ledgers", ROUTE_NO_PATH, NULL},
        {REQUEST_GET, "//v1/ledgers", ROUTE_NO_PATH, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct route *route = NULL;
        const char *allow = NULL;
        enum route_found found = find(rows[i].method, rows[i].target, &route, &allow);
        const char *what = found == ROUTE_FOUND ? route->pattern : allow;
        if (found != rows[i].found ||
            (rows[i].pattern_or_allow && strcmp(what, rows[i].pattern_or_allow) != 0)) {
            printf("\n    %s: %s ", rows[i].target, what);
            CU_FAIL("found otherwise");
        }
    }
}

/* What may be done without a token is this and no more; what changes anything needs more than a
 * token for reading. An experiment in the lab changes nothing. Of what one server asks of another
 * only what the journal has decided already is done (arrivals.c). */
static void test_every_route_declares_its_scope(void)
{
    static const char *const open[] = {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs",
        "/docs/{file}", "/lab", "/lab/{file}", "/{file}", NULL};
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        bool is_open = false;
        for (size_t j = 0; open[j]; j++)
            is_open |= strcmp(route->pattern, open[j]) == 0;
        if (strcmp(route->pattern, "/v1/ledgers/{ledger}/arrivals") == 0)
            continue;
        CU_ASSERT_EQUAL(route->scope == TOKEN_NONE, is_open);
        CU_ASSERT_EQUAL(is_open, strncmp(route->pattern, "/v1/", 4) != 0);
        if (route->method == REQUEST_POST && strcmp(route->pattern, "/v1/session") != 0 &&
            strcmp(route->pattern, "/v1/lab/runs") != 0)
            CU_ASSERT_TRUE(route->scope >= TOKEN_WRITE);
    }
}

static const struct unit_test route_tests[] = {{"paths", test_paths},
    {"every_route_declares_its_scope", test_every_route_declares_its_scope}, {0}};
const struct unit_suite route_suite = {"route", 1, route_tests};
