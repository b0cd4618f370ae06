/* SPDX-License-Identifier: MIT */
/* The whole service over HTTP: tokens, the order of checks, and money. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/pg.h"
#include "server/auth/token_desk.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

#define TRANSFERS API_LEDGER_PATH "/transfers"
#define ACCOUNTS API_LEDGER_PATH "/accounts"

/* ---- tokens -------------------------------------------------------------------------------- */

static void revoke_token(struct fixture *fixture, int64_t id)
{
    char error[200];
    const struct token_actor by = {.name = "test"};
    bool found = false;
    struct pg *pg =
        pg_connect(co_context_background(), fixture->database.conninfo, NULL, error, sizeof error);
    co_ensure(pg);
    CU_ASSERT_TRUE(token_revoke(co_context_background(), pg, &by, id, &found));
    CU_ASSERT_TRUE(found);
    CU_ASSERT_TRUE(token_revoke(co_context_background(), pg, &by, id, &found));
    CU_ASSERT_FALSE(found);
    pg_close(&pg);
}

static int status_with(
    struct fixture *fixture, const char *authorization, const char *method, const char *path)
{
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    char headers[300];
    co_ensure(client && answer && client_open(client, fixture->port));
    snprintf(headers, sizeof headers, "%s%s%sContent-Type: application/json\r\n",
        authorization ? "Authorization: " : "", authorization ? authorization : "",
        authorization ? "\r\n" : "");
    bool post = strcmp(method, "POST") == 0;
    client_call(client, method, path, headers, post ? "{}" : NULL, answer);
    int status = answer->status;
    char value[256];
    CU_ASSERT_EQUAL(*answer_header(answer, "WWW-Authenticate", value) != '\0', status == 401);
    client_close(client);
    free(client);
    free(answer);
    return status;
}

static void test_what_a_token_looks_like(void)
{
    struct fixture fixture;
    char header[200];
    fixture_start(&fixture);
    const char *path = ACCOUNTS;
    CU_ASSERT_EQUAL(status_with(&fixture, NULL, "GET", path), 401);
    CU_ASSERT_EQUAL(status_with(&fixture, "", "GET", path), 401);
    CU_ASSERT_EQUAL(status_with(&fixture, "Bearer", "GET", path), 401);
    CU_ASSERT_EQUAL(status_with(&fixture, "Bearer x", "GET", path), 401);
    snprintf(header, sizeof header, "Basic %s", fixture.admin);
    CU_ASSERT_EQUAL(status_with(&fixture, header, "GET", path), 401);
    snprintf(header, sizeof header, "bearer  %s", fixture.admin);
    CU_ASSERT_EQUAL(status_with(&fixture, header, "GET", path), 200);
    snprintf(header, sizeof header, "Bearer %s", fixture.admin);
    header[30] = (char)(header[30] == '0' ? '1' : '0');
    CU_ASSERT_EQUAL(status_with(&fixture, header, "GET", path), 401);
    fixture_stop(&fixture);
}

static void test_revoked_within_a_second(void)
{
    static struct fixture fixture;
    char text[TOKEN_TEXT], header[120];
    fixture_start(&fixture);
    int64_t id = fixture_token(&fixture, &(struct token){.scope = "read"}, 0, text);
    snprintf(header, sizeof header, "Bearer %s", text);
    CU_ASSERT_EQUAL(status_with(&fixture, header, "GET", ACCOUNTS), 200);
    revoke_token(&fixture, id);
    co_sleep(CO_CLOCK_S);
    CU_ASSERT_EQUAL(status_with(&fixture, header, "GET", ACCOUNTS), 401);
    fixture_stop(&fixture);
}

/* Has the context ended, within any time that a busy machine may take? */
static bool has_ended(struct co_context *context)
{
    for (int i = 0; i < 1000 && co_context_err(context) == CO_CONTEXT_OK; i++)
        co_sleep(20 * CO_CLOCK_MS);
    return co_context_err(context) != CO_CONTEXT_OK;
}

