/* SPDX-License-Identifier: MIT */
/*
 * Order of precedence: the key, whether the ledger takes writes, whether what the request names
 * exists, and then the rules. A business rejection of a request with a key becomes an entry of the
 * journal, so the same key always gets the same rejection; one without a key leaves no trace, but
 * its answer too waits for the entries that it was decided on.
 */
#include "ledger/change/change.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/domain/clearing.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/keys.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

/* ---- keys ---------------------------------------------------------------------------------- */

/* Repeat the first answer to the key, once its entry is durable. Drops nothing. */
static void replay(struct co_context *context, struct change *change, struct entry *first,
    struct ledger_outcome *outcome)
{
    struct ledger *ledger = change->ledger;
    *outcome = (struct ledger_outcome){.seq = first->seq};
    enum co_eventcount_status known =
        journal_await(context, ledger->journal, JOURNAL_REPLAY, first->seq);
    if (known != CO_EVENTCOUNT_REACHED) {
        outcome->status =
            known == CO_EVENTCOUNT_CLOSED ? LEDGER_OUTCOME_UNKNOWN : LEDGER_KEY_IN_FLIGHT;
        outcome->seq = journal_durable(ledger->journal);
    } else if (!entry_is_again(change->entry, first)) {
        outcome->status = LEDGER_KEY_REUSED;
    } else {
        outcome->status = first->code;
        outcome->replayed = true;
        outcome->entry = entry_hold(first);
        outcome->available = first->available;
        if (first->account)
            outcome->account = first->account->id;
        atomic_fetch_add_explicit(&ledger->replays, 1, memory_order_relaxed);
    }
}

/* Another request has the key. True: the outcome is known; false: that one was given up, claim
 * again. */
static bool follow(struct co_context *context, struct change *change, struct entry *first,
    struct ledger_outcome *outcome)
{
    if (co_eventcount_await(context, &first->decided, 1) != CO_EVENTCOUNT_REACHED) {
        *outcome = (struct ledger_outcome){
            .status = LEDGER_KEY_IN_FLIGHT, .seq = journal_durable(change->ledger->journal)};
        return true;
    }
    if (first->seq == 0)
        return false;
    replay(context, change, first, outcome);
    return true;
}

/* The key may be one from long ago. True: the outcome is known; false: the database does not have
 * it, nor did it when `*asked` was durable. */
static bool ask_database(struct co_context *context, struct change *change, uint64_t *asked,
    struct ledger_outcome *outcome)
{
    struct ledger *ledger = change->ledger;
    struct entry *first = NULL;
    *asked = journal_durable(ledger->journal);
    enum pg_status status =
        query_entry_by_key(context, ledger->store, ledger->accounts, change->entry->key, &first);
    if (status != PG_OK) {
        /* This may be the retry of something that did happen: "not known" is not the same as
         * "no". */
        *outcome = (struct ledger_outcome){
            .status = status == PG_DAMAGED ? LEDGER_DAMAGED : LEDGER_OUTCOME_UNKNOWN,
            .seq = *asked};
        return true;
    }
    if (!first)
        return false;
    replay(context, change, first, outcome);
    entry_drop(&first);
    return true;
}

bool change_claim(struct co_context *context, struct change *change, struct ledger_outcome *outcome)
{
    uint64_t asked = 0;
    if (!change->entry->key)
        return true;
    /* The key may be given up, or turn out to be unused, while this waits: claim again then. */
    for (;;) {
        struct entry *first = NULL;
        bool known = false;
        switch (keys_claim(change->ledger->keys, change->entry, asked, &first)) {
        case KEYS_CLAIMED:
            return true;
        case KEYS_TAKEN:
            known = follow(context, change, first, outcome);
            entry_drop(&first);
            break;
        case KEYS_ASK:
            known = ask_database(context, change, &asked, outcome);
            break;
        }
        if (known)
            return false;
    }
}

/* ---- deciding ------------------------------------------------------------------------------ */

bool change_resolve(
    struct change *change, struct posting *posting, const char *from, const char *to, money amount)
{
    struct account_table *accounts = change->ledger->accounts;
    co_ensure(amount >= 1 && amount <= money_max());
    if (!change->clears && (clearing_is_id(from) || clearing_is_id(to))) {
        change->status = LEDGER_ACCOUNT_RESERVED;
        change->account = clearing_is_id(from) ? from : to;
        return false;
    }
    posting->amount = amount;
    posting->from = account_find(accounts, from);
    posting->to = account_find(accounts, to);
    if (posting->from && posting->to)
        return true;
    change->status = LEDGER_ACCOUNT_NOT_FOUND;
    change->account = posting->from ? to : from;
    return false;
}

/* A section that is timed where it runs: there alone is known when its turn came. */
struct section {
    void (*decide)(void *arg);
    void *arg;
    struct ledger_stages *stages;
};

static void run_timed(void *arg)
{
    struct section *section = arg;
    section->stages->begun_ns = co_clock_now_ns();
    section->decide(section->arg);
    section->stages->decided_ns = co_clock_now_ns();
}

bool change_run(struct ledger *ledger, struct entry *const *entries, size_t count,
    void (*decide)(void *arg), void *arg, struct ledger_stages *stages)
{
    struct section section = {.decide = decide, .arg = arg, .stages = stages};
    struct account *few[8] = {NULL}, **accounts = few;
    size_t room = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        room += 2 * (size_t)entries[i]->posting_count;
    if (room > sizeof few / sizeof few[0] && !(accounts = calloc(room, sizeof *accounts)))
        return false;
    for (size_t i = 0; i < count; i++)
        for (uint32_t leg = 0; leg < entries[i]->posting_count; leg++) {
            accounts[used++] = entries[i]->postings[leg].from;
            accounts[used++] = entries[i]->postings[leg].to;
        }
    if (stages)
        strategy_run(ledger->strategy, accounts, used, run_timed, &section);
    else
        strategy_run(ledger->strategy, accounts, used, decide, arg);
    if (accounts != few)
        free(accounts);
    return true;
}

