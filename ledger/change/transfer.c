/* SPDX-License-Identifier: MIT */
/* A transfer. What it shares with all other changes is in change.c; batches of transfers are in
 * transfer_batch.c. */
#include "coro/co.h"
#include "ledger/change/fingerprint.h"
#include "ledger/change/transfer.h"
#include "ledger/domain/rules.h"
#include "ledger/journal/journal.h"

struct entry *transfer_entry(const struct ledger_transfer *asked)
{
    co_ensure(asked->leg_count >= 1 && asked->leg_count <= ENTRY_POSTINGS_MAX);
    struct entry *entry = entry_make(ENTRY_TRANSFER, asked->key, asked->metadata, asked->leg_count);
    if (entry && entry->key)
        fingerprint_transfer(entry, asked);
    return entry;
}

bool transfer_resolve(struct co_context *context, void *arg)
{
    (void)context;
    struct transfer *t = arg;
    bool good = true;
    /* Before the section, which others wait for: there the accounts are at hand. */
    for (size_t i = 0; i < t->asked->leg_count && good; i++) {
        const struct ledger_leg *leg = &t->asked->legs[i];
        good = change_resolve(
            &t->change, &t->change.entry->postings[i], leg->from, leg->to, leg->amount);
    }
    return good;
}

void transfer_decide(void *arg)
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

    /* The links go into the journal with it; the balances follow once it has a position. */
    rules_link(entry->postings, entry->posting_count);
    change->seq = journal_append(change->ledger->journal, entry);
    rules_apply(entry->postings, entry->posting_count, change->seq);
}

void ledger_transfer(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    struct transfer t = {
        .change = {.ledger = ledger, .entry = transfer_entry(transfer), .clears = transfer->clears},
        .asked = transfer};
    change_carry_out(
        context, &t.change, &(struct change_steps){transfer_resolve, transfer_decide, &t}, outcome);
}

void transfer_take_turn(size_t *turn, size_t postings)
{
    enum { TURN = 512, SELF = 8 }; /* postings; a transfer without any counts as SELF */
    *turn += postings + SELF;
    if (*turn < TURN)
        return;
    *turn = 0;
    co_yield();
}
