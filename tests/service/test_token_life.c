/* SPDX-License-Identifier: MIT */
/* Tokens by the API: created, rotated and revoked, what they end, and the trail that is left. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/command.h"
#include "tests/service/sse.h"

enum { PATH = 80 };

static void make(struct visit *visit, const char *body, struct bearer *bearer)
{
    visit_post(visit, "/v1/tokens", NULL, body);
    EXPECT_STATUS(visit, 201);
    CU_ASSERT(visit_header_is(visit, "Cache-Control", "no-store"));
    bearer_read(bearer, visit);
}

static int answer_to(const struct service *service, const struct bearer *bearer)
{
    return bearer_status(service, bearer->token, &(struct request){.path = "/accounts"});
}

/* Its stream ends, whatever came before. */
static bool ends(struct sse *sse)
{
    static struct sse_event event;
    while (sse_next(sse, &event))
        ;
    return sse->ended;
}

static const struct service *get_service(void)
{
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    return service;
}

static void created_listed_and_revoked(void)
{
    static struct sse sse;
    struct bearer bearer;
    struct visit visit;
    char path[PATH];
    const struct service *service = get_service();
    visit_begin(&visit, service);
    make(&visit, "{\"name\":\"till\",\"scope\":\"read\",\"rate\":1000,\"expires_in\":3600}",
        &bearer);
    snprintf(path, sizeof path, "/v1/tokens/%lld", (long long)bearer.id);
    CU_ASSERT(visit_header_is(&visit, "Location", path));
    CU_ASSERT_EQUAL(answer_to(service, &bearer), 200);
    struct service other = bearer_service(service, bearer.token);
    CU_ASSERT_FATAL(sse_open(&sse, &other, -1, -1));
    /* It is told without its secret. */
    visit_get(&visit, path);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "name", "\"till\""));
    CU_ASSERT(visit_is(&visit, "state", "\"valid\""));
    CU_ASSERT_PTR_NULL(json_view_member(visit.body, "token").at);
    visit_call(&visit, &(struct request){.method = "DELETE", .path = path});
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "state", "\"revoked\""));
    /* Here it holds as soon as that is answered. */
    CU_ASSERT_EQUAL(answer_to(service, &bearer), 401);
    CU_ASSERT(ends(&sse));
    sse_close(&sse);
    visit_call(&visit, &(struct request){.method = "DELETE", .path = path});
    EXPECT_STATUS(&visit, 200);
    snprintf(path, sizeof path, "/v1/tokens/%lld/rotate", (long long)bearer.id);
    visit_post(&visit, path, NULL, "{}");
    EXPECT_PROBLEM(&visit, 409, "token_ended");
    visit_post(&visit, "/v1/tokens/999999/rotate", NULL, "{}");
    EXPECT_PROBLEM(&visit, 404, "token_not_found");
    visit_get(&visit, "/v1/tokens/none");
    EXPECT_PROBLEM(&visit, 404, "token_not_found");
    visit_end(&visit);
}

static void malformed(void)
{
    static const struct {
        const char *body, *member;
    } rows[] = {
        {"{}", "scope"},
        {"{\"scope\":\"root\"}", "scope"},
        {"{\"scope\":\"read\",\"name\":1}", "name"},
        {"{\"scope\":\"read\",\"name\":\"a\\nb\"}", "name"},
        {"{\"scope\":\"read\",\"ledgers\":[]}", "ledgers"},
        {"{\"scope\":\"read\",\"ledgers\":\"main\"}", "ledgers"},
        {"{\"scope\":\"read\",\"ledgers\":[\"a b\"]}", "ledgers"},
        {"{\"scope\":\"read\",\"prefixes\":[\"\"]}", "prefixes"},
        {"{\"scope\":\"read\",\"prefixes\":[\"a\",1]}", "prefixes"},
        {"{\"scope\":\"read\",\"rate\":0}", "rate"},
        {"{\"scope\":\"read\",\"rate\":100001}", "rate"},
        {"{\"scope\":\"read\",\"rate\":\"5\"}", "rate"},
        {"{\"scope\":\"read\",\"expires_in\":0}", "expires_in"},
        {"{\"scope\":\"read\",\"expires_in\":316224001}", "expires_in"},
        {"{\"scope\":\"read\",\"keep\":1}", "keep"},
    };
    struct visit visit;
    visit_begin(&visit, get_service());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        visit_post(&visit, "/v1/tokens", NULL, rows[i].body);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(json_view_is(json_view_member(visit.body, "member"), rows[i].member));
    }
    visit_end(&visit);
}

/* The new secret is good immediately, the former one until the moment that was told. */
static void rotated_without_a_gap(void)
{
    static struct sse of_former, of_fresh;
    struct bearer former, fresh;
    struct visit visit;
    char path[PATH];
    const struct service *service = get_service();
    visit_begin(&visit, service);
    make(&visit, "{\"scope\":\"read\"}", &former);
    snprintf(path, sizeof path, "/v1/tokens/%lld/rotate", (long long)former.id);
    visit_post(&visit, path, NULL, "{\"keep\":4}");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(!json_view_says_null(json_view_member(visit.body, "former_until")));
    bearer_read(&fresh, &visit);
    CU_ASSERT_EQUAL(fresh.id, former.id);
    struct service with_former = bearer_service(service, former.token),
                   with_fresh = bearer_service(service, fresh.token);
    CU_ASSERT_EQUAL(answer_to(service, &fresh), 200);
    CU_ASSERT_EQUAL(answer_to(service, &former), 200);
    CU_ASSERT_FATAL(sse_open(&of_former, &with_former, -1, -1));
    CU_ASSERT_FATAL(sse_open(&of_fresh, &with_fresh, -1, -1));
    CU_ASSERT(ends(&of_former));
    CU_ASSERT_EQUAL(answer_to(service, &former), 401);
    CU_ASSERT_EQUAL(answer_to(service, &fresh), 200);
    /* Without `keep` the one before ends with the answer. */
    former = fresh;
    visit_post(&visit, path, NULL, "");
    EXPECT_STATUS(&visit, 200);
    bearer_read(&fresh, &visit);
    CU_ASSERT_EQUAL(answer_to(service, &former), 401);
    CU_ASSERT_EQUAL(answer_to(service, &fresh), 200);
    CU_ASSERT(ends(&of_fresh));
    sse_close(&of_former);
    sse_close(&of_fresh);
    visit_end(&visit);
}

