/* SPDX-License-Identifier: MIT */
/*
 * A flood of what is no request, or half of one, or nearly one: random bytes, requests with bytes
 * changed, cut, or spliced from two, whole ones together; each connection then closed, reset, half-
 * closed, or left in the middle of the answer. FLOOD_SECONDS of it (5; `make flood`: minutes, of a
 * service with AddressSanitizer): it neither crashes nor says "500", its memory stays where it is,
 * everything is given back, the journal is right, and it ends with 0.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "loadtest/dice.h"
#include "tests/service/remains.h"
#include "tests/service/visit.h"

#define HOST "Host: x\r\n"
#define AUTH "Authorization: Bearer @\r\n" /* "@" stands for the token */
#define JSON "Content-Type: application/json\r\n"
#define LEDGER "/v1/ledgers/main"
#define POST(path, headers, length, body)                                                          \
    "POST " path " HTTP/1.1\r\n" HOST AUTH JSON headers "Content-Length: " length "\r\n\r\n" body
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST AUTH "\r\n"

enum { CREW = 48, TEXT = 8192, RANDOM_MAX = 2000, READ_MAX = 65536, OUTPUT = 1 << 16 };

static const char *const requests[] = {
    POST(LEDGER "/accounts/flooded/deposit", "", "12", "{\"amount\":1}"),
    POST(LEDGER "/accounts/flooded/withdraw", "Idempotency-Key: \"flood\"\r\n", "12",
        "{\"amount\":1}"),
    POST(LEDGER "/accounts", "", "37", "{\"id\":\"other\",\"asset\":\"USD/2\",\"x\":1.5}"),
    POST(LEDGER "/transfers", "Prefer: wait=1\r\n", "60",
        "{\"from\":\"flooded\",\"to\":\"world:USD.2\",\"amount\":\"1\",\"metadata\":1}"),
    POST(LEDGER "/transfers/batch", "", "73",
        "{\"transfers\":[{\"from\":\"world:USD.2\",\"to\":\"flooded\",\"amount\":1,\"key\":\"f\"}]}"
        "   "),
    POST(LEDGER "/holds", "", "56",
        "{\"from\":\"flooded\",\"to\":\"world:USD.2\",\"amount\":1}       "),
    "POST " LEDGER "/accounts/flooded/deposit HTTP/1.1\r\n" HOST AUTH JSON
    "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n{\"amo\r\n7\r\nunt\":1}\r\n0\r\nX: y\r\n\r\n",
    GET(LEDGER "/journal?after=0&limit=100"),
    GET(LEDGER "/events?after=0"),
    GET(LEDGER "/accounts/flooded?at=2"),
    GET(LEDGER "/accounts/flooded/entries?limit=10"),
    GET(LEDGER "/transfers?account=flooded&limit=5"),
    GET("/v1/tokens"),
    GET("/openapi.json"),
    GET("/metrics"),
    "OPTIONS " LEDGER "/transfers HTTP/1.1\r\n" HOST
    "Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    "HEAD / HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\nCookie: teller_session=@\r\n\r\n",
};
enum { REQUESTS = sizeof requests / sizeof requests[0] };

struct flood {
    const struct service *service;
    int64_t until_ns;
    uint64_t seed;
    _Atomic size_t connections, bytes;
};

/* What one connection sends. */
struct wave {
    struct dice dice;
    size_t length;
    char text[TEXT];
};

/* ---- what is sent ---------------------------------------------------------------------------- */

static void add_request(struct wave *wave, const struct flood *flood)
{
    const char *text = requests[dice_below(&wave->dice, REQUESTS)];
    for (; *text; text++)
        if (*text == '@')
            wave->length += (size_t)snprintf(
                wave->text + wave->length, TEXT - wave->length, "%s", flood->service->target.token);
        else
            wave->text[wave->length++] = *text;
}

static void add_random(struct wave *wave)
{
    size_t length = 1 + dice_below(&wave->dice, RANDOM_MAX);
    for (size_t i = 0; i < length; i++)
        wave->text[wave->length++] = (char)dice_next(&wave->dice);
}

static void change_bytes(struct wave *wave)
{
    size_t count = 1 + dice_below(&wave->dice, 8);
    for (size_t i = 0; i < count; i++)
        wave->text[dice_below(&wave->dice, wave->length)] = (char)dice_next(&wave->dice);
}

/* From the beginning of one to the end of another. */
static void splice(struct wave *wave, const struct flood *flood)
{
    add_request(wave, flood);
    size_t kept = dice_below(&wave->dice, wave->length);
    wave->length = kept;
    add_request(wave, flood);
    size_t from = kept + dice_below(&wave->dice, wave->length - kept);
    memmove(wave->text + kept, wave->text + from, wave->length - from);
    wave->length -= from - kept;
}

