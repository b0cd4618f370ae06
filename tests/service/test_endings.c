/* SPDX-License-Identifier: MIT */
/*
 * Every way out gives back. Connections end in all bad ways that we know of, each kind hundreds of
 * times (ENDINGS=10000 in the long form; ENDINGS_OF=TEXT: only the kinds with that in their names),
 * at a service that has few places: afterwards its slots, streams, connections and descriptors are
 * as many as they were, its memory is where it was, and SIGTERM ends it.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "tests/service/remains.h"
#include "tests/service/visit.h"

enum {
    CREW = 32,
    FEW = 192,
    SOME = 2500, /* are enough to have what is kept for the next time */
    TEXT = 160 * 1024,
    SETTLE_TRIES = 400,
    SETTLED_FOR = 8,
    LARGE = 300000
};
/* The service opens its connections for reading one by one, and keeps them: it has no more. */
enum { READS_THAT_OPEN_ALL = 32 };

enum how {
    CLOSES,       /* the client closes */
    RESETS,       /* the client is gone with an RST */
    SAYS_NO_MORE, /* the client closes its side, and waits for the end */
    AWAITS_END,   /* the client waits for the end */
};

struct ending {
    const char *name;
    const char *bytes; /* "@" stands for the token */
    size_t length;
    const char *more; /* sent behind it, `times` times; NULL: nothing */
    size_t times;
    enum how how;
    size_t reads; /* bytes of the answer that the client waits for before it ends so */
};

#define E(name, bytes, more, times, how, reads)                                                    \
    {                                                                                              \
        name, bytes, sizeof bytes - 1, more, times, how, reads                                     \
    }
#define HOST "Host: x\r\n"
#define AUTH "Authorization: Bearer @\r\n"
#define JSON "Content-Type: application/json\r\n"
#define LEDGER "/v1/ledgers/main"
#define DEPOSIT "POST " LEDGER "/accounts/ended/deposit HTTP/1.1\r\n" HOST AUTH JSON
#define BATCH "POST " LEDGER "/transfers/batch HTTP/1.1\r\n" HOST AUTH JSON
#define JOURNAL "GET " LEDGER "/journal HTTP/1.1\r\n" HOST
#define EVENTS "GET " LEDGER "/events HTTP/1.1\r\n" HOST AUTH "\r\n"
#define BODY "Content-Length: 12\r\n\r\n{\"amount\":1}"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define BLANK16 "                "
#define LIVEZ "GET /livez HTTP/1.1\r\n" HOST "\r\n"
#define OPENAPI "GET /openapi.json HTTP/1.1\r\n" HOST "\r\n"

