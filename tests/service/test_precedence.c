/* SPDX-License-Identifier: MIT */
/* Of several faults in one request the first of the documented order is the answer: each pair of
 * them, at every class of route. The order is that of server/README.md. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"

/* In their order. */
enum fault {
    LONG_TARGET,
    VERSION,
    FORM,
    EXPECT,
    LARGE_HEADERS,
    NO_PLACE,
    OF_ADDRESS,
    BAD_ESCAPE,
    NO_PATH,
    NO_METHOD,
    FOREIGN,
    NO_TOKEN,
    SCOPE,
    BOUND,
    NO_LEDGER,
    TYPE,
    TOO_LARGE,
    OF_TOKEN,
    PARAMETER,
    VALUE,
    KEY,
    JSON,
    NO_OBJECT,
    MEMBER,
    FAULTS
};

static const struct {
    int status;
    const char *says; /* stands in the problem */
} answers[FAULTS] = {
    [VERSION] = {505, "\"code\":\"http_version_not_supported\""},
    [LONG_TARGET] = {414, "\"code\":\"uri_too_long\""},
    [FORM] = {400, "A header line must be NAME, colon, value"},
    [EXPECT] = {417, "\"code\":\"expectation_failed\""},
    [LARGE_HEADERS] = {431, "\"code\":\"headers_too_large\""},
    [NO_PLACE] = {503, "\"code\":\"overloaded\""},
    [OF_ADDRESS] = {429, "Requests come too often from this address."},
    [BAD_ESCAPE] = {400, "\"code\":\"bad_request\""},
    [NO_PATH] = {404, "\"code\":\"not_found\""},
    [NO_METHOD] = {405, "\"code\":\"method_not_allowed\""},
    [FOREIGN] = {403, "A page of another origin sent this request"},
    [NO_TOKEN] = {401, "\"code\":\"unauthorized\""},
    [SCOPE] = {403, "\"title\":\"The token's scope does not allow this.\""},
    [BOUND] = {403, "The token is bound to other"},
    [NO_LEDGER] = {404, "\"code\":\"ledger_not_found\""},
    [TYPE] = {415, "\"code\":\"unsupported_media_type\""},
    [TOO_LARGE] = {413, "\"code\":\"payload_too_large\""},
    [OF_TOKEN] = {429, "Requests come too often with this token."},
    [PARAMETER] = {400, "\"member\":\"nonsense\""},
    [VALUE] = {400, "\"member\":\"limit\""},
    [KEY] = {400, "\"member\":\"Idempotency-Key\""},
    [JSON] = {400, "\"code\":\"invalid_json\""},
    [NO_OBJECT] = {400, "body: must be an object"},
    [MEMBER] = {400, "\"member\":\"strange\""},
};

#define BIT(fault) (1U << (fault))
/* Of HTTP itself: whoever sends it, wherever to, and be there room or not. */
#define HTTP (BIT(VERSION) | BIT(LONG_TARGET) | BIT(FORM) | BIT(EXPECT) | BIT(LARGE_HEADERS))
#define PROBE (HTTP | BIT(NO_PATH) | BIT(NO_METHOD))
#define ROOM (BIT(NO_PLACE) | BIT(OF_ADDRESS))
#define ANY (PROBE | ROOM)
#define API (ANY | BIT(BAD_ESCAPE) | BIT(NO_TOKEN) | BIT(OF_TOKEN) | BIT(PARAMETER))
#define POST                                                                                       \
    (API | BIT(FOREIGN) | BIT(TYPE) | BIT(TOO_LARGE) | BIT(JSON) | BIT(NO_OBJECT) | BIT(MEMBER))
#define OF_LEDGER (BIT(NO_LEDGER) | BIT(BOUND))
#define LIST (API | BIT(VALUE))
#define MOVE (POST | OF_LEDGER | BIT(SCOPE) | BIT(KEY))

/* One of each class; what is right of it meets a rule of the ledger, where there is one. */
static const struct route {
    const char *method, *path, *body;
    unsigned faults; /* that it can have */
    int status;      /* without any */
    const char *says;
} routes[] = {
    {"POST", "/v1/ledgers/main/transfers", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}", MOVE,
        404, "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/transfers/batch", "{\"transfers\":[{\"from\":\"no-1\"}]}", MOVE, 400,
        "\"member\":\"transfers[0].to\""},
    {"POST", "/v1/ledgers/main/accounts/no-1/deposit", "{\"amount\":1}", MOVE, 404,
        "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/holds", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}", MOVE,
        404, "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/holds/999999/release", "{}", MOVE, 404,
        "\"code\":\"hold_not_found\""},
    {"POST", "/v1/ledgers/main/transfers/999999/reverse", "{}", MOVE, 404,
        "\"code\":\"transfer_not_found\""},
    {"POST", "/v1/ledgers/main/accounts", "{\"id\":\"a\"}", POST | OF_LEDGER | BIT(SCOPE), 400,
        "\"member\":\"asset\""},
    {"POST", "/v1/ledgers/main/accounts/no-1/freeze", "{}", POST | OF_LEDGER | BIT(SCOPE), 404,
        "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers", "{\"name\":\"a b\"}", POST | BIT(SCOPE), 400, "\"member\":\"name\""},
    {"POST", "/v1/lab/runs", "{\"scenario\":\"none\"}", POST, 400, "\"code\":\"invalid_request\""},
    {"GET", "/v1/ledgers/main/accounts", NULL, LIST | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main/accounts/no-1", NULL, API | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/accounts/no-1/entries", NULL, LIST | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/transfers/999999", NULL, API | OF_LEDGER, 404,
        "\"code\":\"transfer_not_found\""},
    {"GET", "/v1/ledgers/main/journal", NULL, LIST | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main", NULL, API | OF_LEDGER, 200, "\"name\""},
    {"GET", "/v1/ledgers", NULL, LIST, 200, "\"items\""},
    {"GET", "/livez", NULL, PROBE, 200, ""},
    {"GET", "/metrics", NULL, PROBE, 200, "teller_"},
    {"GET", "/openapi.json", NULL, ANY, 200, "\"openapi\""},
};

