/* SPDX-License-Identifier: MIT */
/* Heads of every size: those that are small enough are answered, those that are not are refused in
 * our own words, and money has moved exactly if the answer says so. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/visit.h"

#define TARGET "/v1/ledgers/main/accounts/sized/deposit"

/* What is longer than TOO_LARGE never works. */
enum { MUST_WORK = 8192, TOO_LARGE = 17408, LARGEST = 20000, STEP = 20, TARGET_MAX = 8192 };

struct sized {
    struct visit visit;
    int64_t balance;
    char headers[LARGEST + 2048], text[LARGEST + 4096];
};

static struct sized *begin(void)
{
    struct sized *sized = calloc(1, sizeof *sized);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sized);
    visit_begin_shared(&sized->visit, "owner");
    CU_ASSERT(visit_fund(&sized->visit, "sized", 0));
    CU_ASSERT_EQUAL(api_balance(&sized->visit.api, "sized", &sized->balance), CLIENT_ANSWERED);
    return sized;
}

static void end(struct sized *sized)
{
    visit_end(&sized->visit);
    free(sized);
}

static void one_header(char *to, size_t size)
{
    memcpy(to, "X: ", 3);
    memset(to + 3, 'x', size);
    memcpy(to + 3 + size, "\r\n", 3);
}

static void one_cookie(char *to, size_t size)
{
    memcpy(to, "Cookie: ", 8);
    for (size_t i = 0; i < size; i++)
        to[8 + i] = "a=1; "[i % 5];
    memcpy(to + 8 + size, "\r\n", 3);
}

/* As many as fit, a line each. */
static void many_cookies(char *to, size_t size)
{
    enum { LINE = 300 };
    for (size_t left = size; left > 0;) {
        size_t share = left < LINE ? left : LINE;
        one_cookie(to, share);
        to += strlen(to);
        left -= share;
    }
}

/* Twenty lines, shared evenly. */
static void many_headers(char *to, size_t size)
{
    for (size_t line = 0; line < 20; line++) {
        size_t share = size / 20 + (line < size % 20);
        to += snprintf(to, 24, "X-%zu: ", line);
        memset(to, 'y', share);
        to += share;
        memcpy(to, "\r\n", 3);
        to += 2;
    }
}

/* Send the text over the one connection, on a new one if the last answer has closed it. */
static void ask(struct sized *sized)
{
    struct visit *visit = &sized->visit;
    visit->response = (struct response){0};
    visit->got = client_connect(visit->client);
    if (visit->got == CLIENT_ANSWERED)
        visit->got = client_send_bytes(visit->client, sized->text, strlen(sized->text));
    if (visit->got == CLIENT_ANSWERED)
        visit->got = client_receive(visit->client, &visit->response);
    if (visit->got != CLIENT_ANSWERED)
        visit->response = (struct response){0};
}

/* A deposit with such headers, and the same again: each moves what its answer says. */
static void deposit(struct sized *sized, const char *kind, size_t size)
{
    int first = 0;
    snprintf(sized->text, sizeof sized->text,
        "POST " TARGET " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nIdempotency-Key: %s-%zu-%lld\r\n%s"
        "Content-Length: 12\r\n\r\n{\"amount\":1}",
        service_shared("owner")->target.token, kind, size, (long long)sized->balance,
        sized->headers);
    for (int turn = 0; turn < 2; turn++) {
        ask(sized);
        int status = sized->visit.response.status;
        bool replayed = sized->visit.response.replayed;
        if (turn == 0)
            first = status;
        bool may_be_refused = size > MUST_WORK, may_work = size <= TOO_LARGE;
        if (!((status == 201 && may_work) || (status == 431 && may_be_refused)) ||
            status != first || (status == 201 && replayed != (turn == 1))) {
            printf("\n    %d for %s of %zu bytes, turn %d", status, kind, size, turn);
            CU_FAIL("answered otherwise");
        }
    }
    int64_t balance = -1;
    CU_ASSERT_EQUAL(api_balance(&sized->visit.api, "sized", &balance), CLIENT_ANSWERED);
    sized->balance += first == 201;
    CU_ASSERT_EQUAL(balance, sized->balance);
    sized->balance = balance;
}

static void every_size_of_headers(void)
{
    static const struct {
        const char *name;
        void (*fill)(char *to, size_t size);
    } kinds[] = {{"header", one_header}, {"cookie", one_cookie}, {"cookies", many_cookies},
        {"headers", many_headers}};
    struct sized *sized = begin();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t size = 1; size <= LARGEST; size += size < MUST_WORK ? STEP : 10 * STEP + 1) {
            kinds[i].fill(sized->headers, size);
            deposit(sized, kinds[i].name, size);
        }
    end(sized);
}

/* The same of the path and query: 200, or 414. */
static void every_size_of_target(void)
{
    struct sized *sized = begin();
    for (size_t size = 10; size <= TARGET_MAX + 1000; size += 7 * STEP + 1) {
        memcpy(sized->text, "GET /livez?", 11);
        memset(sized->text + 11, 'q', size - 7);
        memcpy(sized->text + 4 + size, " HTTP/1.1\r\nHost: x\r\n\r\n", 23);
        sized->text[4 + size + 22] = '\0';
        ask(sized);
        if (sized->visit.response.status != (size <= TARGET_MAX ? 200 : 414)) {
            printf("\n    %d for %zu bytes", sized->visit.response.status, size);
            CU_FAIL("answered otherwise");
        }
    }
    end(sized);
}

const struct unit_suite sizes_suite = {"sizes", 2,
    (const struct unit_test[]){{"every_size_of_headers", every_size_of_headers},
        {"every_size_of_target", every_size_of_target}, {0}}};
