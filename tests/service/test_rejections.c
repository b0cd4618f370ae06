/* SPDX-License-Identifier: MIT */
/* Bad input: each a clear problem that names the member, and no entry in the journal. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/visit.h"

struct row {
    const char *path, *body;
    int status;
    const char *code, *member; /* NULL: the problem names none */
};

#define DEPOSIT "/accounts/victim/deposit"
#define D38 "100000000000000000000000000000000000000" /* 10^38 */
#define C64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct row rows[] = {
    /* not JSON */
    {DEPOSIT, "", 400, "invalid_json", NULL},
    {DEPOSIT, "hello", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1}x", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1,}", 400, "invalid_json", NULL},
    {DEPOSIT, "{'amount':1}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":01}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1,\"amount\":1}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1,\"metadata\":{\"a\":\"\xff\xfe\"}}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1,\"metadata\":{\"a\":\"\\ud800\"}}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1,\"metadata\":{\"a\":\"\\u0000\"}}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":\"1\\u0000\"}", 400, "invalid_json", NULL},
    {DEPOSIT, "{\"amount\":1e999}", 400, "invalid_json", NULL},
    /* not an object */
    {DEPOSIT, "[]", 400, "invalid_request", "body"},
    {DEPOSIT, "7", 400, "invalid_request", "body"},
    /* amounts */
    {DEPOSIT, "{}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":null}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":true}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":[1]}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":0}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":-1}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":1.0}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":1.5}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":1e2}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":9007199254740992}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"0\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"-1\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"+1\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"01\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\" 1\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"1.0\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"0x1\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"\\u0661\"}", 400, "invalid_request", "amount"},
    {DEPOSIT, "{\"amount\":\"" D38 "\"}", 400, "invalid_request", "amount"},
    /* members */
    {DEPOSIT, "{\"amount\":1,\"note\":\"x\"}", 400, "invalid_request", "note"},
    {DEPOSIT, "{\"amount\":1,\"Amount\":1}", 400, "invalid_request", "Amount"},
    {DEPOSIT, "{\"amount\":1,\"metadata\":[]}", 400, "invalid_request", "metadata"},
    {DEPOSIT, "{\"amount\":1,\"metadata\":\"x\"}", 400, "invalid_request", "metadata"},
    /* transfers */
    {"/transfers", "{\"from\":\"victim\",\"amount\":1}", 400, "invalid_request", "to"},
    {"/transfers", "{\"to\":\"victim\",\"amount\":1}", 400, "invalid_request", "from"},
    {"/transfers", "{\"from\":1,\"to\":\"victim\",\"amount\":1}", 400, "invalid_request", "from"},
    {"/transfers", "{\"from\":\"a\\u0001b\",\"to\":\"victim\",\"amount\":1}", 400,
        "invalid_request", "from"},
    {"/transfers", "{\"from\":\"\",\"to\":\"victim\",\"amount\":1}", 400, "invalid_request",
        "from"},
    {"/transfers", "{\"postings\":[]}", 400, "invalid_request", "postings"},
    {"/transfers", "{\"postings\":{}}", 400, "invalid_request", "postings"},
    {"/transfers", "{\"postings\":[7]}", 400, "invalid_request", "postings[0]"},
    {"/transfers", "{\"postings\":[{\"from\":\"victim\",\"to\":\"x\",\"amount\":0}]}", 400,
        "invalid_request", "postings[0].amount"},
    {"/transfers",
        "{\"from\":\"victim\",\"to\":\"x\",\"amount\":1,"
        "\"postings\":[{\"from\":\"victim\",\"to\":\"x\",\"amount\":1}]}",
        400, "invalid_request", NULL},
    /* accounts */
    {"/accounts", "{\"asset\":\"USD/2\"}", 400, "invalid_request", "id"},
    {"/accounts", "{\"id\":\"\",\"asset\":\"USD/2\"}", 400, "invalid_request", "id"},
    {"/accounts", "{\"id\":\"" C64 C64 C64 C64 "\",\"asset\":\"USD/2\"}", 400, "invalid_request",
        "id"},
    {"/accounts", "{\"id\":\"..\",\"asset\":\"USD/2\"}", 400, "invalid_request", "id"},
    {"/accounts", "{\"id\":\"a\\u007fb\",\"asset\":\"USD/2\"}", 400, "invalid_request", "id"},
    {"/accounts", "{\"id\":\"world:USD.2\",\"asset\":\"USD/2\"}", 400, "invalid_request", "id"},
    {"/accounts", "{\"id\":\"new\"}", 400, "invalid_request", "asset"},
    {"/accounts", "{\"id\":\"new\",\"asset\":\"USD\"}", 400, "invalid_request", "asset"},
    {"/accounts", "{\"id\":\"new\",\"asset\":\"USD/x\"}", 400, "invalid_request", "asset"},
    {"/accounts", "{\"id\":\"new\",\"asset\":\"USD/2\",\"floor\":1}", 400, "invalid_request",
        "floor"},
    {"/accounts", "{\"id\":\"new\",\"asset\":\"USD/2\",\"floor\":-1.5}", 400, "invalid_request",
        "floor"},
    {"/accounts", "{\"id\":\"new\",\"asset\":\"USD/2\",\"floor\":\"-" D38 "\"}", 400,
        "invalid_request", "floor"},
    /* who is not there */
    {"/accounts/nobody-here/deposit", "{\"amount\":1}", 404, "account_not_found", NULL},
    {"/transfers", "{\"from\":\"victim\",\"to\":\"nobody-here\",\"amount\":1}", 404,
        "account_not_found", NULL},
    {"/v1/ledgers/nowhere/transfers", "{\"from\":\"victim\",\"to\":\"x\",\"amount\":1}", 404,
        "ledger_not_found", NULL},
    /* accounts that cannot be */
    {"/accounts/a%01b/deposit", "{\"amount\":1}", 400, "invalid_request", "account"},
    {"/accounts/a%2/deposit", "{\"amount\":1}", 400, NULL, NULL},
    {"/accounts/a%00b/deposit", "{\"amount\":1}", 400, NULL, NULL},
};

