/* SPDX-License-Identifier: MIT */
#include "server/api/api.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/semaphore.h"
#include "ledger/domain/entry.h"
#include "server/api/health.h"
#include "server/http/http.h"
#include "server/text/json_out.h"
#include "server/auth/origin.h"
#include "server/http/problem.h"
#include "server/api/route.h"
#include "server/auth/session.h"

enum { SHORT = 4096, LONG_ONES = 2, WAIT_S = 30, WAIT_MAX_S = 60 };

static const int64_t memory_again_ns = 50 * CLOCK_MS;
static const int64_t judged_for_ns = CLOCK_S / 2; /* how long what was found at the head holds */

/* ---- what all routes have in common -------------------------------------------------------- */

static bool find_route(
    struct request *request, struct response *response, const struct route **route)
{
    switch (route_find(request, route, &response->allow)) {
    case ROUTE_FOUND:
        response->allow = NULL;
        return true;
    case ROUTE_NO_METHOD:
        if (request->method == REQUEST_OPTIONS) {
            response->status = 204; /* what a load balancer may ask to see whether we are there */
            return false;
        }
        problem(request, response, PROBLEM_METHOD_NOT_ALLOWED, NULL);
        return false;
    case ROUTE_NO_PATH:
        response->allow = NULL;
        problem(request, response, PROBLEM_NOT_FOUND, NULL);
        return false;
    }
    ensure(!"a route is found or not");
    return false;
}

/* Whoever restarts what is not alive asks without a Host. */
static bool is_probe(const struct route *route)
{
    return route->answer == health_live || route->answer == health_ready;
}

/* A page that a browser shows must not move money behind the back of its user (origin.h). */
static bool may_send(
    struct api *api, struct request *request, struct response *response, const struct route *route)
{
    if (!api->tokens && !is_probe(route) && !origin_host_is_local(request->host, api->host)) {
        problem(request, response, PROBLEM_FORBIDDEN,
            "Without tokens only the hosts localhost, 127.0.0.1, [::1] and the one that the "
            "service was told to listen on are served.");
        return false;
    }
    if (route->method == REQUEST_GET || !origin_is_foreign(request, api->tokens != NULL))
        return true;
    problem(request, response, PROBLEM_FORBIDDEN,
        "A page of another origin had this sent; Sec-Fetch-Site or Origin says so.");
    return false;
}

/* A token that only the database can know of is let pass where nobody may park: is_unsure. */
static bool is_allowed(struct api *api, struct request *request, struct response *response,
    const struct route *route, bool may_park)
{
    if (!may_send(api, request, response, route))
        return false;
    if (route->scope == TOKEN_NONE || !api->tokens)
        return true;
    if (!request->authorization && route->takes_session)
        request->authorization = session_authorization(request);
    enum token_scope has = token_cache_check(api->tokens, request->authorization, NULL);
    if (has == TOKEN_NONE && token_cache_may_be_new(request->authorization)) {
        request->is_unsure = !may_park;
        if (!may_park)
            return true;
        if (!token_cache_ask(api->tokens, request->authorization, &has)) {
            api_refuse(request, response, LEDGER_UNAVAILABLE, 0);
            return false;
        }
    }
    if (has >= route->scope)
        return true;
    problem(request, response, has == TOKEN_NONE ? PROBLEM_UNAUTHORIZED : PROBLEM_FORBIDDEN, NULL);
    return false;
}

/* Enter the ledger of the path, if there is one in it. */
static bool enter_ledger(struct api *api, struct request *request, struct response *response)
{
    if (!request->ledger)
        return true;
    enum ledger_status status = bank_find(api->bank, request->ledger, &request->served);
    if (status == LEDGER_OK)
        return true;
    api_refuse(request, response, status, 0);
    return false;
}

/* Is it open here? It is not kept open for one whose body may take its time. */
static bool has_ledger(struct api *api, struct request *request, struct response *response)
{
    bool has = enter_ledger(api, request, response);
    api_end(api, request);
    return has;
}

