/* SPDX-License-Identifier: MIT */
/*
 * A payment that is hidden in a request: in its body, whatever that request is answered, or behind
 * more than is read of one. It is never carried out. Requests that a proxy in front could take to
 * end elsewhere are refused whole, with what stands behind them: test_grammar.c.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/attempt.h"

#define LEDGER "/v1/ledgers/main"
#define DEPOSIT LEDGER "/accounts/smuggled/deposit"
#define HOST "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"
#define AUTH "Authorization: Bearer @\r\n" /* "@" stands for the token */

enum { MIB = 1 << 20 };

static char key[40], payment[512]; /* what is hidden */

/* The next payment, with a key by which it would be found. */
static void make_payment(void)
{
    static int made;
    snprintf(key, sizeof key, "smuggled-%d", made++);
    snprintf(payment, sizeof payment,
        "POST " DEPOSIT " HTTP/1.1\r\n" HOST "Authorization: Bearer %s\r\n" JSON
        "Idempotency-Key: %s\r\nContent-Length: 12\r\n\r\n{\"amount\":1}",
        service_shared("owner")->target.token, key);
}

/* Is it in the journal? */
static bool is_paid(struct attempt *attempt)
{
    char path[100];
    snprintf(path, sizeof path, "/transfers?key=%s", key);
    visit_get(&attempt->visit, path);
    EXPECT_STATUS(&attempt->visit, 200);
    return !visit_is(&attempt->visit, "items", "[]");
}

static void fail(const struct attempt *attempt, size_t row, const char *what)
{
    printf("\n    row %zu: %d, %d answer(s), %s; %s ", row, attempt->raw.status,
        attempt->raw.answers, attempt->raw.closed ? "closed" : "open", what);
    CU_FAIL("not as it should");
}

/* Sent openly it is a good payment: so in the tests below only its place is wrong. */
static void by_itself_it_is_good(void)
{
    struct attempt *attempt = attempt_begin("smuggled");
    make_payment();
    attempt_add_text(attempt, payment);
    attempt->raw.say_no_more = true;
    attempt_ask(attempt);
    CU_ASSERT(attempt->raw.status == 201 && attempt->raw.closed);
    CU_ASSERT(is_paid(attempt));
    attempt_end(&attempt);
}

/* ---- in a body ------------------------------------------------------------------------------- */

struct carrier {
    const char *head;
    size_t padding; /* bytes of the body behind the payment */
    int status;     /* what its own request is answered */
    unsigned ends;  /* the connection, with this framing; else the next request is answered, too */
};
enum { NEVER, WITH_LENGTH = 1, IN_CHUNKS = 2, ALWAYS = WITH_LENGTH | IN_CHUNKS };

/* Whose sender is not known is not read to the end, unless that is near. */
static const struct carrier carriers[] = {
    /* answered without a look at the body */
    {"GET /livez HTTP/1.1\r\n" HOST, 0, 200, NEVER},
    {"HEAD /livez HTTP/1.1\r\n" HOST, 0, 200, NEVER},
    {"GET / HTTP/1.1\r\n" HOST "If-None-Match: *\r\n", 0, 304, NEVER},
    {"GET /openapi.json HTTP/1.1\r\n" HOST "If-None-Match: *\r\n", 0, 304, NEVER},
    {"GET " LEDGER "/accounts HTTP/1.1\r\n" HOST AUTH, 0, 200, NEVER},
    {"OPTIONS * HTTP/1.1\r\n" HOST, 0, 204, IN_CHUNKS},
    {"OPTIONS " DEPOSIT " HTTP/1.1\r\n" HOST, 0, 204, IN_CHUNKS},
    {"GET /livez HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        0, 200, NEVER},
    /* refused at its head */
    {"GET /nowhere HTTP/1.1\r\n" HOST AUTH, 0, 404, NEVER},
    {"PUT " DEPOSIT " HTTP/1.1\r\n" HOST AUTH, 0, 405, NEVER},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST JSON, 0, 401, IN_CHUNKS},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH "Content-Type: text/plain\r\n", 0, 415, NEVER},
    {"POST " LEDGER "x/transfers HTTP/1.1\r\n" HOST AUTH JSON, 0, 404, NEVER},
    {"GET /%zz HTTP/1.1\r\n" HOST AUTH, 0, 400, IN_CHUNKS},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON, 300000, 413, NEVER},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST JSON, 300000, 401, ALWAYS},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST JSON "Expect: 100-continue\r\n", 0, 401, ALWAYS},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON "Expect: 100-continue\r\n", 300000, 413,
        WITH_LENGTH},
    /* refused for what it is */
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON, 0, 400, NEVER},
    {"POST " DEPOSIT "?x=1 HTTP/1.1\r\n" HOST AUTH JSON, 0, 400, NEVER},
    {"POST " LEDGER "/transfers/batch HTTP/1.1\r\n" HOST AUTH JSON, 100000, 400, NEVER},
    /* a request of its own, in other words */
    {"CONNECT x:80 HTTP/1.1\r\n" HOST, 0, 400, ALWAYS},
    {"GET /livez HTTP/1.0\r\n", 0, 200, ALWAYS},
};

