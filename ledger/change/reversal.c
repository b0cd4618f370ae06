/* SPDX-License-Identifier: MIT */
/* Moving back what an entry moved: the same postings from the last to the first, each in the other
 * direction. Once for each entry. */
#include <stdlib.h>
#include <string.h>

#include "ledger/change/change.h"
#include "ledger/change/fingerprint.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/reversal_table.h"
#include "ledger/read/query.h"
#include "ledger/domain/clearing.h"
#include "ledger/domain/rules.h"

struct reversing {
    struct change change;
    const struct ledger_reversal *asked;
    enum ledger_status found;  /* of the entry to be reversed */
    struct reversal *reversal; /* to be remembered; ours until then */
    uint64_t looked;           /* the database had no reversal of it at this position */
};

static struct entry *entry_of_reversal(
    const struct ledger_reversal *asked, const struct entry *original)
{
    size_t count = original ? original->posting_count : 0;
    struct entry *entry = entry_make(ENTRY_REVERSAL, asked->key, asked->metadata, count);
    if (!entry)
        return NULL;
    entry->ref = asked->transfer;
    for (size_t i = 0; i < count; i++) {
        const struct posting *back = &original->postings[count - 1 - i];
        entry->postings[i] =
            (struct posting){.from = back->to, .to = back->from, .amount = back->amount};
    }
    if (entry->key)
        fingerprint_reversal(entry, asked);
    return entry;
}

static void refuse_again(struct reversing *r, uint64_t by)
{
    change_rests_on(&r->change, by);
    change_refuse(&r->change, LEDGER_ALREADY_REVERSED, NULL);
}

static bool prepare(struct co_context *context, void *arg)
{
    struct reversing *r = arg;
    struct ledger *ledger = r->change.ledger;
    struct entry *before = NULL;
    r->change.status = r->found;
    if (r->found != LEDGER_OK)
        return false;
    if (!r->reversal && !(r->reversal = calloc(1, sizeof *r->reversal))) {
        r->change.status = LEDGER_OVERLOADED;
        return false;
    }
    /* The position first: the table learns of what becomes durable after it, or looks once more. */
    r->looked = journal_durable(ledger->journal);
    r->change.status = query_status(
        query_reversal(context, ledger->store, ledger->accounts, r->asked->transfer, &before));
    if (r->change.status != LEDGER_OK)
        return false;
    if (before) {
        r->change.entry->posting_count = 0; /* accounts may be looked at only in a section */
        refuse_again(r, before->seq);
    }
    entry_drop(&before);
    return r->change.status == LEDGER_OK;
}

static void decide(void *arg)
{
    struct reversing *r = arg;
    struct change *change = &r->change;
    struct ledger *ledger = change->ledger;
    struct entry *entry = change->entry;
    struct account *broken;
    uint64_t by;
    /* Once only: the table knows the recent ones, the database was asked for the others. */
    switch (reversal_table_find(ledger->reversals, r->asked->transfer, r->looked, &by)) {
    case REVERSALS_DONE:
        refuse_again(r, by);
        return;
    case REVERSALS_ASK:
        change->again = true;
        return;
    case REVERSALS_NONE:
        break;
    }

    rules_begin(entry->postings, entry->posting_count);
    enum ledger_status status =
        rules_decide(entry->postings, entry->posting_count, ledger->frozen, &broken);
    if (status != LEDGER_OK) {
        change_refuse(change, status, broken);
        return;
    }

    /* From here on nothing can fail. */
    rules_link(entry->postings, entry->posting_count);
    change->seq = journal_append(ledger->journal, entry);
    rules_apply(entry->postings, entry->posting_count, change->seq);
    r->reversal->transfer = r->asked->transfer;
    r->reversal->by = change->seq;
    reversal_table_add(ledger->reversals, r->reversal, journal_durable(ledger->journal));
    r->reversal = NULL;
}

/* The clearing account that it moves; NULL: none. */
static const char *reserved_of(const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        if (clearing_is_id(posting->from->id))
            return posting->from->id;
        if (clearing_is_id(posting->to->id))
            return posting->to->id;
    }
    return NULL;
}

void ledger_reverse(struct co_context *context, struct ledger *ledger,
    const struct ledger_reversal *reversal, struct ledger_outcome *outcome)
{
    struct entry *original = NULL;
    uint64_t seq;
    struct reversing r = {.asked = reversal};
    r.found = ledger_entry(context, ledger, reversal->transfer, &original, &seq);
    if (r.found == LEDGER_OK && !entry_moves_money(original)) {
        entry_drop(&original);
        r.found = LEDGER_TRANSFER_NOT_FOUND;
    }
    /* Half of a transfer between ledgers: the other half would stay. */
    const char *reserved = original ? reserved_of(original) : NULL;
    if (reserved)
        r.found = LEDGER_ACCOUNT_RESERVED;
    r.change = (struct change){
        .ledger = ledger, .entry = entry_of_reversal(reversal, original), .account = reserved};
    change_carry_out(context, &r.change, &(struct change_steps){prepare, decide, &r}, outcome);
    entry_drop(&original);
    free(r.reversal);
}
