/* SPDX-License-Identifier: MIT */
/* X-Request-Id: every answer has one, the sender's where that is one; whoever answers. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/raw.h"
#include "tests/service/visit.h"

enum { ID = 200 };

/* The header of raw text; false: it is not there. */
static bool id_in(const char *text, char id[ID])
{
    const char *at = strstr(text, "\r\nX-Request-Id: ");
    size_t length = at ? strcspn(at + 16, "\r") : 0;
    if (!at || length >= ID || strstr(at + 16, "\r\nX-Request-Id: "))
        return false;
    memcpy(id, at + 16, length);
    id[length] = '\0';
    return true;
}

/* Ours: a UUID of version 7. */
static bool is_made(const char *id)
{
    return strlen(id) == 36 && id[14] == '7' && strspn(id, "0123456789abcdef-") == 36;
}

static void expect_id(
    struct visit *visit, const struct request *request, int status, const char *id)
{
    char found[ID] = "";
    visit_call(visit, request);
    EXPECT_STATUS(visit, status);
    CU_ASSERT_FATAL(visit->got == CLIENT_ANSWERED);
    CU_ASSERT(response_header(&visit->response, "X-Request-Id", found, sizeof found));
    if (id)
        CU_ASSERT_STRING_EQUAL(found, id);
    if (!id && !is_made(found))
        printf("\n    %s ", found);
    CU_ASSERT(id || is_made(found));
}

static void taken_or_made(const char *strategy)
{
    static const struct {
        const char *headers, *id; /* NULL: it is not taken */
    } rows[] = {
        {"", NULL},
        {"X-Request-Id: abc-1\r\n", "abc-1"},
        {"x-request-id:  Root=1-67891233-abcdef  \r\n", "Root=1-67891233-abcdef"},
        {"X-Request-Id: \r\n", NULL},
        {"X-Request-Id: a b\r\n", NULL},
        {"X-Request-Id: a\"b\r\n", NULL},
        {"X-Request-Id: caf\xc3\xa9\r\n", NULL},
        {"X-Request-Id: one\r\nX-Request-Id: two\r\n", NULL},
    };
    static const struct {
        const char *method, *path, *body;
        int status;
        bool without_token;
    } calls[] = {
        {"GET", "/livez", NULL, 200, true},
        {"GET", "/", NULL, 200, true},
        {"GET", "/accounts?limit=1", NULL, 200, false},
        {"HEAD", "/accounts?limit=1", NULL, 200, false},
        {"OPTIONS", "/accounts", NULL, 204, false},
        {"GET", "/accounts?limit=0", NULL, 400, false},
        {"GET", "/v1/%zz", NULL, 400, false},
        {"GET", "/accounts", NULL, 401, true},
        {"GET", "/nowhere", NULL, 404, false},
        {"GET", "/accounts/nobody", NULL, 404, false},
        {"PATCH", "/accounts", NULL, 405, false},
        {"POST", "/transfers", "{", 400, false},
        {"POST", "/transfers", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}", 404, false},
    };
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++)
            expect_id(&visit,
                &(struct request){.method = calls[i].method,
                    .path = calls[i].path,
                    .headers = rows[j].headers,
                    .body = calls[i].body,
                    .body_length = calls[i].body ? strlen(calls[i].body) : 0,
                    .without_token = calls[i].without_token},
                calls[i].status, rows[j].id);
    visit_end(&visit);
}
BOTH_STRATEGIES(taken_or_made)

/* A replay is the first answer to the byte, and still another answer. */
static void replayed(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_fund(&visit, "called", 10));
    struct request request = {.method = "POST",
        .path = "/accounts/called/withdraw",
        .key = "called-1",
        .headers = "X-Request-Id: first\r\n",
        .body = "{\"amount\":1}",
        .body_length = 12};
    expect_id(&visit, &request, 201, "first");
    request.headers = "X-Request-Id: second\r\n";
    expect_id(&visit, &request, 201, "second");
    CU_ASSERT(visit.response.replayed);
    visit_end(&visit);
}

/* The longest one, and those in order that we make. */
static void long_and_sorted(void)
{
    struct visit visit;
    char header[300], id[ID], last[ID] = "";
    visit_begin_shared(&visit, "owner");
    memset(id, 'x', 129);
    id[128] = '\0';
    snprintf(header, sizeof header, "X-Request-Id: %s\r\n", id);
    expect_id(&visit, &(struct request){.path = "/livez", .headers = header}, 200, id);
    snprintf(header, sizeof header, "X-Request-Id: %sx\r\n", id);
    expect_id(&visit, &(struct request){.path = "/livez", .headers = header}, 200, NULL);
    for (int i = 0; i < 100; i++) { /* over one connection, so of one worker */
        visit_get(&visit, "/livez");
        CU_ASSERT(response_header(&visit.response, "X-Request-Id", id, sizeof id));
        CU_ASSERT(strcmp(last, id) < 0);
        snprintf(last, sizeof last, "%s", id);
    }
    visit_end(&visit);
}