/* What another server of the database does to a token ends the streams that it began here. */
static void test_another_server_ends_streams(void)
{
    static struct fixture fixture;
    char text[TOKEN_TEXT], header[120], error[200];
    struct token_watch watch;
    fixture_start(&fixture);
    struct token_cache *other = NULL;
    CU_ASSERT_EQUAL_FATAL(token_cache_start(co_context_background(), fixture.database.conninfo,
                              &other, error, sizeof error),
        PG_OK);
    for (int how = 0; how < 3; how++) { /* it is revoked, is rotated, ends by itself */
        const struct token_actor by = {.name = "test"};
        struct token_rotation rotation = {.keep_s = 0};
        struct token_grant grant;
        char fresh[TOKEN_TEXT];
        rotation.id =
            fixture_token(&fixture, &(struct token){.scope = "read"}, how == 2 ? 2 : 0, text);
        snprintf(header, sizeof header, "Bearer %s", text);
        CU_ASSERT_TRUE(token_cache_ask(other, header, &grant));
        CU_ASSERT_EQUAL(grant.scope, TOKEN_READ);
        struct co_context *context = co_context_with_cancel(co_context_background());
        token_cache_watch(other, header, TOKEN_READ, context, &watch);
        CU_ASSERT_EQUAL(co_context_err(context), CO_CONTEXT_OK);
        if (how == 0)
            revoke_token(&fixture, rotation.id);
        else if (how == 1)
            CU_ASSERT_EQUAL(
                token_desk_rotate(co_context_background(), fixture.api.desk, &by, &rotation, fresh),
                TOKEN_DESK_DONE);
        CU_ASSERT_TRUE(has_ended(context));
        token_cache_check(other, header, &grant);
        CU_ASSERT_EQUAL(grant.scope, TOKEN_NONE);
        token_cache_unwatch(&watch);
        co_context_release(&context);
    }
    token_cache_stop(&other);
    fixture_stop(&fixture);
}

static const struct unit_test token_tests[] = {
    {"what_a_token_looks_like", test_what_a_token_looks_like},
    {"revoked_within_a_second", test_revoked_within_a_second},
    {"another_server_ends_streams", test_another_server_ends_streams}, {0}};
const struct unit_suite token_suite = {"token", 0, token_tests};

/* ---- the order of checks ------------------------------------------------------------------- */

/* Rows in the documented order: each is wrong in what it names and in all that comes after. */
struct rung {
    const char *method, *path, *headers, *body;
    int status;
    const char *says; /* stands in the answer */
};

static const struct rung rungs[] = {
    {"PUT", "/nowhere/else?x", "", "{", 404, "\"not_found\""},
    {"PUT", TRANSFERS "?x", "", "{", 405, "\"method_not_allowed\""},
    {"POST", TRANSFERS "?x", "", "{", 401, "\"unauthorized\""},
    {"POST", "/v1/ledgers/other/transfers?x", "T", "{", 415, "\"unsupported_media_type\""},
    {"POST", "/v1/ledgers/other/transfers?x", "TJKBAD", "{", 404, "\"ledger_not_found\""},
    {"POST", TRANSFERS "?x", "TJKBAD", "{", 400, "\"member\":\"x\""},
    {"POST", TRANSFERS, "TJKBAD", "{", 400, "\"member\":\"Idempotency-Key\""},
    {"POST", TRANSFERS, "TJ", "{", 400, "\"invalid_json\""},
    {"POST", TRANSFERS, "TJ", "", 400, "\"invalid_json\""},
    {"POST", TRANSFERS, "TJ", "[]", 400, "\"member\":\"body\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":1,\"x\":1}", 400, "\"member\":\"x\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":1,\"postings\":1}", 400, "\"member\":\"from\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":1,\"to\":1,\"amount\":0,\"metadata\":1}", 400,
        "\"member\":\"from\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":\"a\\tb\",\"to\":1}", 400, "\"member\":\"from\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":\"a\",\"to\":1,\"amount\":0,\"metadata\":1}", 400,
        "\"member\":\"to\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":\"a\",\"to\":\"a\",\"amount\":0,\"metadata\":1}", 400,
        "\"member\":\"amount\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":\"a\",\"to\":\"a\",\"amount\":1,\"metadata\":1}", 400,
        "\"member\":\"metadata\""},
    {"POST", TRANSFERS, "TJ", "{\"postings\":[]}", 400, "\"member\":\"postings\""},
    {"POST", TRANSFERS, "TJ", "{\"postings\":[1]}", 400, "\"member\":\"postings[0]\""},
    {"POST", TRANSFERS, "TJ", "{\"postings\":[{\"from\":\"a\",\"to\":\"b\",\"amount\":1.5}]}", 400,
        "\"member\":\"postings[0].amount\""},
    {"POST", TRANSFERS, "TJ", "{\"from\":\"no-1\",\"to\":\"no-1\",\"amount\":1}", 404,
        "\"account_not_found\""},
    {"POST", ACCOUNTS, "TJ", "{\"id\":\"\",\"asset\":1}", 400, "\"member\":\"id\""},
    {"POST", ACCOUNTS, "TJ", "{\"id\":\"world:USD.2\",\"asset\":1}", 400, "\"member\":\"id\""},
    {"POST", ACCOUNTS, "TJ", "{\"id\":\"a\",\"asset\":\"usd\",\"floor\":1}", 400,
        "\"member\":\"asset\""},
    {"POST", ACCOUNTS, "TJ", "{\"id\":\"a\",\"asset\":\"USD/2\",\"floor\":1}", 400,
        "\"member\":\"floor\""},
    {"POST", ACCOUNTS "/a%09b/deposit", "TJ", "{\"amount\":1}", 400, "\"member\":\"account\""},
    {"POST", ACCOUNTS "/no-1/deposit", "TJ", "{\"amount\":-1}", 400, "\"member\":\"amount\""},
    {"POST", ACCOUNTS "/no-1/withdraw", "TJ", "{\"amount\":1}", 404, "\"account_not_found\""},
    {"GET", ACCOUNTS "?limit=0", "T", NULL, 400, "\"member\":\"limit\""},
    {"GET", ACCOUNTS "?limit=1001", "T", NULL, 400, "\"member\":\"limit\""},
    {"GET", ACCOUNTS "?limit=1&limit=1", "T", NULL, 400, "\"member\":\"limit\""},
    {"GET", ACCOUNTS "?asset=x", "T", NULL, 400, "\"member\":\"asset\""},
    {"GET", ACCOUNTS "/no-1", "T", NULL, 404, "\"account_not_found\""},
    {"GET", ACCOUNTS "/no-1/entries", "T", NULL, 404, "\"account_not_found\""},
    {"GET", TRANSFERS "/x", "T", NULL, 400, "\"member\":\"id\""},
    {"GET", TRANSFERS "/999999999", "T", NULL, 404, "\"transfer_not_found\""},
    {"GET", TRANSFERS "?key=a&limit=1", "T", NULL, 400, "\"member\":\"key\""},
    {"GET", API_LEDGER_PATH "/journal?after=-1", "T", NULL, 400, "\"member\":\"after\""},
    {"GET", API_LEDGER_PATH "/events?after=x", "T", NULL, 400, "\"member\":\"after\""},
};