static void ended_by_itself(void)
{
    static struct sse sse;
    struct bearer bearer;
    struct visit visit;
    char path[PATH];
    const struct service *service = get_service();
    visit_begin(&visit, service);
    make(&visit, "{\"scope\":\"read\",\"expires_in\":3}", &bearer);
    struct service other = bearer_service(service, bearer.token);
    CU_ASSERT_EQUAL(answer_to(service, &bearer), 200);
    CU_ASSERT_FATAL(sse_open(&sse, &other, -1, -1));
    CU_ASSERT(ends(&sse));
    CU_ASSERT_EQUAL(answer_to(service, &bearer), 401);
    snprintf(path, sizeof path, "/v1/tokens/%lld", (long long)bearer.id);
    visit_get(&visit, path);
    CU_ASSERT(visit_is(&visit, "state", "\"expired\""));
    sse_close(&sse);
    visit_end(&visit);
}

/* What was done to a token, by whom, in its order: by the API and by the command. */
static void leaves_a_trail(void)
{
    static const char *const acts[] = {"created", "rotated", "revoked"};
    struct bearer bearer;
    struct visit visit;
    char path[PATH], id[24];
    const struct service *service = get_service();
    visit_begin(&visit, service);
    make(&visit, "{\"scope\":\"read\",\"name\":\"traced\"}", &bearer);
    snprintf(path, sizeof path, "/v1/tokens/%lld/rotate", (long long)bearer.id);
    visit_post(&visit, path, NULL, "{}");
    EXPECT_STATUS(&visit, 200);
    struct command command = {0};
    snprintf(id, sizeof id, "%lld", (long long)bearer.id);
    command_teller(&command, service, (const char *const[]){"token", "revoke", id, NULL});
    EXPECT_EXIT(&command, 0);
    command_free(&command);
    snprintf(path, sizeof path, "/v1/tokens/acts?token=%lld", (long long)bearer.id);
    visit_get(&visit, path);
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    struct json_view item;
    size_t count = 0;
    for (; json_view_next(&walk, &item) && count < 3; count++) {
        char by[BEARER_TEXT] = "";
        CU_ASSERT(json_view_is(json_view_member(item, "act"), acts[count]));
        CU_ASSERT(json_view_is(json_view_member(item, "name"), "traced"));
        CU_ASSERT(json_view_copy(json_view_member(item, "by_name"), by, sizeof by));
        CU_ASSERT_STRING_EQUAL(count < 2 ? by : "admin.token", "admin.token");
        CU_ASSERT_EQUAL(strncmp(by, "command: ", 9) == 0, count == 2);
        CU_ASSERT_EQUAL(json_view_says_null(json_view_member(item, "by_token")), count == 2);
    }
    CU_ASSERT_EQUAL(count, 3);
    /* The same by the command. */
    command_teller(&command, service, (const char *const[]){"token", "log", id, "--json", NULL});
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "\"act\":\"revoked\""));
    command_free(&command);
    visit_end(&visit);
}

/* Neither the first token nor its successors come back by themselves. */
static void a_rotated_first_token_is_not_made_again(void)
{
    static struct service service;
    struct bearer first = {.id = 1}, second, third;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    snprintf(first.token, sizeof first.token, "%s", service.target.token);
    visit_begin(&visit, &service);
    visit_post(&visit, "/v1/tokens/1/rotate", NULL, "{\"keep\":60}");
    EXPECT_STATUS(&visit, 200);
    bearer_read(&second, &visit);
    visit_post(&visit, "/v1/tokens/1/rotate", NULL, "{\"keep\":60}");
    EXPECT_STATUS(&visit, 200);
    bearer_read(&third, &visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT_EQUAL(answer_to(&service, &first), 401);
    CU_ASSERT_EQUAL(answer_to(&service, &second), 200);
    CU_ASSERT_EQUAL(answer_to(&service, &third), 200);
    struct service other = bearer_service(&service, third.token);
    visit_begin(&visit, &other);
    visit_get(&visit, "/v1/tokens/2");
    EXPECT_STATUS(&visit, 404);
    visit_end(&visit);
    service_remove(&service);
}

static const struct unit_test tests[] = {{"created_listed_and_revoked", created_listed_and_revoked},
    {"malformed", malformed}, {"rotated_without_a_gap", rotated_without_a_gap},
    {"ended_by_itself", ended_by_itself}, {"leaves_a_trail", leaves_a_trail},
    {"a_rotated_first_token_is_not_made_again", a_rotated_first_token_is_not_made_again}, {0}};
const struct unit_suite token_life_suite = {"token_life", 2, tests};
