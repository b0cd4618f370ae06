/* SPDX-License-Identifier: MIT */
/* Asking for a ledger to go to another server: what is refused, and what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

#define OWNER "/v1/ledgers/main/owner"

static void expect(
    struct fixture *fixture, const char *path, const char *body, int status, const char *says)
{
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    fixture_call(fixture, "POST", path, body, answer);
    CU_ASSERT_EQUAL(answer->status, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer->body, says));
    free(answer);
}

/* A number that the database tells. */
static int64_t ask(struct fixture *fixture, const char *sql)
{
    char error[200];
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, fixture->database.conninfo, NULL, error, sizeof error);
    struct pg_result *rows = NULL;
    co_ensure(pg);
    co_ensure(pg_run(context, pg, &(struct pg_statement){.sql = sql}, NULL, &rows) == PG_OK);
    int64_t number = pg_number(rows, 0, 0);
    pg_free(&rows);
    pg_close(&pg);
    return number;
}

static void test_what_an_owner_may_be(void)
{
    static const char *const bad[] = {"{}", "{\"server\":0}", "{\"server\":-1}", "{\"server\":1.5}",
        "{\"server\":null}", "{\"server\":true}", "{\"server\":\"a\"}", "{\"server\":[1]}"};
    struct fixture fixture;
    char body[60];
    fixture_start(&fixture);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(&fixture, OWNER, bad[i], 400, "\"member\":\"server\"");
    expect(&fixture, OWNER, "{\"server\":1,\"other\":1}", 400, "\"member\":\"other\"");
    expect(&fixture, OWNER, "{\"server\":9007199254740991}", 422, "\"code\":\"server_unknown\"");
    expect(&fixture, OWNER, "{\"server\":\"9223372036854775807\"}", 422, "server_unknown");
    expect(&fixture, OWNER, "{\"server\":\"9223372036854775808\"}", 400, "\"member\":\"server\"");
    expect(&fixture, "/v1/ledgers/nowhere/owner", "{\"server\":1}", 404, "ledger_not_found");

    /* The one that has it; and one that has left. */
    long me = ask(&fixture, "SELECT server FROM teller.writer WHERE ledger = 1");
    snprintf(body, sizeof body, "{\"server\":%ld}", me);
    expect(&fixture, OWNER, body, 200, "\"wanted\":null");
    snprintf(body, sizeof body, "{\"server\":\"%ld\"}", me);
    expect(&fixture, OWNER, body, 200, "\"ledger\":\"main\"");
    long gone = ask(&fixture, "INSERT INTO teller.server (url, place, left_at)"
                              " VALUES ('http://gone', '', now()) RETURNING no");
    snprintf(body, sizeof body, "{\"server\":%ld}", gone);
    expect(&fixture, OWNER, body, 409, "\"code\":\"server_gone\"");
    CU_ASSERT_EQUAL(
        ask(&fixture, "SELECT coalesce(wanted, 0) FROM teller.writer WHERE ledger = 1"), 0);
    fixture_stop(&fixture);
}

const struct unit_suite owner_suite = {.name = "owner",
    .tests = (const struct unit_test[]){{"what_an_owner_may_be", test_what_an_owner_may_be}, {0}}};
