/* SPDX-License-Identifier: MIT */
#include "tests/service/fault.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

static const struct {
    int status;
    const char *says; /* stands in the problem */
} answers[FAULTS] = {
    [FAULT_VERSION] = {505, "\"code\":\"http_version_not_supported\""},
    [FAULT_LONG_TARGET] = {414, "\"code\":\"uri_too_long\""},
    [FAULT_FORM] = {400, "A header line must be NAME, colon, value"},
    [FAULT_EXPECT] = {417, "\"code\":\"expectation_failed\""},
    [FAULT_LARGE_HEADERS] = {431, "\"code\":\"headers_too_large\""},
    [FAULT_NO_PLACE] = {503, "\"code\":\"overloaded\""},
    [FAULT_OF_ADDRESS] = {429, "Requests come too often from this address."},
    [FAULT_BAD_ESCAPE] = {400, "\"code\":\"bad_request\""},
    [FAULT_NO_PATH] = {404, "\"code\":\"not_found\""},
    [FAULT_NO_METHOD] = {405, "\"code\":\"method_not_allowed\""},
    [FAULT_FOREIGN] = {403, "A page of another origin sent this request"},
    [FAULT_NO_TOKEN] = {401, "\"code\":\"unauthorized\""},
    [FAULT_SCOPE] = {403, "\"title\":\"The token's scope does not allow this.\""},
    [FAULT_BOUND] = {403, "The token is bound"},
    [FAULT_NO_LEDGER] = {404, "\"code\":\"ledger_not_found\""},
    [FAULT_TYPE] = {415, "\"code\":\"unsupported_media_type\""},
    [FAULT_TOO_LARGE] = {413, "\"code\":\"payload_too_large\""},
    [FAULT_UNSURE] = {503, "Too many tokens that may be new."},
    [FAULT_UNKNOWN] = {503, "\"code\":\"unavailable\""},
    [FAULT_OF_TOKEN] = {429, "Requests come too often with this token."},
    [FAULT_IN_WORK] = {429, "Too many requests with this token are in work"},
    [FAULT_PARAMETER] = {400, "\"member\":\"nonsense\""},
    [FAULT_VALUE] = {400, "\"member\":\"limit\""},
    [FAULT_KEY] = {400, "\"member\":\"Idempotency-Key\""},
    [FAULT_JSON] = {400, "\"code\":\"invalid_json\""},
    [FAULT_NO_OBJECT] = {400, "body: must be an object"},
    [FAULT_MEMBER] = {400, "\"member\":\"strange\""},
};

enum { TRIES = 200, LONG = 9000, LARGE = 18000, UNSURE_MAX = 16 };

#define BIT(name) FAULT_BIT(name)

/* ---- a request ------------------------------------------------------------------------------ */

/* The path with its faults: another ledger, more parts, a bad query. */
static void write_path(const struct fault_route *route, unsigned has, char *to, size_t size)
{
    static const char ledger[] = "/v1/ledgers/main";
    const unsigned query = BIT(BAD_ESCAPE) | BIT(PARAMETER) | BIT(VALUE) | BIT(LONG_TARGET);
    bool other = has & BIT(NO_LEDGER);
    const char *from = route->path + (other ? sizeof ledger - 1 : 0);
    size_t length = strcspn(from, "?");
    snprintf(to, size, "%s%.*s%s%s%s%s%s%s%0*d", other ? "/v1/ledgers/other-1" : "", (int)length,
        from, has & BIT(NO_PATH) ? "/no/such" : "", from + length,
        !(has & query) ? ""
        : from[length] ? "&"
                       : "?",
        has & BIT(VALUE) ? "limit=0&" : "", has & BIT(PARAMETER) ? "nonsense=1&" : "",
        has & BIT(BAD_ESCAPE) ? "a=%zz" : "", has & BIT(LONG_TARGET) ? LONG : 0, 0);
    /* Of width 0 a digit is there all the same. */
    if (!(has & BIT(LONG_TARGET)))
        to[strlen(to) - 1] = '\0';
}

/* More headers. What is wrong with a head is told in the order of its lines. */
static void write_headers(unsigned has, char *to, size_t size)
{
    const char *form = has & BIT(FORM) ? "What a header is not\r\n" : "";
    const char *length = has & BIT(TOO_LARGE) ? "Content-Length: 99999999\r\n" : "";
    const char *expects = has & BIT(EXPECT)      ? "Expect: a-wonder\r\n"
                          : has & BIT(TOO_LARGE) ? "Expect: 100-continue\r\n"
                                                 : "";
    int written = snprintf(to, size, "%s%s%s", form, length, expects);
    if (has & BIT(LARGE_HEADERS))
        snprintf(to + written, size - (size_t)written, "X-Large: %0*d\r\n", LARGE, 0);
}

static const char *token_for(const struct fault_sender *sender, unsigned has)
{
    if (has & (BIT(UNSURE) | BIT(UNKNOWN)))
        return sender->former;
    if (has & BIT(OF_TOKEN))
        return has & BIT(SCOPE)   ? sender->slow_reader
               : has & BIT(BOUND) ? sender->slow_bound
                                  : sender->limited;
    return has & BIT(SCOPE) ? sender->reader : has & BIT(BOUND) ? sender->bound : sender->token;
}

