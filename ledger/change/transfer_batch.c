/* SPDX-License-Identifier: MIT */
/*
 * Batches of transfers: each on its own, or all or none of them.
 *
 * Invariants of those that are decided in one section
 * - Keys are claimed in one order, that of their text, so that two batches which share keys cannot
 *   wait for each other.
 * - One section decides all transfers, each on top of the drafts of those before it; only when all
 *   may happen is anything changed. The journal then gives them positions in a row, and commits
 *   them in one batch.
 */
#include "ledger/change/transfer_batch_private.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/domain/rules.h"
#include "ledger/journal/journal.h"

static const char *key_of(const struct transfer_batch *g, size_t i)
{
    return g->items[i].transfer.asked->key;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b, void *arg)
{
    const struct transfer_batch *g = arg;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const char *x = key_of(g, i), *y = key_of(g, j);
    int order = x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
    return order ? order : (i > j) - (i < j);
}

/* The item has the key of the one at `first`. */
static void follow_item(struct transfer_batch *g, struct transfer_batch_item *item, size_t first)
{
    const struct entry *one = g->items[first].transfer.change.entry;
    item->same = first;
    item->state = ITEM_SAME;
    if (entry_is_again(item->transfer.change.entry, one))
        return;
    item->state = ITEM_KNOWN;
    *item->outcome = (struct ledger_outcome){
        .status = LEDGER_KEY_REUSED, .seq = journal_durable(g->ledger->journal)};
    g->failed = g->failed || !g->each;
}

bool transfer_batch_is_passing(enum ledger_status status)
{
    return status == LEDGER_KEY_IN_FLIGHT || status == LEDGER_OUTCOME_UNKNOWN ||
           status == LEDGER_OVERLOADED || status == LEDGER_UNAVAILABLE || status == LEDGER_DAMAGED;
}

static void claim_item(
    struct co_context *context, struct transfer_batch *g, size_t i, size_t before)
{
    struct transfer_batch_item *item = &g->items[i];
    const char *key = key_of(g, i);
    item->same = i;
    if (key && before < g->count && key_of(g, before) && strcmp(key, key_of(g, before)) == 0) {
        follow_item(g, item, g->items[before].same);
    } else if (change_claim(context, &item->transfer.change, item->outcome)) {
        item->state = ITEM_CLAIMED;
    } else {
        item->state = ITEM_KNOWN;
        g->failed = g->failed || (g->each ? transfer_batch_is_passing(item->outcome->status)
                                          : item->outcome->status != LEDGER_OK);
    }
}

void transfer_batch_claim_keys(struct co_context *context, struct transfer_batch *g)
{
    for (size_t n = 0; n < g->count; n++)
        g->order[n] = n;
    /* Equal keys stand side by side then, the first item before the others. */
    qsort_r(g->order, g->count, sizeof *g->order, by_key, g);
    size_t turn = 0;
    for (size_t n = 0; n < g->count && !g->failed; n++) {
        if (g->items[g->order[n]].state == ITEM_FRESH)
            claim_item(context, g, g->order[n], n ? g->order[n - 1] : g->count);
        transfer_take_turn(&turn, 0);
    }
}

/* ---- deciding ------------------------------------------------------------------------------ */

static void resolve_all(struct transfer_batch *g)
{
    uint64_t seq;
    enum ledger_status admitted = journal_admits(g->ledger->journal, &seq);
    size_t turn = 0;
    for (size_t i = 0; i < g->count && !g->failed; i++) {
        struct change *change = &g->items[i].transfer.change;
        if (g->items[i].state != ITEM_CLAIMED)
            continue;
        change_rests_on(change, seq);
        if (admitted != LEDGER_OK)
            change->status = admitted;
        g->failed = admitted != LEDGER_OK || !transfer_resolve(NULL, &g->items[i].transfer);
        g->run[g->run_count++] = change->entry;
        transfer_take_turn(&turn, change->entry->posting_count);
    }
}

static bool decide_item(struct transfer_batch *g, struct change *change)
{
    struct entry *entry = change->entry;
    struct account *broken;
    if (!change_all_open(change))
        return false;
    enum ledger_status status =
        rules_decide(entry->postings, entry->posting_count, g->ledger->frozen, &broken);
    if (status != LEDGER_OK)
        change_refuse(change, status, broken);
    return status == LEDGER_OK;
}

static void place(struct entry *entry)
{
    rules_link(entry->postings, entry->posting_count);
    rules_apply(entry->postings, entry->posting_count, entry->seq);
}

/* Inside the section. */
static void decide_all(void *arg)
{
    struct transfer_batch *g = arg;
    /* Every draft begins with the balance, before the first decision moves any of them. */
    for (size_t n = 0; n < g->run_count; n++)
        rules_begin(g->run[n]->postings, g->run[n]->posting_count);
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].state == ITEM_CLAIMED && !decide_item(g, &g->items[i].transfer.change)) {
            g->failed = true;
            return;
        }

    /* All may happen: one commit has them, and positions in a row. */
    journal_append_group(g->ledger->journal, g->run, g->run_count, place);
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].state == ITEM_CLAIMED) {
            struct change *change = &g->items[i].transfer.change;
            change->status = LEDGER_OK;
            change->seq = change->entry->seq;
        }
}

/* ---- ending -------------------------------------------------------------------------------- */

