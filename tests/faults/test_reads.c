/* SPDX-License-Identifier: MIT */
/*
 * Reads while the link to the database swallows whatever is sent and cuts nobody off: each way to
 * read is answered within the lease, from memory, by the database, or with 503; so is what waits
 * for a write that is on its way. And where a connection alone has died, by another one.
 */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/lease/lease.h"
#include "tests/faults/database.h"
#include "tests/service/suites.h"
#include "tests/service/visit.h"

enum {
    ANSWERED_MS = LEASE_MS + 2000, /* the lease, and what a busy machine may take besides */
    WARM = 16,                     /* as often as it takes to have used every connection */
    SETTLE_S = 40,                 /* for what comes about in the end */
};

/* Each way to read, and what a healthy service answers. */
static const struct way {
    const char *path, *headers;
    int status;
    bool in_flight; /* it may be told that a key is in flight, too */
} ways[] = {
    {"/accounts/alice", NULL, 200, false},
    {"/accounts/nobody", NULL, 404, false},
    {"/accounts/noted", NULL, 200, false},
    {"/accounts/alice/entries", NULL, 200, false},
    {"/accounts/alice/entries?before=5", NULL, 200, false},
    {"/accounts/alice?at=4", NULL, 200, false},
    {"/accounts/alice?at=2001-01-01", NULL, 404, false},
    {"/accounts?limit=10", NULL, 200, false},
    {"/transfers/3", NULL, 200, false},
    {"/transfers?key=nobody-s", NULL, 200, false},
    {"/transfers?key=on-its-way", NULL, 200, true},
    {"/transfers?account=alice", NULL, 200, false},
    {"/transfers", NULL, 200, false},
    {"/journal?after=0&limit=5", NULL, 200, false},
    {"/holds/5", NULL, 200, false},
    {"/audit", NULL, 200, false},
    {"/accounts/touched", NULL, 200, false},
    {"/v1/ledgers", NULL, 200, false},
    {"/v1/ledgers/main", NULL, 200, false},
    {"/readyz", NULL, 200, false},
    {"/livez", NULL, 200, false},
    {"/metrics", NULL, 200, false},
    {"/accounts/alice",
        "Authorization: Bearer teller_"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n",
        401, false},
};
enum { WAYS = sizeof ways / sizeof ways[0], STATEMENT = 3 };

static struct reads {
    struct database database;
    struct proxy proxy;
    struct service service;
    char url[DATABASE_URL];
    struct co_waitgroup asking, depositing;
    _Atomic size_t next_way;
    _Atomic bool well; /* the database can be reached: an answer is not to be 503 */
    _Atomic int64_t longest_ms;
} reads;

/* ---- asking -------------------------------------------------------------------------------- */

static void judge(const struct way *way, const struct visit *visit, int64_t took_ms)
{
    int status = visit->response.status;
    bool right = status == way->status || (!reads.well && status == 503) ||
                 (way->in_flight && status == 409);
    bool soon = took_ms < ANSWERED_MS;
    if (!right || !soon)
        printf("\n    %s: %s %d after %lld ms, not %d%s within %d ms\n    ", way->path,
            client_status_name(visit->got), status, (long long)took_ms, way->status,
            reads.well ? "" : " or 503", ANSWERED_MS);
    CU_ASSERT(right);
    CU_ASSERT(soon);
    if (took_ms > reads.longest_ms)
        reads.longest_ms = took_ms;
}

static void ask(const struct way *way)
{
    struct visit visit;
    visit_begin(&visit, &reads.service);
    int64_t asked_ns = co_clock_now_ns();
    visit_call(&visit,
        &(struct request){
            .path = way->path, .headers = way->headers, .without_token = way->headers != NULL});
    judge(way, &visit, (co_clock_now_ns() - asked_ns) / CO_CLOCK_MS);
    visit_end(&visit);
}

static void ask_main(void *arg)
{
    (void)arg;
    ask(&ways[reads.next_way++ % WAYS]);
    co_waitgroup_done(&reads.asking);
}

/* All ways at the same time. */
static void ask_all(void)
{
    co_waitgroup_add(&reads.asking, WAYS);
    for (size_t i = 0; i < WAYS; i++)
        co_ensure(co_spawn(ask_main, NULL));
    co_waitgroup_wait(&reads.asking);
}