enum { TOKEN = 128, TRIES = 200, REQUEST = 40000, LONG = 9000, LARGE = 18000 };

struct sender {
    const struct service *service;
    struct visit visit;
    const char *token;                                      /* what may do all */
    char reader[TOKEN], limited[TOKEN], slow_reader[TOKEN]; /* what may only read; once a second */
    char bound[TOKEN], slow_bound[TOKEN];                   /* to a ledger that is not there */
    char text[REQUEST], more[REQUEST];
    struct client *occupant; /* has the one place of a service */
};

/* The path with its faults: another ledger, more parts, a bad query. */
static void write_path(const struct route *route, unsigned has, char *to, size_t size)
{
    static const char ledger[] = "/v1/ledgers/main";
    const unsigned query = BIT(BAD_ESCAPE) | BIT(PARAMETER) | BIT(VALUE) | BIT(LONG_TARGET);
    bool other = has & BIT(NO_LEDGER);
    size_t skip = other ? sizeof ledger - 1 : 0;
    snprintf(to, size, "%s%s%s%s%s%s%s%0*d", other ? "/v1/ledgers/other-1" : "", route->path + skip,
        has & BIT(NO_PATH) ? "/no/such" : "", has & query ? "?" : "",
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

static const char *token_for(const struct sender *sender, unsigned has)
{
    if (has & BIT(OF_TOKEN))
        return has & BIT(SCOPE)   ? sender->slow_reader
               : has & BIT(BOUND) ? sender->slow_bound
                                  : sender->limited;
    return has & BIT(SCOPE) ? sender->reader : has & BIT(BOUND) ? sender->bound : sender->token;
}

static const char *body_for(const struct route *route, unsigned has)
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

static size_t write_request(struct sender *sender, const struct route *route, unsigned has)
{
    static const char *const types[] = {"application/json", "text/plain"};
    static char path[LONG + 200];
    char length[40] = "", type[60] = "", token[TOKEN + 40] = "";
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
        "%s %s %s\r\nHost: 127.0.0.1\r\n%s%s%s%s%s%s\r\n%s",
        has & BIT(NO_METHOD) ? "PATCH" : route->method, path,
        has & BIT(VERSION) ? "HTTP/2.0" : "HTTP/1.1",
        has & BIT(FOREIGN) ? "Sec-Fetch-Site: cross-site\r\n" : "", token, type,
        has & BIT(KEY) ? "Idempotency-Key: \"\r\n" : "", length, sender->more,
        has & BIT(TOO_LARGE) ? "" : body);
    CU_ASSERT_FATAL(written > 0 && (size_t)written < sizeof sender->text);
    return (size_t)written;
}

/* Of those that it has, the first; FAULTS: it has none. */
static enum fault first_of(unsigned has)
{
    enum fault fault = 0;
    while (fault < FAULTS && !(has & BIT(fault)))
        fault++;
    return fault;
}

static void ask(struct sender *sender, const struct route *route, unsigned has)
{
    struct visit *visit = &sender->visit;
    size_t length = write_request(sender, route, has);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit->client, sender->text, length), CLIENT_ANSWERED);
    visit->got = client_receive(visit->client, &visit->response);
    CU_ASSERT_EQUAL_FATAL(visit->got, CLIENT_ANSWERED);
    if (has & BIT(TOO_LARGE)) /* the rest is not to be taken for a request */
        client_close(visit->client);
}

/* Have what the service counts be used up: its one place, by a request whose body is on its way;
 * what the token or the address may ask for in a second. */
static void use_up(struct sender *sender, unsigned has)
{
    static const struct route any = {"GET", "/v1/ledgers", NULL, 0, 0, ""};
    static const char half[] = "POST /v1/ledgers HTTP/1.1\r\nHost: a\r\nContent-Type: "
                               "application/json\r\nContent-Length: 2\r\n\r\n{";
    if (has & (BIT(OF_TOKEN) | BIT(OF_ADDRESS)))
        ask(sender, &any, has & (BIT(OF_TOKEN) | BIT(SCOPE) | BIT(BOUND)));
    if (!(has & BIT(NO_PLACE)))
        return;
    client_close(sender->occupant);
    CU_ASSERT_EQUAL(client_connect(sender->occupant), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_send_bytes(sender->occupant, half, sizeof half - 1), CLIENT_ANSWERED);
}

