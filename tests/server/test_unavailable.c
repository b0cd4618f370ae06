/* SPDX-License-Identifier: MIT */
/* A 503 `unavailable` says why: the database, which server took the ledger over, or that writes
 * stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/journal/journal.h"
#include "ledger/journal/journal_private.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_private.h"
#include "server/api/refusal.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

#define HALTED "/v1/ledgers/halted"
#define STOPPED "Writes to this ledger have stopped, reads go on; /readyz says why."
#define FENCED "Another server has taken the ledger over."
#define AWAY "The database is away, or slow."

static void expect(struct fixture *fixture, const char *method, const char *path, const char *body,
    int status, const char *says)
{
    struct answer *answer = malloc(sizeof *answer);
    co_ensure(answer);
    fixture_call(fixture, method, path, body, answer);
    CU_ASSERT_EQUAL(answer->status, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer->body, says));
    free(answer);
}

#define ITEM(key) "{\"key\":\"" key "\",\"from\":\"world:USD.2\",\"to\":\"a\",\"amount\":5}"

static void test_what_a_stopped_ledger_says(void)
{
    static const char fresh[] = "\"code\":\"unavailable\",\"detail\":\"" STOPPED "\"";
    struct fixture fixture;
    fixture_start(&fixture);
    expect(&fixture, "POST", "/v1/ledgers", "{\"name\":\"halted\"}", 201, "");
    expect(&fixture, "POST", HALTED "/accounts", "{\"id\":\"a\",\"asset\":\"USD/2\"}", 201, "");
    expect(&fixture, "POST", HALTED "/transfers/batch", "{\"transfers\":[" ITEM("k") "]}", 200, "");
    struct ledger *halted = fixture_ledger(&fixture, "halted");
    journal_halt(halted->journal, "for a test");
    ledger_leave(halted);

    static const char *const writes[][2] = {
        {HALTED "/accounts", "{\"id\":\"b\",\"asset\":\"USD/2\"}"},
        {HALTED "/accounts/a/deposit", "{\"amount\":1}"},
        {HALTED "/accounts/a/freeze", "{}"},
        {HALTED "/freeze", "{}"},
        {HALTED "/holds", "{\"from\":\"a\",\"to\":\"world:USD.2\",\"amount\":1}"},
        {HALTED "/transfers/batch", "{\"transfers\":[" ITEM("l") "," ITEM("m") "]}"},
        {HALTED "/transfers/batch", "{\"atomic\":true,\"transfers\":[" ITEM("l") "]}"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
        expect(&fixture, "POST", writes[i][0], writes[i][1], 503,
            "\"status\":503,\"detail\":\"" STOPPED "\",\"code\":\"unavailable\"");
    /* one that was done before is replayed: the batch is answered item by item */
    expect(&fixture, "POST", HALTED "/transfers/batch",
        "{\"transfers\":[" ITEM("k") "," ITEM("l") "]}", 200, fresh);
    expect(&fixture, "GET", HALTED "/accounts/a", NULL, 200, "\"balance\":\"5\"");
    fixture_stop(&fixture);
}

static void expect_detail(struct ledger *ledger, enum request_method method, const char *detail)
{
    struct request request = {.method = method};
    struct response response = {.status = 0};
    char quoted[200];
    arena_init(&request.arena, NULL, 0);
    struct call *call = call_make(NULL, &request, &response);
    call->ledger = ledger;
    call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
    refusal_answer(call);
    snprintf(quoted, sizeof quoted, "\"detail\":\"%s\"", detail);
    CU_ASSERT_PTR_NOT_NULL(memmem(response.body, response.length, quoted, strlen(quoted)));
    call_refuse_status(call, LEDGER_OVERLOADED, 0);
    refusal_answer(call);
    CU_ASSERT_PTR_NULL(memmem(response.body, response.length, "detail", 6));
    arena_clear(&request.arena);
}

/* A ledger that has stopped reads on: if it did not, it is the database's doing. */
static void test_whose_doing_it_is(void)
{
    struct fixture fixture;
    fixture_start(&fixture);
    struct ledger *ledger = fixture_ledger(&fixture, API_LEDGER);
    expect_detail(NULL, REQUEST_POST, AWAY);
    expect_detail(ledger, REQUEST_POST, AWAY);
    journal_halt(ledger->journal, "for a test");
    expect_detail(ledger, REQUEST_GET, AWAY);
    expect_detail(ledger, REQUEST_POST, STOPPED);
    CU_ASSERT_TRUE(lease_degrade(&ledger->store->claim, LEASE_FENCED, "for a test"));
    expect_detail(ledger, REQUEST_GET, FENCED);
    expect_detail(ledger, REQUEST_POST, FENCED);
    ledger_leave(ledger);
    fixture_stop(&fixture);
}

static const struct unit_test tests[] = {
    {"what_a_stopped_ledger_says", test_what_a_stopped_ledger_says},
    {"whose_doing_it_is", test_whose_doing_it_is}, {0}};
const struct unit_suite unavailable_suite = {"unavailable", 0, tests};