static const struct ending endings[] = {
    /* before and within the head */
    E("nothing, closed", "", NULL, 0, CLOSES, 0),
    E("nothing, reset", "", NULL, 0, RESETS, 0),
    E("nothing, half-closed", "", NULL, 0, SAYS_NO_MORE, 0),
    E("an empty line, closed", "\r\n", NULL, 0, CLOSES, 0),
    E("part of a request line, closed", "GET /li", NULL, 0, CLOSES, 0),
    E("part of a request line, reset", "GET /li", NULL, 0, RESETS, 0),
    E("part of a head, closed", DEPOSIT, NULL, 0, CLOSES, 0),
    E("part of a head, reset", DEPOSIT, NULL, 0, RESETS, 0),
    E("part of a head, half-closed", DEPOSIT, NULL, 0, SAYS_NO_MORE, 0),
    E("part of a large head, reset", "GET / HTTP/1.1\r\n" HOST "X: ", X16, 900, RESETS, 0),
    /* within the body */
    E("a head without its body, closed", DEPOSIT "Content-Length: 12\r\n\r\n", NULL, 0, CLOSES, 0),
    E("a head without its body, reset", DEPOSIT "Content-Length: 12\r\n\r\n", NULL, 0, RESETS, 0),
    E("half a body, closed", DEPOSIT "Content-Length: 12\r\n\r\n{\"amo", NULL, 0, CLOSES, 0),
    E("half a body, reset", DEPOSIT "Content-Length: 12\r\n\r\n{\"amo", NULL, 0, RESETS, 0),
    E("half a body, half-closed", DEPOSIT "Content-Length: 12\r\n\r\n{\"amo", NULL, 0, SAYS_NO_MORE,
        0),
    E("half a large body, reset", BATCH "Content-Length: 300000\r\n\r\n", BLANK16, 4000, RESETS, 0),
    E("half a large body, closed", BATCH "Content-Length: 300000\r\n\r\n", BLANK16, 4000, CLOSES,
        0),
    E("half a body without a token, reset",
        "POST " LEDGER "/transfers HTTP/1.1\r\n" HOST JSON "Content-Length: 200000\r\n\r\n",
        BLANK16, 500, RESETS, 0),
    E("a body expected, never sent, reset",
        DEPOSIT "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n", NULL, 0, RESETS, 20),
    E("a body expected, never sent, closed",
        DEPOSIT "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n", NULL, 0, CLOSES, 20),
    E("too large a body expected",
        DEPOSIT "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", NULL, 0, AWAITS_END,
        20),
    E("too large a body, reset within", DEPOSIT "Content-Length: 99999999\r\n\r\n", BLANK16, 2000,
        RESETS, 0),
    E("part of a chunk, reset", DEPOSIT CHUNKED "c\r\n{\"am", NULL, 0, RESETS, 0),
    E("part of a chunk, half-closed", DEPOSIT CHUNKED "c\r\n{\"am", NULL, 0, SAYS_NO_MORE, 0),
    E("a bad chunk", DEPOSIT CHUNKED "c\n{\"am", NULL, 0, AWAITS_END, 20),
    E("an endless chunk extension", DEPOSIT CHUNKED "c;", X16, 600, AWAITS_END, 20),
    E("an endless chunk extension, reset", DEPOSIT CHUNKED "c;", X16, 600, RESETS, 0),
    E("half a chunk extension, reset", DEPOSIT CHUNKED "c;", X16, 100, RESETS, 0),
    E("endless trailers", DEPOSIT CHUNKED "0\r\n", "X: xxxxxxxxxxx\r\n", 600, AWAITS_END, 20),
    /* heads that are refused */
    E("150 parameters", "GET /livez?", "a&", 150, RESETS, 0),
    E("150 parameters, answered",
        "GET /livez?" /* 150 times a& */
        "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&"
        "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&"
        "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&"
        "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a HTTP/1.1\r\n" HOST "\r\n",
        NULL, 0, RESETS, 20),
    E("3,400 bytes of cookies", "GET /livez HTTP/1.1\r\n" HOST "Cookie: ", "a=1; b=2; c=3; d", 212,
        RESETS, 0),
    E("too many headers", "GET /livez HTTP/1.1\r\n" HOST, "X: xxxxxxxxxxx\r\n", 150, AWAITS_END,
        20),
    E("too large headers, reset", "GET /livez HTTP/1.1\r\n" HOST "X: ", X16, 1200, RESETS, 0),
    E("too long a target", "GET /", X16, 600, AWAITS_END, 20),
    E("a bare line feed", "GET /livez HTTP/1.1\n" HOST "\r\n", NULL, 0, AWAITS_END, 20),
    E("a bare line feed, reset", "GET /livez HTTP/1.1\n" HOST "\r\n", NULL, 0, RESETS, 0),
    E("another version", "GET /livez HTTP/2.0\r\n", NULL, 0, AWAITS_END, 20),
    E("two lengths", DEPOSIT "Content-Length: 12\r\n" BODY, NULL, 0, AWAITS_END, 20),
    E("no HTTP at all", "\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03", NULL, 0, AWAITS_END, 20),
    E("no HTTP at all, half-closed", "SSH-2.0-OpenSSH_9.2\r\n", NULL, 0, SAYS_NO_MORE, 0),
    /* before, within and after the answer */
    E("a read, closed immediately", JOURNAL AUTH "\r\n", NULL, 0, CLOSES, 0),
    E("a read, reset immediately", JOURNAL AUTH "\r\n", NULL, 0, RESETS, 0),
    E("a read, half-closed", LIVEZ, NULL, 0, SAYS_NO_MORE, 0),
    E("a deposit, closed immediately", DEPOSIT BODY, NULL, 0, CLOSES, 0),
    E("a deposit, reset immediately", DEPOSIT BODY, NULL, 0, RESETS, 0),
    E("a large answer, nothing read, reset", OPENAPI, NULL, 0, RESETS, 0),
    E("a large answer, partly read, reset", OPENAPI, NULL, 0, RESETS, 1000),
    E("a large answer, partly read, closed", OPENAPI, NULL, 0, CLOSES, 1000),
    E("large answers pipelined, nothing read", OPENAPI, OPENAPI, 20, RESETS, 0),
    E("answered, then reset", LIVEZ, NULL, 0, RESETS, 20),
    E("answered, then closed", LIVEZ, NULL, 0, CLOSES, 20),
    E("answered, with half of the next", LIVEZ "GET /liv", NULL, 0, RESETS, 20),
    E("two together, closed", LIVEZ LIVEZ, NULL, 0, CLOSES, 20),
    E("without a token, closed", JOURNAL "\r\n", NULL, 0, CLOSES, 20),
    /* streams */
    E("a stream, reset immediately", EVENTS, NULL, 0, RESETS, 0),
    E("a stream, closed immediately", EVENTS, NULL, 0, CLOSES, 0),
    E("a stream, reset", EVENTS, NULL, 0, RESETS, 100),
    E("a stream, closed", EVENTS, NULL, 0, CLOSES, 100),
};

