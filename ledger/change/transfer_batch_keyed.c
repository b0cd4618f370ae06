/* SPDX-License-Identifier: MIT */
/*
 * A batch with a key. Its entry is the last of a group that is one commit, behind those of its
 * items; so either all of the answer is durable, or nothing was done.
 *
 * Order of claims: the batch's key, then those of its items in the order of their text. A request
 * that waits for an item's key holds only smaller ones and a batch's, and none that has an item's
 * key waits for a batch's.
 *
 * Before batches had entries, an item without a key of its own got "KEY/INDEX" as one. Entries from
 * that time (up to ledger->item_keys_upto) still count as its items.
 */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/change/fingerprint.h"
#include "ledger/change/transfer_batch_private.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/keys.h"
#include "ledger/read/query.h"
#include "ledger/domain/results.h"
#include "ledger/domain/rules.h"

enum { PAGE = 256 };

struct draft {
    struct account *account;
    money before;
};

struct keyed {
    struct transfer_batch g;
    struct change whole;
    const struct ledger_batch *asked;
    struct draft *drafts;     /* of one transfer: room for the most that it can have */
    bool done;                /* the section has appended all of it */
    struct entry *page[PAGE]; /* of the journal, for replays: page[i] is at page_from + i */
    size_t page_count;
    uint64_t page_from;
};

static void take_fingerprint(struct keyed *k)
{
    struct fingerprint_batch batch;
    fingerprint_batch_begin(&batch, k->asked->atomic);
    for (size_t i = 0; i < k->g.count; i++)
        fingerprint_batch_add(&batch, k->g.items[i].transfer.change.entry, &k->asked->transfers[i]);
    fingerprint_batch_end(&batch, k->whole.entry);
}

/* ---- the first answer again ---------------------------------------------------------------- */

static void outcome_of_entry(struct ledger_outcome *outcome, struct entry *entry, bool replayed)
{
    *outcome = (struct ledger_outcome){.status = entry->code,
        .seq = entry->seq,
        .replayed = replayed,
        .entry = entry,
        .available = entry->available};
    if (entry->account)
        outcome->account = entry->account->id;
}

static void outcome_of_refusal(struct ledger_outcome *outcome, const struct result *result,
    const struct ledger_transfer *asked, uint64_t seq)
{
    *outcome = (struct ledger_outcome){
        .status = result->status, .seq = seq, .available = result->available};
    if (result->side != RESULT_NO_ACCOUNT && result->leg < asked->leg_count) {
        const struct ledger_leg *leg = &asked->legs[result->leg];
        outcome->account = result->side == RESULT_FROM ? leg->from : leg->to;
    }
}

static void drop_page(struct keyed *k)
{
    while (k->page_count > 0)
        entry_drop(&k->page[--k->page_count]);
}

/* The entry at a position, held; NULL: it cannot be had now. */
static struct entry *entry_at(struct co_context *context, struct keyed *k, uint64_t at)
{
    if (at < k->page_from || at - k->page_from >= k->page_count) {
        struct ledger_entry_page page = {.entries = k->page, .limit = PAGE};
        drop_page(k);
        if (at == 0 || ledger_journal(context, k->g.ledger, at - 1, &page) != LEDGER_OK)
            return NULL;
        k->page_count = page.count;
        k->page_from = at;
    }
    return k->page_count > 0 ? entry_hold(k->page[at - k->page_from]) : NULL;
}

/* The outcomes of the items from `at` on that a result is about; false: they cannot be told now. */
static bool replay_result(struct co_context *context, struct keyed *k, const struct result *result,
    size_t at, uint64_t *next, uint64_t seq)
{
    bool of_entry = result->kind == RESULT_ENTRIES || result->kind == RESULT_REPLAYED;
    for (size_t i = at; i < at + result->times; i++) {
        struct transfer_batch_item *item = &k->g.items[i];
        struct entry *entry = NULL;
        uint64_t position = result->kind == RESULT_ENTRIES ? (*next)++ : result->at;
        if (of_entry && !(entry = entry_at(context, k, position)))
            return false;
        if (of_entry)
            outcome_of_entry(item->outcome, entry, result->kind == RESULT_REPLAYED);
        else if (result->kind == RESULT_REFUSED)
            outcome_of_refusal(item->outcome, result, &k->asked->transfers[i], seq);
        item->state = result->kind == RESULT_SAME ? ITEM_SAME : ITEM_KNOWN;
        item->same = result->kind == RESULT_SAME ? result->at : i;
    }
    return true;
}

