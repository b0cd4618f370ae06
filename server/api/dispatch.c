/* SPDX-License-Identifier: MIT */
#include "server/api/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/elsewhere.h"
#include "server/http/http.h"
#include "server/auth/origin.h"
#include "server/auth/token_cache.h"
#include "server/auth/token_text.h"
#include "server/api/refusal.h"
#include "server/api/route.h"
#include "server/api/session.h"
#include "server/api/sight.h"
#include "server/api/stale.h"

static const int64_t judged_for_ns = CO_CLOCK_S / 2; /* how long what was found at the head holds */

/* ---- what all routes have in common -------------------------------------------------------- */

/* A path that is there, and does not take the method. OPTIONS is no route of its own: a load
 * balancer may ask it to see that we are there, and a browser for a page of another origin. */
static void answer_options(struct call *call)
{
    const struct request *request = call->request;
    call->response->is_preflight =
        request->method == REQUEST_OPTIONS && request->origin && request->asked_method;
    if (request->method == REQUEST_OPTIONS)
        call->response->status = 204;
    else
        call_refuse_as(call, &problem_method_not_allowed, NULL);
}

/* What is only there with --cluster-control, and it was not given. */
static bool is_hidden(const struct call *call)
{
    return call->route && (call->route->flags & ROUTE_IS_OF_CONTROL) && !call->api->control;
}

static bool find_route(struct call *call)
{
    const char **allow = &call->response->allow;
    enum route_found found = route_find(call->request, &call->path, &call->route, allow);
    switch (is_hidden(call) ? ROUTE_NO_PATH : found) {
    case ROUTE_FOUND:
        call->response->route = call->route->pattern;
        *allow = NULL;
        return true;
    /* Allow stays in the answer here, and nowhere else. */
    case ROUTE_NO_METHOD:
        answer_options(call);
        return false;
    case ROUTE_NO_PATH:
        *allow = NULL;
        call_refuse_as(call, &problem_not_found, NULL);
        return false;
    }
    co_ensure(!"a route is found or not");
    return false;
}

/* A page that a browser shows must not move money behind the back of its user (origin.h). A
 * supervisor's probe may come without a Host. */
static bool may_send(struct call *call)
{
    const struct request *request = call->request;
    bool has_tokens = call->api->tokens != NULL;
    /* Without tokens the Host is all that tells a rebound name (DNS rebinding) from ours. */
    if (!has_tokens && !(call->route->flags & ROUTE_IS_PROBE) &&
        !origin_host_is_local(request->host, call->api->host)) {
        call_refuse_as(call, &problem_forbidden,
            "Without tokens only the hosts localhost, 127.0.0.1, [::1] and the one that the "
            "service was told to listen on are served.");
        return false;
    }
    /* A page of another origin may send a GET, but its browser does not let it read the answer. */
    if (call->route->method == REQUEST_GET || !origin_is_foreign(request, has_tokens))
        return true;
    call_refuse_as(call, &problem_forbidden,
        "A page of another origin sent this request, as Sec-Fetch-Site or Origin says.");
    return false;
}

/* What the token may do; its texts are the snapshot's, which may go while the call is parked. */
static void keep_grant(struct call *call, const struct token_grant *grant)
{
    call->grant = *grant;
    call->response->token = grant->id;
    if (grant->ledgers)
        call->grant.ledgers = call_copy(call, grant->ledgers);
    if (grant->prefixes)
        call->grant.prefixes = call_copy(call, grant->prefixes);
}

/* Who asks. A token that only the database can know of is let pass where nobody may park:
 * is_unsure.
 */
static bool know_token(struct call *call, bool may_park)
{
    struct token_cache *tokens = call->api->tokens;
    struct request *request = call->request;
    struct token_grant grant;
    /* An EventSource cannot send a header, so its cookie stands in. */
    if (!request->authorization && (call->route->flags & ROUTE_TAKES_SESSION) &&
        origin_may_use_cookie(request))
        request->authorization = session_authorization(call);
    token_cache_check(tokens, request->authorization, &grant);
    /* It may have been made a moment ago, so ask the database before saying no. */
    if (grant.scope == TOKEN_NONE && token_cache_may_be_new(request->authorization)) {
        call->is_unsure = !may_park;
        if (!may_park)
            return true;
        if (!token_cache_ask(tokens, request->authorization, &grant)) {
            call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
            return false;
        }
    }
    keep_grant(call, &grant);
    return true;
}