enum { KINDS = sizeof endings / sizeof endings[0] };
_Static_assert((int)KINDS >= 25, "there are more ways than a few");

/* ---- one connection ------------------------------------------------------------------------- */

/* What an ending sends, with the token in its place; its length. */
static size_t text_of(const struct ending *ending, const char *token, char *text)
{
    size_t length = 0, more = ending->more ? strlen(ending->more) : 0;
    for (size_t i = 0; i < ending->length; i++)
        if (ending->bytes[i] == '@')
            length += (size_t)snprintf(text + length, TEXT - length, "%s", token);
        else
            text[length++] = ending->bytes[i];
    for (size_t i = 0; i < ending->times; i++, length += more)
        memcpy(text + length, ending->more, more);
    co_ensure(length <= TEXT);
    return length;
}

/* False: nothing came for too long. That it ends earlier is its right. */
static bool read_some(struct client *client, size_t wanted)
{
    char piece[1024];
    size_t got = 0, more = 1;
    enum client_status status = CLIENT_ANSWERED;
    while (got < wanted && more > 0 && status == CLIENT_ANSWERED) {
        status = client_read(client, piece, sizeof piece, &more);
        got += more;
    }
    return status != CLIENT_TIMEOUT;
}

struct crowd {
    const struct service *service;
    const struct ending *ending;
    const char *text;
    size_t length, each;
    _Atomic size_t odd; /* the service did not answer or end it when it should have */
};

static void end_one(struct client *client, struct crowd *crowd)
{
    const struct ending *ending = crowd->ending;
    if (client_connect(client) != CLIENT_ANSWERED)
        return;
    /* What is refused may be cut before all of it is sent. */
    bool sent = crowd->length == 0 ||
                client_send_bytes(client, crowd->text, crowd->length) == CLIENT_ANSWERED;
    if (sent && ending->how == SAYS_NO_MORE)
        client_say_no_more(client);
    if (sent && !read_some(client, ending->reads))
        crowd->odd++;
    if (ending->how == RESETS)
        client_reset(client);
    else if (ending->how == CLOSES || !sent)
        client_close(client);
    else {
        char piece[1024];
        size_t more = 1;
        while (more > 0)
            if (client_read(client, piece, sizeof piece, &more) != CLIENT_ANSWERED) {
                crowd->odd++;
                break;
            }
        client_close(client);
    }
}

static void end_several(size_t index, void *arg)
{
    struct crowd *crowd = arg;
    (void)index;
    struct client *client = client_make(&crowd->service->target, 15 * CO_CLOCK_S);
    co_ensure(client);
    for (size_t i = 0; i < crowd->each; i++)
        end_one(client, crowd);
    client_free(&client);
}

/* ---- what must be given back ---------------------------------------------------------------- */

/* Are the places for large bodies free, all of each worker? */
static void large_bodies_find_places(const struct service *service)
{
    static char body[LARGE];
    memset(body, ' ', sizeof body);
    for (int i = 0; i < 12; i++) {
        struct visit visit;
        visit_begin(&visit, service);
        visit_call(
            &visit, &(struct request){
                        .path = "/transfers/batch", .body = body, .body_length = sizeof body});
        EXPECT_PROBLEM(&visit, 400, "invalid_json");
        visit_end(&visit);
    }
}

/* One that is still there when its test goes on to the next thing, as any may be. */
static void leave_late(void *client)
{
    co_sleep(300 * CO_CLOCK_MS);
    client_free(&(struct client *){client});
}

static void come_and_leave_late(const struct service *service)
{
    struct client *client = client_make(&service->target, 15 * CO_CLOCK_S);
    co_ensure(client);
    CU_ASSERT_EQUAL(client_connect(client), CLIENT_ANSWERED);
    co_ensure(co_spawn(leave_late, client));
}