static const char *body_for(const struct fault_route *route, unsigned has)
{
    bool whole = !(has & BIT(JSON));
    if (!route->body)
        return "";
    if (has & BIT(NO_OBJECT))
        return whole ? "[]" : "[";
    if (has & BIT(MEMBER))
        return whole ? "{\"strange\":1}" : "{\"strange\":1,";
    return whole ? route->body : "{";
}

static size_t write_request(
    struct fault_sender *sender, const struct fault_route *route, unsigned has)
{
    static const char *const types[] = {"application/json", "text/plain"};
    static char path[LONG + 200];
    char length[40] = "", type[60] = "", token[FAULT_TOKEN + 40] = "";
    const char *body = body_for(route, has);
    write_path(route, has, path, sizeof path);
    write_headers(has, sender->more, sizeof sender->more);
    /* What is announced is never sent: the answer comes first. */
    if (route->body && !(has & BIT(TOO_LARGE)))
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    if (route->body)
        snprintf(type, sizeof type, "Content-Type: %s\r\n", types[(has & BIT(TYPE)) != 0]);
    if (!(has & BIT(NO_TOKEN)))
        snprintf(token, sizeof token, "Authorization: Bearer %s\r\n", token_for(sender, has));
    int written = snprintf(sender->text, sizeof sender->text,
        "%s %s %s\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.1\r\n%s%s%s%s%s%s%s\r\n%s",
        has & BIT(NO_METHOD) ? "PATCH" : route->method, path,
        has & BIT(VERSION) ? "HTTP/2.0" : "HTTP/1.1", sender->headers ? sender->headers : "",
        has & BIT(FOREIGN) ? "Sec-Fetch-Site: cross-site\r\n" : "", token, type,
        has & BIT(KEY) ? "Idempotency-Key: \"\r\n" : "", length, sender->more,
        has & BIT(TOO_LARGE) ? "" : body);
    CU_ASSERT_FATAL(written > 0 && (size_t)written < sizeof sender->text);
    return (size_t)written;
}

/* Whether it was answered, whole: a stream that finds room has no end, and is left. */
static bool ask(struct fault_sender *sender, const struct fault_route *route, unsigned has)
{
    struct visit *visit = &sender->visit;
    size_t length = write_request(sender, route, has);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit->client, sender->text, length), CLIENT_ANSWERED);
    visit->got = client_receive(visit->client, &visit->response);
    if (visit->got != CLIENT_ANSWERED || has & BIT(TOO_LARGE)) /* the rest is no request */
        client_close(visit->client);
    return visit->got == CLIENT_ANSWERED;
}

/* ---- what the service has too much of ------------------------------------------------------- */