static bool replay_all(struct co_context *context, struct keyed *k, const struct entry *first)
{
    struct results_reader reader;
    struct result result;
    size_t at = 0;
    uint64_t next = first->seq - results_entries(first->metadata);
    bool atomic, good = true;
    results_read(&reader, first->metadata, &atomic);
    while (good && results_next(&reader, &result)) {
        good = result.times <= k->g.count - at && (result.kind != RESULT_SAME || result.at < at) &&
               replay_result(context, k, &result, at, &next, first->seq);
        at += result.times;
    }
    if (!good || reader.bad || at != k->g.count)
        return false;
    transfer_batch_follow(&k->g);
    return true;
}

/* ---- items from before batches had entries -------------------------------------------------- */

static bool may_have_old_items(const struct keyed *k)
{
    char key[ENTRY_KEY_MAX + 12];
    bool perhaps = false;
    for (size_t i = 0; i < k->g.count && !perhaps && k->g.ledger->item_keys_upto > 0; i++) {
        snprintf(key, sizeof key, "%s/%zu", k->asked->key, i);
        perhaps = !k->asked->transfers[i].key && keys_may_be_old(k->g.ledger->keys, key);
    }
    return perhaps;
}

/* KEY_REUSED: they are of another batch. */
static enum ledger_status know_old_item(
    struct co_context *context, struct keyed *k, size_t i, uint64_t at)
{
    struct transfer_batch_item *item = &k->g.items[i];
    if (i >= k->g.count || k->asked->transfers[i].key)
        return LEDGER_OK;
    struct entry *entry = entry_at(context, k, at);
    if (!entry)
        return LEDGER_OUTCOME_UNKNOWN;
    if (!entry_is_again(item->transfer.change.entry, entry)) {
        entry_drop(&entry);
        return LEDGER_KEY_REUSED;
    }
    outcome_of_entry(item->outcome, entry, true);
    item->state = ITEM_KNOWN;
    item->same = i;
    k->g.failed = k->g.failed || (!k->g.each && entry->code != LEDGER_OK);
    return LEDGER_OK;
}

static enum ledger_status know_old_items(struct co_context *context, struct keyed *k)
{
    struct ledger *ledger = k->g.ledger;
    struct query_item *found = NULL;
    size_t count = 0;
    if (!may_have_old_items(k))
        return LEDGER_OK;
    const struct query_items items = {
        .key = k->asked->key, .count = k->g.count, .upto = ledger->item_keys_upto};
    if (query_items(context, ledger->store, &items, &found, &count) != PG_OK)
        return LEDGER_OUTCOME_UNKNOWN;
    enum ledger_status status = LEDGER_OK;
    for (size_t n = 0; n < count && status == LEDGER_OK; n++)
        status = know_old_item(context, k, found[n].index, found[n].seq);
    free(found);
    return status;
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* An item with the batch's own key, which is taken by the batch. */
static void refuse_key_of_batch(struct keyed *k)
{
    for (size_t i = 0; i < k->g.count; i++) {
        struct transfer_batch_item *item = &k->g.items[i];
        const char *key = k->asked->transfers[i].key;
        if (!key || strcmp(key, k->asked->key) != 0)
            continue;
        *item->outcome = (struct ledger_outcome){.status = LEDGER_KEY_REUSED};
        item->state = ITEM_KNOWN;
        item->same = i;
        k->g.failed = k->g.failed || !k->g.each;
    }
}

/* Claim and look up what the items name; anything but OK: nothing is to be done. */
static enum ledger_status prepare(struct co_context *context, struct keyed *k)
{
    struct transfer_batch *g = &k->g;
    enum ledger_status status = journal_admits(g->ledger->journal, &k->whole.seq);
    if (status == LEDGER_OK)
        status = know_old_items(context, k);
    if (status != LEDGER_OK)
        return status;

    /* Keys first. If an item's outcome cannot be told now, neither can the batch's. */
    refuse_key_of_batch(k);
    transfer_batch_claim_keys(context, g);
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].state == ITEM_KNOWN &&
            transfer_batch_is_passing(g->items[i].outcome->status))
            return g->items[i].outcome->status;

    /* Then the names. What is resolved goes into the section. */
    for (size_t i = 0; i < g->count && !g->failed; i++) {
        struct change *change = &g->items[i].transfer.change;
        if (g->items[i].state != ITEM_CLAIMED)
            continue;
        if (!transfer_resolve(context, &g->items[i].transfer)) {
            g->failed = !g->each;
            continue;
        }
        change->status = LEDGER_OK; /* to be decided */
        g->run[g->run_count++] = change->entry;
    }
    return LEDGER_OK;
}

