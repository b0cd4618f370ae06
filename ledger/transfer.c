/* SPDX-License-Identifier: MIT */
/*
 * A transfer, from the request to the answer.
 *
 * Order of precedence: the key, whether the ledger takes writes, whether the accounts exist, and
 * then the rules. A business rejection of a request with a key becomes an entry of the journal, so
 * the same key gets the same rejection for ever; one without a key leaves no trace, but its answer
 * too waits for the entries that it was decided on.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/hash.h"
#include "ledger/ledger.h"
#include "ledger/ledger_parts.h"
#include "ledger/query.h"
#include "ledger/rules.h"

/* ---- deciding, inside a section ------------------------------------------------------------ */

struct decision {
    struct ledger *ledger;
    struct entry *entry; /* the transfer as asked for; it becomes the journal's entry */
    enum ledger_status status;
    uint64_t seq; /* of the entry; or, without one, what the decision was based on */
    char account[ACCOUNT_ID_MAX + 1];
    money available;
};

static bool all_open(const struct entry *entry, struct account **missing)
{
    for (uint32_t i = 0; i < entry->posting_count; i++)
        if ((*missing = entry->postings[i].from)->opened == 0 ||
            (*missing = entry->postings[i].to)->opened == 0)
            return false;
    return true;
}

/* The last entry that the decision saw. */
static uint64_t position_seen(struct ledger *ledger, const struct entry *entry)
{
    uint64_t seen = journal_durable(ledger->journal);
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        seen = seen < posting->from->seq ? posting->from->seq : seen;
        seen = seen < posting->to->seq ? posting->to->seq : seen;
    }
    return seen;
}

static void accept(struct decision *d)
{
    d->seq = journal_append(d->ledger->journal, d->entry);
    rules_apply(d->entry->postings, d->entry->posting_count, d->seq);
}

static void reject(struct decision *d, struct account *broken)
{
    strcpy(d->account, broken->id);
    if (d->status == LEDGER_INSUFFICIENT_FUNDS)
        d->available = account_available(broken);
    d->seq = position_seen(d->ledger, d->entry);
    if (!status_is_rejection(d->status) || !d->entry->key)
        return;
    d->entry->kind = ENTRY_REJECTED;
    d->entry->code = d->status;
    d->entry->account = broken;
    d->entry->available = d->available;
    d->entry->posting_count = 0;
    d->seq = journal_append(d->ledger->journal, d->entry);
}

static void decide(void *arg)
{
    struct decision *d = arg;
    struct account *broken;
    if (all_open(d->entry, &broken))
        d->status = rules_decide(d->entry->postings, d->entry->posting_count, &broken);
    else
        d->status = LEDGER_ACCOUNT_NOT_FOUND;
    if (d->status == LEDGER_OK)
        accept(d);
    else
        reject(d, broken);
}

/* ---- the request --------------------------------------------------------------------------- */

/* What the key stands for: which movements, and with which metadata; the route does not matter. */
static void take_fingerprint(struct entry *entry, const struct ledger_transfer *transfer)
{
    struct hash hash;
    hash_start(&hash);
    for (size_t i = 0; i < transfer->leg_count; i++) {
        hash_add_text(&hash, transfer->legs[i].from);
        hash_add_text(&hash, transfer->legs[i].to);
        hash_add(&hash, &transfer->legs[i].amount, sizeof transfer->legs[i].amount);
    }
    hash_add_text(&hash, transfer->metadata);
    hash_finish(&hash, entry->fingerprint);
}

static struct entry *entry_of(const struct ledger_transfer *transfer)
{
    ensure(transfer->leg_count >= 1 && transfer->leg_count <= ENTRY_POSTINGS_MAX);
    struct entry *entry =
        entry_make(ENTRY_TRANSFER, transfer->key, transfer->metadata, transfer->leg_count);
    if (entry && entry->key)
        take_fingerprint(entry, transfer);
    return entry;
}

/* Turn names into accounts. The missing one's name, or NULL when all are there. */
static const char *resolve(
    struct ledger *ledger, const struct ledger_transfer *transfer, struct entry *entry)
{
    for (size_t i = 0; i < transfer->leg_count; i++) {
        const struct ledger_leg *leg = &transfer->legs[i];
        struct posting *posting = &entry->postings[i];
        ensure(leg->amount >= 1 && leg->amount <= money_max());
        if (!(posting->from = account_find(ledger->accounts, leg->from)))
            return leg->from;
        if (!(posting->to = account_find(ledger->accounts, leg->to)))
            return leg->to;
        posting->amount = leg->amount;
    }
    return NULL;
}

static void run_section(struct decision *d)
{
    struct account *few[8], **accounts = few;
    size_t count = 2 * (size_t)d->entry->posting_count;
    if (count > sizeof few / sizeof few[0] && !(accounts = calloc(count, sizeof *accounts))) {
        d->status = LEDGER_OVERLOADED;
        return;
    }
    for (size_t i = 0; i < count; i++)
        accounts[i] = i % 2 ? d->entry->postings[i / 2].to : d->entry->postings[i / 2].from;
    strategy_run(d->ledger->strategy, accounts, count, decide, d);
    if (accounts != few)
        free(accounts);
}

