/* SPDX-License-Identifier: MIT */
/* The steps of a transfer between ledgers, taken by several at a time, and in states that a request
 * alone does not come to. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/bank/banks_elsewhere.h"
#include "ledger/db/pg.h"
#include "ledger/domain/clearing.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "server/crossing/crossing_private.h"
#include "tests/server/crossed.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

enum { DRIVERS = 8, AMOUNT = 30, PATIENCE_MS = 60000 };

static struct fixture fixture;
static struct ledger *here, *there;
static struct answer last;

static void open_there(const char *account)
{
    char body[100];
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", account);
    fixture_call(&fixture, "POST", "/v1/ledgers/branch/accounts", body, &last);
    CU_ASSERT_EQUAL(last.status, 201);
}

static void begin(void)
{
    fixture_start(&fixture);
    fixture_call(&fixture, "POST", "/v1/ledgers", "{\"name\":\"branch\"}", &last);
    CU_ASSERT(last.status == 201 || last.status == 200);
    here = fixture_ledger(&fixture, "main");
    there = fixture_ledger(&fixture, "branch");
}

static void end(void)
{
    ledger_leave(here);
    ledger_leave(there);
    fixture_stop(&fixture);
}

static struct entry *hold(const struct crossing *crossing, bool with_metadata)
{
    return crossed_hold(here, crossing, with_metadata);
}

static money balance(struct ledger *ledger, const char *id)
{
    struct ledger_account account;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_read_account(co_context_background(), ledger, id, &account, &seq), LEDGER_OK);
    CU_ASSERT(account.held == 0);
    return account.balance;
}

static enum ledger_status drive(const struct entry *hold, struct entry **settled)
{
    const struct crossing_means means = {.banks = atomic_load(&fixture.api.banks)};
    return crossing_drive(co_context_background(), &means, here, "main", hold, settled);
}

/* ---- no such account ------------------------------------------------------------------------ */

/* Once that was the answer it stays so, though the account is opened after all: or one driver would
 * pay while another one releases. */
static void missing_for_good(void)
{
    char account[40], payee[40];
    struct entry *settled, *again;
    struct crossing_end_told told;
    struct arena arena;
    begin();
    arena_init(&arena, NULL, 0);
    fixture_name(account);
    fixture_name(payee);
    fixture_account(&fixture, account, 100);
    const struct crossing crossing = {
        .key = payee, .from = {"main", account}, .to = {"branch", payee}, .amount = AMOUNT};
    struct entry *made = hold(&crossing, true);
    CU_ASSERT_EQUAL(drive(made, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_RELEASE);
    CU_ASSERT(crossing_end_read(&arena, settled->metadata, strlen(settled->metadata), &told));
    CU_ASSERT_EQUAL(told.status, LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(told.account, payee);

    open_there(payee);
    CU_ASSERT_EQUAL(drive(made, &again), LEDGER_OK);
    CU_ASSERT_EQUAL(again->seq, settled->seq);
    CU_ASSERT(balance(here, account) == 100 && balance(there, payee) == 0);
    fixture_audit(&fixture, &last);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.body, "\"ok\":true"));
    entry_drop(&made);
    entry_drop(&settled);
    entry_drop(&again);
    arena_clear(&arena);
    end();
}

/* ---- no clearing account -------------------------------------------------------------------- */

#define CLEARING "clearing:main:USD.2"

static struct ledger *make_ledger(const char *name, const char *payee)
{
    char path[100], body[100];
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    fixture_call(&fixture, "POST", "/v1/ledgers", body, &last);
    CU_ASSERT_EQUAL(last.status, 201);
    snprintf(path, sizeof path, "/v1/ledgers/%s/accounts", name);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", payee);
    fixture_call(&fixture, "POST", path, body, &last);
    CU_ASSERT_EQUAL(last.status, 201);
    return fixture_ledger(&fixture, name);
}

/* A payment to that ledger, which cannot have an account for it, is refused for good, whoever asks
 * and whatever comes later; what was held is free again. And none is begun. */
