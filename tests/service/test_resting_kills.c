/* SPDX-License-Identifier: MIT */
/*
 * Many ledgers of which few may be open: under load over all of them they are opened and closed all
 * the time, while servers are killed, stopped and suspended. Each payment is made once, in its
 * ledger and between two; and a transfer that waits for a ledger at rest gets there, though all
 * that may be open wait as well. RESTING=30 rounds (`make resting-kills`), otherwise one.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/checker.h"
#include "tests/service/command.h"
#include "tests/service/savers.h"

enum {
    LEDGERS = 60,
    CLIENTS = 6,
    MOVERS = 4,
    FUNDS = 1000,
    BETWEEN_FAULTS = 60, /* payments */
    BETWEEN_FAULTS_SHORT = 10,
    WAIT_S = 3,          /* for an answer; then another server is asked */
    SUSPENDED_MS = 4000, /* others have its ledgers by then */
    SHOWN = 5,
    BODY = 240,
    PATIENCE_S = 60,
    AGAIN_MS = 20,
    TRIES = PATIENCE_S * 1000 / AGAIN_MS,
};

#define PREFIX "rest"

/* ---- between ledgers ------------------------------------------------------------------------- */

struct movers {
    const struct trio *trio;
    _Atomic bool stop;
    _Atomic int64_t arrived[LEDGERS]; /* less what has left */
    _Atomic int moved, failed;
    struct co_waitgroup running;
    struct mover {
        struct movers *all;
        struct dice dice;
        int index;
    } each[MOVERS];
};

static const char *write_move(char body[BODY], int from, int to, int amount)
{
    snprintf(body, BODY,
        "{\"from\":{\"ledger\":\"" PREFIX
        "-%d\",\"account\":\"purse\"},\"to\":{\"ledger\":\"" PREFIX
        "-%d\",\"account\":\"purse\"},\"amount\":%d}",
        from, to, amount);
    return body;
}

/* It is not told yet what came of it. */
static bool is_open(const struct visit *visit)
{
    int status = visit->response.status;
    return visit->got != CLIENT_ANSWERED || status == 409 || status == 503 || status == 504;
}

static void move_one(struct mover *mover, struct visit *visits, int n)
{
    struct movers *all = mover->all;
    char body[BODY], key[40];
    int from = (int)dice_below(&mover->dice, LEDGERS);
    int to = (from + 1 + (int)dice_below(&mover->dice, LEDGERS - 1)) % LEDGERS;
    struct visit *visit = visits;
    snprintf(key, sizeof key, "m%d-%d", mover->index, n);
    write_move(body, from, to, 1);
    for (int tries = 0; tries < TRIES; tries++) {
        visit = &visits[dice_below(&mover->dice, TRIO_SERVERS)];
        visit_post(visit, "/v1/transfers", key, body);
        if (!is_open(visit))
            break;
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    }
    if (visit->response.status != 201) {
        visit_print(visit, 201);
        atomic_fetch_add(&all->failed, 1);
        return;
    }
    atomic_fetch_sub(&all->arrived[from], 1);
    atomic_fetch_add(&all->arrived[to], 1);
    atomic_fetch_add(&all->moved, 1);
}

static void move_on(void *arg)
{
    struct mover *mover = arg;
    struct visit visits[TRIO_SERVERS];
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_begin_for(&visits[i], mover->all->trio->servers[i], WAIT_S);
    for (int n = 0; !atomic_load(&mover->all->stop) && !atomic_load(&mover->all->failed); n++)
        move_one(mover, visits, n);
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(&mover->all->running);
}

static void movers_begin(struct movers *movers, const struct trio *trio)
{
    memset(movers, 0, sizeof *movers);
    movers->trio = trio;
    co_waitgroup_add(&movers->running, MOVERS);
    for (int i = 0; i < MOVERS; i++) {
        movers->each[i] = (struct mover){
            .all = movers, .dice = dice_make(unit_seed(), 320 + (uint64_t)i), .index = i};
        co_ensure(co_spawn_named("mover", move_on, &movers->each[i]));
    }
}

static void movers_end(struct movers *movers)
{
    atomic_store(&movers->stop, true);
    co_waitgroup_wait(&movers->running);
    CU_ASSERT_EQUAL(atomic_load(&movers->failed), 0);
    printf("[%d moved] ", atomic_load(&movers->moved));
}