/* What HTTP's own layer says no to, before anybody knows which request it is. */
static void early_refusals(void)
{
#define GET "GET /livez HTTP/1.1\r\nHost: a\r\n"
#define IT "X-Request-Id: abc-1\r\n"
    static const struct {
        const char *text;
        int status;
        const char *id;
    } rows[] = {
        {"GET /livez HTTP/1.1\r\n" IT "\r\n", 400, "abc-1"}, /* no Host */
        {GET IT " folded\r\n\r\n", 400, "abc-1"},
        {GET " folded\r\n" IT "\r\n", 400, NULL}, /* not read so far */
        {GET IT "Transfer-Encoding: gzip\r\n\r\n", 400, "abc-1"},
        {"GET\r\n\r\n", 400, NULL},
        {GET IT "Expect: more\r\n\r\n", 417, "abc-1"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, NULL},
        {"POST /v1/ledgers/main/transfers HTTP/1.1\r\nHost: a\r\n" IT
         "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            401, "abc-1"},
        {"POST /livez HTTP/1.1\r\nHost: a\r\n" IT
         "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
            405, "abc-1"},
    };
    static struct raw raw;
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[ID] = "";
        raw_ask(service, rows[i].text, strlen(rows[i].text), &raw);
        CU_ASSERT(id_in(raw.text, id));
        if (raw.status != rows[i].status || strcmp(id, rows[i].id ? rows[i].id : id) != 0)
            printf("\n    %s -> %s ", rows[i].text, raw.text);
        CU_ASSERT_EQUAL(raw.status, rows[i].status);
        CU_ASSERT(rows[i].id ? strcmp(id, rows[i].id) == 0 : is_made(id));
    }
}

/* 414 and 431: what does not fit is not read, and what stands before it is. */
static void too_large(void)
{
    enum { SIZE = 40000 };
    static struct raw raw;
    char *text = malloc(SIZE), id[ID] = "";
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    co_ensure(text);
    int length = snprintf(text, SIZE, GET IT "X-Long: ");
    memset(text + length, 'x', SIZE - (size_t)length);
    raw_ask(service, text, 20000, &raw);
    CU_ASSERT(raw_is_refusal(&raw, 431));
    CU_ASSERT(id_in(raw.text, id) && strcmp(id, "abc-1") == 0);
    length = snprintf(text, SIZE, "GET /");
    memset(text + length, 'x', SIZE - (size_t)length);
    raw_ask(service, text, 20000, &raw);
    CU_ASSERT(raw_is_refusal(&raw, 414));
    CU_ASSERT(id_in(raw.text, id) && is_made(id));
    free(text);
}

/* A stream's head has it, and so has what two requests at once are told. */
static void streams_and_pipelines(void)
{
    static struct raw raw;
    struct visit visit;
    char id[ID] = "";
    visit_begin_shared(&visit, "owner");
    CU_ASSERT_EQUAL_FATAL(client_send(visit.client,
                              &(struct request){.path = "/v1/ledgers/main/events", .headers = IT}),
        CLIENT_ANSWERED);
    CU_ASSERT_EQUAL_FATAL(client_receive_head(visit.client, &visit.response), CLIENT_ANSWERED);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_header_is(&visit, "X-Request-Id", "abc-1"));
    visit_end(&visit);
    static const char two[] = GET IT "\r\n" GET "Connection: close\r\n\r\n";
    raw_ask(service_shared("owner"), two, sizeof two - 1, &raw);
    CU_ASSERT_EQUAL(raw.answers, 2);
    char *first = strstr(raw.text, "\r\nX-Request-Id: abc-1\r\n");
    CU_ASSERT_FATAL(first != NULL);
    CU_ASSERT(id_in(first + 4, id) && is_made(id));
}

const struct unit_suite request_ids_suite = {"request_ids", 2,
    (const struct unit_test[]){BOTH_ROWS(taken_or_made), {"replayed", replayed},
        {"long_and_sorted", long_and_sorted}, {"early_refusals", early_refusals},
        {"too_large", too_large}, {"streams_and_pipelines", streams_and_pipelines}, {0}}};