/* A request of which the body's end never comes: one of few places, whoever sends it. */
static void send_half(struct fault_sender *sender, struct client **one, const char *token)
{
    char half[400], line[FAULT_TOKEN + 40] = "";
    if (token)
        snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", token);
    /* By a proxy for an address without limits; a session is what each token may begin. */
    int length = snprintf(half, sizeof half,
        "POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n%s"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{",
        line);
    if (*one)
        client_close(*one);
    else
        *one = client_make(&sender->service->target, 20 * CO_CLOCK_S);
    co_ensure(*one);
    CU_ASSERT_EQUAL(client_connect(*one), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_send_bytes(*one, half, (size_t)length), CLIENT_ANSWERED);
}

static void disperse(struct fault_sender *sender)
{
    for (size_t i = 0; i < FAULT_CROWD; i++)
        if (sender->crowd[i])
            client_free(&sender->crowd[i]);
    sender->crowded = 0;
}

/* One of the token in work; as many that may be new as can be; so many that no place is left. */
static void crowd(struct fault_sender *sender, unsigned has, bool anew)
{
    const unsigned crowds = BIT(NO_PLACE) | BIT(UNSURE) | BIT(IN_WORK);
    const unsigned tokens = BIT(SCOPE) | BIT(BOUND) | BIT(OF_TOKEN);
    unsigned wanted = has & crowds ? has & (crowds | tokens) : 0;
    if (sender->crowded == wanted && !anew)
        return;
    disperse(sender);
    size_t count = has & BIT(NO_PLACE)  ? FAULT_CROWD
                   : has & BIT(UNSURE)  ? UNSURE_MAX
                   : has & BIT(IN_WORK) ? 1
                                        : 0;
    for (size_t i = 0; i < count; i++)
        send_half(sender, &sender->crowd[i],
            has & BIT(IN_WORK) && i == 0          ? token_for(sender, has)
            : has & BIT(UNSURE) && i < UNSURE_MAX ? sender->former
                                                  : NULL);
    sender->crowded = wanted;
}

/* Have what the service counts be used up: its places; what the token or the address may ask for
 * in a second. */
static void use_up(struct fault_sender *sender, unsigned has, bool anew)
{
    static const struct fault_route any = {"GET", "/v1/ledgers", NULL, 0, 0, ""};
    if (has & (BIT(OF_TOKEN) | BIT(OF_ADDRESS)))
        CU_ASSERT_FATAL(ask(sender, &any, has & (BIT(OF_TOKEN) | BIT(SCOPE) | BIT(BOUND))));
    crowd(sender, has, anew);
}

/* ---- what is told --------------------------------------------------------------------------- */

/* Of those that it has, the first; FAULTS: it has none. Of a token that may be new is asked when
 * the body is here, and what else the head has is looked at then. */
static enum fault first_of(unsigned has)
{
    enum fault fault = 0;
    if (has & (BIT(UNSURE) | BIT(UNKNOWN)))
        has &= ~(BIT(NO_LEDGER) | BIT(TYPE));
    while (fault < FAULTS && !(has & (1U << fault)))
        fault++;
    return fault;
}

void fault_expect(struct fault_sender *sender, const struct fault_route *route, unsigned has)
{
    enum fault first = first_of(has);
    struct visit *visit = &sender->visit;
    int status = first < FAULTS ? answers[first].status : route->status;
    const char *says = first < FAULTS ? answers[first].says : route->says;
    /* A place or a second may be over before the request has come, or not be over yet. */
    bool passes = sender->crowded || has & (BIT(NO_PLACE) | BIT(UNSURE) | BIT(IN_WORK)) ||
                  first == FAULT_OF_ADDRESS || first == FAULT_OF_TOKEN;
    bool right = false;
    for (int tries = 0; tries < (passes ? TRIES : 1) && !right; tries++) {
        use_up(sender, has, tries > 0);
        right = ask(sender, route, has) && visit->response.status == status &&
                memmem(visit->response.body, visit->response.body_length, says, strlen(says));
    }
    if (!right) {
        printf("\n    %s %s with %x: %s", route->method, route->path, has, says);
        visit_print(visit, status);
    }
    CU_ASSERT(right);
}

bool fault_go_together(unsigned has)
{
    const uint64_t known = BIT(SCOPE) | BIT(BOUND) | BIT(OF_TOKEN) | BIT(IN_WORK);
    const uint64_t others = has & (BIT(NO_TOKEN) | BIT(UNSURE) | BIT(UNKNOWN));
    bool of_two = others && has & known;
    return !of_two && !(others & (others - 1)) && !(has & BIT(SCOPE) && has & BIT(BOUND)) &&
           !(has & BIT(NO_OBJECT) && has & BIT(MEMBER));
}

/* ---- a life --------------------------------------------------------------------------------- */

bool fault_narrow_service(struct service *service)
{
    return service_make(service, "owner",
        (const char *const[]){"--workers", "1", "--max-requests", "20", "--max-requests-per-token",
            "1", "--max-rate-per-address", "1", "--trusted-addresses", "10.0.0.0/8",
            "--trusted-proxies", "127.0.0.0/8", "--cluster-control", "/bin/true", NULL});
}

/* Also where there is hardly room for it. */
static void make_token(struct fault_sender *sender, const char *body, char text[FAULT_TOKEN])
{
    for (int tries = TRIES; tries > 0; tries--) {
        visit_post(&sender->visit, "/v1/tokens", NULL, body);
        if (sender->visit.response.status != 429)
            break;
        co_sleep(CO_CLOCK_S / 10);
    }
    EXPECT_STATUS(&sender->visit, 201);
    CU_ASSERT_FATAL(
        json_view_copy(json_view_member(sender->visit.body, "token"), text, FAULT_TOKEN));
}

/* A secret that was good: well-formed, and only the database knows that it is not any more. */
static void make_former(struct fault_sender *sender)
{
    int64_t id = 0;
    char path[60];
    make_token(sender, "{\"scope\":\"read\"}", sender->former);
    CU_ASSERT_FATAL(json_view_integer(json_view_member(sender->visit.body, "id"), &id));
    snprintf(path, sizeof path, "/v1/tokens/%lld", (long long)id);
    for (int tries = TRIES; tries > 0; tries--) {
        visit_call(&sender->visit, &(struct request){.method = "DELETE", .path = path});
        if (sender->visit.response.status != 429)
            break;
        co_sleep(CO_CLOCK_S / 10);
    }
    EXPECT_STATUS(&sender->visit, 200);
}

void fault_begin(struct fault_sender *sender, const struct service *service)
{
    memset(sender, 0, sizeof *sender); /* too large to be on the stack first */
    sender->service = service;
    sender->token = service->target.token;
    visit_begin(&sender->visit, service);
    make_token(sender, "{\"scope\":\"read\"}", sender->reader);
    make_token(sender, "{\"scope\":\"admin\",\"rate\":1}", sender->limited);
    make_token(sender, "{\"scope\":\"read\",\"rate\":1}", sender->slow_reader);
    make_token(sender, "{\"scope\":\"admin\",\"ledgers\":[\"other-2\"]}", sender->bound);
    make_token(
        sender, "{\"scope\":\"admin\",\"ledgers\":[\"other-2\"],\"rate\":1}", sender->slow_bound);
    make_former(sender);
}

void fault_end(struct fault_sender *sender)
{
    disperse(sender);
    visit_end(&sender->visit);
}
