/* SPDX-License-Identifier: MIT */
/*
 * Three servers on one database, many ledgers, and for each of them a client at each server, which
 * speaks to that one alone. One server after the other is stopped and started again; what it had
 * goes to the other two meanwhile. Whoever speaks to a server that stays sees nothing of it but a
 * pause. Who speaks to the one that stops is answered until it is told to go (Connection: close, or
 * 503: not executed), and then finds nobody. And a ledger that is sent to and fro by hand stays
 * served. LEAVING=100 (`make leaving`): that many ledgers, and for how long nobody is paid.
 */
#include "tests/service/suites.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/command.h"
#include "tests/service/trio.h"

enum {
    LEDGERS = 20,
    LEDGERS_MOST = 300,
    CLIENTS_MOST = TRIO_SERVERS * LEDGERS_MOST, /* one of each ledger at each server */
    PAUSE_MS = 1, /* between two payments of a client, for each ledger that there is */
    LET_MS = 500, /* between two steps */
    MOVES = 6,
    MOVES_LONG = 100,
    PATIENCE_S = 60,
};

#define PREFIX "leaving"

/* ---- clients ------------------------------------------------------------------------------- */

struct leaving {
    struct trio trio;
    int ledgers, clients;
    bool is_long;
    _Atomic bool stop;
    _Atomic bool away[TRIO_SERVERS];         /* it may turn its clients away */
    _Atomic int64_t paid_ns[LEDGERS_MOST];   /* when somebody was, last */
    _Atomic int64_t unpaid_ns[LEDGERS_MOST]; /* the longest time in which nobody was */
    _Atomic int paid, read, refused, turned_away;
    _Atomic int64_t slowest_ns; /* answer of a server that stays */
    struct co_waitgroup running;
};

struct payer {
    struct leaving *all;
    int number, ledger, at, wrong;
    int64_t paid;
};

static void raise_to(_Atomic int64_t *most, int64_t value)
{
    int64_t was = atomic_load(most);
    while (was < value && !atomic_compare_exchange_weak(most, &was, value))
        ;
}

static void note_paid(struct payer *payer)
{
    struct leaving *all = payer->all;
    int64_t now_ns = co_clock_now_ns();
    int64_t was_ns = atomic_exchange(&all->paid_ns[payer->ledger], now_ns);
    if (was_ns > 0)
        raise_to(&all->unpaid_ns[payer->ledger], now_ns - was_ns);
    payer->paid++;
    atomic_fetch_add(&all->paid, 1);
}

/* Refused: until the server is there again. */
static void await_return(const struct payer *payer)
{
    const struct leaving *all = payer->all;
    atomic_fetch_add(&payer->all->refused, 1);
    while (atomic_load(&all->away[payer->at]) && !atomic_load(&all->stop))
        co_sleep(10 * CO_CLOCK_MS);
}

/* What is no answer to the request, from a server that stops: was nothing done? Or can it be sent
 * again, as it went over a connection that was kept, and met its end? */
static bool is_clean(struct payer *payer, const struct visit *visit, bool may_meet_end)
{
    if (visit->got == CLIENT_LOST && may_meet_end)
        return true;

    bool turned_away = visit->got == CLIENT_ANSWERED && visit->response.status == 503 &&
                       visit_header_is(visit, "Retry-After", "1");
    if (turned_away)
        atomic_fetch_add(&payer->all->turned_away, 1);
    else if (visit->got == CLIENT_NO_CONNECTION)
        await_return(payer);
    return turned_away || visit->got == CLIENT_NO_CONNECTION;
}

/* Until it is answered as it should be. False: it was not, or the test ends. */
static bool ask(struct payer *payer, struct visit *visit, const struct request *request, int wanted)
{
    struct leaving *all = payer->all;
    bool is_repeatable = wanted == 200 || request->key;
    while (!atomic_load(&all->stop)) {
        bool was_away = atomic_load(&all->away[payer->at]);
        int64_t since_ns = co_clock_now_ns();
        /* What is done again if it is sent again goes over a connection of its own. */
        bool is_kept = is_repeatable && client_is_open(visit->client);
        if (!is_kept)
            client_close(visit->client);
        visit_call(visit, request);
        bool is_away = was_away || atomic_load(&all->away[payer->at]);
        if (!is_away)
            raise_to(&all->slowest_ns, co_clock_now_ns() - since_ns);
        if (visit->got == CLIENT_ANSWERED && visit->response.status == wanted)
            return true;
        if (!is_away || !is_clean(payer, visit, is_kept)) {
            printf("\n    server %d, which %s: %s ", payer->at + 1, is_away ? "stops" : "stays",
                client_status_name(visit->got));
            visit_print(visit, wanted);
            payer->wrong++;
            return false;
        }
    }
    return false;
}

