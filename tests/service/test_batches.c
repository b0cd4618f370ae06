/* SPDX-License-Identifier: MIT */
/* Many transfers in one request, and moving a transfer back. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/visit.h"

#define LEG(from, to, amount) "\"from\":\"" from "\",\"to\":\"" to "\",\"amount\":" amount

/* How often a text stands in the last answer. */
static size_t count(const struct visit *visit, const char *text)
{
    size_t found = 0;
    const char *at = visit->response.body, *end = at + visit->response.body_length;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
        found++;
        at += strlen(text);
    }
    return found;
}

/* Another batch under that key is refused as a whole; what looks like the key of one of its items
 * is a key of its own. What became of it is told under its key. */
static void expect_reused(struct visit *visit)
{
    visit_post(
        visit, "/transfers/batch", "each", "{\"transfers\":[{" LEG("each-a", "each-b", "60") "}]}");
    EXPECT_PROBLEM(visit, 422, "key_reused");
    visit_post(visit, "/transfers", "each", "{" LEG("each-a", "each-b", "60") "}");
    EXPECT_PROBLEM(visit, 422, "key_reused");
    visit_post(visit, "/transfers", "each/0", "{" LEG("each-a", "each-b", "60") "}");
    EXPECT_PROBLEM(visit, 422, "insufficient_funds");
    CU_ASSERT(!visit->response.replayed);
    visit_get(visit, "/transfers?key=each");
    EXPECT_STATUS(visit, 200);
    CU_ASSERT_EQUAL(count(visit, "\"count\":1},{\"code\":\"insufficient_funds\",\"count\":1},"), 1);
}

/* Each for itself: the second is refused, the third is done; the same batch again moves nothing. */
static void each_for_itself(const char *strategy)
{
    static const char body[] = "{\"transfers\":[{" LEG("each-a", "each-b", "60") "},{" LEG(
        "each-a", "each-b", "60") "},{" LEG("each-a", "each-b", "40") "}]}";
    enum { OUTCOMES = 3 };
    static const char *const outcomes[OUTCOMES] = {"teller_transfers_total{outcome=\"committed\"}",
        "teller_transfers_total{outcome=\"rejected\"}",
        "teller_transfers_total{outcome=\"replayed\"}"};
    static const int64_t items[OUTCOMES] = {2, 4, 3}; /* with three of the last look */
    int64_t before[OUTCOMES];
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "each-a", 100) && visit_fund(&visit, "each-b", 0));
    for (int i = 0; i < OUTCOMES; i++)
        before[i] = visit_figure(&visit, outcomes[i]);
    visit_post(&visit, "/transfers/batch", "each", body);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":201,\"replayed\":false,"), 2);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":422,"), 1);
    CU_ASSERT_EQUAL(count(&visit, "\"available\":\"40\""), 1);
    uint64_t seq = visit.response.seq;
    size_t length = visit.response.body_length;
    char first[2048];
    CU_ASSERT_FATAL(length < sizeof first);
    memcpy(first, visit.response.body, length);
    visit_post(&visit, "/transfers/batch", "each", body);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_header_is(&visit, "Idempotency-Replayed", "true"));
    CU_ASSERT(
        visit.response.body_length == length && memcmp(visit.response.body, first, length) == 0);
    CU_ASSERT_EQUAL(visit.response.seq, seq);
    expect_reused(&visit);
    CU_ASSERT(visit_balance_is(&visit, "each-b", 100));
    for (int i = 0; i < OUTCOMES; i++)
        CU_ASSERT_EQUAL(visit_figure(&visit, outcomes[i]), before[i] + items[i]);
    visit_end(&visit);
}
BOTH_STRATEGIES(each_for_itself)

/* A key that comes twice stands for one transfer; for another request it is refused. */
static void same_key_twice(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "twice-a", 100) && visit_fund(&visit, "twice-b", 0));
    visit_post(&visit, "/transfers/batch", NULL,
        "{\"transfers\":[{\"key\":\"twice\"," LEG("twice-a", "twice-b",
            "10") "},"
                  "{\"key\":\"twice\"," LEG("twice-a", "twice-b",
                      "10") "},"
                            "{\"key\":\"twice\"," LEG("twice-a", "twice-b", "11") "}]}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":201,\"replayed\":false,"), 1);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":201,\"replayed\":true,"), 1);
    CU_ASSERT_EQUAL(count(&visit, "\"code\":\"key_reused\""), 1);
    CU_ASSERT(visit_balance_is(&visit, "twice-b", 10));
    visit_end(&visit);
}
BOTH_STRATEGIES(same_key_twice)

