/* SPDX-License-Identifier: MIT */
/*
 * Random workloads, one request after the other, through both strategies and through the model:
 * the same answers, the same accounts after each, and at the end the same journal row by row.
 * TEST_SEED=n repeats one.
 */
#include <stdio.h>
#include <string.h>

#include "coro/random.h"
#include "tests/ledger/model.h"
#include "tests/ledger/requests.h"

enum { OPERATIONS = 500, SIDES = 2, BATCH_ROWS = 5, WORLDS = 2 };

static const char *const strategies[SIDES] = {"owner", "sharded"};
static const char *const assets[WORLDS] = {"USD/2", "EUR/2"};
static const struct {
    const char *id;
    int asset;
    const char *floor; /* NULL: none */
} ids[MODEL_ACCOUNTS] = {{"world:USD.2", 0, NULL}, {"world:EUR.2", 1, NULL}, {"a", 0, "0"},
    {"b", 0, "0"}, {"c", 0, "-500"}, {"d", 0, NULL}, {"e", 1, "0"}, {"f", 1, "0"}, {"g", 1, "-100"},
    {"late", 0, "0"}};

struct run {
    struct model model;
    uint64_t random;
    char conninfo[SIDES][400];
    struct ledger *ledgers[SIDES];
    int operation; /* for messages */
};

static unsigned below(struct run *run, unsigned n)
{
    return (unsigned)(random_of(&run->random) % n);
}

static void expect(struct run *run, bool good, int side, const char *what)
{
    CU_ASSERT_TRUE(good);
    if (!good)
        printf("\n    operation %d, %s: %s\n", run->operation, strategies[side], what);
}

/* ---- an operation on the ledger ------------------------------------------------------------- */

/* A request in the ledger's words. Points into itself: it stays where it was filled in. */
struct wording {
    char key[16];
    struct ledger_leg legs[MODEL_LEGS];
    struct ledger_transfer transfer;
};

static void word(struct wording *w, int key, const struct model_request *request)
{
    snprintf(w->key, sizeof w->key, "k%d", key);
    for (uint32_t i = 0; i < request->leg_count; i++)
        w->legs[i] = (struct ledger_leg){
            ids[request->legs[i].from].id, ids[request->legs[i].to].id, request->legs[i].amount};
    w->transfer = (struct ledger_transfer){.key = key == MODEL_NO_KEY ? NULL : w->key,
        .legs = w->legs,
        .leg_count = request->leg_count};
}

static void ask(struct ledger *ledger, int key, const struct model_request *request,
    struct ledger_outcome *outcome)
{
    struct context *context = context_background();
    struct wording w;
    word(&w, key, request);
    const struct ledger_hold hold = {.key = w.transfer.key,
        .from = w.legs[0].from,
        .to = w.legs[0].to,
        .amount = w.legs[0].amount};
    const struct ledger_settlement settlement = {.key = w.transfer.key,
        .hold = request->ref,
        .capture = request->kind == MODEL_CAPTURE,
        .amount = w.legs[0].amount};
    const struct ledger_reversal reversal = {.key = w.transfer.key, .transfer = request->ref};
    switch (request->kind) {
    case MODEL_TRANSFER:
        ledger_transfer(context, ledger, &w.transfer, outcome);
        break;
    case MODEL_HOLD:
        ledger_hold(context, ledger, &hold, outcome);
        break;
    case MODEL_CAPTURE:
    case MODEL_RELEASE:
        ledger_settle(context, ledger, &settlement, outcome);
        break;
    case MODEL_REVERSE:
        ledger_reverse(context, ledger, &reversal, outcome);
        break;
    }
}

static void compare(
    struct run *run, int side, struct ledger_outcome *outcome, struct model_answer answer)
{
    uint64_t seq = outcome->entry ? outcome->entry->seq : 0;
    if (outcome->status != answer.status)
        printf("\n    the model says %s, the ledger %s\n", status_name(answer.status),
            status_name(outcome->status));
    expect(run, outcome->status == answer.status, side, "the status");
    expect(run, seq == answer.seq, side, "the position");
    entry_drop(&outcome->entry);
}

static void compare_accounts(struct run *run)
{
    for (int side = 0; side < SIDES; side++) {
        expect(run, ledger_durable_seq(run->ledgers[side]) == run->model.seq, side, "the end");
        for (int i = 0; i < MODEL_ACCOUNTS; i++) {
            const struct model_account *account = &run->model.accounts[i];
            if (!account->open)
                continue;
            struct ledger_account is = request_account(run->ledgers[side], ids[i].id);
            expect(run, is.balance == account->balance, side, "a balance");
            expect(run, is.held == account->held, side, "what is held");
            expect(run, is.available == model_available(account), side, "what is available");
            expect(run, is.frozen == account->frozen, side, "what is frozen");
        }
    }
}

/* ---- choosing ------------------------------------------------------------------------------- */

static money some_amount(struct run *run)
{
    if (below(run, 60) == 0)
        return money_max() - below(run, 3);
    return 1 + (money)below(run, below(run, 4) ? 60 : 600);
}

