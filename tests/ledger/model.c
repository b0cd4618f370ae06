/* SPDX-License-Identifier: MIT */
#include "tests/ledger/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct model_answer nothing = {LEDGER_OK, 0};

static bool in_range(money a, money b, money *sum)
{
    return !__builtin_add_overflow(a, b, sum) && *sum <= money_max() && *sum >= -money_max();
}

money model_available(const struct model_account *account)
{
    money available;
    if (!account->has_floor ||
        !in_range(account->balance, -account->floor - account->held, &available))
        return money_max();
    return available;
}

static struct model_entry *append(struct model *model, enum entry_kind kind)
{
    co_ensure(model->seq + 1 < MODEL_ENTRIES);
    struct model_entry *entry = &model->entries[++model->seq];
    entry->kind = kind;
    return entry;
}

bool model_open(struct model *model, int account)
{
    if (model->accounts[account].open)
        return false;
    int world = model->accounts[account].asset;
    if (!model->accounts[world].open)
        append(model, ENTRY_ACCOUNT);
    append(model, ENTRY_ACCOUNT);
    model->accounts[world].open = model->accounts[account].open = true;
    return true;
}

void model_freeze(struct model *model, int account, bool frozen)
{
    bool *is = account == MODEL_LEDGER ? &model->frozen : &model->accounts[account].frozen;
    if (*is != frozen)
        append(model, frozen ? ENTRY_FREEZE : ENTRY_UNFREEZE);
    *is = frozen;
}

/* What is to be said of the legs before any amount is looked at. */
static enum ledger_status check_legs(
    const struct model *model, const struct model_leg *legs, uint32_t count)
{
    enum ledger_status worst = model->frozen ? LEDGER_ACCOUNT_FROZEN : LEDGER_OK;
    for (uint32_t i = 0; i < count; i++) {
        const struct model_account *from = &model->accounts[legs[i].from];
        const struct model_account *to = &model->accounts[legs[i].to];
        enum ledger_status status = LEDGER_OK;
        if (!from->open || !to->open)
            status = LEDGER_ACCOUNT_NOT_FOUND;
        else if (from == to)
            status = LEDGER_SAME_ACCOUNT;
        else if (from->asset != to->asset)
            status = LEDGER_ASSET_MISMATCH;
        else if (from->frozen || to->frozen)
            status = LEDGER_ACCOUNT_FROZEN;
        if (status != LEDGER_OK && (worst == LEDGER_OK || status < worst))
            worst = status;
    }
    return worst;
}

/* Move it on a copy of the accounts, and keep the copy if all is well. */
static enum ledger_status move(
    struct model *model, const struct model_leg *legs, uint32_t count, money freed)
{
    struct model_account now[MODEL_ACCOUNTS];
    bool beyond = false, low = false;
    enum ledger_status status = check_legs(model, legs, count);
    if (status != LEDGER_OK)
        return status;
    memcpy(now, model->accounts, sizeof now);
    now[legs[0].from].held -= freed;
    for (uint32_t i = 0; i < count && !beyond; i++) {
        struct model_account *from = &now[legs[i].from], *to = &now[legs[i].to];
        money lower, higher;
        if (!in_range(from->balance, -legs[i].amount, &lower)) {
            beyond = true;
            low = from->has_floor;
            break;
        }
        from->balance = lower;
        if (in_range(to->balance, legs[i].amount, &higher))
            to->balance = higher;
        else
            beyond = true;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct model_account *from = &now[legs[i].from];
        low = low || (from->has_floor && from->balance - from->held < from->floor);
    }
    if (low)
        return LEDGER_INSUFFICIENT_FUNDS;
    if (beyond)
        return LEDGER_AMOUNT_OUT_OF_RANGE;
    memcpy(model->accounts, now, sizeof now);
    return LEDGER_OK;
}

static enum ledger_status hold(struct model *model, const struct model_leg *leg)
{
    enum ledger_status status = check_legs(model, leg, 1);
    struct model_account *from = &model->accounts[leg->from];
    money held;
    if (status != LEDGER_OK)
        return status;
    if (leg->amount > model_available(from))
        return LEDGER_INSUFFICIENT_FUNDS;
    if (!in_range(from->held, leg->amount, &held))
        return LEDGER_AMOUNT_OUT_OF_RANGE;
    from->held = held;
    return LEDGER_OK;
}

static enum ledger_status settle(
    struct model *model, const struct model_request *request, struct model_leg *leg)
{
    struct model_entry *held = &model->entries[request->ref];
    if (request->ref < 1 || request->ref > model->seq || held->kind != ENTRY_HOLD)
        return LEDGER_HOLD_NOT_FOUND;
    *leg = held->legs[0];
    if (held->over)
        return LEDGER_ALREADY_SETTLED;
    if (request->kind == MODEL_CAPTURE) {
        money reserved = leg->amount;
        leg->amount = request->legs[0].amount ? request->legs[0].amount : reserved;
        enum ledger_status status = check_legs(model, leg, 1);
        if (status == LEDGER_OK)
            status = leg->amount > reserved ? LEDGER_CAPTURE_EXCEEDS_HOLD
                                            : move(model, leg, 1, reserved);
        if (status != LEDGER_OK)
            return status;
    } else {
        model->accounts[leg->from].held -= leg->amount;
    }
    held->over = true;
    return LEDGER_OK;
}

