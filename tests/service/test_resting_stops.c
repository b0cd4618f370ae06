/* SPDX-License-Identifier: MIT */
/*
 * A server that stops has passed transfers on to another one, and these are to pay ledgers at rest
 * which that other server cannot have while it takes the one that stops for the one to open them:
 * its own, or those that nobody has and whose place it is. Others open them meanwhile, and it does
 * not wait for itself.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/command.h"
#include "tests/service/trio.h"

enum {
    LEDGERS = 24, /* of which the first ones are at rest */
    PAYEES = 8,
    AMOUNT = 3,
    PATIENCE_S = 60,
    AGAIN_MS = 20,
};

#define PREFIX "rest"

/* ---- transfers ------------------------------------------------------------------------------- */

struct moves {
    struct co_waitgroup running;
    struct move {
        struct moves *all;
        const struct service *asked;
        int number, status;
    } each[PAYEES];
};

static void move(void *arg)
{
    struct move *move = arg;
    struct visit visit;
    char body[200], key[20];
    snprintf(key, sizeof key, "k%d", move->number);
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"main\",\"account\":\"payer\"},\"to\":{\"ledger\":\"" PREFIX
        "-%d\",\"account\":\"saver\"},\"amount\":%d}",
        move->number, AMOUNT);
    visit_begin_for(&visit, move->asked, 2 * PATIENCE_S);
    visit_post(&visit, "/v1/transfers", key, body);
    move->status = visit.response.status;
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    co_waitgroup_done(&move->all->running);
}

static void moves_begin(struct moves *moves, const struct service *asked)
{
    memset(moves, 0, sizeof *moves);
    co_waitgroup_add(&moves->running, PAYEES);
    for (int i = 0; i < PAYEES; i++) {
        moves->each[i] = (struct move){.all = moves, .asked = asked, .number = i};
        co_ensure(co_spawn_named("move", move, &moves->each[i]));
    }
}

/* ---- three servers --------------------------------------------------------------------------- */

/* The one that pays is the second one's. */
static void move_main(const struct service *second)
{
    struct visit visit;
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    visit_begin(&visit, second);
    do {
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
        visit_post(&visit, "/v1/ledgers/main/owner", NULL, "{\"server\":2}");
    } while (visit.response.status == 202 && co_clock_now_ns() < until_ns);
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
}

/* What the second one has held it pays a while later, if `payees` are with others. */
static void begin(struct trio *trio)
{
    struct visit visit;
    trio_begin(trio, "owner",
        (const char *const[]){
            "--open-ledgers", "8", "--stop-timeout", "50", "--rebalance", "off", NULL});
    trio_make_ledgers(trio, PREFIX, LEDGERS);
    setenv("TELLER_FAILPOINTS", "crossing.held=pause:3000", 1);
    trio_come(trio);
    unsetenv("TELLER_FAILPOINTS");
    move_main(trio->servers[1]);
    visit_begin(&visit, trio->servers[1]);
    CU_ASSERT_FATAL(visit_fund(&visit, "payer", PAYEES * AMOUNT));
    visit_end(&visit);
}

static bool says(const struct trio *trio, const char *sql, const char *wanted)
{
    struct command command = {.discard = false};
    command_run(&command, (const char *const[]){"psql", "-AtqX", "-d", trio->url, "-c", sql, NULL});
    bool is_so = command.out && strcmp(command.out, wanted) == 0;
    command_free(&command);
    return is_so;
}

/* How many of those that are to be paid are at rest, and whose: `sql` selects them. */
static void await_payees(const struct trio *trio, const char *where)
{
    char sql[400], wanted[16];
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    snprintf(sql, sizeof sql,
        "SELECT count(*) FROM teller.writer w JOIN teller.ledger l ON l.no = w.ledger"
        " LEFT JOIN teller.server s ON s.no = w.server AND s.left_at IS NULL WHERE w.opens_at IS"
        " NULL AND l.name ~ '^" PREFIX "-[0-9]$' AND right(l.name, 1)::int < %d AND %s",
        PAYEES, where);
    snprintf(wanted, sizeof wanted, "%d\n", PAYEES);
    while (!says(trio, sql, wanted) && co_clock_now_ns() < until_ns)
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    CU_ASSERT_FATAL(says(trio, sql, wanted));
}

/* All is held, and nothing is paid yet. */
static void await_held(const struct service *second)
{
    struct visit visit;
    char held[16];
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    snprintf(held, sizeof held, "\"%d\"", PAYEES * AMOUNT);
    visit_begin(&visit, second);
    do {
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
        visit_get(&visit, "/accounts/payer");
    } while (!visit_is(&visit, "held", held) && co_clock_now_ns() < until_ns);
    CU_ASSERT(visit_is(&visit, "held", held));
    visit_end(&visit);
}

/* Stop that server, while what it has passed on to the second one is under way. */
static void stop_amid_moves(const struct trio *trio, struct service *stopped)
{
    struct moves moves;
    moves_begin(&moves, stopped);
    await_held(trio->servers[1]);
    int64_t since_ns = co_clock_now_ns();
    CU_ASSERT_EQUAL(service_stop(stopped), 0);
    printf("[stopped in %ld ms] ", (co_clock_now_ns() - since_ns) / CO_CLOCK_MS);
    co_waitgroup_wait(&moves.running);
}

static void end(struct trio *trio)
{
    struct visit visit;
    char path[TRIO_PATH], balance[16];
    snprintf(balance, sizeof balance, "\"%d\"", AMOUNT);
    visit_begin(&visit, trio->servers[1]);
    for (int i = 0; i < PAYEES; i++) {
        trio_path(path, PREFIX, i, "/accounts/saver");
        visit_get(&visit, path);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit_is(&visit, "balance", balance));
    }
    visit_end(&visit);
    CU_ASSERT(command_audits(trio->url));
    trio_end(trio);
}

/* ---- a stop ---------------------------------------------------------------------------------- */

static void its_own_are_paid_meanwhile(void)
{
    static struct trio trio;
    begin(&trio);
    await_payees(&trio, "s.no = 1");
    stop_amid_moves(&trio, trio.servers[0]);
    end(&trio);
}

/* The first one had them. About half of them have their place at the third one. */
static void nobodys_are_paid_meanwhile(void)
{
    static struct trio trio;
    begin(&trio);
    CU_ASSERT_EQUAL(service_stop(trio.servers[0]), 0);
    await_payees(&trio, "s.no IS NULL");
    stop_amid_moves(&trio, trio.servers[2]);
    end(&trio);
}

const struct unit_suite resting_stops_suite = {"resting-stops", 2,
    (const struct unit_test[]){{"its_own_are_paid_meanwhile", its_own_are_paid_meanwhile},
        {"nobodys_are_paid_meanwhile", nobodys_are_paid_meanwhile}, {0}}};