/* In turn: a payment with a key, one without, and a look at what there is. */
static void visit_ledger(struct payer *payer, struct visit *visit, int turn)
{
    char path[TRIO_PATH], key[40];
    bool reads = turn % 8 == 0, keyless = turn % 4 == 1;
    trio_path(path, PREFIX, payer->ledger, reads ? "/accounts/saver" : "/accounts/saver/deposit");
    snprintf(key, sizeof key, "%d-%d", payer->number, turn);
    const struct request request = {.path = path,
        .key = reads || keyless ? NULL : key,
        .body = reads ? NULL : "{\"amount\":1}",
        .body_length = reads ? 0 : 12};
    if (!ask(payer, visit, &request, reads ? 200 : 201))
        return;
    if (reads)
        atomic_fetch_add(&payer->all->read, 1);
    else
        note_paid(payer);
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct leaving *all = payer->all;
    struct visit visit;
    visit_begin(&visit, all->trio.servers[payer->at]);
    for (int turn = payer->number; !atomic_load(&all->stop) && payer->wrong == 0; turn++) {
        co_sleep(all->ledgers * PAUSE_MS * CO_CLOCK_MS);
        visit_ledger(payer, &visit, turn);
    }
    visit_end(&visit);
    co_waitgroup_done(&all->running);
}

/* ---- begin and end ------------------------------------------------------------------------- */

static struct leaving leaving;
static struct payer payers[CLIENTS_MOST];

static void begin(const char *const *arguments)
{
    struct leaving *all = &leaving;
    const char *given = getenv("LEAVING");
    memset(all, 0, sizeof *all);
    memset(payers, 0, sizeof payers);
    all->is_long = given != NULL;
    all->ledgers = given ? (int)strtol(given, NULL, 10) : LEDGERS;
    CU_ASSERT_FATAL(all->ledgers > 0 && all->ledgers <= LEDGERS_MOST);
    all->clients = TRIO_SERVERS * all->ledgers;
    trio_begin(&all->trio, "owner", arguments);
    trio_make_ledgers(&all->trio, PREFIX, all->ledgers);
    trio_come(&all->trio);
    co_waitgroup_add(&all->running, all->clients);
    for (int i = 0; i < all->clients; i++) {
        payers[i] = (struct payer){
            .all = all, .number = i, .ledger = i / TRIO_SERVERS, .at = i % TRIO_SERVERS};
        co_ensure(co_spawn_named("payer", pay_on, &payers[i]));
    }
}

/* Each payment that was told is there, once, and no other; says every server. */
static void verify(const struct leaving *all)
{
    struct visit visits[TRIO_SERVERS];
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_begin(&visits[i], all->trio.servers[i]);
    for (int ledger = 0; ledger < all->ledgers; ledger++) {
        char path[TRIO_PATH], balance[40];
        int64_t paid = 0;
        for (int i = 0; i < all->clients; i++)
            paid += payers[i].ledger == ledger ? payers[i].paid : 0;
        trio_path(path, PREFIX, ledger, "/accounts/saver");
        snprintf(balance, sizeof balance, "\"%ld\"", paid);
        for (int i = 0; i < TRIO_SERVERS; i++) {
            visit_get(&visits[i], path);
            EXPECT_STATUS(&visits[i], 200);
            CU_ASSERT(visit_is(&visits[i], "balance", balance));
        }
    }
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_end(&visits[i]);
    CU_ASSERT(command_audits(all->trio.url));
}

static void end(void)
{
    struct leaving *all = &leaving;
    atomic_store(&all->stop, true);
    co_waitgroup_wait(&all->running);
    for (int i = 0; i < all->clients; i++)
        CU_ASSERT_EQUAL(payers[i].wrong, 0);
    printf("[%d paid, %d read, %d turned away, %d not let in] ", all->paid, all->read,
        all->turned_away, all->refused);
    verify(all);
    trio_end(&all->trio);
}

/* ---- one after the other stops ------------------------------------------------------------- */

