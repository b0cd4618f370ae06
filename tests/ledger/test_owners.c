/* SPDX-License-Identifier: MIT */
/* Ledgers that go from one living server to another: asked for, left behind, pulled over. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/rebalance.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/several.h"

enum { BANKS = 3, PAYERS = 4, SHARED = 5, FOREVER_MS = 600000, PAUSE_MS = 2 };

static const struct bank_options patient = {.patience_ms = FOREVER_MS},
                                 usual = {.accepts_lost = false};

/* ---- payers -------------------------------------------------------------------------------- */

/* One pays in wherever the ledger is, as a server does that is asked and forwards. */
struct payer {
    struct several *servers;
    size_t count;
    const char *name;
    int number, turned_away, wrong;
    _Atomic int paid; /* read while it goes on */
    _Atomic bool *stop;
    struct co_waitgroup *running;
};

/* The ledger, entered, at the server that is asked or else its owner; NULL: it is with neither. */
static struct ledger *enter(struct payer *payer, size_t asked)
{
    struct ledger *ledger = NULL;
    struct bank_owner owner;
    struct co_context *context = co_context_background();
    struct bank *bank = payer->servers[asked].bank;
    if (bank_await(context, bank, payer->name, &ledger) == LEDGER_OK)
        return ledger;
    if (!bank_owner(bank, payer->name, &owner) || owner.here)
        return NULL;
    for (size_t i = 0; i < payer->count; i++)
        if (strcmp(payer->servers[i].url, owner.url) == 0)
            (void)bank_await(context, payer->servers[i].bank, payer->name, &ledger);
    return ledger;
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    while (!*payer->stop) {
        char key[40];
        struct ledger *ledger =
            enter(payer, (size_t)(payer->paid + payer->turned_away) % payer->count);
        snprintf(key, sizeof key, "%d-%d", payer->number, payer->paid);
        enum ledger_status status = LEDGER_UNAVAILABLE;
        if (ledger) {
            status = fixture_move(ledger, key, "world:USD.2", "saver", 1);
            ledger_leave(ledger);
        }
        payer->paid += status == LEDGER_OK;
        payer->turned_away += status == LEDGER_UNAVAILABLE;
        payer->wrong += status != LEDGER_OK && status != LEDGER_UNAVAILABLE;
        co_sleep(PAUSE_MS * CO_CLOCK_MS);
    }
    co_waitgroup_done(payer->running);
}

struct load {
    struct payer payers[PAYERS];
    _Atomic bool stop;
    struct co_waitgroup running;
};

static void load_begin(struct load *load, struct several *servers, size_t count, const char *name)
{
    struct ledger *ledger = NULL;
    memset(load, 0, sizeof *load);
    CU_ASSERT_EQUAL_FATAL(bank_find(servers[0].bank, name, &ledger), LEDGER_OK);
    fixture_account(ledger, "saver", "USD/2", "0");
    ledger_leave(ledger);
    co_waitgroup_add(&load->running, PAYERS);
    for (int i = 0; i < PAYERS; i++) {
        load->payers[i] = (struct payer){.servers = servers,
            .count = count,
            .name = name,
            .number = i,
            .stop = &load->stop,
            .running = &load->running};
        co_ensure(co_spawn(pay_on, &load->payers[i]));
    }
}

static int load_paid(const struct load *load)
{
    int paid = 0;
    for (int i = 0; i < PAYERS; i++)
        paid += load->payers[i].paid;
    return paid;
}

static void load_await(const struct load *load, int more)
{
    int until = load_paid(load) + more;
    for (int i = 0; i < 6000 && load_paid(load) < until; i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT(load_paid(load) >= until);
}

/* Each that was told "done" is there, once, and the journal is sound. */
static void load_end(struct load *load, struct several *owner, const char *name)
{
    struct ledger *ledger = NULL;
    load->stop = true;
    co_waitgroup_wait(&load->running);
    CU_ASSERT_EQUAL_FATAL(bank_find(owner->bank, name, &ledger), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "saver") == load_paid(load));
    fixture_check(ledger);
    ledger_leave(ledger);
    for (int i = 0; i < PAYERS; i++)
        CU_ASSERT_EQUAL(load->payers[i].wrong, 0);
}

/* ---- asked for ----------------------------------------------------------------------------- */

static enum bank_want want(struct several *asked, const char *name, uint64_t server)
{
    return bank_want(co_context_background(), asked->bank, name, server);
}

