/* SPDX-License-Identifier: MIT */
/* Transfers between two ledgers that two servers have: whichever is asked, they are told as if one
 * had both; and they arrive once, whichever dies. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/dice.h"
#include "tests/service/joint.h"
#include "tests/service/payers.h"
#include "tests/service/visit.h"

enum {
    PATIENCE_S = 60,
    PAYERS = 8,
    KILLS = 4,
    BETWEEN_KILLS = 40,
    MOVES = 16,
    STOPS = 4,
    BETWEEN_MOVES = 20
};

#define BRANCH "/v1/ledgers/branch"
#define OPEN "teller_open_crossings"

/* ---- two servers, a ledger each ------------------------------------------------------------ */

static int64_t number_of(const struct service *service)
{
    struct visit visit;
    int64_t number = -1;
    visit_begin(&visit, service);
    visit_get(&visit, "/v1/servers");
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "servers")};
    struct json_view server;
    while (json_view_next(&walk, &server)) {
        struct json_view self = json_view_member(server, "this");
        if (self.at && *self.at == 't')
            (void)!json_view_integer(json_view_member(server, "server"), &number);
    }
    visit_end(&visit);
    return number;
}

/* Does that one have it itself? */
static bool has_ledger(const struct service *service, const char *path)
{
    char owner[100];
    struct visit visit;
    visit_begin(&visit, service);
    visit_get(&visit, path);
    bool has = visit.response.status == 200 &&
               !response_header(&visit.response, "Teller-Owner", owner, sizeof owner);
    visit_end(&visit);
    return has;
}

/* Have it go there, whoever has it. */
static bool move_branch(const struct service *to)
{
    char body[60];
    struct visit visit;
    bool there = false;
    for (int tries = 0; tries < PATIENCE_S * 5 && !there; tries++) {
        snprintf(body, sizeof body, "{\"server\":%" PRId64 "}", number_of(to));
        visit_begin(&visit, to);
        visit_post(&visit, BRANCH "/owner", NULL, body);
        visit_end(&visit);
        co_sleep(200 * CO_CLOCK_MS);
        there = has_ledger(to, BRANCH);
    }
    return there;
}

/* "main" is the first one's, "branch" the second one's. */
static bool part(struct joint *joint)
{
    struct visit visit;
    if (!joint_make(joint, NULL))
        return false;
    visit_begin(&visit, &joint->owner);
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    bool made = visit.response.status == 201;
    visit_end(&visit);
    return made && move_branch(joint->other) && has_ledger(&joint->owner, "/v1/ledgers/main");
}

/* ---- told as by one ------------------------------------------------------------------------ */

static bool balance_is(struct visit *visit, const char *path, const char *balance)
{
    visit_get(visit, path);
    bool good = visit_is(visit, "balance", balance) && visit_is(visit, "held", "\"0\"");
    if (!good)
        visit_print(visit, 200);
    return good;
}

/* Asked of either, and again of the other one: the same answer to the byte. */
static void is_told_alike(struct visit visits[2], int first, bool back, const char *key)
{
    char body[PAYERS_BODY], answer[1000], path[100];
    struct visit *one = &visits[first], *other = &visits[!first];
    payers_body(body, back, back ? "x" : "a", back ? "a" : "x", 10);
    visit_post(one, "/v1/transfers", key, body);
    EXPECT_STATUS(one, 201);
    CU_ASSERT(visit_is(one, "state", "\"done\""));
    snprintf(answer, sizeof answer, "%.*s", (int)one->response.body_length, one->response.body);
    visit_post(other, "/v1/transfers", key, body);
    EXPECT_STATUS(other, 201);
    CU_ASSERT(visit_header_is(other, "Idempotency-Replayed", "true"));
    CU_ASSERT_EQUAL(strlen(answer), other->response.body_length);
    CU_ASSERT(memcmp(answer, other->response.body, strlen(answer)) == 0);
    snprintf(path, sizeof path, "/v1/transfers?ledger=%s&key=%s", back ? "branch" : "main", key);
    for (int i = 0; i < 2; i++) {
        visit_get(&visits[i], path);
        EXPECT_STATUS(&visits[i], 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(visits[i].response.body, "\"state\":\"done\""));
    }
}