static void fill(struct wave *wave, const struct flood *flood)
{
    size_t more = dice_below(&wave->dice, 6);
    wave->length = 0;
    switch (dice_below(&wave->dice, 5)) {
    case 0:
        add_random(wave);
        break;
    case 1:
        add_request(wave, flood);
        change_bytes(wave);
        break;
    case 2:
        add_request(wave, flood);
        wave->length = dice_below(&wave->dice, wave->length + 1);
        break;
    case 3:
        splice(wave, flood);
        break;
    default:
        for (size_t i = 0; i <= more; i++)
            add_request(wave, flood);
    }
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static void read_some(struct client *client, struct flood *flood, size_t wanted)
{
    char piece[2048];
    size_t got = 0, more = 1;
    while (got < wanted && more > 0 &&
           client_read(client, piece, sizeof piece, &more) == CLIENT_ANSWERED)
        got += more;
    flood->bytes += got;
}

static void end_one(struct client *client, struct wave *wave, struct flood *flood)
{
    switch (dice_below(&wave->dice, 6)) {
    case 0:
        client_say_no_more(client);
        read_some(client, flood, READ_MAX); /* or until it is ended */
        break;
    case 1:
        co_sleep((int64_t)dice_below(&wave->dice, 30) * CO_CLOCK_MS);
        break;
    case 2:
        read_some(client, flood, 1 + dice_below(&wave->dice, 100));
        break;
    default:
        break;
    }
    if (dice_below(&wave->dice, 2))
        client_reset(client);
    else
        client_close(client);
}

static void flood_on(size_t index, void *arg)
{
    struct flood *flood = arg;
    struct wave *wave = malloc(sizeof *wave);
    co_ensure(wave);
    wave->dice = dice_make(flood->seed, index);
    while (co_clock_now_ns() < flood->until_ns) {
        /* Half of a request is not answered: its client has enough after a while. */
        int64_t patience_ns = dice_below(&wave->dice, 64) ? CO_CLOCK_S / 4 : 3 * CO_CLOCK_S;
        struct client *client = client_make(&flood->service->target, patience_ns);
        co_ensure(client);
        fill(wave, flood);
        if (client_connect(client) == CLIENT_ANSWERED &&
            (wave->length == 0 ||
                client_send_bytes(client, wave->text, wave->length) == CLIENT_ANSWERED))
            end_one(client, wave, flood);
        flood->connections++;
        client_free(&client);
    }
    free(wave);
}

static void run(struct flood *flood, int64_t for_ns)
{
    flood->seed = flood->seed * 31 + unit_seed();
    flood->until_ns = co_clock_now_ns() + for_ns;
    crew_run(CREW, flood_on, flood);
}

/* ---- the test -------------------------------------------------------------------------------- */

static int64_t flood_ns(void)
{
    const char *given = getenv("FLOOD_SECONDS");
    int64_t seconds = given ? strtol(given, NULL, 10) : 5;
    return (seconds > 0 ? seconds : 1) * CO_CLOCK_S;
}

static void expect_sound(const struct service *service)
{
    static char output[OUTPUT];
    struct visit visit;
    visit_begin(&visit, service);
    CU_ASSERT(visit_figure(&visit, "teller_http_requests_total{status=\"500\"}") <= 0);
    CU_ASSERT(visit_audit(&visit, "main"));
    visit_end(&visit);
    service_read_output(service, output, sizeof output);
    CU_ASSERT_PTR_NULL(strstr(output, "Sanitizer"));
    CU_ASSERT_PTR_NULL(strstr(output, "runtime error"));
}

static void it_stands(void)
{
    static struct service service;
    static struct flood flood;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--max-requests", "96", "--max-connections", "512", NULL}));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "flooded", 1000));
    visit_end(&visit);
    flood = (struct flood){.service = &service};
    run(&flood, flood_ns() / 4); /* what is kept for the next time is there then */
    struct remains before = remains_settled(&service);
    size_t memory = service_memory_kib(&service);
    run(&flood, flood_ns());
    remains_await(&service, &before, "the flood");
    size_t memory_after = service_memory_kib(&service);
    printf("[%zu connections; %zu descriptors; %zu KiB before, %zu after] ", flood.connections,
        before.descriptors, memory, memory_after);
    CU_ASSERT(flood.bytes > 0 && memory_after < memory + SERVICE_SLACK_KIB);
    expect_sound(&service);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

const struct unit_suite flood_suite = {
    "flood", 2, (const struct unit_test[]){{"it_stands", it_stands}, {0}}};