/* ---- the tests ------------------------------------------------------------------------------ */

/* Of each kind. */
static size_t how_many(void)
{
    const char *wanted = getenv("ENDINGS");
    size_t count = wanted ? strtoul(wanted, NULL, 10) : FEW;
    return count < CREW ? CREW : count;
}

static bool is_wanted(const struct ending *ending)
{
    const char *part = getenv("ENDINGS_OF");
    return !part || strstr(ending->name, part);
}

/* All that it opens once and keeps is open then. Few streams, as each takes memory that is kept for
 * the next; and no address is trusted, so that the places of ours are counted. */
static void start(struct service *service)
{
    struct visit visit;
    CU_ASSERT_FATAL(service_make(service, "owner",
        (const char *const[]){"--max-requests", "96", "--max-connections", "512", "--max-streams",
            "128", "--max-connections-per-address", "384", "--trusted-addresses", "10.0.0.0/8",
            "--max-requests-per-token", "90", NULL}));
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "ended", 1));
    for (int i = 0; i < READS_THAT_OPEN_ALL; i++) {
        visit_get(&visit, "/accounts/ended/entries");
        EXPECT_STATUS(&visit, 200);
    }
    visit_end(&visit);
}

/* Each kind, `count` times, and after each all is as `before`, if that is not NULL. The number of
 * kinds. */
static size_t run_all(struct crowd *crowd, char *text, size_t count, const struct remains *before)
{
    size_t kinds = 0;
    crowd->each = (count + CREW - 1) / CREW;
    for (size_t i = 0; i < KINDS; i++) {
        if (!is_wanted(&endings[i]))
            continue;
        kinds++;
        crowd->ending = &endings[i];
        crowd->length = text_of(crowd->ending, crowd->service->target.token, text);
        crowd->odd = 0;
        crew_run(CREW, end_several, crowd);
        if (!before)
            continue;
        remains_await(crowd->service, before, crowd->ending->name);
        if (crowd->odd > 0) {
            printf("\n    \"%s\": %zu not answered, or not ended", crowd->ending->name, crowd->odd);
            CU_FAIL("not answered, or not ended by the service");
        }
    }
    return kinds;
}

static void all_is_given_back(void)
{
    struct service service;
    char *text = malloc(TEXT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    start(&service);
    struct crowd crowd = {.service = &service, .text = text};
    come_and_leave_late(&service);
    struct remains before = remains_settled(&service);
    size_t count = how_many();
    run_all(&crowd, text, count / 4 < SOME ? count / 4 : SOME, NULL);
    remains_await(&service, &before, "some of each"); /* what is kept for the next time is there */
    size_t memory = service_memory_kib(&service);
    size_t kinds = run_all(&crowd, text, count, &before);
    size_t memory_after = service_memory_kib(&service);
    printf("[%zu kinds, %zu of each; %zu descriptors; %zu KiB before, %zu after] ", kinds, count,
        before.descriptors, memory, memory_after);
    CU_ASSERT(memory_after < memory + SERVICE_SLACK_KIB);
    large_bodies_find_places(&service);
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 200);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
    free(text);
}

/* A connection of each kind is left as it is, in the middle: SIGTERM ends the service all the
 * same. */
static void the_end_comes_within_all(void)
{
    struct service service;
    struct client *clients[KINDS];
    char *text = malloc(TEXT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    start(&service);
    for (size_t i = 0; i < KINDS; i++) {
        size_t length = text_of(&endings[i], service.target.token, text);
        clients[i] = client_make(&service.target, 10 * CO_CLOCK_S);
        co_ensure(clients[i]);
        CU_ASSERT_EQUAL(client_connect(clients[i]), CLIENT_ANSWERED);
        if (length > 0 && client_send_bytes(clients[i], text, length) != CLIENT_ANSWERED)
            continue; /* it was refused before all of it was sent */
    }
    int64_t from_ns = co_clock_now_ns();
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT(co_clock_now_ns() - from_ns < 30 * CO_CLOCK_S);
    for (size_t i = 0; i < KINDS; i++)
        client_free(&clients[i]);
    service_remove(&service);
    free(text);
}

const struct unit_suite endings_suite = {"endings", 2,
    (const struct unit_test[]){{"all_is_given_back", all_is_given_back},
        {"the_end_comes_within_all", the_end_comes_within_all}, {0}}};