/* What either ledger refuses is refused, and no money is held; what is not begun leaves its key. */
static void is_refused_alike(struct visit *visit, const char *key)
{
    char body[PAYERS_BODY], path[100];
    payers_body(body, false, "a", "nobody", 10);
    visit_post(visit, "/v1/transfers", key, body);
    EXPECT_PROBLEM(visit, 404, "account_not_found");
    CU_ASSERT(visit_is(visit, "ledger", "\"branch\""));
    snprintf(path, sizeof path, "/v1/transfers?ledger=main&key=%s", key);
    visit_get(visit, path);
    CU_ASSERT_PTR_NOT_NULL(strstr(visit->response.body, "\"items\":[]"));
    payers_body(body, false, "a", "clearing:main:USD.2", 10);
    visit_post(visit, "/v1/transfers", key, body);
    EXPECT_PROBLEM(visit, 403, "account_reserved");
    payers_body(body, false, "a", "x", PAYERS_FUNDS);
    visit_post(visit, "/v1/transfers", key, body);
    EXPECT_PROBLEM(visit, 422, "insufficient_funds");
    CU_ASSERT(visit_is(visit, "ledger", "\"main\""));
    visit_post(visit, BRANCH "/accounts/x/freeze", NULL, NULL);
    EXPECT_STATUS(visit, 200);
    snprintf(path, sizeof path, "%s-frozen", key);
    payers_body(body, false, "a", "x", 10);
    visit_post(visit, "/v1/transfers", path, body);
    EXPECT_PROBLEM(visit, 422, "account_frozen");
    CU_ASSERT(visit_is(visit, "ledger", "\"branch\"") && visit_is(visit, "account", "\"x\""));
    visit_post(visit, BRANCH "/accounts/x/unfreeze", NULL, NULL);
    EXPECT_STATUS(visit, 200);
}

/* One ledger is here, one at the other server, and one nowhere: all are told the same. */
enum { PLACES = 3, SMALL_BODY = 1024 };

static void ask_for_step(struct visit *visit, int place, bool says_so, const char *body)
{
    static const char *const paths[PLACES] = {
        "/v1/ledgers/main/arrivals", "/v1/ledgers/branch/arrivals", "/v1/ledgers/nowhere/arrivals"};
    visit_call(visit, &(struct request){.method = "POST",
                          .path = paths[place],
                          .headers = says_so ? "Teller-Hop: 1\r\n" : NULL,
                          .body = body,
                          .body_length = strlen(body)});
}

static void is_short_or_refused(struct visit *visit)
{
    char body[SMALL_BODY + 2];
    memset(body, ' ', sizeof body);
    body[SMALL_BODY] = '\0';
    ask_for_step(visit, 0, true, body);
    EXPECT_PROBLEM(visit, 400, "invalid_json");
    body[SMALL_BODY] = ' ';
    body[SMALL_BODY + 1] = '\0';
    ask_for_step(visit, 0, true, body);
    EXPECT_PROBLEM(visit, 413, "payload_too_large");
    ask_for_step(visit, 0, false, body);
    EXPECT_PROBLEM(visit, 404, "hold_not_found");
}

/* Nobody can have a step taken that no journal says, and nobody learns what one says. */
static void is_not_forged(struct visit *visit)
{
    static const char *const bodies[] = {
        "{\"ledger\":\"main\",\"id\":3,\"key\":\"00000000000000000000000000000000\"}",
        "{\"ledger\":\"main\",\"id\":99,\"key\":\"00000000000000000000000000000000\"}",
        "{\"ledger\":\"none\",\"id\":3,\"key\":\"00000000000000000000000000000000\"}"};
    static const char *const bad[] = {"{\"ledger\":\"main\",\"id\":3}",
        "{\"ledger\":\"main\",\"id\":0,\"key\":\"00000000000000000000000000000000\"}",
        "{\"ledger\":\"/\",\"id\":3,\"key\":\"00000000000000000000000000000000\"}"};
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < 3; j++) {
            ask_for_step(visit, i, true, bodies[j]);
            EXPECT_PROBLEM(visit, 404, "hold_not_found");
            ask_for_step(visit, i, true, bad[j]);
            EXPECT_PROBLEM(visit, 400, "invalid_request");
            ask_for_step(visit, i, false, bad[j]);
            EXPECT_PROBLEM(visit, 404, "hold_not_found");
        }
    is_short_or_refused(visit);
}