/* Before the bank is open nothing is served but what needs neither it nor a token. */
static bool is_open(
    struct api *api, struct request *request, struct response *response, const struct route *route)
{
    if (atomic_load(&api->open) || route->scope == TOKEN_NONE)
        return true;
    api_refuse(request, response, LEDGER_UNAVAILABLE, 0);
    return false;
}

/* Each parameter is one that the route knows, and comes once. Outside /v1 others are let pass. */
static bool query_is_known(
    struct request *request, struct response *response, const struct route *route)
{
    bool is_api = strncmp(route->pattern, "/v1/", 4) == 0;
    for (size_t i = 0; is_api && i < request->query_count; i++) {
        const char *name = request->query[i].name;
        char spaced[32];
        int length = snprintf(spaced, sizeof spaced, " %s ", name);
        if (length >= (int)sizeof spaced || strchr(name, ' ') || !strstr(route->query, spaced)) {
            problem_invalid(request, response, name, "is no parameter of this path");
            return false;
        }
        if (request_query(request, name) != request->query[i].value) {
            problem_invalid(request, response, name, "is given twice");
            return false;
        }
    }
    return true;
}

/* All that is known before the body is: in the documented order. */
static bool judge(
    struct api *api, struct request *request, struct response *response, bool may_park)
{
    const struct route *route = NULL;
    request->api = api;
    request->is_unsure = false;
    arena_init(&request->scratch, NULL, 0);
    if (!find_route(request, response, &route) || !is_open(api, request, response, route) ||
        !is_allowed(api, request, response, route, may_park))
        return false;
    request->route = route;
    if (request->is_unsure)
        return true;
    if (!has_ledger(api, request, response))
        return false;
    if (route->body != ROUTE_BODY_NONE &&
        !(route->body == ROUTE_BODY_OPTIONAL && !request->has_body) && !request_is_json(request)) {
        problem(request, response, PROBLEM_UNSUPPORTED_TYPE, NULL);
        return false;
    }
    return true;
}

bool api_admit(
    void *arg, struct request *request, struct response *response, struct http_admission *admission)
{
    struct api *api = arg;
    if (atomic_load(&api->open) && api->tokens) /* before, they may be on their way */
        admission->is_known =
            token_cache_check(api->tokens, request->authorization, admission->who) != TOKEN_NONE;
    else
        admission->is_known = true;
    if (!judge(api, request, response, false))
        return false;
    admission->is_unsure = request->is_unsure;
    admission->may_be_long = strstr(request->route->query, " limit ") != NULL; /* a list */
    bool large = request->route->body == ROUTE_BODY_LARGE;
    admission->body_max = large ? REQUEST_LARGE_BODY_MAX : REQUEST_BODY_MAX;
    return true;
}

bool api_is_vital(const char *path, size_t length)
{
    static const char *const paths[] = {"/livez", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strlen(paths[i]) == length && memcmp(paths[i], path, length) == 0)
            return true;
    return false;
}

/* There was no memory for the whole answer. Who asked for money to be moved must not be told that
 * nothing was done. */
static void replace_short(struct request *request, struct response *response)
{
    bool moved = request->method == REQUEST_POST;
    if (response->status >= 400)
        return;
    if (moved)
        api_refuse(request, response, LEDGER_OUTCOME_UNKNOWN, 0);
    else
        api_short(request, response);
}

void api_answer(void *arg, struct request *request, struct response *response)
{
    bool is_old = clock_now_ns() - request->arrived_ns > judged_for_ns; /* its body took its time */
    if ((is_old || request->is_unsure) && !judge(arg, request, response, true))
        return;
    const struct route *route = request->route;
    if (!enter_ledger(arg, request, response))
        return;
    if (route->body == ROUTE_BODY_OPTIONAL && request->body_length == 0) {
        request->body_length = 2;
        request->body = arena_copy(&request->arena, "{}", 2);
    }
    if (query_is_known(request, response, route))
        route->answer(request, response);
    api_forget_body(request);
    if (request->arena.is_short)
        replace_short(request, response);
}

void api_end(void *arg, struct request *request)
{
    (void)arg;
    if (request->served)
        ledger_leave(request->served);
    request->served = NULL;
}

