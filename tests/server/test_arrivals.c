/* SPDX-License-Identifier: MIT */
/* What is asked of a ledger that is paid by those who are no server: by a client that knows its own
 * transfer, and so can say what only a reader of the journal should. It has the step taken that is
 * to be taken anyway, once; and nothing else. */
#include <stdio.h>
#include <string.h>

#include "tests/server/crossed.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

enum { AMOUNT = 30, PATH = 100, BODY = 300 };

static struct fixture fixture;
static struct ledger *here, *there;
static struct answer last;
static char payer[40], payee[40];

static void post(const char *path, const char *body, int status)
{
    fixture_call(&fixture, "POST", path, body, &last);
    if (last.status != status)
        printf("\n    %s: %d: %s\n", path, last.status, last.body);
    CU_ASSERT_EQUAL(last.status, status);
}

static void open_there(const char *account)
{
    char body[BODY];
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", account);
    post("/v1/ledgers/branch/accounts", body, 201);
}

static void begin(void)
{
    fixture_start(&fixture);
    fixture_call(&fixture, "POST", "/v1/ledgers", "{\"name\":\"branch\"}", &last);
    CU_ASSERT(last.status == 201 || last.status == 200);
    here = fixture_ledger(&fixture, "main");
    there = fixture_ledger(&fixture, "branch");
    fixture_name(payer);
    fixture_name(payee);
    fixture_account(&fixture, payer, 100);
    size_t length = strlen(fixture.headers); /* and as servers say: */
    snprintf(fixture.headers + length, sizeof fixture.headers - length, "Teller-Hop: 1\r\n");
}

static void end(void)
{
    ledger_leave(here);
    ledger_leave(there);
    fixture_stop(&fixture);
}

static money balance(struct ledger *ledger, const char *id)
{
    struct ledger_account account;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_read_account(co_context_background(), ledger, id, &account, &seq), LEDGER_OK);
    return account.balance;
}

/* Ask `ledger` for the step of an entry of `main`, with all that can be known of that. */
static void ask(const char *ledger, const struct entry *entry, int status)
{
    char proof[CROSSING_PROOF], path[PATH], body[BODY];
    crossing_proof(entry->key ? entry->key : "", entry->metadata ? entry->metadata : "", proof);
    snprintf(path, sizeof path, "/v1/ledgers/%s/arrivals", ledger);
    snprintf(
        body, sizeof body, "{\"ledger\":\"main\",\"id\":%lu,\"key\":\"%s\"}", entry->seq, proof);
    post(path, body, status);
}

static enum ledger_status drive(const struct entry *hold, struct entry **settled)
{
    const struct crossing_means means = {.banks = atomic_load(&fixture.api.banks)};
    return crossing_drive(co_context_background(), &means, here, "main", hold, settled);
}

static struct crossing crossing_of(const char *key)
{
    return (struct crossing){
        .key = key, .from = {"main", payer}, .to = {"branch", payee}, .amount = AMOUNT};
}

/* ---- what is to be done is done, once -------------------------------------------------------- */

static void taken_once(void)
{
    static struct answer first;
    struct entry *settled;
    begin();
    open_there(payee);
    const struct crossing crossing = crossing_of(payee);
    struct entry *hold = crossed_hold(here, &crossing, true);
    ask("branch", hold, 200);
    first = last;
    ask("branch", hold, 200);
    CU_ASSERT_STRING_EQUAL(first.body, last.body);
    CU_ASSERT(balance(there, payee) == AMOUNT && balance(here, payer) == 100);
    CU_ASSERT_EQUAL_FATAL(drive(hold, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_CAPTURE);
    ask("branch", hold, 200);
    CU_ASSERT_STRING_EQUAL(first.body, last.body);
    CU_ASSERT(balance(there, payee) == AMOUNT && balance(here, payer) == 100 - AMOUNT);
    entry_drop(&settled);
    entry_drop(&hold);
    end();
}

/* Refused as early as can be, it stays refused: what was held is free, and is not paid later. */
static void refused_once(void)
{
    struct entry *settled;
    begin();
    const struct crossing crossing = crossing_of(payee);
    struct entry *hold = crossed_hold(here, &crossing, true);
    ask("branch", hold, 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.body, "\"account_not_found\""));
    open_there(payee);
    ask("branch", hold, 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.body, "\"account_not_found\""));
    CU_ASSERT_EQUAL_FATAL(drive(hold, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_RELEASE);
    ask("branch", hold, 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.body, "\"account_not_found\""));
    CU_ASSERT(balance(there, payee) == 0 && balance(here, payer) == 100);
    entry_drop(&settled);
    entry_drop(&hold);
    end();
}

/* ---- and nothing else ------------------------------------------------------------------------ */

static struct entry *hold_of_client(const char *metadata)
{
    const struct ledger_hold asked = {
        .key = payer, .metadata = metadata, .from = payer, .to = "world:USD.2", .amount = AMOUNT};
    struct ledger_outcome outcome;
    ledger_hold(co_context_background(), here, &asked, &outcome);
    CU_ASSERT_EQUAL_FATAL(outcome.status, LEDGER_OK);
    return outcome.entry;
}

/* A hold that says all that one of a transfer says, but is a client's. */
static void not_for_a_clients_hold(void)
{
    char metadata[BODY];
    begin();
    open_there(payee);
    snprintf(metadata, sizeof metadata,
        "{\"key\":\"k\",\"from\":\"%s\",\"to\":{\"ledger\":\"branch\",\"account\":\"%s\"},"
        "\"amount\":"
        "\"30\",\"asset\":\"USD/2\"}",
        payer, payee);
    struct entry *hold = hold_of_client(metadata);
    ask("branch", hold, 404);
    CU_ASSERT(balance(there, payee) == 0);
    entry_drop(&hold);
    end();
}

/* What the ledger that pays has refused has its key and says what was wanted. */
static void not_for_a_refusal(void)
{
    struct crossing_outcome outcome;
    struct arena arena;
    begin();
    arena_init(&arena, NULL, 0);
    open_there(payee);
    struct crossing crossing = crossing_of(payee);
    crossing.amount = 1000;
    const struct crossing_means means = {.banks = atomic_load(&fixture.api.banks)};
    crossing_carry_out(co_context_background(), &means, here, &crossing, &arena, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(outcome.first.entry);
    ask("branch", outcome.first.entry, 404);
    CU_ASSERT(balance(there, payee) == 0);
    entry_drop(&outcome.first.entry);
    arena_clear(&arena);
    end();
}

static void not_for_another_ledger(void)
{
    struct entry *settled;
    begin();
    open_there(payee);
    fixture_account(&fixture, payee, 0); /* in main, of the same name */
    const struct crossing crossing = crossing_of(payee);
    struct entry *hold = crossed_hold(here, &crossing, true);
    ask("main", hold, 404);
    ask("nowhere", hold, 404);
    CU_ASSERT(balance(here, payee) == 0 && balance(there, payee) == 0);
    CU_ASSERT_EQUAL_FATAL(drive(hold, &settled), LEDGER_OK);
    CU_ASSERT_EQUAL(settled->kind, ENTRY_CAPTURE);
    entry_drop(&settled);
    entry_drop(&hold);
    end();
}

const struct unit_suite arrivals_suite = {"arrivals", 2,
    (const struct unit_test[]){{"taken_once", taken_once}, {"refused_once", refused_once},
        {"not_for_a_clients_hold", not_for_a_clients_hold},
        {"not_for_a_refusal", not_for_a_refusal},
        {"not_for_another_ledger", not_for_another_ledger}, {0}}};