/* Why what the token is bound to does not reach as far as the route does; NULL: it does. */
static const char *find_bound(const struct call *call)
{
    const struct token_grant *grant = &call->grant;
    enum route_reach reach = call->route->reach;
    if (!token_grant_is_bound(grant) || reach == ROUTE_ANY || reach == ROUTE_BETWEEN)
        return NULL;
    if (reach == ROUTE_SERVICE)
        return "The token is bound, and this is about the service as a whole.";
    if (reach != ROUTE_LEDGERS && !token_grant_has_ledger(grant, call->path.ledger))
        return "The token is bound to other ledgers.";
    if ((reach == ROUTE_LEDGERS || reach == ROUTE_LEDGER) && grant->prefixes)
        return "The token is bound to accounts, and this tells of ledgers as a whole.";
    return NULL;
}

/* It is told before anybody looks whether there is such a ledger or account. */
static bool is_within_reach(struct call *call)
{
    const char *bound = find_bound(call);
    if (bound) {
        call_refuse_as(call, &problem_forbidden, bound);
        return false;
    }
    return call->route->reach != ROUTE_ACCOUNT ||
           sight_may_touch(call, NULL, "account", call->path.account);
}

static bool is_allowed(struct call *call, bool may_park)
{
    if (!may_send(call))
        return false;
    if (call->route->scope == TOKEN_NONE || !call->api->tokens)
        return true;
    if (!know_token(call, may_park))
        return false;
    if (call->is_unsure)
        return true;
    /* Scopes are ordered: each includes those below it. */
    if (call->grant.scope >= call->route->scope)
        return is_within_reach(call);
    call_refuse_as(
        call, call->grant.scope == TOKEN_NONE ? &problem_unauthorized : &problem_forbidden, NULL);
    return false;
}

/* What only servers ask of each other says that it is passed on. To others there is nothing. */
static bool is_for_sender(struct call *call)
{
    if (!(call->route->flags & ROUTE_IS_OF_SERVERS) || call->request->hop)
        return true;
    call_refuse_status(call, LEDGER_HOLD_NOT_FOUND, 0);
    return false;
}

/* Its handler wants the ledger of the path, open here. */
static bool wants_ledger(const struct call *call)
{
    return call->path.ledger && !(call->route->flags & (ROUTE_NAMES_LEDGER | ROUTE_IS_OF_SERVERS));
}

/* As it is followed here, if that will do; else as it is open here, or at another server. */
static bool enter_ledger(struct call *call)
{
    call->elsewhere = NULL;
    call->is_stale = false;
    return !wants_ledger(call) || stale_enter(call) || elsewhere_enter(call);
}

/* It is not kept open for one whose body may take its time. */
static enum ledger_status find_ledger(struct call *call, bool *moves)
{
    enum ledger_status status =
        banks_find_moving(call->api->banks, call->path.ledger, &call->ledger, moves);
    elsewhere_leave(call);
    return status;
}

/* Is it open here, or soon may be, or at another server? One that only the database can know of is
 * let pass where nobody may park: asks_ledger. */
static bool has_ledger(struct call *call, bool may_park)
{
    bool moves;
    call->elsewhere = NULL;
    call->asks_ledger = false;
    if (!call->path.ledger || call->route->flags & ROUTE_IS_OF_SERVERS)
        return true;
    enum ledger_status status = find_ledger(call, &moves);
    call->asks_ledger = status == LEDGER_LEDGER_NOT_FOUND && !may_park;
    if (call->asks_ledger)
        return true;
    if (status == LEDGER_LEDGER_NOT_FOUND) {
        if (!elsewhere_learn(call, call->path.ledger))
            return false;
        status = find_ledger(call, &moves);
    }
    /* That there is one is enough. */
    if (status == LEDGER_UNAVAILABLE && (moves || !wants_ledger(call) || stale_serves(call)))
        status = LEDGER_OK;
    if (status == LEDGER_UNAVAILABLE)
        return elsewhere_find(call);
    if (status != LEDGER_OK)
        call_refuse_status(call, status, 0);
    return status == LEDGER_OK;
}

/* Before the bank is open nothing is answered but what needs neither it nor a token. */
static bool is_open(struct call *call)
{
    bool needs_none = call->route->scope == TOKEN_NONE && !call->path.ledger;
    bool is_open = needs_none || atomic_load(&call->api->open);
    if (!is_open)
        call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
    return is_open;
}

