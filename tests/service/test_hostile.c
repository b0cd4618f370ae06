/* SPDX-License-Identifier: MIT */
/* Peers that flood, drip or vanish: the service answers with 4xx or closes, its memory stays flat,
 * and nothing gets into the journal that was not asked for properly. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "loadtest/dice.h"
#include "tests/service/visit.h"

#define TARGET "/v1/ledgers/main/accounts/besieged/deposit"
#define BODY "{\"amount\":1}"

enum { MIB = 1024 * 1024 };

static struct service *service;

static void begin(struct visit *visit)
{
    service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(visit, service);
    CU_ASSERT(visit_fund(visit, "besieged", 0));
}

static int64_t balance(struct visit *visit)
{
    int64_t value = -1;
    return api_balance(&visit->api, "besieged", &value) == CLIENT_ANSWERED ? value : -1;
}

/* Send bytes over a connection of their own; the status of what comes back, 0 if it was closed. */
static int exchange(const char *bytes, size_t length)
{
    struct client *client = client_make(&service->target, 30 * CO_CLOCK_S);
    struct response response = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    if (client_send_bytes(client, bytes, length) != CLIENT_ANSWERED ||
        client_receive(client, &response) != CLIENT_ANSWERED)
        response.status = 0;
    client_free(&client);
    return response.status;
}

enum { ENORMOUS = 100 * MIB };

/* A whole request whose body is one chunk of spaces; its length. */
static size_t chunked_request(char *text)
{
    static const char end[] = "\r\n0\r\n\r\n";
    int head = snprintf(text, 512,
        "POST " TARGET " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
        service->target.token, (unsigned)ENORMOUS);
    memset(text + head, ' ', ENORMOUS);
    memcpy(text + head + ENORMOUS, end, sizeof end - 1);
    return (size_t)head + ENORMOUS + sizeof end - 1;
}

/* A body of 100 MB, announced or in a chunk: refused, and not kept. */
static void enormous_body(void)
{
    struct visit visit;
    begin(&visit);
    int64_t before = balance(&visit);
    size_t memory = service_memory_kib(service);
    char *text = malloc(ENORMOUS + 1024);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', ENORMOUS);
    visit_call(&visit, &(struct request){.path = TARGET, .body = text, .body_length = ENORMOUS});
    EXPECT_PROBLEM(&visit, 413, "payload_too_large");
    CU_ASSERT(service_memory_kib(service) < memory + SERVICE_SLACK_KIB);
    int status = exchange(text, chunked_request(text));
    CU_ASSERT(status == 413 || status == 0);
    CU_ASSERT(service_memory_kib(service) < memory + SERVICE_SLACK_KIB);
    CU_ASSERT_EQUAL(balance(&visit), before);
    free(text);
    visit_end(&visit);
}

static void enormous_headers(void)
{
    struct visit visit;
    begin(&visit);
    size_t length = MIB, before = service_memory_kib(service);
    char *text = malloc(length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'a', length);
    memcpy(text, "GET /livez HTTP/1.1\r\nHost: x\r\nX: ", 33);
    int status = exchange(text, length);
    CU_ASSERT(status == 431 || status == 413 || status == 414 || status == 400 || status == 0);
    memset(text, 'a', length);
    memcpy(text, "GET /", 5);
    status = exchange(text, length);
    CU_ASSERT(status == 414 || status == 431 || status == 400 || status == 0);
    CU_ASSERT(service_memory_kib(service) < before + SERVICE_SLACK_KIB);
    CU_ASSERT_EQUAL(service_probe(service, "/livez"), 200);
    free(text);
    visit_end(&visit);
}

/* A peer that sends a byte now and then holds a connection, and nothing else: others are served,
 * and it is let go after the time for a request's head. */