static void begin(struct visit *visit)
{
    visit_begin_shared(visit, "owner");
    CU_ASSERT(visit_fund(visit, "victim", 0));
}

/* The journal's last position; -1 if it cannot be read. */
static int64_t journal_end(struct visit *visit)
{
    visit_get(visit, "/accounts/victim");
    return visit->response.status == 200 ? visit->response.seq : -1;
}

static bool is_clear(const struct visit *visit, const struct row *row)
{
    const struct response *response = &visit->response;
    struct json_view detail = json_view_member(visit->body, "detail");
    struct json_view title = json_view_member(visit->body, "title");
    bool named = !row->member || json_view_is(json_view_member(visit->body, "member"), row->member);
    return response->status == row->status && title.at && (!row->member || detail.length > 10) &&
           (!row->code || json_view_is(json_view_member(visit->body, "code"), row->code)) &&
           named && visit_header_is(visit, "Content-Type", "application/problem+json");
}

static void table(void)
{
    struct visit visit;
    begin(&visit);
    int64_t before = journal_end(&visit);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        visit_post(&visit, rows[i].path, "bad-input", rows[i].body);
        bool clear = is_clear(&visit, &rows[i]);
        CU_ASSERT(clear);
        if (!clear) {
            printf("\n    %s %s (%s)", rows[i].path, rows[i].body,
                rows[i].member ? rows[i].member : "-");
            visit_print(&visit, rows[i].status);
        }
    }
    CU_ASSERT_EQUAL(journal_end(&visit), before);
    visit_end(&visit);
}