static void a_ledger_goes_where_it_is_wanted(void)
{
    static struct load load;
    const char *db = fixture_database();
    struct several servers[2];
    struct bank_owner owner;
    several_begin(&servers[0], db, 0, &patient);
    several_await_open(&servers[0]);
    several_make(&servers[0], "moved");
    several_begin(&servers[1], db, 1, &patient);
    several_await_peers(&servers[0], 2);
    several_await_peers(&servers[1], 2);
    uint64_t second = several_number(&servers[1]);
    load_begin(&load, servers, 2, "moved");
    load_await(&load, 20);

    /* Asked of the one that has it not. */
    CU_ASSERT_EQUAL(want(&servers[1], "moved", second), BANK_WANTED);
    several_await_ledger(&servers[1], "moved");
    load_await(&load, 20);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT epoch || ' ' || (wanted IS NULL) || ' ' || (moments_until IS NOT"
                        " NULL) FROM teller.writer WHERE ledger = 2"),
        "2 true true");
    several_await_owner(&servers[1], "moved", &owner);
    CU_ASSERT(owner.here && owner.server == second && owner.wanted == 0);
    CU_ASSERT_EQUAL(want(&servers[0], "moved", second), BANK_THERE);
    CU_ASSERT_EQUAL(want(&servers[0], "moved", 999), BANK_UNKNOWN);
    CU_ASSERT_EQUAL(want(&servers[0], "other", second), BANK_NO_LEDGER);

    /* And back, asked of the one that has it. */
    CU_ASSERT_EQUAL(want(&servers[1], "moved", several_number(&servers[0])), BANK_WANTED);
    several_await_ledger(&servers[0], "moved");
    load_await(&load, 20);
    load_end(&load, &servers[0], "moved");
    bank_close(&servers[1].bank);
    CU_ASSERT_EQUAL(want(&servers[0], "moved", second), BANK_GONE);
    bank_close(&servers[0].bank);
}

/* It was given free for a server that died just now: its former owner has it again a second later,
 * and what waits for it meanwhile does not wait for the other one. */
static void one_that_is_not_taken_comes_back(void)
{
    const char *db = fixture_database();
    struct several server, second;
    several_begin(&server, db, 0, &usual);
    several_await_open(&server);
    several_make(&server, "moved");
    fixture_do(db, "DO $$ BEGIN PERFORM teller.server_enter('http://dead:8080', ''); END $$");
    several_await_peers(&server, 2);
    CU_ASSERT_EQUAL(want(&server, "moved", several_number(&server) + 1), BANK_WANTED);
    for (int i = 0; i < 3000; i++, co_sleep(10 * CO_CLOCK_MS))
        if (strcmp(fixture_ask(db, "SELECT epoch FROM teller.writer WHERE ledger = 2"), "2") == 0)
            break;
    several_await_ledger(&server, "moved");
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT epoch || ' ' || coalesce(wanted, 0) FROM teller.writer"
                        " WHERE ledger = 2"),
        "2 0");

    /* How long it was free then does not count the next time. */
    several_begin(&second, db, 1, &usual);
    several_await_peers(&second, 2); /* the dead one is known to be */
    several_await_peers(&server, 2);
    CU_ASSERT_EQUAL(want(&server, "moved", several_number(&second)), BANK_WANTED);
    several_await_ledger(&second, "moved");
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT epoch FROM teller.writer WHERE ledger = 2"), "3");
    several_await_open(&second);
    bank_close(&second.bank);
    bank_close(&server.bank);
}

/* ---- left behind --------------------------------------------------------------------------- */

/* One that stops hands over all that it has while it can still be asked. Alone it just stops. */
static void one_that_leaves_hands_over(void)
{
    static struct load load;
    const char *db = fixture_database();
    struct several servers[BANKS];
    char name[20];
    several_begin(&servers[0], db, 0, &usual);
    several_await_open(&servers[0]);
    for (int i = 0; i < SHARED; i++) {
        snprintf(name, sizeof name, "shared-%d", i);
        several_make(&servers[0], name);
    }
    several_begin(&servers[1], db, 1, &usual);
    several_begin(&servers[2], db, 2, &usual);
    for (int i = 0; i < BANKS; i++)
        several_await_peers(&servers[i], BANKS);
    load_begin(&load, servers, BANKS, "shared-0");
    load_await(&load, 20);

    bank_leave(servers[0].bank);
    for (int i = 0; i < SHARED; i++) {
        struct bank_owner owner;
        struct ledger *ledger;
        snprintf(name, sizeof name, "shared-%d", i);
        CU_ASSERT_EQUAL(bank_find(servers[0].bank, name, &ledger), LEDGER_UNAVAILABLE);
        CU_ASSERT(bank_owner(servers[0].bank, name, &owner) && owner.server > 0 && !owner.here);
    }
    load_await(&load, 20);
    struct several *owner = &servers[1];
    struct ledger *ledger = NULL;
    if (bank_find(owner->bank, "shared-0", &ledger) == LEDGER_OK)
        ledger_leave(ledger);
    else
        owner = &servers[2];
    load_end(&load, owner, "shared-0");
    several_await_open(owner);
    bank_close(&servers[0].bank);
    several_await_peers(owner, 2);
    bank_close(&servers[owner == &servers[1] ? 2 : 1].bank);
    several_await_peers(owner, 1);
    bank_leave(owner->bank);
    for (int i = 0; i < SHARED; i++) {
        snprintf(name, sizeof name, "shared-%d", i);
        several_await_ledger(owner, name);
    }
    bank_close(&owner->bank);
}