static enum ledger_status reverse(
    struct model *model, uint64_t ref, struct model_leg *legs, uint32_t *count)
{
    struct model_entry *first = &model->entries[ref];
    if (ref < 1 || ref > model->seq ||
        (first->kind != ENTRY_TRANSFER && first->kind != ENTRY_CAPTURE &&
            first->kind != ENTRY_REVERSAL))
        return LEDGER_TRANSFER_NOT_FOUND;
    if (first->over)
        return LEDGER_ALREADY_REVERSED;
    *count = first->leg_count;
    for (uint32_t i = 0; i < *count; i++) {
        const struct model_leg *leg = &first->legs[*count - 1 - i];
        legs[i] = (struct model_leg){leg->to, leg->from, leg->amount};
    }
    enum ledger_status status = move(model, legs, *count, 0);
    first->over = status == LEDGER_OK;
    return status;
}

/* Decide a request whose key nobody used. */
static struct model_answer decide(
    struct model *model, bool keyed, const struct model_request *request)
{
    static const enum entry_kind kinds[] = {[MODEL_TRANSFER] = ENTRY_TRANSFER,
        [MODEL_HOLD] = ENTRY_HOLD,
        [MODEL_CAPTURE] = ENTRY_CAPTURE,
        [MODEL_RELEASE] = ENTRY_RELEASE,
        [MODEL_REVERSE] = ENTRY_REVERSAL};
    struct model_entry entry = {.leg_count = request->leg_count};
    struct model_answer answer = nothing;
    memcpy(entry.legs, request->legs, sizeof entry.legs);
    if (request->kind == MODEL_TRANSFER)
        answer.status = move(model, entry.legs, entry.leg_count, 0);
    else if (request->kind == MODEL_HOLD)
        answer.status = hold(model, entry.legs);
    else if (request->kind == MODEL_REVERSE)
        answer.status = reverse(model, request->ref, entry.legs, &entry.leg_count);
    else
        answer.status = settle(model, request, entry.legs);
    if (answer.status == LEDGER_OK) {
        entry.kind = kinds[request->kind];
        *append(model, entry.kind) = entry;
        answer.seq = model->seq;
    } else if (keyed && status_is_rejection(answer.status)) {
        append(model, ENTRY_REJECTED);
        answer.seq = model->seq;
    }
    return answer;
}

static bool is_same(const struct model_request *a, const struct model_request *b)
{
    bool same = a->kind == b->kind && a->leg_count == b->leg_count && a->ref == b->ref;
    for (uint32_t i = 0; i < a->leg_count && same; i++)
        same = a->legs[i].from == b->legs[i].from && a->legs[i].to == b->legs[i].to &&
               a->legs[i].amount == b->legs[i].amount;
    return same;
}

/* Decide it, and keep the answer under its key if it is one that stays. */
static struct model_answer decide_and_keep(
    struct model *model, int key, bool refusals_stay, const struct model_request *request)
{
    struct model_answer answer = decide(model, key != MODEL_NO_KEY && refusals_stay, request);
    if (key != MODEL_NO_KEY && answer.seq != 0)
        model->keys[key] = (struct model_key){.used = true, .request = *request, .answer = answer};
    return answer;
}

/* The answer of a key that is used. */
static struct model_answer known_answer(
    const struct model *model, int key, const struct model_request *request)
{
    const struct model_key *known = &model->keys[key];
    bool same = !known->of_batch && is_same(&known->request, request);
    return same ? known->answer : (struct model_answer){LEDGER_KEY_REUSED, 0};
}

struct model_answer model_do(struct model *model, int key, const struct model_request *request)
{
    if (key != MODEL_NO_KEY && model->keys[key].used)
        return known_answer(model, key, request);
    return decide_and_keep(model, key, true, request);
}

void model_key_text(int key, char text[MODEL_KEY_TEXT])
{
    snprintf(text, MODEL_KEY_TEXT, "k%d", key);
}

/* ---- batches ------------------------------------------------------------------------------- */

static struct model *copy_of(const struct model *model)
{
    struct model *copy = malloc(sizeof *copy);
    co_ensure(copy != NULL);
    *copy = *model;
    return copy;
}

void model_batch(
    struct model *model, const struct model_batch *batch, struct model_answer answers[MODEL_ROWS])
{
    struct model *before = copy_of(model);
    size_t refused = batch->count;
    for (size_t i = 0; i < batch->count && (!batch->atomic || refused == batch->count); i++) {
        answers[i] = model_do(model, batch->keys[i], &batch->requests[i]);
        if (answers[i].status != LEDGER_OK && refused == batch->count)
            refused = i;
    }
    if (batch->atomic && refused < batch->count) {
        for (size_t i = 0; i < batch->count; i++)
            answers[i] =
                (struct model_answer){i == refused ? answers[i].status : LEDGER_NOT_EXECUTED, 0};
        *model = *before;
    }
    free(before);
}