static void check_rung(
    struct fixture *fixture, struct client *client, const struct rung *rung, struct answer *answer)
{
    char headers[400], value[256];
    snprintf(headers, sizeof headers, "%s%s%s%s%s",
        strchr(rung->headers, 'T') ? "Authorization: Bearer " : "",
        strchr(rung->headers, 'T') ? fixture->admin : "", strchr(rung->headers, 'T') ? "\r\n" : "",
        strchr(rung->headers, 'J') ? "Content-Type: application/json\r\n" : "",
        strstr(rung->headers, "KBAD") ? "Idempotency-Key: \"\r\n" : "");
    client_call(client, rung->method, rung->path, headers, rung->body, answer);
    bool is_problem =
        strcmp(answer_header(answer, "Content-Type", value), "application/problem+json") == 0;
    if (answer->status != rung->status || !strstr(answer->body, rung->says) || !is_problem) {
        printf("\n    %s %s %s\n    -> %d %s ", rung->method, rung->path,
            rung->body ? rung->body : "", answer->status, answer->body);
        CU_FAIL("answered otherwise");
    }
}

/* Ask for each of them over one connection. */
static void climb(struct fixture *fixture, const struct rung *from, size_t count)
{
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(client && answer && client_open(client, fixture->port));
    for (size_t i = 0; i < count; i++)
        check_rung(fixture, client, &from[i], answer);
    client_close(client);
    free(client);
    free(answer);
}

static void test_ladder(void)
{
    static struct fixture fixture; /* large */
    fixture_start(&fixture);
    uint64_t before = fixture_seq(&fixture);
    climb(&fixture, rungs, sizeof rungs / sizeof rungs[0]);
    CU_ASSERT_EQUAL(fixture_seq(&fixture), before); /* and nothing has changed */
    fixture_stop(&fixture);
}

