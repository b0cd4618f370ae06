/* SPDX-License-Identifier: MIT */
/* One function for each shape that openapi.json describes. Members come in a fixed order, so that a
 * replay is byte for byte the first answer. */
#include "server/api/render.h"

#include <string.h>

#include "coro/co.h"
#include "ledger/domain/results.h"

static void key_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

static void key_money(struct json_out *out, const char *key, money amount)
{
    json_out_key(out, key);
    json_out_money(out, amount);
}

static void key_json(struct json_out *out, const char *key, const char *json)
{
    json_out_key(out, key);
    json_out_json(out, json);
}

static void key_time(struct json_out *out, const char *key, int64_t at_us)
{
    json_out_key(out, key);
    json_out_time(out, at_us);
}

/* No floor is null, not absent: each member is always there. */
static void key_floor(struct json_out *out, bool has_floor, money floor)
{
    if (has_floor)
        key_money(out, "floor", floor);
    else
        key_json(out, "floor", NULL);
}

void render_yield(const struct json_out *out, size_t *yielded_at)
{
    /* Other coroutines wait for this worker. */
    enum { TURN = 32 * 1024 }; /* a tenth of a millisecond */
    if (out->length - *yielded_at < TURN)
        return;
    *yielded_at = out->length;
    co_yield();
}

void render_account(struct json_out *out, const struct ledger_account *account)
{
    json_out_open(out, '{');
    key_text(out, "id", account->id);
    key_text(out, "asset", account->asset);
    key_floor(out, account->has_floor, account->floor);
    key_money(out, "balance", account->balance);
    key_money(out, "held", account->held);
    if (account->has_floor)
        key_money(out, "available", account->available);
    else
        key_json(out, "available", NULL); /* there is no limit to it */
    json_out_key(out, "frozen");
    json_out_bool(out, account->frozen);
    key_json(out, "metadata", account->metadata);
    json_out_count(out, "seq", account->seq);
    json_out_close(out, '}');
}

/* `grant` NULL: all of them. */
static void render_postings(
    struct json_out *out, const struct entry *entry, const struct token_grant *grant)
{
    json_out_key(out, "postings");
    json_out_open(out, '[');
    /* Balances are told apart from postings, once for each account. */
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        if (grant && !token_grant_has_account(grant, posting->from->id) &&
            !token_grant_has_account(grant, posting->to->id))
            continue;
        json_out_open(out, '{');
        key_text(out, "from", posting->from->id);
        key_text(out, "to", posting->to->id);
        key_money(out, "amount", posting->amount);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

/* The accounts of an entry in the order of their first posting, with the balance after the last. */
struct balances {
    size_t count, mask;
    struct balance {
        const struct account *account;
        money after;
    } * list;
    uint32_t *slots; /* 1 + place in the list, by hash of the account's number; 0: free */
};

static void balances_set(struct balances *balances, const struct account *account, money after)
{
    /* Fibonacci hashing (Knuth, TAOCP 6.4): numbers with a pattern are spread all the same. */
    size_t at = account->number * UINT64_C(0x9E3779B97F4A7C15) >> 32 & balances->mask;
    while (balances->slots[at] && balances->list[balances->slots[at] - 1].account != account)
        at = (at + 1) & balances->mask;
    /* Its first posting gives it its place in the list. */
    if (!balances->slots[at]) {
        balances->slots[at] = (uint32_t)++balances->count;
        balances->list[balances->count - 1].account = account;
    }
    balances->list[balances->slots[at] - 1].after = after;
}

static void render_balances(struct json_out *out, const struct entry *entry)
{
    /* At least half of the slots stay free, so that probes end soon. */
    size_t most = 2 * (size_t)entry->posting_count, slots = 4;
    while (slots < 2 * most)
        slots *= 2;
    struct balances balances = {.mask = slots - 1,
        .list = arena_try(out->arena, most * sizeof *balances.list),
        .slots = arena_try(out->arena, slots * sizeof *balances.slots)};
    if (!balances.list || !balances.slots)
        return; /* the arena is short: nobody will see the text */
    memset(balances.slots, 0, slots * sizeof *balances.slots);
    /* In the order of the postings: the last balance of an account stays. */
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        balances_set(&balances, posting->from, posting->from_after);
        balances_set(&balances, posting->to, posting->to_after);
    }
    json_out_key(out, "balances");
    json_out_open(out, '{');
    for (size_t i = 0; i < balances.count; i++) {
        json_out_name(out, balances.list[i].account->id);
        json_out_money(out, balances.list[i].after);
    }
    json_out_close(out, '}');
}