/* ---- for the handlers ---------------------------------------------------------------------- */

const char *api_copy(struct request *request, const char *text)
{
    return arena_copy(&request->arena, text, strlen(text));
}

void api_ok(struct response *response, const struct json_out *out, uint64_t seq)
{
    response->status = 200;
    response->content_type = "application/json";
    response->body = out->text;
    response->length = out->length;
    response->ledger_seq = seq;
    response->has_ledger_seq = true;
}

/* All but the unreserved characters of RFC 3986, 2.3. */
void api_escape(struct json_out *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char escaped[] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c);
        json_out_raw(out, plain ? text : escaped, plain ? 1 : sizeof escaped);
    }
}

const char *api_path(struct request *request, const char *kind, const char *id)
{
    struct json_out path;
    json_out_begin(&path, &request->arena);
    json_out_raw(&path, "/v1/ledgers/", 12);
    json_out_raw(&path, request->ledger, strlen(request->ledger));
    if (kind) {
        json_out_raw(&path, "/", 1);
        json_out_raw(&path, kind, strlen(kind));
        json_out_raw(&path, "/", 1);
        api_escape(&path, id);
    }
    json_out_raw(&path, "", 1);
    return path.text;
}

const char *api_path_to(struct request *request, const char *kind, uint64_t seq)
{
    char id[MONEY_TEXT];
    money_format((money)seq, id);
    return api_path(request, kind, id);
}

static bool gave_up(enum ledger_status status)
{
    return status == LEDGER_KEY_IN_FLIGHT || status == LEDGER_OVERLOADED ||
           status == LEDGER_UNAVAILABLE || status == LEDGER_OUTCOME_UNKNOWN;
}

/* Why a ledger was UNAVAILABLE. One that has stopped turns writes away; if it does not read either,
 * that is the database's doing. */
static const char *why_unavailable(const struct request *request)
{
    struct ledger_figures figures = {.state = LEDGER_RUNNING};
    if (request->served)
        ledger_read_figures(request->served, &figures);
    else if (request->api && !atomic_load(&request->api->open))
        return "The service is starting, or standing by; /readyz says why.";
    else if (request->ledger)
        return "This ledger is not open here; /readyz says why.";
    if (figures.awaits_clock)
        return "The clock of this server and the database's are more than a minute apart: nothing "
               "is written meanwhile, reads go on; /readyz says why.";
    if (figures.state == LEDGER_FENCED)
        return "Another server has taken the ledger over.";
    if (figures.state == LEDGER_LOST)
        return "The database has lost what was acknowledged.";
    if (figures.state == LEDGER_STOPPED && request->method == REQUEST_POST)
        return "Writes to this ledger have stopped, reads go on; /readyz says why.";
    return "The database is away, or slow.";
}

struct problem_of_ledger api_told(
    const struct request *request, const struct problem_of_ledger *what)
{
    struct problem_of_ledger told = *what;
    if (gave_up(told.status)) {
        uint64_t durable = request->served ? ledger_durable_seq(request->served) : 0;
        told.seq = told.seq < durable ? told.seq : durable;
        told.account = NULL;
        told.has_available = false;
    }
    if (told.status == LEDGER_UNAVAILABLE)
        told.detail = why_unavailable(request);
    return told;
}

void api_refuse_of(
    struct request *request, struct response *response, const struct problem_of_ledger *what)
{
    struct problem_of_ledger told = api_told(request, what);
    problem_of_ledger(request, response, &told);
}

void api_refuse(
    struct request *request, struct response *response, enum ledger_status status, uint64_t seq)
{
    api_refuse_of(request, response, &(struct problem_of_ledger){.status = status, .seq = seq});
}

/* What is parsed takes many times the length of the body: of the long ones so many at once. */
static struct semaphore places = {.free = LONG_ONES};

void api_short(struct request *request, struct response *response)
{
    problem(request, response, PROBLEM_OVERLOADED, "There is not enough memory.");
}