/* Before the ledgers are open it is said that the service starts, whoever asks and for what. */
static void test_while_it_starts(void)
{
    static const char starts[] = "The service is starting";
    static const struct rung early[] = {
        {"PUT", "/nowhere/else?x", "", "{", 404, "\"not_found\""},
        {"PUT", TRANSFERS "?x", "", "{", 405, "\"method_not_allowed\""},
        {"POST", TRANSFERS "?x", "", "{", 503, starts},
        {"POST", "/v1/ledgers/other/transfers?x", "T", "{", 503, starts},
        {"POST", TRANSFERS "?x", "TJKBAD", "{", 503, starts},
        {"GET", ACCOUNTS "?limit=0", "T", NULL, 503, starts},
        {"GET", "/v1/tokens?limit=0", "T", NULL, 503, starts},
        {"POST", API_LEDGER_PATH "/arrivals?x", "", "{", 503, starts},
    };
    static struct fixture fixture; /* large */
    fixture_start(&fixture);
    atomic_store(&fixture.api.open, false);
    climb(&fixture, early, sizeof early / sizeof early[0]);
    atomic_store(&fixture.api.open, true);
    fixture_stop(&fixture);
}

static const struct unit_test ladder_tests[] = {
    {"order_of_checks", test_ladder}, {"while_it_starts", test_while_it_starts}, {0}};
const struct unit_suite ladder_suite = {"ladder", 0, ladder_tests};

/* ---- money --------------------------------------------------------------------------------- */

struct pair {
    struct fixture fixture;
    struct answer first, second;
    char a[40], b[40], body[300], path[200];
};

static struct pair *pair_start(unsigned deposit)
{
    struct pair *pair = calloc(1, sizeof *pair);
    co_ensure(pair);
    fixture_start(&pair->fixture);
    fixture_name(pair->a);
    fixture_name(pair->b);
    fixture_account(&pair->fixture, pair->a, deposit);
    fixture_account(&pair->fixture, pair->b, 0);
    return pair;
}

static void pair_stop(struct pair *pair)
{
    fixture_stop(&pair->fixture);
    free(pair);
}

static void transfer(struct pair *pair, const char *key, const char *amount, struct answer *answer)
{
    struct client *client = malloc(sizeof *client);
    char headers[600];
    co_ensure(client && client_open(client, pair->fixture.port));
    snprintf(headers, sizeof headers, "%sIdempotency-Key: %s\r\n", pair->fixture.headers, key);
    snprintf(pair->body, sizeof pair->body, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%s}",
        pair->a, pair->b, amount);
    client_call(client, "POST", TRANSFERS, headers, pair->body, answer);
    client_close(client);
    free(client);
}

static void check_replay(struct pair *pair, const char *key, const char *amount, int status)
{
    char one[256], two[256];
    transfer(pair, key, amount, &pair->first);
    transfer(pair, key, amount, &pair->second);
    CU_ASSERT_EQUAL(pair->first.status, status);
    CU_ASSERT_EQUAL(pair->second.status, status);
    CU_ASSERT_EQUAL(pair->first.length, pair->second.length);
    CU_ASSERT_STRING_EQUAL(pair->first.body, pair->second.body);
    CU_ASSERT_STRING_EQUAL(answer_header(&pair->first, "Ledger-Seq", one),
        answer_header(&pair->second, "Ledger-Seq", two));
    CU_ASSERT_STRING_EQUAL(answer_header(&pair->first, "Idempotency-Replayed", one), "");
    CU_ASSERT_STRING_EQUAL(answer_header(&pair->second, "Idempotency-Replayed", two), "true");
}

static void test_replays_are_the_same_to_the_byte(void)
{
    struct pair *pair = pair_start(100);
    char key[60];
    snprintf(key, sizeof key, "\"yes %s\"", pair->a);
    check_replay(pair, key, "60", 201);
    snprintf(key, sizeof key, "no-%s", pair->a);
    check_replay(pair, key, "60", 422);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"available\":\"40\""));
    transfer(pair, key, "40", &pair->first); /* the same key for something else */
    CU_ASSERT_EQUAL(pair->first.status, 422);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"code\":\"key_reused\""));
    snprintf(pair->path, sizeof pair->path, TRANSFERS "?key=%s", key);
    fixture_call(&pair->fixture, "GET", pair->path, NULL, &pair->first);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"code\":\"insufficient_funds\""));
    pair_stop(pair);
}