/* Also a guard: a form of another origin cannot be sent as application/json. */
static bool has_content_type(struct call *call)
{
    enum route_body body = call->route->body;
    if (body == ROUTE_BODY_NONE || (body == ROUTE_BODY_OPTIONAL && !call->request->has_body))
        return true;
    bool is_encoded = request_is_encoded(call->request);
    if (request_is_json(call->request) && !is_encoded)
        return true;
    call_refuse_as(call, &problem_unsupported_type,
        is_encoded ? "Content-Encoding: a body must come as it is" : NULL);
    return false;
}

/* Each parameter is one that the route knows, and comes once. Outside /v1 others are let pass. */
static bool query_is_known(struct call *call)
{
    const struct request *request = call->request;
    bool is_api = strncmp(call->route->pattern, "/v1/", 4) == 0;
    for (size_t i = 0; is_api && i < request->query_count; i++) {
        const char *name = request->query[i].name, *rule = NULL;
        /* The route's names stand between blanks, so a part of a name is not found. */
        char spaced[32];
        int length = snprintf(spaced, sizeof spaced, " %s ", name);
        if (length >= (int)sizeof spaced || strchr(name, ' ') ||
            !strstr(call->route->query, spaced))
            rule = "is not a parameter of this path";
        else if (request_query(request, name) != request->query[i].value)
            /* The first of that name is found: if this is not it, it is the second. */
            rule = "is given twice";
        if (rule) {
            call_refuse(call, NULL, name, rule);
            return false;
        }
    }
    return true;
}

/* All that is known before the body is: in the documented order. */
static bool judge(struct call *call, bool may_park)
{
    call->is_unsure = call->asks_ledger = false;
    if (!find_route(call) || !is_open(call) || !is_allowed(call, may_park))
        return false;
    /* Nobody may learn which ledgers there are before the token is known. */
    return call->is_unsure ||
           (is_for_sender(call) && has_content_type(call) && has_ledger(call, may_park));
}

/* ---- the one answer ------------------------------------------------------------------------ */

/* There was no memory for the whole answer. A client that asked for money to be moved must not be
 * told that nothing was done. */
static void replace_short(struct call *call)
{
    if (call->response->status >= 400)
        return;
    if (call->request->method == REQUEST_POST)
        /* It may well have been done, and its key settles that. */
        call_refuse_status(call, LEDGER_OUTCOME_UNKNOWN, 0);
    else
        call_refuse_short(call);
    refusal_answer(call);
}

/* Which of those in Prefer were heeded (RFC 7240, 3). */
static void write_preferences(struct call *call)
{
    if (!call->heeds_wait && !call->is_stale)
        return;
    size_t length = 0;
    if (call->is_stale)
        length = strlen(strcpy(call->wait_text, call->heeds_wait ? "stale, " : "stale"));
    if (call->heeds_wait)
        snprintf(call->wait_text + length, sizeof call->wait_text - length, "wait=%lld",
            (long long)call->wait_s);
    response_add(call->response, "Preference-Applied", call->wait_text);
}

/* The headers that are the API's own. */
static void write_fields(struct call *call)
{
    struct response *response = call->response;
    if (call->has_seq) {
        money_format((money)call->seq, call->seq_text);
        response_add(response, "Ledger-Seq", call->seq_text);
    }
    if (call->location)
        response_add(response, "Location", call->location);
    /* What a key has brought about may not be known yet: then nothing is told again. */
    if (call->replayed && call->refusal.status != LEDGER_OUTCOME_UNKNOWN)
        response_add(response, "Idempotency-Replayed", "true");
    write_preferences(call);
    if (call->is_stale)
        stale_write(call);
}

/* What is wrong with the token, if one came (RFC 6750, 3). */
static void write_challenge(struct call *call)
{
    if (call->response->challenge && *token_text_of(call->request->authorization))
        call->response->challenge = PROBLEM_CHALLENGE ", error=\"invalid_token\"";
    else if (call->refusal.problem == &problem_forbidden && call->response->token)
        call->response->challenge = PROBLEM_CHALLENGE ", error=\"insufficient_scope\"";
}