static void forget_pauses(struct leaving *all)
{
    for (int i = 0; i < all->ledgers; i++)
        atomic_store(&all->unpaid_ns[i], 0);
    atomic_store(&all->slowest_ns, 0);
}

static void tell_pauses(const struct leaving *all, const char *when)
{
    int64_t most_ns = 0, sum_ns = 0;
    for (int i = 0; i < all->ledgers; i++) {
        int64_t ns = atomic_load(&all->unpaid_ns[i]);
        most_ns = ns > most_ns ? ns : most_ns;
        sum_ns += ns;
    }
    printf("\n    %s: nobody paid for %ld ms in a ledger at most, %ld on average; slowest answer "
           "%ld ms",
        when, most_ns / CO_CLOCK_MS, sum_ns / all->ledgers / CO_CLOCK_MS,
        atomic_load(&all->slowest_ns) / CO_CLOCK_MS);
}

/* How many ledgers the server has, as the one beside it sees. */
static int count_ledgers(const struct leaving *all, int at)
{
    struct visit visit;
    struct json_view server, ledger;
    int count = 0;
    visit_begin(&visit, all->trio.servers[(at + 1) % TRIO_SERVERS]);
    visit_get(&visit, "/v1/servers");
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk servers = {.rest = json_view_member(visit.body, "servers")};
    while (json_view_next(&servers, &server)) {
        struct json_view_walk ledgers = {.rest = json_view_member(server, "ledgers")};
        bool is_it = trio_at(&all->trio, json_view_member(server, "url")) == at;
        while (json_view_next(&ledgers, &ledger))
            count += is_it;
    }
    visit_end(&visit);
    return count;
}

static void stop_one(struct leaving *all, int at)
{
    char when[120];
    struct service *service = all->trio.servers[at];
    int has = count_ledgers(all, at);
    forget_pauses(all);
    atomic_store(&all->away[at], true);
    int64_t since_ns = co_clock_now_ns();
    CU_ASSERT_EQUAL(service_stop(service), 0);
    int64_t took_ms = (co_clock_now_ns() - since_ns) / CO_CLOCK_MS;
    co_sleep(LET_MS * CO_CLOCK_MS);
    snprintf(when, sizeof when, "server %d hands %d ledgers over in %ld ms", at + 1, has, took_ms);
    if (all->is_long)
        tell_pauses(all, when);
    CU_ASSERT_FATAL(service_run(service));
    CU_ASSERT(trio_answers(service));
    atomic_store(&all->away[at], false);
}

static void a_stop_is_a_pause(void)
{
    struct leaving *all = &leaving;
    begin(NULL);
    co_sleep(LET_MS * CO_CLOCK_MS);
    for (int at = 0; at < TRIO_SERVERS; at++) {
        forget_pauses(all);
        co_sleep((all->is_long ? 10 : 1) * LET_MS * CO_CLOCK_MS);
        if (all->is_long)
            tell_pauses(all, "before");
        stop_one(all, at);
    }
    end();
}

/* ---- to and fro by hand --------------------------------------------------------------------- */

static void send_to(struct visit *visit, int ledger, int server)
{
    char path[TRIO_PATH], body[40], owner[20];
    trio_path(path, PREFIX, ledger, "/owner");
    snprintf(body, sizeof body, "{\"server\":%d}", server);
    snprintf(owner, sizeof owner, "%d", server);
    visit_post(visit, path, NULL, body);
    CU_ASSERT(visit->response.status == 200 || visit->response.status == 202);
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (visit->response.status != 200 && co_clock_now_ns() < until_ns) {
        co_sleep(5 * CO_CLOCK_MS);
        visit_post(visit, path, NULL, body);
    }
    EXPECT_STATUS(visit, 200);
}

static void a_move_is_a_pause(void)
{
    struct leaving *all = &leaving;
    struct visit visit;
    begin((const char *const[]){"--rebalance", "off", NULL});
    visit_begin(&visit, all->trio.servers[2]);
    forget_pauses(all);
    for (int i = 0; i < (all->is_long ? MOVES_LONG : MOVES); i++)
        send_to(&visit, 0, 2 + i % 2);
    if (all->is_long)
        tell_pauses(all, "sent to and fro by hand");
    visit_end(&visit);
    end();
}

const struct unit_suite leaving_suite = {"leaving", 2,
    (const struct unit_test[]){
        {"a_stop_is_a_pause", a_stop_is_a_pause}, {"a_move_is_a_pause", a_move_is_a_pause}, {0}}};