static struct model_leg some_leg(struct run *run)
{
    struct model_leg leg = {.amount = some_amount(run)};
    leg.from = (int)below(run, MODEL_ACCOUNTS - 1); /* seldom one that is not open */
    leg.to = (int)below(run, below(run, 10) ? MODEL_ACCOUNTS - 1 : MODEL_ACCOUNTS);
    if (leg.from >= WORLDS && leg.amount < 600 && below(run, 3) == 0) /* keep money in it */
        leg.from = ids[leg.from].asset;
    if (below(run, 25) == 0)
        return leg;
    while (ids[leg.to].asset != ids[leg.from].asset || leg.to == leg.from || leg.to < WORLDS)
        leg.to = (int)below(run, MODEL_ACCOUNTS - 1);
    return leg;
}

static struct model_request some_transfer(struct run *run)
{
    struct model_request request = {
        .kind = MODEL_TRANSFER, .leg_count = below(run, 2) ? 1 : 1 + below(run, MODEL_LEGS)};
    for (uint32_t i = 0; i < request.leg_count; i++)
        request.legs[i] = some_leg(run);
    return request;
}

/* The position of an entry of that kind, if a few tries find one; else any. */
static uint64_t some_entry(struct run *run, enum entry_kind kind)
{
    uint64_t seq = 0;
    for (int i = 0; i < 60; i++) {
        seq = 1 + below(run, (unsigned)run->model.seq);
        if (run->model.entries[seq].kind == kind && (!run->model.entries[seq].over || i > 50))
            break;
    }
    return seq;
}

static struct model_request some_request(struct run *run)
{
    struct model_request request = {.leg_count = 1};
    switch (below(run, 10)) {
    case 0:
    case 1:
        request.kind = MODEL_HOLD;
        request.legs[0] = some_leg(run);
        return request;
    case 2:
    case 3:
        request.kind = below(run, 3) ? MODEL_CAPTURE : MODEL_RELEASE;
        request.ref = some_entry(run, ENTRY_HOLD);
        request.legs[0].amount = below(run, 2) ? 0 : 1 + (money)below(run, 40);
        return request;
    case 4:
        request.kind = MODEL_REVERSE;
        request.leg_count = 0;
        request.ref = some_entry(run, below(run, 3) ? ENTRY_TRANSFER : ENTRY_CAPTURE);
        return request;
    default:
        return some_transfer(run);
    }
}

/* ---- one operation, everywhere -------------------------------------------------------------- */

static bool same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void operate_request(struct run *run)
{
    int key = below(run, 2) ? MODEL_NO_KEY : (int)below(run, MODEL_KEYS);
    struct model_request request = some_request(run);
    if (key != MODEL_NO_KEY && run->model.keys[key].used && below(run, 4))
        request = run->model.keys[key].request;
    struct model_answer answer = model_do(&run->model, key, &request);
    struct ledger_outcome outcomes[SIDES];
    for (int side = 0; side < SIDES; side++)
        ask(run->ledgers[side], key, &request, &outcomes[side]);
    expect(run, outcomes[0].seq == outcomes[1].seq, 1, "what the answer reflects");
    expect(run, outcomes[0].replayed == outcomes[1].replayed, 1, "whether it is a replay");
    expect(run, outcomes[0].available == outcomes[1].available, 1, "what there was");
    expect(run, same_text(outcomes[0].account, outcomes[1].account), 1, "the account named");
    for (int side = 0; side < SIDES; side++)
        compare(run, side, &outcomes[side], answer);
}

static bool is_key_free(const struct run *run, int key, const int *others, size_t count)
{
    bool is_free = !run->model.keys[key].used;
    for (size_t i = 0; i < count; i++)
        is_free = is_free && others[i] != key;
    return is_free;
}

static void operate_batch(struct run *run)
{
    bool atomic = below(run, 2);
    int keys[BATCH_ROWS];
    struct model_request requests[BATCH_ROWS];
    struct model_answer answers[BATCH_ROWS];
    struct wording wordings[BATCH_ROWS];
    struct ledger_transfer transfers[BATCH_ROWS];
    size_t count = 1 + below(run, BATCH_ROWS);
    for (size_t i = 0; i < count; i++) {
        requests[i] = some_transfer(run);
        keys[i] = below(run, 2) ? MODEL_NO_KEY : (int)below(run, MODEL_KEYS);
        if (atomic && keys[i] != MODEL_NO_KEY && !is_key_free(run, keys[i], keys, i))
            keys[i] = MODEL_NO_KEY;
        for (uint32_t leg = 0; atomic && leg < requests[i].leg_count; leg++)
            if (!run->model.accounts[requests[i].legs[leg].to].open)
                requests[i].legs[leg].to = 2;
        word(&wordings[i], keys[i], &requests[i]);
        transfers[i] = wordings[i].transfer;
    }
    model_batch(&run->model, atomic, keys, requests, count, answers);
    for (int side = 0; side < SIDES; side++) {
        struct ledger_outcome outcomes[BATCH_ROWS];
        ledger_transfer_batch(
            context_background(), run->ledgers[side], atomic, transfers, count, outcomes);
        for (size_t i = 0; i < count; i++)
            compare(run, side, &outcomes[i], answers[i]);
    }
}