/* On the drafts that those before it have left. A refusal leaves them as they were. */
static bool decide_one(struct keyed *k, struct change *change)
{
    struct entry *entry = change->entry;
    struct account *broken;
    size_t kept = 0;
    if (!change_all_open(change))
        return false;
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        struct account *from = entry->postings[i].from, *to = entry->postings[i].to;
        k->drafts[kept++] = (struct draft){from, from->draft};
        k->drafts[kept++] = (struct draft){to, to->draft};
    }
    enum ledger_status status =
        rules_decide(entry->postings, entry->posting_count, k->g.ledger->frozen, &broken);
    if (status == LEDGER_OK)
        return true;
    while (kept-- > 0)
        k->drafts[kept].account->draft = k->drafts[kept].before;
    change_refuse(change, status, broken);
    if (k->g.each && status == LEDGER_INSUFFICIENT_FUNDS) /* what those before it have left */
        change->available = account_available_with(broken, broken->draft, broken->held);
    if (k->g.each && entry->key)
        change_become_rejection(change, broken);
    return false;
}

static void decide_all(struct keyed *k)
{
    struct transfer_batch *g = &k->g;
    for (size_t n = 0; n < g->run_count; n++)
        rules_begin(g->run[n]->postings, g->run[n]->posting_count);

    /* What gets an entry is collected again: with keys, refusals do too. */
    g->run_count = 0;
    for (size_t i = 0; i < g->count && !g->failed; i++) {
        struct change *change = &g->items[i].transfer.change;
        if (g->items[i].state != ITEM_CLAIMED || change->status != LEDGER_OK)
            continue;
        bool good = decide_one(k, change);
        g->failed = !good && !g->each;
        if (good || change->entry->kind == ENTRY_REJECTED)
            g->run[g->run_count++] = change->entry;
    }
    if (!g->failed)
        return;
    g->run_count = 0;
    for (size_t i = 0; i < g->count; i++) /* what could have been done is not */
        if (g->items[i].state == ITEM_CLAIMED && g->items[i].transfer.change.status == LEDGER_OK)
            g->items[i].transfer.change.status = LEDGER_NOT_EXECUTED;
}

/* ---- the batch's entry --------------------------------------------------------------------- */

static void find_side(
    struct result *result, const struct ledger_transfer *asked, const char *account)
{
    for (size_t i = 0; i < asked->leg_count && account; i++) {
        bool is_from = strcmp(asked->legs[i].from, account) == 0;
        if (!is_from && strcmp(asked->legs[i].to, account) != 0)
            continue;
        result->side = is_from ? RESULT_FROM : RESULT_TO;
        result->leg = i;
        return;
    }
}

static bool is_in_journal(const struct keyed *k, const struct change *change)
{
    return change->entry->kind == ENTRY_REJECTED || (!k->g.failed && change->status == LEDGER_OK);
}

static struct result result_of(const struct keyed *k, size_t i)
{
    const struct transfer_batch_item *item = &k->g.items[i];
    const struct change *change = &item->transfer.change;
    struct result result = {.kind = RESULT_REFUSED, .times = 1};
    if (item->state == ITEM_SAME) {
        result.kind = RESULT_SAME;
        result.at = item->same;
    } else if (item->state == ITEM_KNOWN && item->outcome->entry) {
        result.kind = RESULT_REPLAYED;
        result.at = item->outcome->entry->seq;
    } else if (item->state == ITEM_KNOWN) {
        result.status = item->outcome->status;
    } else if (item->state == ITEM_CLAIMED && is_in_journal(k, change)) {
        result.kind = RESULT_ENTRIES;
    } else {
        result.status = item->state == ITEM_CLAIMED ? change->status : LEDGER_NOT_EXECUTED;
        result.has_available = result.status == LEDGER_INSUFFICIENT_FUNDS;
        result.available = result.has_available ? change->available : 0;
        find_side(&result, item->transfer.asked, change->account);
    }
    return result;
}