static void test_what_an_impatient_one_is_told(void)
{
    struct pair *pair = pair_start(100);
    struct client *client = malloc(sizeof *client);
    char headers[600], value[256];
    co_ensure(client && client_open(client, pair->fixture.port));
    snprintf(headers, sizeof headers, "%sPrefer: wait=0\r\nIdempotency-Key: \"im/%s\"\r\n",
        pair->fixture.headers, pair->a);
    snprintf(pair->body, sizeof pair->body, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":1}", pair->a,
        pair->b);
    client_call(client, "POST", TRANSFERS, headers, pair->body, &pair->first);
    CU_ASSERT_EQUAL(pair->first.status, 504);
    CU_ASSERT_STRING_EQUAL(answer_header(&pair->first, "Retry-After", value), "");
    snprintf(pair->path, sizeof pair->path, "\"settle\":\"%s?key=im%%2F%s\"", TRANSFERS, pair->a);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, pair->path));
    /* The work itself went on: the same key tells. */
    char key[60];
    snprintf(key, sizeof key, "\"im/%s\"", pair->a);
    transfer(pair, key, "1", &pair->first);
    CU_ASSERT_EQUAL(pair->first.status, 201);
    CU_ASSERT_STRING_EQUAL(answer_header(&pair->first, "Idempotency-Replayed", value), "true");
    client_close(client);
    free(client);
    pair_stop(pair);
}

static void test_postings_and_balances(void)
{
    struct pair *pair = pair_start(100);
    snprintf(pair->body, sizeof pair->body,
        "{\"postings\":[{\"from\":\"%s\",\"to\":\"%s\",\"amount\":\"90\"},"
        "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":5}],\"metadata\":{\"b\":1,\"a\":\"\\u00e9\"}}",
        pair->a, pair->b, pair->b, pair->a);
    fixture_call(&pair->fixture, "POST", TRANSFERS, pair->body, &pair->first);
    CU_ASSERT_EQUAL(pair->first.status, 201);
    snprintf(pair->body, sizeof pair->body,
        "\"balances\":{\"%s\":\"15\",\"%s\":\"85\"},\"metadata\":{\"b\":1,\"a\":\"\\u00e9\"}",
        pair->a, pair->b);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, pair->body));
    char location[256];
    answer_header(&pair->first, "Location", location);
    fixture_call(&pair->fixture, "GET", location, NULL, &pair->second);
    CU_ASSERT_EQUAL(pair->second.status, 200);
    CU_ASSERT_STRING_EQUAL(pair->second.body, pair->first.body);
    snprintf(pair->path, sizeof pair->path, ACCOUNTS "/%s/entries?limit=1", pair->a);
    fixture_call(&pair->fixture, "GET", pair->path, NULL, &pair->first);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"amount\":\"-85\",\"balance\":\"15\""));
    CU_ASSERT_PTR_NULL(strstr(pair->first.body, "\"next\":null"));
    fixture_audit(&pair->fixture, &pair->first);
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"state\":\"done\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(pair->first.body, "\"ok\":true"));
    pair_stop(pair);
}

static void test_events_resume(void)
{
    struct pair *pair = pair_start(100);
    struct client *client = malloc(sizeof *client);
    char head[800], text[100];
    uint64_t seq = fixture_seq(&pair->fixture);
    co_ensure(client && client_open(client, pair->fixture.port));
    snprintf(head, sizeof head,
        "GET " API_LEDGER_PATH
        "/events?after=1 HTTP/1.1\r\nHost: h\r\n%sLast-Event-ID: %llu\r\n\r\n",
        pair->fixture.headers, (unsigned long long)seq - 1);
    CU_ASSERT_TRUE(client_send(client, head, strlen(head)));
    CU_ASSERT_TRUE(client_read_until(client, "retry: 1000\n\n"));
    snprintf(text, sizeof text, "event: heartbeat\ndata: {\"seq\":%llu}\n\n",
        (unsigned long long)seq - 1);
    CU_ASSERT_TRUE(client_read_until(client, text));
    snprintf(text, sizeof text, "id: %llu\ndata: {\"seq\":%llu,\"kind\":\"account\"",
        (unsigned long long)seq, (unsigned long long)seq);
    CU_ASSERT_TRUE(client_read_until(client, text));
    transfer(pair, pair->a, "7", &pair->first);
    snprintf(text, sizeof text, "id: %llu\ndata: {\"seq\":%llu,\"kind\":\"transfer\"",
        (unsigned long long)seq + 1, (unsigned long long)seq + 1);
    CU_ASSERT_TRUE(client_read_until(client, text));
    client_close(client);
    free(client);
    pair_stop(pair);
}

static const struct unit_test money_tests[] = {
    {"replays_are_the_same_to_the_byte", test_replays_are_the_same_to_the_byte},
    {"what_an_impatient_one_is_told", test_what_an_impatient_one_is_told},
    {"postings_and_balances", test_postings_and_balances}, {"events_resume", test_events_resume},
    {0}};
const struct unit_suite money_suite = {"money", 0, money_tests};