static void end_item(
    struct co_context *context, struct transfer_batch *g, struct transfer_batch_item *item)
{
    if (item->state == ITEM_CLAIMED) {
        change_end(&item->transfer.change, item->outcome);
        change_await(context, g->ledger, item->outcome);
    } else if (item->state == ITEM_FRESH) {
        *item->outcome = (struct ledger_outcome){
            .status = LEDGER_NOT_EXECUTED, .seq = journal_durable(g->ledger->journal)};
    }
}

void transfer_batch_follow(struct transfer_batch *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct transfer_batch_item *item = &g->items[i];
        if (item->state != ITEM_SAME)
            continue;
        *item->outcome = *g->items[item->same].outcome;
        item->outcome->replayed = item->outcome->status == LEDGER_OK;
        if (item->outcome->entry)
            entry_hold(item->outcome->entry);
    }
}

static void end_all(struct co_context *context, struct transfer_batch *g)
{
    for (size_t i = 0; i < g->count; i++)
        end_item(context, g, &g->items[i]);
    transfer_batch_follow(g);
}

bool transfer_batch_collect(struct transfer_batch *g, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    *g = (struct transfer_batch){.ledger = ledger, .count = count};
    g->items = calloc(count, sizeof *g->items);
    g->order = calloc(count, sizeof *g->order);
    g->run = calloc(count + 1, sizeof(struct entry *));
    bool good = g->items && g->order && g->run;
    size_t turn = 0;
    for (size_t i = 0; i < count && good; i++) {
        struct transfer_batch_item *item = &g->items[i];
        struct change *change = &item->transfer.change;
        item->transfer.asked = &transfers[i];
        item->outcome = &outcomes[i];
        change->ledger = ledger;
        change->entry = transfer_entry(&transfers[i]);
        change->clears = transfers[i].clears;

        /* Until it is decided; a refusal leaves no trace. */
        change->status = LEDGER_NOT_EXECUTED;
        change->not_frozen = true;
        change->seq = journal_durable(ledger->journal);
        good = change->entry != NULL;
        transfer_take_turn(&turn, transfers[i].leg_count);
    }
    return good;
}

void transfer_batch_discard(struct transfer_batch *g)
{
    for (size_t i = 0; g->items && i < g->count; i++)
        entry_drop(&g->items[i].transfer.change.entry);
    free(g->items);
    free(g->order);
    free((void *)g->run);
}

/* Each of them has those of the batch, which ends now. */
static void tell_stages(struct ledger_stages *stages, struct ledger_outcome *outcomes, size_t count)
{
    stages->durable_ns = co_clock_now_ns();
    for (size_t i = 0; i < count; i++)
        outcomes[i].stages = *stages;
}

static void run_together(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    struct ledger_stages stages = {.begun_ns = 0};
    struct transfer_batch g;
    if (transfer_batch_collect(&g, ledger, transfers, count, outcomes)) {
        transfer_batch_claim_keys(context, &g);
        resolve_all(&g);
        if (!g.failed && g.run_count > 0 &&
            !change_run(ledger, g.run, g.run_count, decide_all, &g, &stages))
            g.failed = true;
        end_all(context, &g);
    } else {
        for (size_t i = 0; i < count; i++)
            outcomes[i] = (struct ledger_outcome){
                .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
    }
    transfer_batch_discard(&g);
    tell_stages(&stages, outcomes, count);
}

/* ---- each on its own ----------------------------------------------------------------------- */

/* Decide one of a batch; its outcome is waited for with the others'. *wait: it needs that. */
static void start_one(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *asked, struct ledger_outcome *outcome, bool *wait)
{
    struct transfer t = {
        .change = {.ledger = ledger, .entry = transfer_entry(asked), .clears = asked->clears},
        .asked = asked};
    struct change *change = &t.change;
    *wait = false;
    if (!change->entry) {
        *outcome = (struct ledger_outcome){
            .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
    } else if (change_claim(context, change, outcome)) {
        change->status = journal_admits(ledger->journal, &change->seq);
        if (change->status == LEDGER_OK && transfer_resolve(context, &t) &&
            !change_run(ledger, &change->entry, 1, transfer_decide, &t, NULL))
            change->status = LEDGER_OVERLOADED;
        change_end(change, outcome);
        *wait = true;
    }
    entry_drop(&change->entry);
}

static void run_each(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    size_t turn = 0;
    bool *wait = calloc(count, sizeof *wait);
    /* Timing each section would cost more than a hundredth of what an item does. */
    struct ledger_stages stages = {.begun_ns = co_clock_now_ns()};
    for (size_t i = 0; i < count; i++) {
        if (wait)
            start_one(context, ledger, &transfers[i], &outcomes[i], &wait[i]);
        else
            outcomes[i] = (struct ledger_outcome){
                .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
        transfer_take_turn(&turn, transfers[i].leg_count);
    }
    stages.decided_ns = co_clock_now_ns();

    /* Only now, so that a commit takes many of them. */
    for (size_t i = 0; i < count; i++)
        if (wait && wait[i])
            change_await(context, ledger, &outcomes[i]);
    free(wait);
    tell_stages(&stages, outcomes, count);
}

void ledger_transfer_batch(struct co_context *context, struct ledger *ledger, bool atomic,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    co_ensure(count >= 1 && count <= LEDGER_BATCH_MAX);
    if (atomic)
        run_together(context, ledger, transfers, count, outcomes);
    else
        run_each(context, ledger, transfers, count, outcomes);
}