static void is_never_paid(
    const char *name, struct ledger *ledger, enum ledger_status early, enum ledger_status late)
{
    char account[40];
    struct entry *settled, *again;
    struct crossing_end_told told;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    fixture_name(account);
    fixture_account(&fixture, account, 100);
    const struct crossing crossing = {
        .key = account, .from = {"main", account}, .to = {name, "payee"}, .amount = AMOUNT};
    struct entry *made = hold(&crossing, true);
    CU_ASSERT_EQUAL_FATAL(drive(made, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_RELEASE);
    CU_ASSERT_FATAL(crossing_end_read(&arena, settled->metadata, strlen(settled->metadata), &told));
    CU_ASSERT_EQUAL(told.status, late);
    CU_ASSERT_STRING_EQUAL(told.account, CLEARING);
    CU_ASSERT_EQUAL_FATAL(drive(made, &again), LEDGER_OK);
    CU_ASSERT_EQUAL(again->seq, settled->seq);
    CU_ASSERT(balance(here, account) == 100 && balance(ledger, "payee") == 0);

    const struct crossing_means means = {.banks = atomic_load(&fixture.api.banks)};
    struct crossing_outcome outcome;
    struct crossing asked = crossing;
    asked.key = "early";
    crossing_carry_out(co_context_background(), &means, here, &asked, &arena, &outcome);
    CU_ASSERT_EQUAL(outcome.status, early);
    CU_ASSERT_STRING_EQUAL(outcome.ledger, name);
    CU_ASSERT_PTR_NULL(outcome.first.entry);
    CU_ASSERT(balance(here, account) == 100);
    entry_drop(&made);
    entry_drop(&settled);
    entry_drop(&again);
    arena_clear(&arena);
}

/* What a server is told of the ledger that does not have it. */
static enum ledger_status ask_elsewhere(const char *name)
{
    const struct ledger_open_account by = {.id = CLEARING, .asset = "USD/2", .clears = true};
    return banks_elsewhere_payee(
        co_context_background(), atomic_load(&fixture.api.banks), name, "payee", &by);
}

/* The id was somebody's before such ids were reserved, with money: none of that is paid out. */
static void taken_for_good(void)
{
    const struct ledger_open_account request = {
        .id = CLEARING, .asset = "USD/2", .has_floor = true, .clears = true};
    const struct ledger_leg leg = {"world:USD.2", CLEARING, 1000};
    const struct ledger_transfer fund = {.legs = &leg, .leg_count = 1, .clears = true};
    struct ledger_account account;
    struct ledger_outcome outcome;
    uint64_t seq;
    bool opened;
    begin();
    struct ledger *ledger = make_ledger("taken", "payee");
    CU_ASSERT_EQUAL(
        ledger_open_account(co_context_background(), ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
    ledger_transfer(co_context_background(), ledger, &fund, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    is_never_paid("taken", ledger, LEDGER_ACCOUNT_EXISTS, LEDGER_ACCOUNT_EXISTS);
    CU_ASSERT(balance(ledger, CLEARING) == 1000);
    CU_ASSERT_EQUAL(ask_elsewhere("taken"), LEDGER_ACCOUNT_EXISTS);
    ledger_leave(ledger);
    end();
}

static struct pg *begin_sql(const char *sql)
{
    char error[200];
    struct pg *pg = pg_connect(
        co_context_background(), fixture.databases.rows[0].conninfo, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
    return pg;
}

static void run_sql(const char *sql)
{
    struct pg *pg = begin_sql(sql);
    pg_close(&pg);
}

/* As if there were as many accounts as there can be. */
static void full_for_good(void)
{
    begin();
    struct ledger *ledger = make_ledger("full", "payee");
    struct account *filler = account_find_or_add(ledger->accounts, "last");
    CU_ASSERT_FATAL(filler && account_renumber(ledger->accounts, filler, ACCOUNT_TABLE_MAX));
    is_never_paid("full", ledger, LEDGER_ACCOUNT_LIMIT, LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(ask_elsewhere("full"), LEDGER_OK);
    run_sql("INSERT INTO teller.account (ledger, no, id, asset, opened)"
            " SELECT no, (1 << 28) - 1, 'last', 'USD/2', 1 FROM teller.ledger WHERE name = 'full'");
    CU_ASSERT_EQUAL(ask_elsewhere("full"), LEDGER_ACCOUNT_LIMIT);
    run_sql("DELETE FROM teller.account WHERE id = 'last'");
    ledger_leave(ledger);
    end();
}

/* ---- beyond the range ------------------------------------------------------------------------ */

/* Without a floor anything may be held, but no balance goes below the range: what has arrived stays
 * held until there is room for it, and leaves then, once. */
static void captured_when_it_can_be(void)
{
    static const char nearly[] = "{\"amount\":\"99999999999999999999999999999999999990\"}";
    char account[40], payee[40], body[100], path[100];
    struct entry *settled = NULL;
    begin();
    fixture_name(account);
    fixture_name(payee);
    open_there(payee);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\",\"floor\":null}", account);
    fixture_call(&fixture, "POST", "/v1/ledgers/main/accounts", body, &last);
    CU_ASSERT_EQUAL(last.status, 201);
    snprintf(path, sizeof path, "/v1/ledgers/main/accounts/%s/withdraw", account);
    fixture_call(&fixture, "POST", path, nearly, &last);
    CU_ASSERT_EQUAL(last.status, 201);
    const struct crossing crossing = {
        .key = account, .from = {"main", account}, .to = {"branch", payee}, .amount = AMOUNT};
    struct entry *made = hold(&crossing, true);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(drive(made, &settled), LEDGER_AMOUNT_OUT_OF_RANGE);
    CU_ASSERT(!settled && balance(there, payee) == AMOUNT);
    snprintf(path, sizeof path, "/v1/ledgers/main/accounts/%s/deposit", account);
    fixture_call(&fixture, "POST", path, nearly, &last);
    CU_ASSERT_EQUAL(last.status, 201);
    CU_ASSERT_EQUAL_FATAL(drive(made, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_CAPTURE);
    CU_ASSERT(balance(here, account) == -AMOUNT && balance(there, payee) == AMOUNT);
    entry_drop(&settled);
    entry_drop(&made);
    end();
}

/* ---- many at a time ------------------------------------------------------------------------- */

struct driver {
    const struct entry *hold;
    struct entry *settled;
    enum ledger_status status;
    struct co_waitgroup *done;
};

static void drive_main(void *arg)
{
    struct driver *driver = arg;
    driver->status = drive(driver->hold, &driver->settled);
    co_waitgroup_done(driver->done);
}

static void driven_by_many(void)
{
    char account[40], payee[40];
    struct driver drivers[DRIVERS];
    struct co_waitgroup done = {0};
    begin();
    fixture_name(account);
    fixture_name(payee);
    fixture_account(&fixture, account, 100);
    open_there(payee);
    const struct crossing crossing = {
        .key = payee, .from = {"main", account}, .to = {"branch", payee}, .amount = AMOUNT};
    struct entry *made = hold(&crossing, true);
    co_waitgroup_add(&done, DRIVERS);
    for (int i = 0; i < DRIVERS; i++) {
        drivers[i] = (struct driver){.hold = made, .done = &done};
        co_ensure(co_spawn_named("driver", drive_main, &drivers[i]));
    }
    co_waitgroup_wait(&done);
    for (int i = 0; i < DRIVERS; i++) {
        CU_ASSERT_EQUAL_FATAL(drivers[i].status, LEDGER_OK);
        CU_ASSERT_EQUAL(drivers[i].settled->kind, ENTRY_CAPTURE);
        CU_ASSERT_EQUAL(drivers[i].settled->seq, drivers[0].settled->seq);
    }
    CU_ASSERT(balance(here, account) == 100 - AMOUNT && balance(there, payee) == AMOUNT);
    for (int i = 0; i < DRIVERS; i++)
        entry_drop(&drivers[i].settled);
    entry_drop(&made);
    end();
}

/* ---- the ledger that pays goes away ---------------------------------------------------------- */

struct leaver {
    struct crossing asked;
    struct ledger *from;
    struct crossing_outcome outcome;
    struct arena arena;
    struct co_waitgroup done;
    bool is_duty; /* drives on what a former one began */
};

static void leave_main(void *arg)
{
    struct leaver *leaver = arg;
    struct crossing_outcome *outcome = &leaver->outcome;
    const struct crossing_means means = {.banks = atomic_load(&fixture.api.banks)};
    if (leaver->is_duty)
        outcome->status = crossing_drive(co_context_background(), &means, leaver->from,
            leaver->asked.from.ledger, outcome->first.entry, &outcome->settled);
    else
        crossing_carry_out(
            co_context_background(), &means, leaver->from, &leaver->asked, &leaver->arena, outcome);
    co_waitgroup_done(&leaver->done);
}

static void start(struct leaver *leaver)
{
    co_waitgroup_add(&leaver->done, 1);
    co_ensure(co_spawn_named("leaver", leave_main, leaver));
}

static bool becomes(struct ledger *ledger, const char *id, money held)
{
    struct ledger_account account = {.held = -1};
    uint64_t seq;
    for (int i = 0; i < PATIENCE_MS && account.held != held; i++, co_sleep(CO_CLOCK_MS))
        CU_ASSERT_EQUAL(
            ledger_read_account(co_context_background(), ledger, id, &account, &seq), LEDGER_OK);
    return account.held == held;
}

/* The same again, where it is opened next. */
static void goes_on_when_opened(struct leaver *leaver)
{
    struct crossing_outcome *outcome = &leaver->outcome;
    begin();
    leaver->from = fixture_ledger(&fixture, "leaving");
    leaver->is_duty = false;
    start(leaver);
    co_waitgroup_wait(&leaver->done);
    CU_ASSERT_EQUAL_FATAL(outcome->status, LEDGER_OK);
    CU_ASSERT(outcome->first.replayed && !outcome->moves);
    CU_ASSERT_EQUAL(outcome->settled->kind, ENTRY_CAPTURE);
    CU_ASSERT(
        balance(leaver->from, "payer") == 100 - AMOUNT && balance(there, "arrives") == AMOUNT);
    entry_drop(&outcome->first.entry);
    entry_drop(&outcome->settled);
    arena_clear(&leaver->arena);
    ledger_leave(leaver->from);
    end();
}

/* While the other ledger commits nothing: that is not waited for once this one is to be closed, be
 * it by a request or by the duty. What was held stays so, and arrives later, once. */
static void left_when_closed(void)
{
    static struct leaver leaver;
    struct crossing_outcome *outcome = &leaver.outcome;
    begin();
    struct ledger *ledger = make_ledger("leaving", "payer");
    fixture_call(
        &fixture, "POST", "/v1/ledgers/leaving/accounts/payer/deposit", "{\"amount\":100}", &last);
    CU_ASSERT_EQUAL(last.status, 201);
    open_there("arrives");
    leaver = (struct leaver){.asked = {.key = "leaves",
                                 .from = {"leaving", "payer"},
                                 .to = {"branch", "arrives"},
                                 .amount = AMOUNT},
        .from = ledger};
    arena_init(&leaver.arena, NULL, 0);
    CU_ASSERT_EQUAL(
        crossing_open_clearing(co_context_background(), there, "leaving", "USD/2"), LEDGER_OK);
    struct pg *lock = begin_sql("BEGIN; SELECT FROM teller.writer WHERE ledger = (SELECT no FROM"
                                " teller.ledger WHERE name = 'branch') FOR UPDATE");
    start(&leaver);
    CU_ASSERT(becomes(ledger, "payer", AMOUNT));
    co_context_cancel(ledger_open_context(ledger)); /* as ledger_close() begins */
    co_waitgroup_wait(&leaver.done);
    CU_ASSERT_EQUAL(outcome->status, LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT(outcome->moves && outcome->first.entry && !outcome->settled);
    leaver.is_duty = true;
    start(&leaver);
    co_waitgroup_wait(&leaver.done);
    CU_ASSERT(outcome->status != LEDGER_OK && !outcome->settled);
    CU_ASSERT(becomes(ledger, "payer", AMOUNT));
    pg_close(&lock);
    entry_drop(&outcome->first.entry);
    ledger_leave(ledger);
    end();
    goes_on_when_opened(&leaver);
}

/* ---- texts ---------------------------------------------------------------------------------- */

/* A hold that does not say what is to be done is left alone, and so is one with a client's key. */
static void damaged(void)
{
    char account[40];
    struct entry *settled = NULL;
    struct crossing read;
    struct arena arena;
    begin();
    arena_init(&arena, NULL, 0);
    fixture_name(account);
    fixture_account(&fixture, account, 100);
    const struct crossing crossing = {
        .key = account, .from = {"main", account}, .to = {"branch", "x"}, .amount = AMOUNT};
    struct entry *made = hold(&crossing, false);
    CU_ASSERT_EQUAL(drive(made, &settled), LEDGER_DAMAGED);
    CU_ASSERT_PTR_NULL(settled);
    entry_drop(&made);

    struct entry *of_client =
        entry_make(ENTRY_HOLD, "main/0/1", crossing_text(&arena, &crossing, "USD/2", NULL), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(of_client);
    CU_ASSERT_FALSE(crossing_read(&arena, "main", of_client, &read));
    entry_drop(&of_client);
    arena_clear(&arena);
    end();
}

static void texts(void)
{
    char first[CROSSING_KEY], second[CROSSING_KEY], longest[256];
    struct crossing read;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    memset(longest, '~', 255);
    longest[255] = '\0';
    crossing_key(first, "main", longest, 1);
    crossing_key(second, "main", longest, 2);
    CU_ASSERT(strlen(first) < ENTRY_KEY_MAX && strncmp(first, "\xE2\x87\x84main/", 8) == 0);
    CU_ASSERT(strncmp(first, second, strlen(first) - 1) == 0 && strcmp(first, second) != 0);
    crossing_key(second, "branch", longest, 1);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
    longest[254] = '\0';
    crossing_key(second, "main", longest, 1);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);

    const struct crossing asked = {.key = "a\"\\b",
        .from = {"main", "\xC3\xA4\"x"},
        .to = {"branch", "{}"},
        .amount = money_max()};
    struct entry *entry = entry_make(ENTRY_HOLD, first,
        crossing_text(&arena, &asked, "USD/2", "{\"n\":1.0,\"metadata\":{\"key\":\"z\"}}"), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_FATAL(crossing_read(&arena, "main", entry, &read));
    CU_ASSERT_STRING_EQUAL(read.key, asked.key);
    CU_ASSERT_STRING_EQUAL(read.from.account, asked.from.account);
    CU_ASSERT_STRING_EQUAL(read.to.ledger, "branch");
    CU_ASSERT_STRING_EQUAL(read.to.account, "{}");
    CU_ASSERT_STRING_EQUAL(read.asset, "USD/2");
    CU_ASSERT_STRING_EQUAL(read.metadata, "{\"n\":1.0,\"metadata\":{\"key\":\"z\"}}");
    CU_ASSERT(read.amount == money_max());
    entry_drop(&entry);
    arena_clear(&arena);
}

static const struct unit_test tests[] = {{"texts", texts}, {"missing_for_good", missing_for_good},
    {"taken_for_good", taken_for_good}, {"full_for_good", full_for_good},
    {"captured_when_it_can_be", captured_when_it_can_be}, {"driven_by_many", driven_by_many},
    {"left_when_closed", left_when_closed}, {"damaged", damaged}, {0}};
const struct unit_suite crossing_suite = {"crossing", 2, tests};