static const struct json_in *read_body(
    struct request *request, struct response *response, const char *const *names, size_t values)
{
    char error[JSON_IN_ERROR];
    bool is_short = request->body_length <= SHORT;
    if (request->body_length > REQUEST_BODY_MAX)
        request->parses_alone = semaphore_acquire(context_background(), &places, 1);
    const struct json_in *body = json_in_read(is_short ? &request->arena : &request->scratch,
        request->body, request->body_length, values, API_METADATA, error);
    if (!body && (request->arena.is_short || request->scratch.is_short)) {
        api_short(request, response);
        return NULL;
    }
    if (!body) {
        problem(request, response, PROBLEM_INVALID_JSON,
            arena_copy(&request->arena, error, strlen(error)));
        return NULL;
    }
    if (!json_in_is_object(body)) {
        problem_invalid(request, response, "body", "must be an object");
        return NULL;
    }
    const char *unknown = json_in_unknown(body, names);
    if (unknown) {
        problem_invalid(request, response, unknown, "is no member of this request");
        return NULL;
    }
    return body;
}

void api_forget_body(struct request *request)
{
    arena_clear(&request->scratch);
    if (request->parses_alone)
        semaphore_release(&places, 1);
    request->parses_alone = false;
}

const struct json_in *api_body(
    struct request *request, struct response *response, const char *const *names)
{
    return read_body(request, response, names, JSON_IN_VALUES);
}

const struct json_in *api_large_body(
    struct request *request, struct response *response, const char *const *names)
{
    return read_body(request, response, names, JSON_IN_VALUES_LARGE);
}

bool api_position(struct request *request, struct response *response, uint64_t *position)
{
    money id;
    bool good =
        money_parse(request->id, strlen(request->id), false, &id) && id >= 1 && id <= INT64_MAX;
    if (good)
        *position = (uint64_t)id;
    else
        problem_invalid(request, response, "id", "must be a journal position");
    return good;
}

bool api_query_number(struct request *request, struct response *response, const char *name,
    uint64_t low, uint64_t high, uint64_t *value)
{
    const char *text = request_query(request, name);
    if (!text)
        return true;
    money number;
    if (money_parse(text, strlen(text), false, &number) && number >= low && number <= high) {
        *value = (uint64_t)number;
        return true;
    }
    char rule[80];
    snprintf(rule, sizeof rule, "must be a whole number from %llu to %llu", (unsigned long long)low,
        (unsigned long long)high);
    problem_invalid(request, response, name, rule);
    return false;
}

const char *api_page_parameter(struct request *request, struct response *response, const char *name)
{
    if (!request_query(request, "page"))
        return name;
    if (!request_query(request, name))
        return "page";
    problem_invalid(request, response, "page", "goes with no other place to begin at");
    return NULL;
}

struct context *api_patience(const struct request *request)
{
    int64_t wait_s = request_wait_s(request, WAIT_S, WAIT_MAX_S);
    struct context *context;
    while (!(context = context_with_timeout(context_background(), wait_s * CLOCK_S)))
        co_sleep(memory_again_ns); /* until others have given some back */
    return context;
}

bool api_metadata(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, const char **metadata,
    struct entry_meaning *meaning)
{
    const struct json_in *member = json_in_member(object, API_METADATA);
    const char *text = member ? json_in_kept(member, JSON_IN_KEPT_TEXT) : NULL, *rule = NULL;
    *metadata = NULL;
    *meaning = (struct entry_meaning){.now = NULL};
    if (!text || strcmp(text, "null") == 0)
        return true;
    if (*text != '{')
        rule = "must be an object";
    else if (strlen(text) > JSON_IN_KEPT_MAX)
        rule = "must be at most 4,096 bytes of compact JSON";
    if (rule) {
        problem_invalid_at(request, response, place, API_METADATA, rule);
        return false;
    }
    *metadata = api_copy(request, text);
    meaning->now = api_copy(request, json_in_kept(member, JSON_IN_KEPT_MEANING));
    meaning->before = api_copy(request, json_in_kept(member, JSON_IN_KEPT_DOUBLES));
    return true;
}
