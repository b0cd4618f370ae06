/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - Keys are claimed in one order, that of their text, so that two batches which share keys cannot
 *   wait for each other.
 * - One section decides all transfers, each on top of the drafts of those before it; only when all
 *   may happen is anything changed. The journal then gives them positions in a row, and commits
 *   them in one batch.
 */
#include "ledger/change/group_private.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/domain/rules.h"
#include "ledger/journal/journal.h"

static const char *key_of(const struct group *g, size_t i)
{
    return g->items[i].transfer.asked->key;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b, void *arg)
{
    const struct group *g = arg;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const char *x = key_of(g, i), *y = key_of(g, j);
    int order = x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
    return order ? order : (i > j) - (i < j);
}

/* The item has the key of the one at `first`. */
static void follow_item(struct group *g, struct group_item *item, size_t first)
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

bool group_is_passing(enum ledger_status status)
{
    return status == LEDGER_KEY_IN_FLIGHT || status == LEDGER_OUTCOME_UNKNOWN ||
           status == LEDGER_OVERLOADED || status == LEDGER_UNAVAILABLE || status == LEDGER_DAMAGED;
}

static void claim_item(struct context *context, struct group *g, size_t i, size_t before)
{
    struct group_item *item = &g->items[i];
    const char *key = key_of(g, i);
    item->same = i;
    if (key && before < g->count && key_of(g, before) && strcmp(key, key_of(g, before)) == 0) {
        follow_item(g, item, g->items[before].same);
    } else if (change_claim(context, &item->transfer.change, item->outcome)) {
        item->state = ITEM_CLAIMED;
    } else {
        item->state = ITEM_KNOWN;
        g->failed = g->failed || (g->each ? group_is_passing(item->outcome->status)
                                          : item->outcome->status != LEDGER_OK);
    }
}

void group_claim_keys(struct context *context, struct group *g)
{
    for (size_t n = 0; n < g->count; n++)
        g->order[n] = n;
    qsort_r(g->order, g->count, sizeof *g->order, by_key, g);
    size_t turn = 0;
    for (size_t n = 0; n < g->count && !g->failed; n++) {
        if (g->items[g->order[n]].state == ITEM_FRESH)
            claim_item(context, g, g->order[n], n ? g->order[n - 1] : g->count);
        transfer_take_turn(&turn, 0);
    }
}

/* ---- deciding ------------------------------------------------------------------------------ */

static void resolve_all(struct group *g)
{
    enum ledger_status welcome = change_is_welcome(g->ledger);
    size_t turn = 0;
    for (size_t i = 0; i < g->count && !g->failed; i++) {
        struct change *change = &g->items[i].transfer.change;
        if (g->items[i].state != ITEM_CLAIMED)
            continue;
        if (welcome != LEDGER_OK)
            change->status = welcome;
        g->failed = welcome != LEDGER_OK || !transfer_resolve(NULL, &g->items[i].transfer);
        g->run[g->run_count++] = change->entry;
        transfer_take_turn(&turn, change->entry->posting_count);
    }
}

static bool decide_item(struct group *g, struct change *change)
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
    struct group *g = arg;
    for (size_t n = 0; n < g->run_count; n++)
        rules_begin(g->run[n]->postings, g->run[n]->posting_count);
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].state == ITEM_CLAIMED && !decide_item(g, &g->items[i].transfer.change)) {
            g->failed = true;
            return;
        }
    journal_append_group(g->ledger->journal, g->run, g->run_count, place);
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].state == ITEM_CLAIMED) {
            struct change *change = &g->items[i].transfer.change;
            change->status = LEDGER_OK;
            change->seq = change->entry->seq;
        }
}

/* ---- ending -------------------------------------------------------------------------------- */

static void end_item(struct context *context, struct group *g, struct group_item *item)
{
    if (item->state == ITEM_CLAIMED) {
        change_end(&item->transfer.change, item->outcome);
        change_await(context, g->ledger, item->outcome);
    } else if (item->state == ITEM_FRESH) {
        *item->outcome = (struct ledger_outcome){
            .status = LEDGER_NOT_EXECUTED, .seq = journal_durable(g->ledger->journal)};
    }
}

void group_follow(struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct group_item *item = &g->items[i];
        if (item->state != ITEM_SAME)
            continue;
        *item->outcome = *g->items[item->same].outcome;
        item->outcome->replayed = item->outcome->status == LEDGER_OK;
        if (item->outcome->entry)
            entry_hold(item->outcome->entry);
    }
}

static void end_all(struct context *context, struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        end_item(context, g, &g->items[i]);
    group_follow(g);
}

bool group_collect(struct group *g, struct ledger *ledger, const struct ledger_transfer *transfers,
    size_t count, struct ledger_outcome *outcomes)
{
    *g = (struct group){.ledger = ledger, .count = count};
    g->items = calloc(count, sizeof *g->items);
    g->order = calloc(count, sizeof *g->order);
    g->run = calloc(count + 1, sizeof(struct entry *));
    bool good = g->items && g->order && g->run;
    size_t turn = 0;
    for (size_t i = 0; i < count && good; i++) {
        struct group_item *item = &g->items[i];
        struct change *change = &item->transfer.change;
        item->transfer.asked = &transfers[i];
        item->outcome = &outcomes[i];
        change->ledger = ledger;
        change->entry = transfer_entry(&transfers[i]);
        change->status = LEDGER_NOT_EXECUTED;
        change->fleeting = true;
        change->seq = journal_durable(ledger->journal);
        good = change->entry != NULL;
        transfer_take_turn(&turn, transfers[i].leg_count);
    }
    return good;
}

void group_discard(struct group *g)
{
    for (size_t i = 0; g->items && i < g->count; i++)
        entry_drop(&g->items[i].transfer.change.entry);
    free(g->items);
    free(g->order);
    free((void *)g->run);
}

void group_carry_out(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    struct group g;
    if (group_collect(&g, ledger, transfers, count, outcomes)) {
        group_claim_keys(context, &g);
        resolve_all(&g);
        if (!g.failed && g.run_count > 0 && !change_run(ledger, g.run, g.run_count, decide_all, &g))
            g.failed = true;
        end_all(context, &g);
    } else {
        for (size_t i = 0; i < count; i++)
            outcomes[i] = (struct ledger_outcome){
                .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
    }
    group_discard(&g);
}