/* ---- pulled over --------------------------------------------------------------------------- */

struct choice {
    const char *what;
    uint64_t me;
    size_t servers;
    struct rebalance_ledger ledgers[6];
    int chosen; /* 0: none */
};

static void what_is_asked_for(void)
{
    static const struct choice choices[] = {
        {"the one that brings them closest", 3, 3,
            {{1, 1, 400, false}, {2, 1, 300, false}, {3, 1, 100, false}, {4, 2, 300, false}}, 1},
        {"of the most loaded, not of another", 3, 3,
            {{1, 1, 500, false}, {2, 1, 200, false}, {3, 2, 300, false}, {4, 2, 300, false}}, 1},
        {"not one that carries more than the gap", 3, 3,
            {{1, 1, 1000, false}, {2, 1, 50, false}, {3, 2, 300, false}, {4, 3, 100, false}}, 2},
        {"nothing, if that one is all there is", 3, 3,
            {{1, 1, 1000, false}, {2, 2, 10, false}, {3, 3, 5, false}}, 0},
        {"nothing by another than the least loaded", 2, 3,
            {{1, 1, 500, false}, {2, 1, 500, false}, {3, 2, 1, false}}, 0},
        {"nothing within a tenth of the mean", 3, 3,
            {{1, 1, 99, false}, {2, 1, 10, false}, {3, 2, 100, false}, {4, 3, 91, false}}, 0},
        {"one when the most loaded is a tenth above it", 3, 3,
            {{1, 1, 101, false}, {2, 1, 10, false}, {3, 2, 95, false}, {4, 3, 94, false}}, 2},
        {"nothing between two", 2, 2, {{1, 1, 500, false}, {2, 1, 500, false}}, 0},
        {"nothing while there is little to do", 3, 3, {{1, 1, 10, false}, {2, 1, 10, false}}, 0},
        {"nothing that is not worth the pause", 3, 3,
            {{1, 1, 990, false}, {2, 1, 3, false}, {3, 3, 1, false}}, 0},
        {"not one that would have to be read first", 3, 3,
            {{1, 1, 400, true}, {2, 1, 300, false}, {3, 1, 100, false}, {4, 2, 300, false}}, 2},
        {"nothing that no server has", 3, 3, {{1, 0, 500, false}, {2, 0, 500, false}}, 0},
    };
    const struct lease_peer servers[] = {{.no = 1}, {.no = 2}, {.no = 3}};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const struct choice *choice = &choices[i];
        const struct rebalance_ledger *chosen =
            rebalance_choose(choice->me, servers, choice->servers, choice->ledgers, 6);
        int number = chosen ? chosen->ledger : 0;
        if (number != choice->chosen)
            printf("\n    %s: %d ", choice->what, number);
        CU_ASSERT_EQUAL(number, choice->chosen);
    }
}

/* Three ledgers have as much to do as each other, all at one server: the others take one each. */
static void load_spreads(void)
{
    static const struct bank_options balancing = {.patience_ms = FOREVER_MS, .rebalance_ms = 500};
    static const char *const names[BANKS] = {"busy-0", "busy-1", "busy-2"};
    static struct load loads[BANKS];
    const char *db = fixture_database();
    struct several servers[BANKS];
    several_begin(&servers[0], db, 0, &balancing);
    several_await_open(&servers[0]);
    for (int i = 0; i < BANKS; i++)
        several_make(&servers[0], names[i]);
    several_begin(&servers[1], db, 1, &balancing);
    several_begin(&servers[2], db, 2, &balancing);
    for (int i = 0; i < BANKS; i++)
        load_begin(&loads[i], servers, BANKS, names[i]);
    several_await_open(&servers[1]);
    several_await_open(&servers[2]);

    /* A beat has told how busy it is. */
    for (int i = 0; i < 3000; i++, co_sleep(10 * CO_CLOCK_MS))
        if (strcmp(fixture_ask(db, "SELECT count(*) > 1 FROM teller.server WHERE load > 0"), "t") ==
            0)
            break;
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) > 1 FROM teller.server WHERE load > 0"), "t");
    for (int i = 0; i < BANKS; i++) {
        loads[i].stop = true;
        co_waitgroup_wait(&loads[i].running);
    }
    for (int i = 0; i < BANKS; i++)
        bank_close(&servers[i].bank);
    struct ledger *ledger = fixture_open(db, "owner");
    fixture_check(ledger);
    ledger_close(&ledger);
}

const struct unit_suite owners_suite = {.name = "owners",
    .tests = (const struct unit_test[]){
        {"a_ledger_goes_where_it_is_wanted", a_ledger_goes_where_it_is_wanted},
        {"one_that_is_not_taken_comes_back", one_that_is_not_taken_comes_back},
        {"one_that_leaves_hands_over", one_that_leaves_hands_over},
        {"what_is_asked_for", what_is_asked_for}, {"load_spreads", load_spreads}, {0}}};