static void finish(struct call *call)
{
    if (call_is_refused(call)) {
        refusal_answer(call);
        write_challenge(call);
    }
    body_forget(call);
    /* What was written is cut short, and must not be sent. */
    if (call->arena->is_short)
        replace_short(call);
    write_fields(call);
    stages_write(&call->stages, call_is_refused(call), call->request->method != REQUEST_POST,
        call->response);
    /* The one place where the deadline is given back, however the call ended. */
    if (call->context)
        co_context_release(&call->context);
}

/* ---- what HTTP asks ------------------------------------------------------------------------ */

/* Only batches may be long. */
static size_t body_max(const struct route *route)
{
    switch (route->body) {
    case ROUTE_BODY_LARGE:
        return REQUEST_LARGE_BODY_MAX;
    case ROUTE_BODY_SMALL:
        return REQUEST_SMALL_BODY_MAX;
    default:
        return REQUEST_BODY_MAX;
    }
}

/* A client with a good token may send a body, though the route may still refuse it. */
static void know_sender(
    const struct api *api, const struct request *request, struct http_admission *admission)
{
    struct token_grant grant;
    admission->is_known = true;
    if (!atomic_load(&api->open) || !api->tokens) /* they may be on their way */
        return;
    token_cache_check(api->tokens, request->authorization, &grant);
    admission->is_known = grant.scope != TOKEN_NONE;
    admission->max_rate = grant.rate;
    memcpy(admission->who, grant.who, sizeof admission->who);
}

bool dispatch_admit(
    void *arg, struct request *request, struct response *response, struct http_admission *admission)
{
    struct api *api = arg;
    struct call *call = call_make(api, request, response);
    request->call = call;
    bool is_admitted = judge(call, false);
    /* Only now, when a cookie may have come in the place of the header. */
    know_sender(api, request, admission);
    /* Refused at its head: its body is never read. */
    if (!is_admitted) {
        finish(call);
        return false;
    }
    admission->is_unsure = call->is_unsure;
    admission->may_be_long = strstr(call->route->query, " limit ") != NULL; /* a list */
    admission->body_max = body_max(call->route);
    return true;
}

bool dispatch_is_vital(const char *path, size_t length)
{
    static const char *const paths[] = {"/livez", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strlen(paths[i]) == length && memcmp(paths[i], path, length) == 0)
            return true;
    return false;
}

/* An empty body, of a route that takes it, is an object without members. */
static void read_empty_body(struct call *call)
{
    struct request *request = call->request;
    if (call->route->body != ROUTE_BODY_OPTIONAL || request->body_length > 0)
        return;
    request->body_length = 2;
    request->body = arena_copy(call->arena, "{}", 2);
}

/* Whoever has the ledger judges the rest. True: it is here. */
static bool is_here(struct call *call)
{
    return !call->elsewhere || elsewhere_answer(call, call->route->flags & ROUTE_MOVES_MONEY);
}

/* False: it is not the route's to answer. */
static bool answer_here(struct call *call)
{
    read_empty_body(call);
    if (!query_is_known(call))
        return false;
    if (stale_await(call))
        call->route->answer(call);
    return true;
}

void dispatch_answer(void *arg, struct request *request, struct response *response)
{
    struct call *call = request->call;
    (void)arg;
    (void)response;
    call->stages.started_ns = co_clock_now_ns();
    /* Its body took its time. */
    bool is_old = call->stages.started_ns - request->arrived_ns > judged_for_ns;
    /* A slow body may outlive the token or the ledger that its head was judged by. */
    bool is_judged = !is_old && !call->is_unsure && !call->asks_ledger;
    bool goes_on = (is_judged || judge(call, true)) && enter_ledger(call);
    goes_on = goes_on && is_here(call) && answer_here(call);
    if (stale_gives_up(call))
        goes_on = elsewhere_enter(call) && is_here(call) && answer_here(call);
    finish(call);
    /* After finish(), which decides what the client is told. What another server has done, also of
     * what only its body says whose it is, that one counts. */
    if (goes_on && !call->elsewhere && (call->route->flags & ROUTE_MOVES_MONEY))
        outcomes_count(call->api->outcomes, call);
}

void dispatch_end(void *arg, struct request *request)
{
    (void)arg;
    struct call *call = request->call;
    request->call = NULL;
    if (!call)
        return;
    /* A stream has read from the ledger until now, or from another server. */
    elsewhere_leave(call);
    elsewhere_end(call);
}