static void told_as_by_one(void)
{
    static struct joint joint;
    struct visit visits[2];
    CU_ASSERT_FATAL(part(&joint));
    visit_begin(&visits[0], &joint.owner);
    visit_begin(&visits[1], joint.other);
    CU_ASSERT(visit_fund(&visits[1], "a", 100));
    CU_ASSERT(payers_open(&visits[0], "x", 50));
    is_told_alike(visits, 0, false, "k1");
    is_told_alike(visits, 1, false, "k2");
    is_told_alike(visits, 0, true, "k1");
    is_told_alike(visits, 1, true, "k2");
    is_told_alike(visits, 1, false, "k3");
    is_refused_alike(&visits[0], "r1");
    is_refused_alike(&visits[1], "r2");
    is_not_forged(&visits[0]);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(balance_is(&visits[i], "/accounts/a", "\"90\""));
        CU_ASSERT(balance_is(&visits[i], BRANCH "/accounts/x", "\"60\""));
        CU_ASSERT_EQUAL(visit_figure(&visits[i], OPEN), 0);
    }
    CU_ASSERT(visit_audit(&visits[0], "main") && visit_audit(&visits[0], "branch"));
    visit_end(&visits[0]);
    visit_end(&visits[1]);
    joint_remove(&joint);
}

/* ---- made a moment ago ----------------------------------------------------------------------- */

enum { NEW = 10 };

/* A ledger that pays, which the server of the other one has yet to hear of, and an account that is
 * paid, of which the payer's server has: neither is told to be missing. */
static void pay_what_is_new(struct visit visits[2], int n)
{
    char path[100], body[PAYERS_BODY], payee[20];
    snprintf(body, sizeof body, "{\"name\":\"new-%d\"}", n);
    visit_post(&visits[0], "/v1/ledgers", NULL, body);
    EXPECT_STATUS(&visits[0], 201);
    snprintf(path, sizeof path, "/v1/ledgers/new-%d/accounts", n);
    visit_post(&visits[0], path, NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(&visits[0], 201);
    snprintf(path, sizeof path, "/v1/ledgers/new-%d/accounts/a/deposit", n);
    visit_post(&visits[0], path, NULL, "{\"amount\":10}");
    EXPECT_STATUS(&visits[0], 201);
    snprintf(payee, sizeof payee, "new-%d", n);
    CU_ASSERT(payers_open(&visits[1], payee, 0));
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"new-%d\",\"account\":\"a\"},\"to\":{\"ledger\":\"branch\","
        "\"account\":\"%s\"},\"amount\":10}",
        n, payee);
    visit_post(&visits[n % 2], "/v1/transfers", "new", body);
    EXPECT_STATUS(&visits[n % 2], 201);
    CU_ASSERT(visit_is(&visits[n % 2], "state", "\"done\""));
}

static void made_a_moment_ago(void)
{
    static struct joint joint;
    struct visit visits[2];
    CU_ASSERT_FATAL(part(&joint));
    visit_begin(&visits[0], &joint.owner);
    visit_begin(&visits[1], joint.other);
    for (int n = 0; n < NEW; n++)
        pay_what_is_new(visits, n);
    CU_ASSERT(visit_audit(&visits[0], "branch"));
    visit_end(&visits[0]);
    visit_end(&visits[1]);
    joint_remove(&joint);
}