/* The entry that an entry of this kind refers to; null in one of another kind. */
static void key_ref(
    struct json_out *out, const char *key, const struct entry *entry, enum entry_kind kind)
{
    if (entry->kind == kind)
        json_out_count(out, key, entry->ref);
    else
        key_json(out, key, NULL);
}

static void render_rejection(struct json_out *out, const struct entry *entry)
{
    key_text(out, "code", status_name(entry->code));
    /* A ledger may be frozen as a whole, and then no account is to blame. */
    key_text(out, "account", entry->account ? entry->account->id : NULL);
    if (entry->code == LEDGER_INSUFFICIENT_FUNDS)
        key_money(out, "available", entry->available);
}

static void render_opened(struct json_out *out, const struct entry *entry)
{
    const struct account *account = entry->account;
    json_out_key(out, "account");
    json_out_open(out, '{');
    key_text(out, "id", account->id);
    key_text(out, "asset", account->asset);
    key_floor(out, account->has_floor, account->floor);
    key_json(out, "metadata", entry->metadata);
    json_out_close(out, '}');
}

/* What a hold reserves, and until when. */
static void render_reserved(struct json_out *out, const struct entry *entry)
{
    key_text(out, "from", entry->postings[0].from->id);
    key_text(out, "to", entry->postings[0].to->id);
    key_money(out, "amount", entry->postings[0].amount);
}

static void key_expiry(struct json_out *out, const struct entry *entry)
{
    if (entry->expires_us)
        key_time(out, "expires_at", entry->expires_us);
    else
        key_json(out, "expires_at", NULL);
}

static void render_held(struct json_out *out, const struct entry *entry)
{
    json_out_key(out, "hold");
    json_out_open(out, '{');
    json_out_count(out, "id", entry->seq);
    render_reserved(out, entry);
    key_expiry(out, entry);
    json_out_close(out, '}');
}