/* One whose commit the link swallows. */
static void deposit_main(void *arg)
{
    struct visit visit;
    (void)arg;
    visit_begin(&visit, &reads.service);
    visit_post(&visit, "/accounts/touched/deposit", "on-its-way", "{\"amount\":1}");
    CU_ASSERT(visit.response.status == 201 || visit.response.status == 504);
    visit_end(&visit);
    co_waitgroup_done(&reads.depositing);
}

/* ---- a service behind the proxy ------------------------------------------------------------ */

/* The journal: 1 world, 2 alice, 3 her money, 4 bob, 5 a hold, 6 noted, 7 touched, 8 a deposit. */
static void fill(void)
{
    struct visit visit;
    visit_begin(&visit, &reads.service);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    CU_ASSERT(visit_fund(&visit, "bob", 0));
    visit_post(&visit, "/holds", NULL, "{\"from\":\"alice\",\"to\":\"bob\",\"amount\":10}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/accounts", NULL,
        "{\"id\":\"noted\",\"asset\":\"USD/2\",\"metadata\":{\"note\":\"far\"}}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_fund(&visit, "touched", 100));
    visit_end(&visit);
}

/* After a start nothing of the journal is in memory, and no metadata is kept there. */
static void begin(const char *strategy)
{
    memset(&reads, 0, sizeof reads);
    database_make(&reads.database, "reads");
    database_hide(&reads.database, &reads.proxy, "", reads.url);
    CU_ASSERT_FATAL(service_make(
        &reads.service, strategy, (const char *const[]){"--database", reads.url, NULL}));
    fill();
    CU_ASSERT_EQUAL(service_stop(&reads.service), 0);
    co_ensure(setenv("TELLER_FAILPOINTS", "account.metadata=error", 1) == 0);
    bool up = service_run(&reads.service);
    co_ensure(unsetenv("TELLER_FAILPOINTS") == 0);
    CU_ASSERT_FATAL(up);
    reads.proxy.marks = "RECURSIVE";
    reads.well = true;
    for (int i = 0; i < WARM; i++)
        ask(&ways[STATEMENT]);
}

static void end(void)
{
    printf("[%lld ms at most] ", (long long)reads.longest_ms);
    CU_ASSERT_EQUAL(service_stop(&reads.service), 0);
    service_remove(&reads.service);
    proxy_stop(&reads.proxy);
}

/* ---- the tests ----------------------------------------------------------------------------- */

/* The link carries again, and all that has its own connections has made new ones: the tokens come
 * last. */
static void heal(void)
{
    const struct way *token = &ways[WAYS - 1];
    int64_t until_ns = co_clock_now_ns() + SETTLE_S * CO_CLOCK_S;
    reads.proxy.swallows = false;
    co_waitgroup_wait(&reads.depositing);
    CU_ASSERT(service_await_ready(&reads.service, SETTLE_S * CO_CLOCK_S));
    struct visit visit = {.response.status = 0};
    while (visit.response.status != token->status && co_clock_now_ns() < until_ns) {
        visit_begin(&visit, &reads.service);
        visit_call(
            &visit, &(struct request){
                        .path = token->path, .headers = token->headers, .without_token = true});
        visit_end(&visit);
        co_sleep(50 * CO_CLOCK_MS);
    }
    reads.well = true;
}

static void swallowed(const char *strategy)
{
    begin(strategy);
    ask_all();
    reads.well = false;
    reads.proxy.swallows = true;
    co_waitgroup_add(&reads.depositing, 1);
    co_ensure(co_spawn(deposit_main, NULL));
    co_sleep(20 * CO_CLOCK_MS);
    ask_all();
    co_sleep(LEASE_MS * CO_CLOCK_MS); /* by now it is over, and stays so */
    ask_all();
    heal();
    ask_all();
    end();
}
BOTH_STRATEGIES(swallowed)

/* The connections that have read a statement say nothing from now on; new ones are as ever. */
static void replaced(const char *strategy)
{
    begin(strategy);
    reads.proxy.marks = NULL;
    reads.proxy.swallows_marked = true;
    ask(&ways[STATEMENT]);
    ask_all();
    CU_ASSERT(reads.proxy.swallowed > 0);
    end();
}
BOTH_STRATEGIES(replaced)

const struct unit_suite reads_suite = {
    "reads", 2, (const struct unit_test[]){BOTH_ROWS(swallowed), BOTH_ROWS(replaced), {0}}};
