/* SPDX-License-Identifier: MIT */
#include "tests/service/raw.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "loadtest/client.h"
#include "tests/service/witness.h"

static const char mark[] = "HTTP/1.1 ";

static void read_answers(struct raw *raw)
{
    raw->answers = 0;
    raw->status = 0;
    for (const char *at = raw->text; (at = strstr(at, mark)); at += sizeof mark - 1) {
        int status = (int)strtol(at + sizeof mark - 1, NULL, 10);
        if (status < 200)
            continue;
        if (raw->answers++ == 0)
            raw->status = status;
    }
}

/* It may be refused before all of it is sent: then there is an answer to be read all the same. */
static bool send_all(struct client *client, const char *bytes, size_t length, bool bytewise)
{
    size_t step = bytewise ? 1 : length, at = 0;
    while (at < length && client_send_bytes(client, bytes + at, step) == CLIENT_ANSWERED)
        at += step;
    return at == length;
}

void raw_ask(const struct service *service, const char *bytes, size_t length, struct raw *raw)
{
    struct client *client = client_make(&service->target, 20 * CO_CLOCK_S);
    enum client_status got = CLIENT_NO_CONNECTION;
    size_t more = 1;
    raw->length = 0;
    co_ensure(client);
    if (client_connect(client) == CLIENT_ANSWERED) {
        if (send_all(client, bytes, length, raw->bytewise) && raw->say_no_more)
            client_say_no_more(client);
        do {
            char piece[1024];
            got = client_read(client, piece, sizeof piece, &more);
            size_t room = RAW_TEXT - 1 - raw->length;
            size_t kept = more < room ? more : room;
            memcpy(raw->text + raw->length, piece, kept);
            raw->length += kept;
        } while (got == CLIENT_ANSWERED && more > 0);
    }
    raw->closed = got == CLIENT_ANSWERED;
    raw->text[raw->length] = '\0';
    client_free(&client);
    read_answers(raw);
    witness_talk(bytes, length, raw->text, raw->length);
}

bool raw_is_refusal(const struct raw *raw, int status)
{
    return raw->closed && raw->status == status && raw->answers == 1 &&
           strstr(raw->text, "\r\nContent-Type: application/problem+json\r\n") &&
           strstr(raw->text, "\r\nConnection: close\r\n") && strstr(raw->text, "\"code\":\"");
}