/* What became of the items of a batch: with the positions of those that have entries. */
static void render_batch(struct json_out *out, const struct entry *entry)
{
    struct results_reader reader;
    struct result result;
    /* The batch's entries stand right before its own. */
    uint64_t next = entry->seq - results_entries(entry->metadata);
    bool atomic;
    results_read(&reader, entry->metadata, &atomic);
    json_out_key(out, "atomic");
    json_out_bool(out, atomic);
    json_out_key(out, "results");
    json_out_open(out, '[');
    while (results_next(&reader, &result)) {
        json_out_open(out, '{');
        /* Runs of equal results are one item: 10,000 transfers would be a long entry. */
        if (result.kind == RESULT_ENTRIES) {
            json_out_count(out, "first", next);
            json_out_count(out, "count", result.times);
            next += result.times;
        } else if (result.kind == RESULT_REFUSED) {
            key_text(out, "code", status_name(result.status));
            json_out_count(out, "count", result.times);
        } else {
            json_out_count(out, result.kind == RESULT_SAME ? "same" : "replayed", result.at);
        }
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

/* What an entry says besides its position, kind, key and time. */
static void render_said(struct json_out *out, const struct entry *entry)
{
    switch (entry->kind) {
    case ENTRY_ACCOUNT:
        render_opened(out, entry);
        return;
    case ENTRY_REJECTED:
        render_rejection(out, entry);
        return;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        key_text(out, "account", entry->account ? entry->account->id : NULL);
        return;
    case ENTRY_TRANSFER:
    case ENTRY_CAPTURE:
    case ENTRY_REVERSAL:
        render_postings(out, entry, NULL);
        render_balances(out, entry);
        if (entry->ref)
            json_out_count(out, entry->kind == ENTRY_CAPTURE ? "hold" : "reverses", entry->ref);
        break;
    case ENTRY_BATCH:
        render_batch(out, entry);
        return;
    case ENTRY_HOLD:
        render_held(out, entry);
        break;
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        json_out_count(out, "hold", entry->ref);
        break;
    }
    key_json(out, "metadata", entry->metadata);
}

/* What is known of a key whose request moved nothing itself: a hold, the end of one, a batch. */
static bool moved_nothing(const struct entry *entry)
{
    return entry->kind == ENTRY_HOLD || entry->kind == ENTRY_RELEASE || entry->kind == ENTRY_BATCH;
}

void render_transfer_members(struct json_out *out, const struct entry *entry)
{
    json_out_count(out, "id", entry->seq);
    key_text(out, "key", entry->key);
    if (entry->kind == ENTRY_REJECTED) {
        render_rejection(out, entry);
    } else if (moved_nothing(entry)) {
        /* A key may name more than a transfer. */
        render_said(out, entry);
    } else {
        render_postings(out, entry, NULL);
        render_balances(out, entry);
        key_json(out, "metadata", entry->metadata);
        key_ref(out, "reverses", entry, ENTRY_REVERSAL);
        key_ref(out, "hold", entry, ENTRY_CAPTURE);
    }
    key_time(out, "at", entry->at_us);
}

void render_transfer(struct json_out *out, const struct entry *entry)
{
    json_out_open(out, '{');
    render_transfer_members(out, entry);
    json_out_close(out, '}');
}

static const char *status_of_hold(const struct entry *settled)
{
    return !settled                         ? "held"
           : settled->kind == ENTRY_CAPTURE ? "captured"
           : settled->kind == ENTRY_RELEASE ? "released"
                                            : "expired";
}

void render_hold(
    struct json_out *out, const struct entry *hold, const struct entry *settled, bool with_balances)
{
    json_out_open(out, '{');
    json_out_count(out, "id", hold->seq);
    key_text(out, "key", hold->key);
    render_reserved(out, hold);
    key_text(out, "status", status_of_hold(settled));
    if (settled && settled->kind == ENTRY_CAPTURE)
        key_money(out, "captured", settled->postings[0].amount);
    else
        key_json(out, "captured", NULL);
    if (settled)
        json_out_count(out, "settled_by", settled->seq);
    else
        key_json(out, "settled_by", NULL);
    key_expiry(out, hold);
    key_json(out, "metadata", hold->metadata);
    key_time(out, "at", hold->at_us);
    /* A capture is asked for its balances, as a transfer is. */
    if (with_balances)
        render_balances(out, settled);
    json_out_close(out, '}');
}

void render_journal_item(struct json_out *out, const struct entry *entry)
{
    json_out_open(out, '{');
    json_out_count(out, "seq", entry->seq);
    key_text(out, "kind", entry_kind_name(entry->kind));
    key_text(out, "key", entry->key);
    key_time(out, "at", entry->at_us);
    render_said(out, entry);
    json_out_close(out, '}');
}

/* The net change of the account, and its balance after; both 0 for the entry that opened it. What
 * is held or let go changes nothing. */
static void net_change(
    const struct entry *entry, const char *id, struct money_sum *amount, money *balance)
{
    *amount = (struct money_sum){0};
    *balance = 0;
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        money moved = entry_moves_money(entry) ? posting->amount : 0;
        if (strcmp(posting->from->id, id) == 0) {
            money_sum_add(amount, -moved);
            *balance = posting->from_after;
        } else if (strcmp(posting->to->id, id) == 0) {
            money_sum_add(amount, moved);
            *balance = posting->to_after;
        }
    }
}

void render_statement_item(struct json_out *out, const struct entry *entry, const char *account_id,
    const struct token_grant *grant)
{
    struct money_sum amount;
    money balance;
    net_change(entry, account_id, &amount, &balance);
    json_out_open(out, '{');
    json_out_count(out, "seq", entry->seq);
    key_text(out, "kind", entry_kind_name(entry->kind));
    key_time(out, "at", entry->at_us);
    key_text(out, "key", entry->key);
    json_out_key(out, "amount");
    json_out_sum(out, &amount);
    key_money(out, "balance", balance);
    render_postings(out, entry, grant);
    /* What an account was opened with is the account's, not the statement's. */
    key_json(out, "metadata", entry->kind == ENTRY_ACCOUNT ? NULL : entry->metadata);
    json_out_close(out, '}');
}
