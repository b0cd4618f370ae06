/* SPDX-License-Identifier: MIT */
#include "tests/ledger/model.h"

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
    ensure(model->seq + 1 < MODEL_ENTRIES);
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

struct model_answer model_do(struct model *model, int key, const struct model_request *request)
{
    if (key == MODEL_NO_KEY)
        return decide(model, false, request);
    if (model->keys[key].used) {
        bool same = is_same(&model->keys[key].request, request);
        return same ? model->keys[key].answer : (struct model_answer){LEDGER_KEY_REUSED, 0};
    }
    struct model_answer answer = decide(model, true, request);
    if (answer.seq != 0) {
        model->keys[key].used = true;
        model->keys[key].request = *request;
        model->keys[key].answer = answer;
    }
    return answer;
}

void model_batch(struct model *model, bool atomic, const int *keys,
    const struct model_request *requests, size_t count, struct model_answer *answers)
{
    struct model *before = malloc(sizeof *before);
    ensure(before != NULL);
    *before = *model;
    size_t refused = count;
    for (size_t i = 0; i < count && (!atomic || refused == count); i++) {
        answers[i] = model_do(model, keys[i], &requests[i]);
        if (answers[i].status != LEDGER_OK && refused == count)
            refused = i;
    }
    if (atomic && refused < count) {
        for (size_t i = 0; i < count; i++)
            answers[i] =
                (struct model_answer){i == refused ? answers[i].status : LEDGER_NOT_EXECUTED, 0};
        *model = *before;
    }
    free(before);
}
