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

enum { OPERATIONS = 600, SIDES = 2, WORLDS = 2 };

static const char *const strategies[SIDES] = {"owner", "sharded"};
static const char *const assets[WORLDS] = {"USD/2", "EUR/2"};
static const struct {
    const char *id;
    int asset;
    const char *floor; /* NULL: none */
} ids[MODEL_ACCOUNTS] = {{"world:USD.2", 0, NULL}, {"world:EUR.2", 1, NULL}, {"a", 0, "0"},
    {"b", 0, "0"}, {"c", 0, "-500"}, {"d", 0, NULL}, {"e", 1, "0"}, {"f", 1, "0"}, {"g", 1, "-100"},
    {"late", 0, "0"}};

/* More of an answer than the model knows. */
struct told {
    uint64_t seq;
    bool replayed;
    money available;
    char account[16];
};

struct run {
    struct model model;
    struct told told[MODEL_KEYS][MODEL_ROWS]; /* by batches with a key, the first time */
    uint64_t random;
    char conninfo[SIDES][400];
    struct ledger *ledgers[SIDES];
    int operation; /* for messages */
};

static unsigned below(struct run *run, unsigned n)
{
    return (unsigned)(co_random_of(&run->random) % n);
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
    char key[MODEL_KEY_TEXT];
    struct ledger_leg legs[MODEL_LEGS];
    struct ledger_transfer transfer;
};

static void word(struct wording *w, int key, const struct model_request *request)
{
    model_key_text(key, w->key);
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
    struct co_context *context = co_context_background();
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
    const struct model_key *known = key == MODEL_NO_KEY ? NULL : &run->model.keys[key];
    if (known && known->used && !known->of_batch && below(run, 4))
        request = known->request;
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

/* ---- batches ------------------------------------------------------------------------------- */

struct batch_wording {
    struct wording rows[MODEL_ROWS];
    struct ledger_transfer transfers[MODEL_ROWS];
};

static void word_batch(struct batch_wording *w, const struct model_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        word(&w->rows[i], batch->keys[i], &batch->requests[i]);
        w->transfers[i] = w->rows[i].transfer;
    }
}

static bool is_key_free(const struct run *run, const struct model_batch *batch, size_t i)
{
    bool is_free = !run->model.keys[batch->keys[i]].used;
    for (size_t before = 0; before < i; before++)
        is_free = is_free && batch->keys[before] != batch->keys[i];
    return is_free;
}

static struct model_batch some_batch(struct run *run)
{
    struct model_batch batch = {.atomic = below(run, 2), .count = 1 + below(run, MODEL_ROWS)};
    for (size_t i = 0; i < batch.count; i++) {
        batch.requests[i] = some_transfer(run);
        batch.keys[i] = below(run, 2) ? MODEL_NO_KEY : (int)below(run, MODEL_KEYS);
    }
    return batch;
}

static void operate_batch(struct run *run)
{
    struct model_answer answers[MODEL_ROWS];
    struct batch_wording wording;
    struct model_batch batch = some_batch(run);
    for (size_t i = 0; batch.atomic && i < batch.count; i++) {
        struct model_request *request = &batch.requests[i];
        if (batch.keys[i] != MODEL_NO_KEY && !is_key_free(run, &batch, i))
            batch.keys[i] = MODEL_NO_KEY;
        for (uint32_t leg = 0; leg < request->leg_count; leg++)
            if (!run->model.accounts[request->legs[leg].to].open)
                request->legs[leg].to = 2;
    }
    word_batch(&wording, &batch);
    model_batch(&run->model, &batch, answers);
    for (int side = 0; side < SIDES; side++) {
        struct ledger_outcome outcomes[MODEL_ROWS];
        ledger_transfer_batch(co_context_background(), run->ledgers[side], batch.atomic,
            wording.transfers, batch.count, outcomes);
        for (size_t i = 0; i < batch.count; i++)
            compare(run, side, &outcomes[i], answers[i]);
    }
}

/* Items with keys that a request, a batch or an item had, with the batch's, and with each other's,
 * which are the same or not. */