void change_rests_on(struct change *change, uint64_t seq)
{
    if (change->seq < seq)
        change->seq = seq;
}

/* A decision rests on the last entry of each account that it looked at, and on the freeze. */
static void rest_on_what_was_seen(struct change *change)
{
    for (uint32_t i = 0; i < change->entry->posting_count; i++) {
        const struct posting *posting = &change->entry->postings[i];
        change_rests_on(change, posting->from->seq);
        change_rests_on(change, posting->to->seq);
    }
    change_rests_on(change, atomic_load(&change->ledger->freeze_seq));
}

void change_become_rejection(struct change *change, const struct account *broken)
{
    struct entry *entry = change->entry;
    entry->kind = ENTRY_REJECTED;
    entry->code = change->status;
    entry->account = account_by_number(change->ledger->accounts, broken ? broken->number : 0);
    entry->available = change->available;
    entry->posting_count = 0;
}

void change_refuse(struct change *change, enum ledger_status status, const struct account *broken)
{
    struct entry *entry = change->entry;
    change->status = status;
    change->account = broken ? broken->id : NULL;
    if (status == LEDGER_INSUFFICIENT_FUNDS)
        change->available = account_available(broken);
    rest_on_what_was_seen(change);
    if (!status_is_rejection(status) || !entry->key || change->not_frozen)
        return;
    change_become_rejection(change, broken);
    change->seq = journal_append(change->ledger->journal, entry);
}

bool change_all_open(struct change *change)
{
    for (uint32_t i = 0; i < change->entry->posting_count; i++) {
        const struct posting *posting = &change->entry->postings[i];
        if (posting->from->opened && posting->to->opened)
            continue;
        change_refuse(
            change, LEDGER_ACCOUNT_NOT_FOUND, posting->from->opened ? posting->to : posting->from);
        return false;
    }
    return true;
}

/* ---- ending -------------------------------------------------------------------------------- */

void change_end(struct change *change, struct ledger_outcome *outcome)
{
    struct entry *entry = change->entry;
    bool in_journal = entry->seq != 0;
    if (entry->key && !in_journal)
        keys_give_up(change->ledger->keys, entry);
    *outcome = (struct ledger_outcome){.status = change->status,
        .seq = change->seq,
        .available = change->available,
        .stages = change->stages,
        .entry = in_journal ? entry_hold(entry) : NULL};
    outcome->account = change->account;
    if (status_is_rejection(change->status))
        atomic_fetch_add_explicit(&change->ledger->rejections, 1, memory_order_relaxed);
}

/* What left no entry was decided on a state that must still hold: if that is not known, at least
 * nothing was done. */
enum ledger_status change_await_seq(
    struct co_context *context, struct ledger *ledger, bool made, uint64_t *seq)
{
    enum journal_basis basis = made ? JOURNAL_ENTRY : JOURNAL_REFUSAL;
    if (journal_await(context, ledger->journal, basis, *seq) == CO_EVENTCOUNT_REACHED)
        return LEDGER_OK;
    uint64_t durable = journal_durable(ledger->journal);
    bool undone = !made && *seq <= durable;
    *seq = durable; /* nobody hears of what is not durable */
    return undone ? LEDGER_UNAVAILABLE : LEDGER_OUTCOME_UNKNOWN;
}

void change_await(struct co_context *context, struct ledger *ledger, struct ledger_outcome *outcome)
{
    if (outcome->status == LEDGER_UNAVAILABLE || outcome->status == LEDGER_OVERLOADED) {
        co_yield(); /* a client that retries immediately must not keep others from running */
        return;
    }
    enum ledger_status known =
        change_await_seq(context, ledger, outcome->entry != NULL, &outcome->seq);
    if (known != LEDGER_OK)
        outcome->status = known;
    if (known == LEDGER_OUTCOME_UNKNOWN)
        atomic_fetch_add_explicit(&ledger->unknown_outcomes, 1, memory_order_relaxed);
}

void change_carry_out(struct co_context *context, struct change *change,
    const struct change_steps *steps, struct ledger_outcome *outcome)
{
    struct ledger *ledger = change->ledger;
    if (!change->entry) {
        *outcome = (struct ledger_outcome){
            .status = LEDGER_OVERLOADED, .seq = journal_durable(ledger->journal)};
    } else if (change_claim(context, change, outcome)) {
        change->status = journal_admits(ledger->journal, &change->seq);

        /* Prepare may have to ask the database again, if memory has moved on since. */
        do {
            change->again = false;
            if (change->status == LEDGER_OK && steps->prepare(context, steps->arg) &&
                !change_run(ledger, &change->entry, 1, steps->decide, steps->arg, &change->stages))
                change->status = LEDGER_OVERLOADED;
        } while (change->again);
        change_end(change, outcome);
        change_await(context, ledger, outcome);
    } else if (outcome->status == LEDGER_OUTCOME_UNKNOWN) {
        atomic_fetch_add_explicit(&ledger->unknown_outcomes, 1, memory_order_relaxed);
    }
    outcome->stages.durable_ns = co_clock_now_ns();
    entry_drop(&change->entry);
}