/* ---- the ledgers ----------------------------------------------------------------------------- */

static void make_ledger(struct visit *visit, int ledger)
{
    static const char *const accounts[] = {"saver", "purse"};
    char body[80], path[TRIO_PATH];
    snprintf(body, sizeof body, "{\"name\":\"" PREFIX "-%d\"}", ledger);
    visit_post(visit, "/v1/ledgers", NULL, body);
    EXPECT_STATUS(visit, 201);
    for (int i = 0; i < 2; i++) {
        trio_path(path, PREFIX, ledger, "/accounts");
        snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", accounts[i]);
        visit_post(visit, path, NULL, body);
        EXPECT_STATUS(visit, 201);
    }
    trio_path(path, PREFIX, ledger, "/accounts/purse/deposit");
    snprintf(body, sizeof body, "{\"amount\":%d}", FUNDS);
    visit_post(visit, path, NULL, body);
    EXPECT_STATUS(visit, 201);
}

static void make_ledgers(const struct service *service, int count)
{
    struct visit visit;
    visit_begin(&visit, service);
    for (int ledger = 0; ledger < count; ledger++)
        make_ledger(&visit, ledger);
    visit_end(&visit);
}

/* How often ledgers were opened, by the database: each time raises an epoch. */
static int64_t count_openings(const char *url)
{
    struct command command = {.discard = false};
    command_run(&command, (const char *const[]){"psql", "-AtqX", "-d", url, "-c",
                              "SELECT sum(epoch) FROM teller.writer", NULL});
    EXPECT_EXIT(&command, 0);
    int64_t count = command.out ? strtoll(command.out, NULL, 10) : 0;
    command_free(&command);
    return count;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void expect_balance(struct visit *visit, int ledger, const char *account, int64_t wanted)
{
    char path[TRIO_PATH], below[40], balance[40];
    snprintf(below, sizeof below, "/accounts/%s", account);
    trio_path(path, PREFIX, ledger, below);
    snprintf(balance, sizeof balance, "\"%" PRId64 "\"", wanted);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    CU_ASSERT(visit_is(visit, "balance", balance) && visit_is(visit, "held", "\"0\""));
}

/* Each payment that was told is there once, and no other; the audit says that there was one owner
 * at each position, as epochs never fall, and that the clearing accounts add up. */
static void check(const struct trio *trio, const struct savers *savers, const struct movers *movers)
{
    struct visit visit;
    visit_begin(&visit, trio->servers[1]);
    for (int ledger = 0; ledger < LEDGERS; ledger++) { /* and all of one, while it is open */
        char name[24];
        struct checker_figures figures;
        snprintf(name, sizeof name, PREFIX "-%d", ledger);
        struct api api = {.client = visit.client, .ledger = name};
        CU_ASSERT_EQUAL(checker_run(&api, NULL, 0, SHOWN, &figures), 0);
        expect_balance(&visit, ledger, "saver", savers_paid(savers, ledger));
        expect_balance(&visit, ledger, "purse", FUNDS + atomic_load(&movers->arrived[ledger]));
    }
    visit_end(&visit);
    CU_ASSERT(command_audits(trio->url));
}

/* ---- under load ------------------------------------------------------------------------------ */

static const char *rounds_given(void)
{
    return getenv("RESTING");
}

static void let(const struct savers *savers)
{
    savers_let(savers, rounds_given() ? BETWEEN_FAULTS : BETWEEN_FAULTS_SHORT);
}

static void suspend(struct service *service, const struct savers *savers)
{
    kill(service->pid, SIGSTOP);
    co_sleep(SUSPENDED_MS * CO_CLOCK_MS);
    let(savers);
    kill(service->pid, SIGCONT);
}

static void restart(struct service *service, const struct savers *savers, bool stops)
{
    if (stops) {
        int64_t since_ns = co_clock_now_ns();
        CU_ASSERT_EQUAL(service_stop(service), 0);
        printf("[stopped in %" PRId64 " ms] ", (co_clock_now_ns() - since_ns) / CO_CLOCK_MS);
    } else {
        service_kill(service);
    }
    let(savers);
    CU_ASSERT_FATAL(service_run(service));
}

/* Each of the servers in turn, and each kind of end. */
static void do_round(const struct trio *trio, const struct savers *savers, int round)
{
    for (int i = 0; i < TRIO_SERVERS; i++) {
        struct service *service = trio->servers[i];
        let(savers);
        if ((i + round) % 3 == 0)
            suspend(service, savers);
        else
            restart(service, savers, (i + round) % 3 == 1);
    }
}

static void opened_and_closed_under_kills(void)
{
    static struct trio trio;
    static struct savers savers;
    static struct movers movers;
    const char *given = rounds_given();
    int rounds = given ? (int)strtol(given, NULL, 10) : 1;
    trio_begin(
        &trio, "owner", (const char *const[]){"--open-ledgers", "8", "--stop-timeout", "30", NULL});
    make_ledgers(&trio.first, LEDGERS);
    trio_come(&trio);
    memset(&savers, 0, sizeof savers);
    savers.trio = &trio;
    savers.prefix = PREFIX;
    savers.ledgers = LEDGERS;
    savers.count = CLIENTS;
    savers.kills = true;
    savers.patience_s = WAIT_S;
    for (int i = 0; i < LEDGERS; i++)
        savers.reach[i] = (uint64_t)i + 1; /* all the same */
    int64_t before = count_openings(trio.url);
    savers_begin(&savers, 300);
    movers_begin(&movers, &trio);
    for (int round = 0; round < rounds; round++)
        do_round(&trio, &savers, round);
    let(&savers);
    savers_end(&savers);
    movers_end(&movers);
    int64_t openings = count_openings(trio.url) - before;
    printf("[opened %" PRId64 " times] ", openings);
    CU_ASSERT(openings > LEDGERS / 2);
    check(&trio, &savers, &movers);
    trio_end(&trio);
}

/* ---- all wait for one at rest ---------------------------------------------------------------- */

enum { FEW = 4, PAYEES = FEW }; /* of which "main" is open, too */

/* Transfers that are begun, and cannot go on: what pays stays open. */
static void begin_moves(struct visit *visit)
{
    char body[BODY], key[20];
    for (int i = 0; i < FEW - 1; i++) {
        snprintf(key, sizeof key, "k%d", i);
        write_move(body, i, PAYEES + i, 40);
        visit_call(visit, &(struct request){.path = "/v1/transfers",
                              .key = key,
                              .headers = "Prefer: wait=1\r\n",
                              .body = body,
                              .body_length = strlen(body)});
        EXPECT_PROBLEM(visit, 504, "outcome_unknown");
    }
}

static void expect_moved(struct visit *visit)
{
    char body[BODY], key[20], path[TRIO_PATH];
    for (int i = 0; i < FEW - 1; i++) {
        snprintf(key, sizeof key, "k%d", i);
        write_move(body, i, PAYEES + i, 40);
        for (int tries = 0; tries < TRIES; tries++) {
            visit_post(visit, "/v1/transfers", key, body);
            if (!is_open(visit))
                break;
            co_sleep(AGAIN_MS * CO_CLOCK_MS);
        }
        EXPECT_STATUS(visit, 201);
        trio_path(path, PREFIX, PAYEES + i, "/accounts/purse");
        visit_get(visit, path);
        EXPECT_STATUS(visit, 200);
        CU_ASSERT(visit_is(visit, "balance", "\"1040\""));
    }
}

/* As many ledgers wait to pay one at rest as may be open. */
static void moves_make_room(void)
{
    static struct service service;
    struct visit visit;
    setenv("TELLER_FAILPOINTS", "crossing.held=error", 1);
    bool made = service_make(&service, "owner", (const char *const[]){"--open-ledgers", "4", NULL});
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    make_ledgers(&service, 2 * FEW);
    visit_begin(&visit, &service);
    begin_moves(&visit);
    visit_end(&visit);
    service_kill(&service);
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    expect_moved(&visit);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_open_crossings", 0));
    visit_end(&visit);
    service_remove(&service);
}

const struct unit_suite resting_kills_suite = {"resting-kills", 2,
    (const struct unit_test[]){{"opened_and_closed_under_kills", opened_and_closed_under_kills},
        {"moves_make_room", moves_make_room}, {0}}};