static void make_keyed_batch(struct run *run, int key, struct model_batch *batch)
{
    *batch = some_batch(run);
    for (size_t i = 0; i < batch->count; i++) {
        size_t other = below(run, (unsigned)batch->count);
        const struct model_key *known =
            batch->keys[i] < 0 ? NULL : &run->model.keys[batch->keys[i]];
        if (known && known->used && below(run, 2))
            batch->requests[i] = known->request;
        if (batch->requests[i].kind != MODEL_TRANSFER || batch->requests[i].leg_count == 0)
            batch->requests[i] = some_transfer(run);
        if (other < i && below(run, 6) == 0) {
            batch->keys[i] = batch->keys[other];
            if (below(run, 2))
                batch->requests[i] = batch->requests[other];
        }
        if (below(run, 40) == 0)
            batch->keys[i] = key;
    }
}

/* The one that has the key, or nearly that. */
static void change_keyed_batch(struct run *run, int key, struct model_batch *batch)
{
    *batch = run->model.keys[key].batch;
    size_t i = below(run, (unsigned)batch->count);
    unsigned change = below(run, 12);
    if (change == 0)
        batch->atomic = !batch->atomic;
    else if (change == 1)
        batch->requests[i].legs[0].amount++;
    else if (change == 2)
        batch->keys[i] = batch->keys[i] == MODEL_NO_KEY ? key : MODEL_NO_KEY;
    else if (change == 3 && batch->count > 1)
        batch->count--;
}

static struct told told_by(const struct ledger_outcome *outcome)
{
    struct told told = {
        .seq = outcome->seq, .replayed = outcome->replayed, .available = outcome->available};
    snprintf(told.account, sizeof told.account, "%s", outcome->account ? outcome->account : "");
    return told;
}

static void compare_told(
    struct run *run, int side, const struct ledger_outcome *outcome, const struct told *first)
{
    struct told told = told_by(outcome);
    expect(run, told.seq == first->seq, side, "what the answer reflects");
    expect(run, told.replayed == first->replayed, side, "whether the item is a replay");
    expect(run, told.available == first->available, side, "what there was");
    expect(run, strcmp(told.account, first->account) == 0, side, "the account named");
}

/* Often one that a batch has, seldom one that a single request has. */
static int some_batch_key(struct run *run)
{
    bool of_batch = below(run, 3) == 0, at_random = below(run, 6) == 0;
    int key = (int)below(run, MODEL_KEYS);
    for (int i = 0; i < MODEL_KEYS && !at_random; i++) {
        const struct model_key *known = &run->model.keys[key];
        if (of_batch ? known->of_batch : !known->used)
            break;
        key = (key + 1) % MODEL_KEYS;
    }
    return key;
}

static void operate_keyed_batch(struct run *run)
{
    int key = some_batch_key(run);
    struct model_answer answers[MODEL_ROWS];
    static struct batch_wording wording; /* too large for the stack */
    struct model_batch batch;
    struct wording whole;
    bool again = run->model.keys[key].used;
    if (run->model.keys[key].of_batch && below(run, 8))
        change_keyed_batch(run, key, &batch);
    else
        make_keyed_batch(run, key, &batch);
    struct model_answer answer = model_keyed_batch(&run->model, key, &batch, answers);
    word(&whole, key, &batch.requests[0]);
    word_batch(&wording, &batch);
    const struct ledger_batch asked = {.key = whole.key,
        .atomic = batch.atomic,
        .transfers = wording.transfers,
        .count = batch.count};
    for (int side = 0; side < SIDES; side++) {
        struct ledger_outcome outcomes[MODEL_ROWS], outcome;
        ledger_keyed_batch(co_context_background(), run->ledgers[side], &asked, outcomes, &outcome);
        expect(run, outcome.status == answer.status, side, "the status of the whole batch");
        expect(run, answer.seq == 0 || outcome.seq == answer.seq, side, "the batch's position");
        expect(run, outcome.replayed == (again && answer.seq != 0), side, "whether it is a replay");
        for (size_t i = 0; i < batch.count && answer.status == LEDGER_OK; i++) {
            if (side == 0 && !again)
                run->told[key][i] = told_by(&outcomes[i]);
            compare_told(run, side, &outcomes[i], &run->told[key][i]);
            compare(run, side, &outcomes[i], answers[i]);
        }
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
    else if (choice < 25)
        operate_batch(run);
    else if (choice < 45)
        operate_keyed_batch(run);
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
        co_ensure(good);
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
