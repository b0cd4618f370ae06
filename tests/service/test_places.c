/* SPDX-License-Identifier: MIT */
/*
 * Three servers on one database, and thirty ledgers under load: those of a server that is killed
 * spread over the other two, one goes where it is asked for, and one that stops hands over what it
 * has. Clients go from server to server until a payment is answered; each is made once.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { SERVERS = 3, LEDGERS = 30, CLIENTS = 6, SHARE_LEAST = 3, PATIENCE_S = 60, PATH = 80 };

struct places {
    struct service host; /* lends its PostgreSQL */
    struct service first;
    struct standby others[SERVERS - 1];
    const struct service *servers[SERVERS];
    char url[STANDBY_URL];
};

/* ---- clients ------------------------------------------------------------------------------- */

struct payer {
    const struct places *places;
    int number, paid[LEDGERS], again, wrong;
    size_t at[LEDGERS]; /* which server had it last */
    _Atomic int *total;
    _Atomic bool *stop;
    struct co_waitgroup *running;
};

/* What a client must be ready for: nothing was done (503), or it is not known (504, or a connection
 * that ended), or the first try goes on (409). The same key is sent again then. */
static bool may_try_again(const struct visit *visit)
{
    int status = visit->response.status;
    return visit->got != CLIENT_ANSWERED || status == 503 || status == 504 || status == 409;
}