/* What has come to that account in the end. */
static bool balance_becomes(struct visit *visit, const char *path, const char *balance)
{
    bool so = false;
    for (int i = 0; i < PATIENCE_S * 10 && !so; i++) {
        visit_get(visit, path);
        so = visit_is(visit, "balance", balance);
        if (!so)
            co_sleep(100 * CO_CLOCK_MS);
    }
    return so;
}

/* ---- parted on the way --------------------------------------------------------------------- */

/* Begun on one server that has both, and cannot go on; then one ledger goes to another server: the
 * money is held meanwhile, it is told for how long, and it arrives. */
static void parted_on_the_way(void)
{
    static struct joint joint;
    struct visit visit;
    char body[PAYERS_BODY];
    setenv("TELLER_FAILPOINTS", "crossing.held=error", 1);
    bool made = joint_make(&joint, NULL);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    visit_begin(&visit, &joint.owner);
    CU_ASSERT(visit_fund(&visit, "a", 100));
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(payers_open(&visit, "x", 0));
    payers_body(body, false, "a", "x", 40);
    visit_call(&visit, &(struct request){.path = "/v1/transfers",
                           .key = "k",
                           .headers = "Prefer: wait=1\r\n",
                           .body = body,
                           .body_length = strlen(body)});
    EXPECT_PROBLEM(&visit, 504, "outcome_unknown");
    CU_ASSERT(visit_figure_becomes(&visit, OPEN, 1));
    co_sleep(CO_CLOCK_S);
    CU_ASSERT(visit_figure(&visit, "teller_oldest_crossing_seconds") >= 1);
    CU_ASSERT_FATAL(move_branch(joint.other));
    visit_end(&visit);

    /* Both begin anew, without what kept it, and have a ledger each, whoever has which. */
    service_kill(&joint.owner);
    CU_ASSERT_FATAL(service_run(&joint.owner));
    service_kill(joint.other);
    CU_ASSERT_FATAL(service_run(joint.other));
    CU_ASSERT(move_branch(&joint.owner));
    if (has_ledger(&joint.owner, "/v1/ledgers/main"))
        CU_ASSERT(move_branch(joint.other));
    visit_begin(&visit, joint.other);
    CU_ASSERT(balance_becomes(&visit, BRANCH "/accounts/x", "\"40\""));
    CU_ASSERT(balance_becomes(&visit, "/accounts/a", "\"60\""));
    visit_post(&visit, "/v1/transfers", "k", body);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_figure_becomes(&visit, OPEN, 0));
    CU_ASSERT(visit_audit(&visit, "main") && visit_audit(&visit, "branch"));
    visit_end(&visit);
    joint_remove(&joint);
}

/* ---- handed over --------------------------------------------------------------------------- */

/* Have both go there, or each to where the other is, at the same time: whatever is under way
 * between them then finds neither. */
static bool hand_over(const struct service *main_to, const struct service *branch_to)
{
    static const char *const paths[] = {"/v1/ledgers/main/owner", "/v1/ledgers/branch/owner"};
    const struct service *const to[] = {main_to, branch_to};
    struct visit visits[2];
    char bodies[2][60];
    bool are_there = false;
    for (int i = 0; i < 2; i++) {
        snprintf(bodies[i], sizeof bodies[i], "{\"server\":%" PRId64 "}", number_of(to[i]));
        visit_begin(&visits[i], to[i]);
    }
    for (int tries = 0; tries < PATIENCE_S * 100 && !are_there; tries++) {
        for (int i = 0; i < 2; i++)
            visit_post(&visits[i], paths[i], NULL, bodies[i]);
        are_there = visits[0].response.status == 200 && visits[1].response.status == 200;
        co_sleep(10 * CO_CLOCK_MS);
    }
    visit_end(&visits[0]);
    visit_end(&visits[1]);
    return are_there;
}