static void all_or_none(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "all-a", 100) && visit_fund(&visit, "all-b", 0));
    visit_post(&visit, "/transfers/batch", NULL,
        "{\"atomic\":true,\"transfers\":[{" LEG("all-a", "all-b", "60") "},{" LEG(
            "all-a", "all-b", "60") "},{" LEG("all-a", "all-b", "1") "}]}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":424,"), 2);
    CU_ASSERT_EQUAL(count(&visit, "\"code\":\"not_executed\""), 2);
    CU_ASSERT_EQUAL(count(&visit, "\"code\":\"insufficient_funds\""), 1);
    CU_ASSERT(visit_balance_is(&visit, "all-b", 0));
    visit_post(&visit, "/transfers/batch", NULL,
        "{\"atomic\":true,\"transfers\":[{" LEG("all-a", "all-b", "60") "},{" LEG(
            "all-b", "all-a", "10") "}]}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":201,"), 2);
    CU_ASSERT(visit_balance_is(&visit, "all-b", 50));
    visit_end(&visit);
}
BOTH_STRATEGIES(all_or_none)

/* One malformed transfer refuses the whole batch, is named, and nothing is done. */
static void malformed(const char *strategy)
{
    static const struct {
        const char *items, *member;
    } rows[] = {
        {"{" LEG("bad-a", "bad-b", "1") "},{" LEG("bad-a", "bad-b", "0") "}",
            "\"transfers[1].amount\""},
        {"{" LEG("bad-a", "bad-b", "1") "},7", "\"transfers[1]\""},
        {"{" LEG("bad-a", "bad-b", "1") "},{\"postings\":[{" LEG("bad-a", "", "1") "}]}",
            "\"transfers[1].postings[0].to\""},
        {"{" LEG("bad-a", "bad-b", "1") ",\"key\":\"\"}", "\"transfers[0].key\""},
        {"{" LEG("bad-a", "bad-b", "1") ",\"metadata\":1}", "\"transfers[0].metadata\""},
        {"{" LEG("bad-a", "bad-b", "1") ",\"kez\":\"x\"}", "\"transfers[0].kez\""},
        {"", "\"transfers\""},
    };
    struct visit visit;
    char body[512];
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "bad-a", 100) && visit_fund(&visit, "bad-b", 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(body, sizeof body, "{\"transfers\":[%s]}", rows[i].items);
        visit_post(&visit, "/transfers/batch", NULL, body);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(visit_is(&visit, "member", rows[i].member));
    }
    CU_ASSERT(visit_balance_is(&visit, "bad-b", 0));
    visit_end(&visit);
}
BOTH_STRATEGIES(malformed)

/* A body that only this route takes; one transfer more than it may have is refused. */
static void ten_thousand(const char *strategy)
{
    enum { COUNT = 10000, ITEM = 60 };
    static const char item[] = "{" LEG("many-a", "many-b", "1") "}";
    struct visit visit;
    const size_t size = (COUNT + 1) * ITEM + 64;
    char *body = malloc(size);
    co_ensure(body);
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "many-a", COUNT) && visit_fund(&visit, "many-b", 0));
    size_t length = (size_t)snprintf(body, size, "{\"transfers\":[%s", item);
    for (int i = 1; i < COUNT; i++)
        length += (size_t)snprintf(body + length, size - length, ",%s", item);
    memcpy(body + length, "]}", 3);
    CU_ASSERT(length > (256 << 10));
    visit_post(&visit, "/transfers", NULL, body);
    EXPECT_PROBLEM(&visit, 413, "payload_too_large");
    visit_post(&visit, "/transfers/batch", NULL, body);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_EQUAL(count(&visit, "{\"status\":201,"), COUNT);
    CU_ASSERT(visit_balance_is(&visit, "many-b", COUNT));
    snprintf(body + length, size - length, ",%s]}", item);
    visit_post(&visit, "/transfers/batch", NULL, body);
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_end(&visit);
    free(body);
}
BOTH_STRATEGIES(ten_thousand)

static void reversed_once(const char *strategy)
{
    struct visit visit;
    char path[96];
    int64_t id = 0, reverses = 0;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "back-a", 100) && visit_fund(&visit, "back-b", 0));
    visit_post(&visit, "/transfers", NULL, "{" LEG("back-a", "back-b", "70") "}");
    CU_ASSERT(json_view_integer(json_view_member(visit.body, "id"), &id));
    snprintf(path, sizeof path, "/transfers/%" PRId64 "/reverse", id);
    visit_post(&visit, path, "back-1", "{\"metadata\":{\"why\":\"mistake\"}}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(
        json_view_integer(json_view_member(visit.body, "reverses"), &reverses) && reverses == id);
    CU_ASSERT(visit_is(
        &visit, "postings", "[{\"from\":\"back-b\",\"to\":\"back-a\",\"amount\":\"70\"}]"));
    visit_post(&visit, path, "back-1", "{\"metadata\":{\"why\":\"mistake\"}}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_header_is(&visit, "Idempotency-Replayed", "true"));
    visit_post(&visit, path, NULL, NULL);
    EXPECT_PROBLEM(&visit, 409, "already_reversed");
    CU_ASSERT(visit_balance_is(&visit, "back-a", 100) && visit_balance_is(&visit, "back-b", 0));
    visit_post(&visit, "/transfers/1/reverse", NULL, NULL);
    EXPECT_PROBLEM(&visit, 404, "transfer_not_found");
    visit_end(&visit);
}
BOTH_STRATEGIES(reversed_once)

/* ---- others meanwhile ---------------------------------------------------------------------- */