static void expect(struct sender *sender, const struct route *route, unsigned has)
{
    enum fault first = first_of(has);
    struct visit *visit = &sender->visit;
    int status = first < FAULTS ? answers[first].status : route->status;
    const char *says = first < FAULTS ? answers[first].says : route->says;
    bool passes = first == NO_PLACE || first == OF_ADDRESS || first == OF_TOKEN, right = false;
    /* A place or a second may be over before the request has come. */
    for (int tries = passes ? TRIES : 1; tries > 0 && !right; tries--) {
        if (has & (ROOM | BIT(OF_TOKEN)))
            use_up(sender, has);
        ask(sender, route, has);
        right = visit->response.status == status &&
                memmem(visit->response.body, visit->response.body_length, says, strlen(says));
    }
    if (!right) {
        printf("\n    %s %s with %x: %s", route->method, route->path, has, says);
        visit_print(visit, status);
    }
    CU_ASSERT(right);
}

/* Also where there is hardly room for it. */
static void make_token(struct sender *sender, const char *body, char text[TOKEN])
{
    for (int tries = TRIES; tries > 0; tries--) {
        visit_post(&sender->visit, "/v1/tokens", NULL, body);
        if (sender->visit.response.status != 429)
            break;
        co_sleep(CO_CLOCK_S / 10);
    }
    EXPECT_STATUS(&sender->visit, 201);
    CU_ASSERT_FATAL(json_view_copy(json_view_member(sender->visit.body, "token"), text, TOKEN));
}

static void begin(struct sender *sender, const struct service *service)
{
    *sender = (struct sender){.service = service, .token = service->target.token};
    visit_begin(&sender->visit, service);
    sender->occupant = client_make(&service->target, 20 * CO_CLOCK_S);
    co_ensure(sender->occupant);
    make_token(sender, "{\"scope\":\"read\"}", sender->reader);
    make_token(sender, "{\"scope\":\"admin\",\"rate\":1}", sender->limited);
    make_token(sender, "{\"scope\":\"read\",\"rate\":1}", sender->slow_reader);
    make_token(sender, "{\"scope\":\"admin\",\"ledgers\":[\"other-2\"]}", sender->bound);
    make_token(
        sender, "{\"scope\":\"admin\",\"ledgers\":[\"other-2\"],\"rate\":1}", sender->slow_bound);
}

static void end(struct sender *sender)
{
    client_free(&sender->occupant);
    visit_end(&sender->visit);
}

/* Can one request have both? A token is missing, or may do too little, or comes too often. */
static bool go_together(unsigned has)
{
    const unsigned of_token = BIT(SCOPE) | BIT(BOUND) | BIT(OF_TOKEN);
    return !(has & BIT(NO_TOKEN) && has & of_token) && !(has & BIT(SCOPE) && has & BIT(BOUND)) &&
           !(has & BIT(NO_OBJECT) && has & BIT(MEMBER));
}

/* Pairs of which one is among these, at all routes that can have them. */
static void send_pairs(struct sender *sender, unsigned ones, unsigned others)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        for (enum fault one = 0; one < FAULTS; one++)
            for (enum fault other = one; other < FAULTS; other++) {
                unsigned has = BIT(one) | BIT(other);
                if ((ones & BIT(one)) && (others & BIT(other)) && (has & routes[i].faults) == has &&
                    go_together(has))
                    expect(sender, &routes[i], has);
            }
}

static void each_pair(const char *strategy)
{
    static struct sender sender;
    const struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    begin(&sender, service);
    send_pairs(&sender, ~ROOM, ~0U);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        expect(&sender, &routes[i], 0);
    end(&sender);
}
BOTH_STRATEGIES(each_pair)

/* What is asked before anything else of the request: is there room for it? A body that was only
 * announced is waited for where there is no place, so it is not among the pairs. */
static void where_there_is_no_room(void)
{
    static struct service service;
    static struct sender sender;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-requests", "1", "--max-rate-per-address",
            "1", "--trusted-addresses", "10.0.0.0/8", NULL}));
    begin(&sender, &service);
    send_pairs(&sender, BIT(NO_PLACE), ~(HTTP | BIT(TOO_LARGE)));
    client_close(sender.occupant);
    CU_ASSERT(visit_figure_becomes(&sender.visit, "teller_requests_in_flight", 1));
    send_pairs(&sender, BIT(OF_ADDRESS), ~HTTP);
    end(&sender);
    service_remove(&service);
}

const struct unit_suite precedence_suite = {"precedence", 2,
    (const struct unit_test[]){
        BOTH_ROWS(each_pair), {"where_there_is_no_room", where_there_is_no_room}, {0}}};