/* A batch with a key, while it is being decided. */
struct keyed {
    struct model *model;
    const struct model_batch *batch;
    struct model_answer *answers;
    bool failed;           /* atomic: nothing is done any more */
    bool told[MODEL_ROWS]; /* the answer is there, and stays whatever becomes of the others */
    size_t
        same_as[MODEL_ROWS]; /* the first item with that key, if this one is the same; or itself */
};

static void tell(struct keyed *k, size_t i, struct model_answer answer)
{
    k->told[i] = true;
    k->answers[i] = answer;
    k->failed = k->failed || (k->batch->atomic && answer.status != LEDGER_OK);
}

/* An item whose key is the batch's, another item's, or was used before. */
static void look_at_key(struct keyed *k, size_t i)
{
    const struct model_batch *batch = k->batch;
    int key = batch->keys[i];
    size_t first = 0;
    if (key == MODEL_NO_KEY || k->told[i])
        return;
    while (batch->keys[first] != key)
        first++;
    if (first < i && is_same(&batch->requests[i], &batch->requests[first]))
        k->same_as[i] = first;
    else if (first < i)
        tell(k, i, (struct model_answer){LEDGER_KEY_REUSED, 0});
    else if (k->model->keys[key].used)
        tell(k, i, known_answer(k->model, key, &batch->requests[i]));
}

static bool stands_before(const struct model_batch *batch, size_t i, size_t j)
{
    char one[MODEL_KEY_TEXT] = "", other[MODEL_KEY_TEXT] = "";
    if (batch->keys[i] != MODEL_NO_KEY)
        model_key_text(batch->keys[i], one);
    if (batch->keys[j] != MODEL_NO_KEY)
        model_key_text(batch->keys[j], other);
    int order = strcmp(one, other);
    return order < 0 || (order == 0 && i < j);
}

/* By the text of their keys, up to the first that makes an atomic batch fail. */
static void look_at_keys(struct keyed *k, int key)
{
    size_t order[MODEL_ROWS];
    for (size_t i = 0; i < k->batch->count; i++) {
        size_t at = i;
        for (; at > 0 && stands_before(k->batch, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
        k->same_as[i] = i;
    }
    for (size_t i = 0; i < k->batch->count; i++)
        if (k->batch->keys[i] == key)
            tell(k, i, (struct model_answer){LEDGER_KEY_REUSED, 0});
    for (size_t n = 0; n < k->batch->count && !k->failed; n++)
        look_at_key(k, order[n]);
}

/* Is there something to be decided of it? */
static bool is_open(const struct keyed *k, size_t i)
{
    return !k->failed && !k->told[i] && k->same_as[i] == i;
}

static void decide_items(struct keyed *k)
{
    const struct model_batch *batch = k->batch;
    for (size_t i = 0; i < batch->count; i++) {
        const struct model_request *request = &batch->requests[i];
        if (batch->atomic && is_open(k, i) &&
            check_legs(k->model, request->legs, request->leg_count) == LEDGER_ACCOUNT_NOT_FOUND)
            tell(k, i, (struct model_answer){LEDGER_ACCOUNT_NOT_FOUND, 0});
    }
    for (size_t i = 0; i < batch->count; i++)
        if (is_open(k, i)) {
            k->answers[i] =
                decide_and_keep(k->model, batch->keys[i], !batch->atomic, &batch->requests[i]);
            if (batch->atomic && k->answers[i].status != LEDGER_OK)
                tell(k, i, k->answers[i]);
        }
}

static void decide_batch(struct keyed *k, int key)
{
    struct model *before = copy_of(k->model);
    look_at_keys(k, key);
    decide_items(k);
    if (k->failed)
        *k->model = *before;
    for (size_t i = 0; i < k->batch->count; i++)
        if (k->failed && !k->told[i])
            k->answers[i] = (struct model_answer){LEDGER_NOT_EXECUTED, 0};
    for (size_t i = 0; i < k->batch->count; i++)
        k->answers[i] = k->answers[k->same_as[i]];
    free(before);
}

static bool is_same_batch(const struct model_batch *a, const struct model_batch *b)
{
    bool same = a->atomic == b->atomic && a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = a->keys[i] == b->keys[i] && is_same(&a->requests[i], &b->requests[i]);
    return same;
}

struct model_answer model_keyed_batch(struct model *model, int key, const struct model_batch *batch,
    struct model_answer answers[MODEL_ROWS])
{
    struct model_key *known = &model->keys[key];
    struct keyed k = {.model = model, .batch = batch, .answers = answers};
    if (known->used) {
        if (!known->of_batch || !is_same_batch(&known->batch, batch))
            return (struct model_answer){LEDGER_KEY_REUSED, 0};
        memcpy(answers, known->answers, sizeof known->answers);
        return known->answer;
    }
    decide_batch(&k, key);
    append(model, ENTRY_BATCH);
    *known = (struct model_key){
        .used = true, .of_batch = true, .answer = {LEDGER_OK, model->seq}, .batch = *batch};
    memcpy(known->answers, answers, sizeof known->answers);
    return known->answer;
}