/* With a length, or in one chunk; and behind it another request. */
static void write_request(struct attempt *attempt, const struct carrier *carrier, bool chunked)
{
    static const char next[] = "GET /livez HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    size_t size = strlen(payment) + carrier->padding;
    char framing[80];
    attempt->length = 0;
    attempt_add_text(attempt, carrier->head);
    snprintf(framing, sizeof framing,
        chunked ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n" : "Content-Length: %zu\r\n\r\n",
        size);
    attempt_add_text(attempt, framing);
    attempt_add(attempt, payment, strlen(payment));
    memset(attempt->text + attempt->length, ' ', carrier->padding);
    attempt->length += carrier->padding;
    if (chunked)
        attempt_add_text(attempt, "\r\n0\r\n\r\n");
    attempt_add(attempt, next, sizeof next - 1);
}

static bool takes_chunks(const struct carrier *carrier)
{
    return !strstr(carrier->head, "HTTP/1.0");
}

static void it_is_a_body(bool chunked)
{
    struct attempt *attempt = attempt_begin("smuggled");
    for (size_t i = 0; i < sizeof carriers / sizeof carriers[0]; i++) {
        const struct carrier *carrier = &carriers[i];
        if (chunked && !takes_chunks(carrier))
            continue;
        make_payment();
        write_request(attempt, carrier, chunked);
        attempt_ask(attempt);
        if (attempt->raw.status != carrier->status || !attempt->raw.closed)
            fail(attempt, i, carrier->head);
        bool ends = carrier->ends & (chunked ? IN_CHUNKS : WITH_LENGTH);
        if (attempt->raw.answers != 2 - ends)
            fail(attempt, i, "other answers than to the two requests");
        if (is_paid(attempt))
            fail(attempt, i, "PAID");
    }
    attempt_end(&attempt);
}

static void in_a_body(void)
{
    it_is_a_body(false);
}

static void in_a_chunk(void)
{
    it_is_a_body(true);
}

/* ---- behind more than is read ---------------------------------------------------------------- */

/* What is repeated until it is 1 MiB long, and what comes before it. */
static const struct {
    const char *before, *repeated;
    int status;
} floods[] = {
    {"GET /livez HTTP/1.1\r\n" HOST "X: ", "x", 431},
    {"GET /livez HTTP/1.1\r\n" HOST, "X: x\r\n", 431},
    {"GET /livez HTTP/1.1\r\n" HOST, "Cookie: a=b\r\n", 431},
    {"GET /", "x", 414},
    {"GET /?", "x&", 414},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\n\r\nc;", "x",
        400},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\n\r\n", "0", 400},
    {"POST " DEPOSIT " HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n",
        "X: x\r\n", 400},
    {"GET /livez HTTP/1.1\r\n" HOST "X", "\r\n X", 400},
    {"", "\r\n", 400},
    {"", "x", 414},
};

static void behind_a_flood(void)
{
    struct attempt *attempt = attempt_begin("smuggled");
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        make_payment();
        attempt->length = 0;
        attempt_add_text(attempt, floods[i].before);
        while (attempt->length < MIB)
            attempt_add_text(attempt, floods[i].repeated);
        attempt_add_text(attempt, "\r\n\r\n");
        attempt_add_text(attempt, payment);
        attempt_ask(attempt);
        if (!raw_is_refusal(&attempt->raw, floods[i].status))
            fail(attempt, i, floods[i].before);
        if (is_paid(attempt))
            fail(attempt, i, "PAID");
    }
    attempt_end(&attempt);
}

const struct unit_suite smuggling_suite = {"smuggling", 2,
    (const struct unit_test[]){{"by_itself_it_is_good", by_itself_it_is_good},
        {"in_a_body", in_a_body}, {"in_a_chunk", in_a_chunk}, {"behind_a_flood", behind_a_flood},
        {0}}};