static bool write_results(struct keyed *k)
{
    struct results_writer writer;
    results_begin(&writer, k->asked->atomic);
    for (size_t i = 0; i < k->g.count; i++) {
        struct result result = result_of(k, i);
        results_add(&writer, &result);
    }
    char *text = results_end(&writer);
    if (text)
        entry_take_results(k->whole.entry, text);
    return text != NULL;
}

static void place(struct entry *entry)
{
    if (!entry_moves_money(entry))
        return;
    rules_link(entry->postings, entry->posting_count);
    rules_apply(entry->postings, entry->posting_count, entry->seq);
}

/* Inside the section. */
static void carry_out(void *arg)
{
    struct keyed *k = arg;
    struct transfer_batch *g = &k->g;
    decide_all(k);
    if (!write_results(k))
        return;
    g->run[g->run_count++] = k->whole.entry;
    journal_append_group(g->ledger->journal, g->run, g->run_count, place);
    k->whole.seq = k->whole.entry->seq;
    k->done = true;
}

/* ---- ending -------------------------------------------------------------------------------- */

/* A refusal without an entry was decided at the batch's position. */
static void end_items(struct keyed *k)
{
    for (size_t i = 0; i < k->g.count; i++) {
        struct transfer_batch_item *item = &k->g.items[i];
        struct change *change = &item->transfer.change;
        if (item->state == ITEM_CLAIMED) {
            change->seq = change->entry->seq;
            change_end(change, item->outcome);
        } else if (item->state == ITEM_FRESH) {
            *item->outcome = (struct ledger_outcome){.status = LEDGER_NOT_EXECUTED};
        }
        if (!item->outcome->entry && item->state != ITEM_SAME)
            item->outcome->seq = k->whole.seq;
    }
    transfer_batch_follow(&k->g);
}

static void drop_outcomes(struct keyed *k)
{
    for (size_t i = 0; i < k->g.count; i++)
        entry_drop(&k->g.items[i].outcome->entry);
}

static void decide_batch(struct co_context *context, struct keyed *k, struct ledger_outcome *whole)
{
    k->whole.status = prepare(context, k);
    if (k->whole.status == LEDGER_OK &&
        !(change_run(k->g.ledger, k->g.run, k->g.run_count, carry_out, k, &k->whole.stages) &&
            k->done))
        k->whole.status = LEDGER_OVERLOADED;
    end_items(k);
    change_end(&k->whole, whole);
    change_await(context, k->g.ledger, whole);
}

static void answer(struct co_context *context, struct keyed *k, struct ledger_outcome *whole)
{
    if (change_claim(context, &k->whole, whole)) {
        decide_batch(context, k, whole);
    } else if (whole->status == LEDGER_OK && !replay_all(context, k, whole->entry)) {
        whole->status = LEDGER_OUTCOME_UNKNOWN; /* it happened, and cannot be told now */
        whole->seq = journal_durable(k->g.ledger->journal);
    }
    if (whole->status != LEDGER_OK)
        drop_outcomes(k);
}

void ledger_keyed_batch(struct co_context *context, struct ledger *ledger,
    const struct ledger_batch *batch, struct ledger_outcome *outcomes, struct ledger_outcome *whole)
{
    co_ensure(batch->count >= 1 && batch->count <= LEDGER_BATCH_MAX);
    struct keyed k = {.asked = batch,
        .whole = {.ledger = ledger, .seq = journal_durable(ledger->journal)},
        .drafts = calloc(2 * (size_t)ENTRY_POSTINGS_MAX, sizeof *k.drafts)};
    *whole = (struct ledger_outcome){.status = LEDGER_OVERLOADED, .seq = k.whole.seq};
    memset(outcomes, 0, batch->count * sizeof *outcomes);
    bool good = transfer_batch_collect(&k.g, ledger, batch->transfers, batch->count, outcomes);
    k.g.each = !batch->atomic;
    k.whole.entry = entry_make(ENTRY_BATCH, batch->key, NULL, 0);

    /* Short memory so far means that nothing was done: OVERLOADED stays the answer. */
    if (good && k.drafts && k.whole.entry) {
        take_fingerprint(&k);
        answer(context, &k, whole);
    }
    whole->stages.durable_ns = co_clock_now_ns();
    drop_page(&k);
    entry_drop(&whole->entry);
    entry_drop(&k.whole.entry);
    transfer_batch_discard(&k.g);
    free(k.drafts);
}
