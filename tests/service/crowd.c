/* SPDX-License-Identifier: MIT */
#include "tests/service/crowd.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/unit.h"

void crowd_begin(struct crowd *crowd, const struct service *service)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->target = service->target;
}

void crowd_begin_from(struct crowd *crowd, const struct service *service, const char *address)
{
    crowd_begin(crowd, service);
    snprintf(crowd->target.from, sizeof crowd->target.from, "%s:0", address);
}

/* One more, which sends that and no more. */
struct client *crowd_send(struct crowd *crowd, const char *bytes, size_t length)
{
    struct client *client = client_make(&crowd->target, 20 * CO_CLOCK_S);
    co_ensure(client && crowd->count < CROWD_MAX);
    crowd->clients[crowd->count++] = client;
    CU_ASSERT_EQUAL_FATAL(client_connect(client), CLIENT_ANSWERED);
    if (length)
        CU_ASSERT_EQUAL_FATAL(client_send_bytes(client, bytes, length), CLIENT_ANSWERED);
    return client;
}

void crowd_end(struct crowd *crowd)
{
    while (crowd->count > 0)
        client_free(&crowd->clients[--crowd->count]);
}

size_t crowd_half_post(
    const char *token, const char *path, size_t announced, size_t sent, char *text, size_t size)
{
    int length = snprintf(text, size,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "%s%s%sContent-Length: %zu\r\n\r\n",
        path, token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "",
        announced);
    co_ensure(length > 0 && (size_t)length + sent < size);
    memset(text + length, ' ', sent);
    return (size_t)length + sent;
}

/* Entries of 1,000 postings, so that a page of the journal is as long as one can be. */
void crowd_fill_journal(struct visit *visit, int entries)
{
    enum { POSTINGS = 1000 };
    static const char posting[] = "{\"from\":\"world:USD.2\",\"to\":\"unread\",\"amount\":1},";
    static char body[POSTINGS * sizeof posting + 100];
    size_t at = (size_t)snprintf(body, sizeof body, "{\"postings\":[");
    for (int i = 0; i < POSTINGS; i++)
        at += (size_t)snprintf(body + at, sizeof body - at, "%s", posting);
    snprintf(body + at - 1, sizeof body - at + 1, "]}");
    CU_ASSERT_FATAL(visit_fund(visit, "unread", 1));
    for (int i = 0; i < entries; i++) {
        visit_post(visit, "/transfers", NULL, body);
        EXPECT_STATUS(visit, 201);
    }
}