static void pay(struct payer *payer, struct visit *visits, int ledger)
{
    char path[PATH], key[40];
    snprintf(path, sizeof path, "/v1/ledgers/shared-%d/accounts/saver/deposit", ledger);
    snprintf(key, sizeof key, "%d-%d", payer->number, payer->paid[ledger]);
    const struct request request = {
        .path = path, .key = key, .body = "{\"amount\":1}", .body_length = 12};
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    for (;;) {
        struct visit *visit = &visits[payer->at[ledger]];
        visit_call(visit, &request);
        if (visit->got == CLIENT_ANSWERED && visit->response.status == 201)
            break;
        bool gives_up = co_clock_now_ns() > until_ns || !may_try_again(visit);
        if (gives_up) {
            visit_print(visit, 201);
            payer->wrong++;
            return;
        }
        payer->again++;
        payer->at[ledger] = (payer->at[ledger] + 1) % SERVERS;
        co_sleep(10 * CO_CLOCK_MS);
    }
    payer->paid[ledger]++;
    atomic_fetch_add(payer->total, 1);
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visits[SERVERS];
    for (int i = 0; i < SERVERS; i++)
        visit_begin(&visits[i], payer->places->servers[i]);
    for (int i = payer->number; !*payer->stop && payer->wrong == 0; i++) {
        pay(payer, visits, i % LEDGERS);
        co_sleep(CO_CLOCK_MS);
    }
    for (int i = 0; i < SERVERS; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(payer->running);
}

struct load {
    struct payer payers[CLIENTS];
    _Atomic int total;
    _Atomic bool stop;
    struct co_waitgroup running;
};

static void load_begin(struct load *load, const struct places *places)
{
    co_waitgroup_add(&load->running, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        load->payers[i] = (struct payer){.places = places,
            .number = i,
            .total = &load->total,
            .stop = &load->stop,
            .running = &load->running};
        co_ensure(co_spawn(pay_on, &load->payers[i]));
    }
}

static void load_await(struct load *load, int more)
{
    int until = load->total + more;
    for (int i = 0; i < 100 * PATIENCE_S && load->total < until; i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT(load->total >= until);
}

static void load_end(struct load *load)
{
    int again = 0;
    load->stop = true;
    co_waitgroup_wait(&load->running);
    for (int i = 0; i < CLIENTS; i++) {
        CU_ASSERT_EQUAL(load->payers[i].wrong, 0);
        again += load->payers[i].again;
    }
    printf("[%d paid, %d sent again] ", load->total, again);
}

/* ---- servers ------------------------------------------------------------------------------- */

static void begin(struct places *places, const char *strategy)
{
    CU_ASSERT_FATAL(standby_host(&places->host, strategy, places->url));
    standby_prepare(&places->first, strategy, places->url);
    CU_ASSERT_FATAL(service_run(&places->first));
    places->servers[0] = &places->first;
    for (int i = 0; i < SERVERS - 1; i++) {
        struct standby *other = &places->others[i];
        standby_make(other, &places->first, places->url);
        standby_start(other);
        places->servers[1 + i] = &other->service;
        /* One after the other, so that their numbers are known: 2 and 3. */
        for (int n = 0; n < 100 * PATIENCE_S &&
                        !service_logged(&other->service, "info", "another server has this");
             n++)
            co_sleep(10 * CO_CLOCK_MS);
    }
}

static void end(struct places *places)
{
    for (int i = 0; i < SERVERS - 1; i++)
        service_remove(&places->others[i].service);
    service_remove(&places->first);
    service_remove(&places->host);
}

static void make_ledgers(const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    for (int i = 0; i < LEDGERS; i++) {
        char body[60], path[PATH];
        int length = snprintf(body, sizeof body, "{\"name\":\"shared-%d\"}", i);
        visit_call(&visit,
            &(struct request){.path = "/v1/ledgers", .body = body, .body_length = (size_t)length});
        EXPECT_STATUS(&visit, 201);
        length = snprintf(body, sizeof body, "{\"id\":\"saver\",\"asset\":\"USD/2\"}");
        snprintf(path, sizeof path, "/v1/ledgers/shared-%d/accounts", i);
        visit_call(
            &visit, &(struct request){.path = path, .body = body, .body_length = (size_t)length});
        EXPECT_STATUS(&visit, 201);
    }
    visit_end(&visit);
}

/* Does that server have the ledger open? */
static bool runs(const struct service *service, int ledger)
{
    struct visit visit;
    char text[24];
    bool does = false;
    struct json_view item;
    snprintf(text, sizeof text, "shared-%d", ledger);
    visit_begin(&visit, service);
    visit_call(&visit, &(struct request){.path = "/v1/ledgers?limit=100"});
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    while (visit.response.status == 200 && json_view_next(&walk, &item))
        if (json_view_is(json_view_member(item, "name"), text))
            does = json_view_is(json_view_member(item, "state"), "running");
    visit_end(&visit);
    return does;
}

static int count_running(const struct service *service)
{
    int count = 0;
    for (int i = 0; i < LEDGERS; i++)
        count += runs(service, i);
    return count;
}

/* Until the two have all of them, none both. */
static void await_spread(const struct places *places)
{
    int second = 0, third = 0;
    for (int i = 0; i < 2 * PATIENCE_S && second + third != LEDGERS; i++) {
        co_sleep(500 * CO_CLOCK_MS);
        second = count_running(places->servers[1]);
        third = count_running(places->servers[2]);
    }
    printf("[%d and %d] ", second, third);
    CU_ASSERT_EQUAL(second + third, LEDGERS);
    CU_ASSERT(second >= SHARE_LEAST && third >= SHARE_LEAST);
}

static void ask_for(struct visit *visit, int ledger, const char *body)
{
    char path[PATH];
    snprintf(path, sizeof path, "/v1/ledgers/shared-%d/owner", ledger);
    size_t length = 0;
    while (body[length])
        length++;
    visit_call(visit, &(struct request){.path = path, .body = body, .body_length = length});
}

/* One of the third server's goes to the second, which is asked for it. */
static void move_one(const struct places *places)
{
    struct visit visit;
    int ledger = 0;
    while (ledger < LEDGERS - 1 && !runs(places->servers[2], ledger))
        ledger++;
    visit_begin(&visit, places->servers[1]);
    ask_for(&visit, ledger, "{\"server\":2}");
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(visit_is(&visit, "wanted", "2"));
    for (int i = 0; i < 10 * PATIENCE_S && !runs(places->servers[1], ledger); i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT(runs(places->servers[1], ledger));
    ask_for(&visit, ledger, "{\"server\":2}");
    EXPECT_STATUS(&visit, 200);
    ask_for(&visit, ledger, "{\"server\":1}"); /* the one that was killed */
    EXPECT_PROBLEM(&visit, 409, "server_gone");
    visit_end(&visit);
}

/* Each payment that was answered is there, once: with the one server that is left. Epochs never
 * fall from batch to batch, says the audit: one owner at each position. */
static void verify(struct places *places, const struct load *load)
{
    struct visit visit;
    visit_begin(&visit, places->servers[2]);
    for (int i = 0; i < LEDGERS; i++) {
        char path[PATH], balance[40];
        int paid = 0;
        for (int n = 0; n < CLIENTS; n++)
            paid += load->payers[n].paid[i];
        snprintf(path, sizeof path, "/v1/ledgers/shared-%d/accounts/saver", i);
        snprintf(balance, sizeof balance, "\"%d\"", paid);
        visit_call(&visit, &(struct request){.path = path});
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit_is(&visit, "balance", balance));
    }
    visit_end(&visit);
    CU_ASSERT(command_audits(places->url));
}

static void ledgers_find_their_places(void)
{
    static struct places places;
    static struct load load;
    begin(&places, "owner");
    make_ledgers(places.servers[0]);
    load_begin(&load, &places);
    load_await(&load, 200);
    service_kill(&places.first);
    for (int i = 0; i < SERVERS - 1; i++)
        CU_ASSERT_FATAL(standby_await(&places.others[i]));
    load_await(&load, 200);
    await_spread(&places);
    move_one(&places);
    load_await(&load, 200);

    /* The second one stops; what it had is the third one's. */
    CU_ASSERT_EQUAL(service_stop(&places.others[0].service), 0);
    CU_ASSERT(service_logged(&places.others[0].service, "info", "handed over to server 3"));
    load_await(&load, 200);
    load_end(&load);
    verify(&places, &load);
    end(&places);
}

const struct unit_suite places_suite = {"places", 1,
    (const struct unit_test[]){{"ledgers_find_their_places", ledgers_find_their_places}, {0}}};