static void keys(void)
{
    struct visit visit;
    char longest[256], line[320];
    begin(&visit);
    int64_t before = journal_end(&visit);
    memset(longest, 'k', 255);
    longest[255] = '\0';
    static const char *const bad[] = {"", "\"\"", "\"open", "a\tb", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(line, sizeof line, "Idempotency-Key: %s\r\n", bad[i]);
        visit_call(&visit,
            &(struct request){
                .path = DEPOSIT, .headers = line, .body = "{\"amount\":1}", .body_length = 12});
        EXPECT_STATUS(&visit, 400);
    }
    snprintf(line, sizeof line, "Idempotency-Key: %sk\r\n", longest);
    visit_call(
        &visit, &(struct request){
                    .path = DEPOSIT, .headers = line, .body = "{\"amount\":1}", .body_length = 12});
    EXPECT_STATUS(&visit, 400);
    CU_ASSERT_EQUAL(journal_end(&visit), before);
    visit_post(&visit, DEPOSIT, longest, "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
}

static void types_and_queries(void)
{
    struct visit visit;
    begin(&visit);
    int64_t before = journal_end(&visit);
    static const char raw[] = "POST /v1/ledgers/main" DEPOSIT " HTTP/1.1\r\nHost: x\r\n"
                              "Authorization: Bearer %s\r\n%sContent-Length: 12\r\n\r\n"
                              "{\"amount\":1}";
    static const char *const types[] = {"", "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/jsonx\r\n"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char text[768];
        snprintf(text, sizeof text, raw, service_shared("owner")->target.token, types[i]);
        CU_ASSERT_EQUAL(client_send_bytes(visit.client, text, strlen(text)), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(client_receive(visit.client, &visit.response), CLIENT_ANSWERED);
        EXPECT_STATUS(&visit, 415);
    }
    static const char *const queries[] = {"/accounts?limit=0", "/accounts?limit=1001",
        "/accounts?limit=x", "/accounts?limit=1&limit=2", "/accounts?colour=red",
        "/journal?after=-1", "/journal?after=1.5", "/accounts/victim/entries?before=x",
        "/accounts?prefix=a%01b", "/transfers?key=caf%c3%a9",
        "/transfers?key=", "/transfers?key=a%09b", "/transfers?key=a%7fb"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        visit_get(&visit, queries[i]);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
    }
    CU_ASSERT_EQUAL(journal_end(&visit), before);
    visit_end(&visit);
}

/* What is not text at all is refused wherever it stands, before the database is asked for it. */
static void no_text(void)
{
    static const char *const texts[] = {"%ff", "%c3%28", "%c0%80", "%ed%a0%80", "a%00b"};
    static const struct {
        const char *before, *behind;
    } places[] = {{"/transfers?key=", ""}, {"/transfers?account=", ""}, {"/accounts?prefix=", ""},
        {"/accounts?asset=", ""}, {"/accounts?after=", ""}, {"/accounts/", ""},
        {"/accounts/", "/entries"}, {"/accounts/victim?at=", ""}, {"/holds/", ""},
        {"/transfers/", ""}, {"/v1/ledgers/", ""}, {"/v1/ledgers/", "/accounts"},
        {"/journal?", "=1"}, {"/events?after=", ""}};
    struct visit visit;
    char path[400], longest[300];
    begin(&visit);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            snprintf(path, sizeof path, "%s%s%s", places[i].before, texts[j], places[i].behind);
            visit_get(&visit, path);
            EXPECT_PROBLEM(&visit, 400, "bad_request");
        }
    memset(longest, 'k', 256);
    longest[256] = '\0';
    snprintf(path, sizeof path, "/transfers?key=%s", longest);
    visit_get(&visit, path);
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    longest[255] = '\0';
    snprintf(path, sizeof path, "/transfers?key=%s", longest);
    visit_get(&visit, path);
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
}

/* `depth` times `open`, then as many times `close`, as the value of metadata. */
static char *nested(size_t depth, const char *open, const char *close)
{
    static const char head[] = "{\"amount\":1,\"metadata\":";
    size_t o = strlen(open), c = strlen(close);
    char *text = malloc(sizeof head + depth * (o + c) + 2), *at = text;
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    at = stpcpy(at, head);
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, open);
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, close);
    stpcpy(at, "}");
    return text;
}

static void nesting(void)
{
    struct visit visit;
    begin(&visit);
    int64_t before = journal_end(&visit);
    static const size_t depths[] = {17, 2000, 15000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        char *text = nested(depths[i], "[", "]");
        visit_post(&visit, DEPOSIT, NULL, text);
        EXPECT_PROBLEM(&visit, 400, "invalid_json");
        free(text);
    }
    char *deep = nested(2000, "{\"a\":", "}");
    visit_post(&visit, DEPOSIT, NULL, deep);
    EXPECT_PROBLEM(&visit, 400, "invalid_json");
    free(deep);
    CU_ASSERT_EQUAL(journal_end(&visit), before);
    visit_end(&visit);
}

const struct unit_suite rejections_suite = {"rejections", 2,
    (const struct unit_test[]){{"table", table}, {"keys", keys},
        {"types_and_queries", types_and_queries}, {"no_text", no_text}, {"nesting", nesting}, {0}}};
