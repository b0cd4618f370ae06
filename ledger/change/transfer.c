/* SPDX-License-Identifier: MIT */
/* A transfer, and a batch of them, each on its own. What they share with all other changes is in
 * change.c; batches that are all or none are in group.c. */
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/change/group.h"
#include "ledger/domain/hash.h"
#include "ledger/domain/rules.h"
#include "ledger/change/transfer.h"
#include "ledger/journal/journal.h"

/* ---- one ----------------------------------------------------------------------------------- */

/* What the key stands for: which movements, and with which metadata; the route does not matter. */
void transfer_fingerprint(struct entry *entry, const struct ledger_transfer *asked)
{
    struct hash hash;
    hash_start(&hash, HASH_REQUEST);
    for (size_t i = 0; i < asked->leg_count; i++) {
        hash_add_text(&hash, asked->legs[i].from);
        hash_add_text(&hash, asked->legs[i].to);
        hash_add(&hash, &asked->legs[i].amount, sizeof asked->legs[i].amount);
    }
    entry_fingerprint(entry, &hash, &asked->meaning);
}

struct entry *transfer_entry(const struct ledger_transfer *asked)
{
    ensure(asked->leg_count >= 1 && asked->leg_count <= ENTRY_POSTINGS_MAX);
    struct entry *entry = entry_make(ENTRY_TRANSFER, asked->key, asked->metadata, asked->leg_count);
    if (entry && entry->key)
        transfer_fingerprint(entry, asked);
    return entry;
}

bool transfer_resolve(struct context *context, void *arg)
{
    (void)context;
    struct transfer *t = arg;
    bool good = true;
    for (size_t i = 0; i < t->asked->leg_count && good; i++) {
        const struct ledger_leg *leg = &t->asked->legs[i];
        good = change_resolve(
            &t->change, &t->change.entry->postings[i], leg->from, leg->to, leg->amount);
    }
    return good;
}

static void decide(void *arg)
{
    struct transfer *t = arg;
    struct change *change = &t->change;
    struct entry *entry = change->entry;
    struct account *broken;
    if (!change_all_open(change))
        return;
    rules_begin(entry->postings, entry->posting_count);
    enum ledger_status status =
        rules_decide(entry->postings, entry->posting_count, change->ledger->frozen, &broken);
    if (status != LEDGER_OK) {
        change_refuse(change, status, broken);
        return;
    }
    rules_link(entry->postings, entry->posting_count);
    change->seq = journal_append(change->ledger->journal, entry);
    rules_apply(entry->postings, entry->posting_count, change->seq);
}

void ledger_transfer(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    struct transfer t = {
        .change = {.ledger = ledger, .entry = transfer_entry(transfer)}, .asked = transfer};
    change_carry_out(
        context, &t.change, &(struct change_steps){transfer_resolve, decide, &t}, outcome);
}

/* ---- many, each on its own ----------------------------------------------------------------- */

/* Decide one of a batch; its outcome is waited for with the others'. *wait: it needs that. */
static void start_one(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *asked, struct ledger_outcome *outcome, bool *wait)
{
    struct transfer t = {
        .change = {.ledger = ledger, .entry = transfer_entry(asked)}, .asked = asked};
    struct change *change = &t.change;
    change->seq = journal_durable(ledger->journal);
    *wait = false;
    if (!change->entry) {
        *outcome = (struct ledger_outcome){.status = LEDGER_OVERLOADED, .seq = change->seq};
    } else if (change_claim(context, change, outcome)) {
        change->status = change_is_welcome(ledger);
        if (change->status == LEDGER_OK && transfer_resolve(context, &t) &&
            !change_run(ledger, &change->entry, 1, decide, &t))
            change->status = LEDGER_OVERLOADED;
        change_end(change, outcome);
        *wait = true;
    }
    entry_drop(&change->entry);
}

void transfer_take_turn(size_t *turn, size_t postings)
{
    enum { TURN = 512, SELF = 8 }; /* postings, of which one without any would be so many */
    *turn += postings + SELF;
    if (*turn < TURN)
        return;
    *turn = 0;
    co_yield();
}

static void run_each(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    size_t turn = 0;
    bool *wait = calloc(count, sizeof *wait);
    for (size_t i = 0; i < count; i++) {
        if (wait)
            start_one(context, ledger, &transfers[i], &outcomes[i], &wait[i]);
        else
            outcomes[i] = (struct ledger_outcome){
                .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
        transfer_take_turn(&turn, transfers[i].leg_count);
    }
    for (size_t i = 0; i < count; i++)
        if (wait && wait[i])
            change_await(context, ledger, &outcomes[i]);
    free(wait);
}

void ledger_transfer_batch(struct context *context, struct ledger *ledger, bool atomic,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    ensure(count >= 1 && count <= LEDGER_BATCH_MAX);
    if (atomic)
        group_carry_out(context, ledger, transfers, count, outcomes);
    else
        run_each(context, ledger, transfers, count, outcomes);
}

void ledger_keyed_batch(struct context *context, struct ledger *ledger,
    const struct ledger_batch *batch, struct ledger_outcome *outcomes,
    struct ledger_outcome *whole)
{
    ensure(batch->count >= 1 && batch->count <= LEDGER_BATCH_MAX);
    group_carry_out_keyed(context, ledger, batch, outcomes, whole);
}