static enum ledger_status may_write(struct ledger *ledger)
{
    if (journal_state(ledger->journal) != LEDGER_RUNNING)
        return LEDGER_UNAVAILABLE;
    return journal_has_room(ledger->journal) ? LEDGER_OK : LEDGER_OVERLOADED;
}

/* Decide the entry, whose key (if any) is claimed, and say what came of it. */
static void carry_out(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct entry *entry, struct ledger_outcome *outcome)
{
    struct decision d = {.ledger = ledger, .entry = entry};
    const char *missing = NULL;
    d.seq = journal_durable(ledger->journal);
    d.status = may_write(ledger);
    if (d.status == LEDGER_OK && (missing = resolve(ledger, transfer, entry))) {
        d.status = LEDGER_ACCOUNT_NOT_FOUND;
        strcpy(d.account, missing);
    } else if (d.status == LEDGER_OK) {
        run_section(&d);
    }
    bool in_journal = entry->seq != 0;
    if (entry->key && !in_journal)
        keys_give_up(ledger->keys, entry);
    *outcome = (struct ledger_outcome){.status = d.status,
        .seq = d.seq,
        .available = d.available,
        .entry = in_journal ? entry_hold(entry) : NULL};
    strcpy(outcome->account, d.account);
    if (status_is_rejection(d.status))
        atomic_fetch_add_explicit(&ledger->rejections, 1, memory_order_relaxed);
    if (journal_await(context, ledger->journal, d.seq) != EVENTCOUNT_REACHED) {
        outcome->status = LEDGER_OUTCOME_UNKNOWN;
        outcome->seq = journal_durable(ledger->journal); /* nobody hears of what is not durable */
    }
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* The first answer to the key again, once its entry is durable. Drops nothing. */
static void replay(struct context *context, struct ledger *ledger, const struct entry *entry,
    struct entry *first, struct ledger_outcome *outcome)
{
    *outcome = (struct ledger_outcome){.seq = first->seq};
    enum eventcount_status durable = journal_await(context, ledger->journal, first->seq);
    if (durable != EVENTCOUNT_REACHED) {
        outcome->status =
            durable == EVENTCOUNT_CLOSED ? LEDGER_OUTCOME_UNKNOWN : LEDGER_KEY_IN_FLIGHT;
        outcome->seq = journal_durable(ledger->journal);
    } else if (memcmp(first->fingerprint, entry->fingerprint, ENTRY_FINGERPRINT) != 0) {
        outcome->status = LEDGER_KEY_REUSED;
    } else {
        outcome->status = first->code;
        outcome->replayed = true;
        outcome->entry = entry_hold(first);
        outcome->available = first->available;
        if (first->account)
            strcpy(outcome->account, first->account->id);
        atomic_fetch_add_explicit(&ledger->replays, 1, memory_order_relaxed);
    }
}

/* Another request has the key. True: the outcome is known; false: that one was given up, claim
 * again. */
static bool follow(struct context *context, struct ledger *ledger, const struct entry *entry,
    struct entry *first, struct ledger_outcome *outcome)
{
    if (eventcount_await(context, &first->decided, 1) != EVENTCOUNT_REACHED) {
        *outcome = (struct ledger_outcome){
            .status = LEDGER_KEY_IN_FLIGHT, .seq = journal_durable(ledger->journal)};
        return true;
    }
    if (first->seq == 0)
        return false;
    replay(context, ledger, entry, first, outcome);
    return true;
}

/* The key may be one from long ago. True: the outcome is known; false: the database does not have
 * it, nor did it when `*asked` was durable. */
static bool ask_database(struct context *context, struct ledger *ledger, const struct entry *entry,
    uint64_t *asked, struct ledger_outcome *outcome)
{
    struct entry *first = NULL;
    *asked = journal_durable(ledger->journal);
    if (query_entry_by_key(context, ledger->store, ledger->accounts, entry->key, &first) != PG_OK) {
        /* This may be the retry of something that did happen: not known is not the same as no. */
        *outcome = (struct ledger_outcome){.status = LEDGER_OUTCOME_UNKNOWN, .seq = *asked};
        return true;
    }
    if (!first)
        return false;
    replay(context, ledger, entry, first, outcome);
    entry_drop(&first);
    return true;
}

/* Make the key ours. False: it is somebody's, and the outcome is known. */
static bool claim(struct context *context, struct ledger *ledger, struct entry *entry,
    struct ledger_outcome *outcome)
{
    uint64_t asked = 0;
    for (;;) {
        struct entry *first = NULL;
        bool known = false;
        switch (keys_claim(ledger->keys, entry, asked, &first)) {
        case KEYS_CLAIMED:
            return true;
        case KEYS_TAKEN:
            known = follow(context, ledger, entry, first, outcome);
            entry_drop(&first);
            break;
        case KEYS_ASK:
            known = ask_database(context, ledger, entry, &asked, outcome);
            break;
        }
        if (known)
            return false;
    }
}

void ledger_transfer(struct context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    struct entry *entry = entry_of(transfer);
    if (!entry)
        *outcome = (struct ledger_outcome){
            .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
    else if (!entry->key || claim(context, ledger, entry, outcome))
        carry_out(context, ledger, transfer, entry, outcome);
    if (outcome->status == LEDGER_OUTCOME_UNKNOWN)
        atomic_fetch_add_explicit(&ledger->unknown_outcomes, 1, memory_order_relaxed);
    entry_drop(&entry);
}