enum { TURNS = 64, TURN_POSTINGS = 1000, TURN_SIZE = 64 }; /* as large as batches come */

struct reader {
    struct visit visit;
    _Atomic int answered;
    _Atomic bool ended;
    struct co_waitgroup done;
};

/* Reads one account, back to back. */
static void read_on(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->ended)) {
        visit_get(&reader->visit, "/accounts/turn-b");
        EXPECT_STATUS(&reader->visit, 200);
        atomic_fetch_add(&reader->answered, 1);
    }
    co_waitgroup_done(&reader->done);
}

static void await_reads(struct reader *reader, int more)
{
    int upto = atomic_load(&reader->answered) + more;
    for (int i = 0; i < 30000 && atomic_load(&reader->answered) < upto; i++)
        co_sleep(CO_CLOCK_MS);
    CU_ASSERT(atomic_load(&reader->answered) >= upto);
}

/* A whole request; its last posting has that amount. */
static size_t write_large(
    const struct service *service, char *text, size_t size, bool atomic, const char *last)
{
    static const char posting[] = "{" LEG("turn-a", "turn-b", "1") "}";
    const size_t body = (size_t)TURNS * TURN_POSTINGS * TURN_SIZE;
    char *at = malloc(body);
    co_ensure(at);
    size_t length =
        (size_t)snprintf(at, body, "{\"atomic\":%s,\"transfers\":[", atomic ? "true" : "false");
    for (int i = 0; i < TURNS; i++) {
        length += (size_t)snprintf(at + length, body - length, "%s{\"postings\":[", i ? "," : "");
        for (int leg = 1; leg < TURN_POSTINGS; leg++)
            length += (size_t)snprintf(at + length, body - length, "%s,", posting);
        length += (size_t)snprintf(at + length, body - length,
            "{" LEG("turn-a", "turn-b", "%s") "}]}", i + 1 < TURNS ? "1" : last);
    }
    length += (size_t)snprintf(at + length, body - length, "]}");
    size_t head = (size_t)snprintf(text, size,
        "POST /v1/ledgers/main/transfers/batch HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n",
        service->target.token, length);
    co_ensure(length < body && head + length < size);
    memcpy(text + head, at, length);
    free(at);
    return head + length;
}

/* How many reads were answered from its last byte to its answer: all before that has come in. */
static int read_meanwhile(
    struct reader *reader, struct visit *visit, const char *text, size_t length, int status)
{
    enum { SETTLED = 50 };
    visit->response = (struct response){.status = 0};
    CU_ASSERT_EQUAL(client_connect(visit->client), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_send_bytes(visit->client, text, length - 1), CLIENT_ANSWERED);
    await_reads(reader, SETTLED);
    int before = atomic_load(&reader->answered);
    CU_ASSERT_EQUAL(client_send_bytes(visit->client, text + length - 1, 1), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_receive(visit->client, &visit->response), CLIENT_ANSWERED);
    EXPECT_STATUS(visit, status);
    return atomic_load(&reader->answered) - before;
}

/* One worker. Of the first two kinds nothing is committed: there is no waiting for the database
 * in which the worker would be free anyway. */
static void others_are_answered(void)
{
    enum { TIMES = 3, LEAST = 20 };
    static const struct {
        const char *last;
        bool atomic;
        int status;
    } kinds[] = {{"0", false, 400}, {"1000000000000", true, 200}, {"1", false, 200}};
    const size_t size = (size_t)TURNS * TURN_POSTINGS * TURN_SIZE + 1000;
    static struct reader reader;
    struct service service;
    struct visit visit;
    char *text = malloc(size);
    CU_ASSERT_FATAL(
        text && service_make(&service, "owner", (const char *const[]){"--workers", "1", NULL}));
    visit_begin(&visit, &service);
    visit_begin(&reader.visit, &service);
    CU_ASSERT(visit_fund(&visit, "turn-a", 1000000) && visit_fund(&visit, "turn-b", 0));
    co_waitgroup_add(&reader.done, 1);
    bool started = co_spawn(read_on, &reader);
    co_ensure(started);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = write_large(&service, text, size, kinds[i].atomic, kinds[i].last);
        for (int turn = 0; turn < TIMES; turn++) {
            int reads = read_meanwhile(&reader, &visit, text, length, kinds[i].status);
            CU_ASSERT(reads >= LEAST);
        }
    }
    CU_ASSERT(visit_balance_is(&visit, "turn-b", (int64_t)TIMES * TURNS * TURN_POSTINGS));
    atomic_store(&reader.ended, true);
    co_waitgroup_wait(&reader.done);
    visit_end(&reader.visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
    free(text);
}

static const struct unit_test tests[] = {BOTH_ROWS(each_for_itself), BOTH_ROWS(same_key_twice),
    BOTH_ROWS(all_or_none), BOTH_ROWS(malformed), BOTH_ROWS(ten_thousand), BOTH_ROWS(reversed_once),
    {"others_are_answered", others_are_answered}, {0}};
const struct unit_suite batches_suite = {"batches", 2, tests};