static void slow_drip(void)
{
    static const char head[] = "GET /livez HTTP/1.1\r\nHost: ";
    struct visit visit;
    begin(&visit);
    struct client *client = client_make(&service->target, 2 * CO_CLOCK_S);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(client, head, sizeof head - 1), CLIENT_ANSWERED);
    int64_t from = co_clock_now_ns();
    enum client_status status = CLIENT_ANSWERED;
    while (status == CLIENT_ANSWERED && co_clock_now_ns() - from < 40 * CO_CLOCK_S) {
        co_sleep(250 * CO_CLOCK_MS);
        status = client_send_bytes(client, "x", 1);
        CU_ASSERT_EQUAL(service_probe(service, "/livez"), 200);
    }
    CU_ASSERT(status != CLIENT_ANSWERED);
    client_free(&client);
    visit_end(&visit);
}

enum { VANISHING = 64, VANISHINGS = 15 };

/* Vanish with an RST: connected, within the head, within the body, or waiting for the answer. */
static void vanish(size_t index, void *arg)
{
    struct dice dice = dice_make(unit_seed(), index);
    _Atomic size_t *sent = arg;
    char text[640];
    int length = snprintf(text, sizeof text,
        "POST " TARGET " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n" BODY,
        service->target.token);
    struct client *client = client_make(&service->target, 10 * CO_CLOCK_S);
    co_ensure(client);
    for (int i = 0; i < VANISHINGS; i++) {
        size_t part =
            dice_below(&dice, 3) == 0 ? (size_t)length : dice_below(&dice, (uint64_t)length);
        if (client_connect(client) != CLIENT_ANSWERED)
            continue;
        if (part > 0 && client_send_bytes(client, text, part) == CLIENT_ANSWERED)
            *sent += part == (size_t)length;
        if (dice_below(&dice, 2))
            co_sleep((int64_t)dice_below(&dice, 3000) * CO_CLOCK_US);
        client_reset(client);
    }
    client_free(&client);
}

static void vanishing(void)
{
    struct visit visit;
    begin(&visit);
    CU_ASSERT(visit_is_alone(&visit));
    int64_t before = balance(&visit);
    size_t descriptors = service_descriptors(service);
    _Atomic size_t sent = 0;
    crew_run(VANISHING, vanish, &sent);
    CU_ASSERT(visit_is_alone(&visit));
    int64_t paid = balance(&visit) - before;
    CU_ASSERT(paid >= 0 && paid <= (int64_t)sent);
    CU_ASSERT(service_descriptors(service) <= descriptors + 8);
    CU_ASSERT_EQUAL(service_probe(service, "/readyz"), 200);
    visit_end(&visit);
}

/* Requests that come together in one packet are answered in their order. */
static void pipelined(void)
{
    struct visit visit;
    begin(&visit);
    int64_t before = balance(&visit);
    char text[1536];
    int length = 0;
    for (int i = 0; i < 4; i++)
        length += snprintf(text + length, sizeof text - (size_t)length,
            "POST " TARGET " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
            "Content-Type: application/json\r\nContent-Length: 12\r\n%s\r\n" BODY,
            service->target.token, i == 3 ? "Connection: close\r\n" : "");
    struct response response;
    static char answers[4096];
    size_t used = 0, got = 1;
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit.client, text, (size_t)length), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL_FATAL(client_receive_head(visit.client, &response), CLIENT_ANSWERED);
    while (got > 0 && used < sizeof answers - 1)
        if (client_read(visit.client, answers + used, sizeof answers - 1 - used, &got) !=
            CLIENT_ANSWERED)
            break;
        else
            used += got;
    answers[used] = '\0';
    int more = 0;
    for (const char *at = answers; (at = strstr(at, "HTTP/1.1 201 ")); at++)
        more++;
    CU_ASSERT_EQUAL(more, 3);
    CU_ASSERT_EQUAL(balance(&visit), before + 4);
    visit_end(&visit);
}

const struct unit_suite hostile_suite = {"hostile", 2,
    (const struct unit_test[]){{"enormous_body", enormous_body},
        {"enormous_headers", enormous_headers}, {"slow_drip", slow_drip}, {"vanishing", vanishing},
        {"pipelined", pipelined}, {0}}};