/* Whoever pays sees a pause and no error: what was begun goes on where the ledger is next. */
static void end_handed_over(struct joint *joint, struct payers *payers)
{
    struct visit visit;
    payers_end(payers);
    printf("[%zu arrived, none for %" PRId64 " ms at most] ", atomic_load(&payers->answered),
        atomic_load(&payers->pause_ns) / CO_CLOCK_MS);
    CU_ASSERT_EQUAL(atomic_load(&payers->unsettled), 0);
    visit_begin(&visit, &joint->owner);
    payers_check(payers, &visit);
    visit_end(&visit);
    joint_remove(joint);
}

static void begin_handed_over(struct joint *joint)
{
    struct visit visit;
    CU_ASSERT_FATAL(part(joint));
    visit_begin(&visit, &joint->owner);
    CU_ASSERT(payers_fund(&visit));
    visit_end(&visit);
}

static void handed_over(void)
{
    static struct joint joint;
    static struct payers payers;
    struct dice dice = dice_make(unit_seed(), 93);
    begin_handed_over(&joint);
    payers_begin(&payers, PAYERS, &joint.owner, joint.other, 94);
    atomic_store(&payers.is_strict, true);
    for (int i = 0; i < MOVES; i++) {
        const struct service *const ends[] = {&joint.owner, joint.other};
        payers_let(&payers, BETWEEN_MOVES, &dice);
        CU_ASSERT(hand_over(ends[dice_below(&dice, 2)], ends[dice_below(&dice, 2)]));
    }
    payers_let(&payers, BETWEEN_MOVES, &dice);
    end_handed_over(&joint, &payers);
}

/* The same, of a server that stops: it has one of the two ledgers, or both. */
static void handed_over_at_a_stop(void)
{
    static struct joint joint;
    static struct payers payers;
    struct dice dice = dice_make(unit_seed(), 95);
    begin_handed_over(&joint);
    payers_begin(&payers, PAYERS, &joint.owner, &joint.owner, 96);
    atomic_store(&payers.is_strict, true);
    for (int i = 0; i < STOPS; i++) {
        CU_ASSERT(hand_over(i % 2 ? joint.other : &joint.owner, joint.other));
        payers_let(&payers, BETWEEN_MOVES, &dice);
        CU_ASSERT_EQUAL(service_stop(joint.other), 0);
        payers_let(&payers, BETWEEN_MOVES, &dice);
        CU_ASSERT_FATAL(service_run(joint.other));
    }
    end_handed_over(&joint, &payers);
}

/* ---- killed at random ----------------------------------------------------------------------- */

/* One of the two, whichever; it comes back, and has one of the ledgers again. */
static bool kill_one(struct joint *joint, struct dice *dice)
{
    bool first = dice_below(dice, 2);
    struct service *killed = first ? &joint->owner : joint->other;
    service_kill(killed);
    return service_run(killed) && move_branch(killed);
}

static void killed_at_random(void)
{
    static struct joint joint;
    static struct payers payers;
    struct visit visit;
    struct dice dice = dice_make(unit_seed(), 90);
    CU_ASSERT_FATAL(part(&joint));
    visit_begin(&visit, &joint.owner);
    CU_ASSERT(payers_fund(&visit));
    visit_end(&visit);
    payers_begin(&payers, PAYERS, &joint.owner, joint.other, 91);
    bool up = true;
    for (int i = 0; i < KILLS && up; i++) {
        payers_let(&payers, BETWEEN_KILLS, &dice);
        up = kill_one(&joint, &dice);
        CU_ASSERT(up);
    }
    payers_end(&payers);
    printf("[%zu arrived] ", atomic_load(&payers.answered));
    visit_begin(&visit, &joint.owner);
    payers_check(&payers, &visit);
    visit_end(&visit);
    joint_remove(&joint);
}

const struct unit_suite crossings_apart_suite = {"crossings-apart", 3,
    (const struct unit_test[]){{"told_as_by_one", told_as_by_one},
        {"made_a_moment_ago", made_a_moment_ago}, {"parted_on_the_way", parted_on_the_way},
        {"handed_over", handed_over}, {"handed_over_at_a_stop", handed_over_at_a_stop},
        {"killed_at_random", killed_at_random}, {0}}};