static void operate_freeze(struct run *run)
{
    int account = below(run, 4) ? (int)below(run, MODEL_ACCOUNTS - 1) : MODEL_LEDGER;
    bool frozen = below(run, 3) == 0 && !run->model.frozen;
    uint64_t seqs[SIDES];
    if (run->model.frozen || (account < WORLDS && account != MODEL_LEDGER))
        account = MODEL_LEDGER; /* not for long: nothing else would happen */
    model_freeze(&run->model, account, frozen);
    for (int side = 0; side < SIDES; side++)
        expect(run,
            request_freeze(run->ledgers[side], account == MODEL_LEDGER ? NULL : ids[account].id,
                frozen, &seqs[side]) == LEDGER_OK,
            side, "freezing");
    expect(run, seqs[0] == seqs[1], 1, "the position of freezing");
}

static void open_account(struct run *run, int account)
{
    model_open(&run->model, account);
    for (int side = 0; side < SIDES; side++)
        fixture_account(
            run->ledgers[side], ids[account].id, assets[ids[account].asset], ids[account].floor);
}

static void operate(struct run *run)
{
    unsigned choice = below(run, 100);
    if (run->operation == OPERATIONS / 2)
        for (int side = 0; side < SIDES; side++)
            run->ledgers[side] =
                request_restart(run->ledgers[side], run->conninfo[side], strategies[side]);
    if (run->operation == OPERATIONS * 2 / 3)
        open_account(run, MODEL_ACCOUNTS - 1);
    else if (choice < 2)
        open_account(run, WORLDS + (int)below(run, MODEL_ACCOUNTS - WORLDS - 1));
    else if (choice < 8 || (run->model.frozen && choice < 30))
        operate_freeze(run);
    else if (choice < 35)
        operate_batch(run);
    else
        operate_request(run);
    compare_accounts(run);
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* All rows of the three tables, without the times. */
static const char journal_sql[] =
    "SELECT md5(string_agg((to_jsonb(e) - 'at')::text, ',' ORDER BY seq)) || ' ' ||"
    " (SELECT md5(string_agg(to_jsonb(p)::text, ',' ORDER BY seq, leg)) FROM teller.posting p)"
    " || ' ' || (SELECT md5(string_agg(to_jsonb(a)::text, ',' ORDER BY no)) FROM teller.account a)"
    " FROM teller.entry e";

static void compare_databases(struct run *run)
{
    char journal[120], held[400] = "", balance[MONEY_TEXT];
    snprintf(journal, sizeof journal, "%s", fixture_ask(run->conninfo[0], journal_sql));
    CU_ASSERT_EQUAL(strlen(journal), 98);
    CU_ASSERT_STRING_EQUAL(fixture_ask(run->conninfo[1], journal_sql), journal);
    for (int i = WORLDS; i < MODEL_ACCOUNTS; i++) {
        size_t at = strlen(held);
        money_format(run->model.accounts[i].balance, balance);
        snprintf(held + at, sizeof held - at, "%s%s=%s", at ? " " : "", ids[i].id, balance);
    }
    for (int side = 0; side < SIDES; side++)
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(run->conninfo[side],
                "SELECT string_agg(account || '=' || balance, ' ' ORDER BY account)"
                " FROM teller.balances WHERE account NOT LIKE 'world%'"),
            held);
}

static void same_as_the_model(void)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    run.random = unit_seed();
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        struct model_account *account = &run.model.accounts[i];
        account->asset = ids[i].asset;
        account->has_floor = ids[i].floor != NULL;
        bool good =
            !ids[i].floor || money_parse(ids[i].floor, strlen(ids[i].floor), true, &account->floor);
        ensure(good);
    }
    for (int side = 0; side < SIDES; side++) {
        snprintf(run.conninfo[side], sizeof run.conninfo[side], "%s", fixture_database());
        run.ledgers[side] = fixture_open(run.conninfo[side], strategies[side]);
    }
    for (int i = WORLDS; i < MODEL_ACCOUNTS - 1; i++)
        open_account(&run, i);
    unsigned failures = CU_get_number_of_failures();
    for (; run.operation < OPERATIONS; run.operation++) {
        operate(&run);
        if (CU_get_number_of_failures() > failures)
            break; /* all that follows would only say it again */
    }
    compare_databases(&run);
    for (int side = 0; side < SIDES; side++) {
        fixture_check(run.ledgers[side]);
        ledger_close(&run.ledgers[side]);
    }
}

static const struct unit_test tests[] = {{"same_as_the_model", same_as_the_model}, {0}};
const struct unit_suite differential_suite = {.name = "differential", .tests = tests};
