/* SPDX-License-Identifier: MIT */
#include "ledger/read/past.h"

#include <string.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "ledger/journal/journal.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

enum ledger_status past_turn(struct co_context *context, struct ledger *ledger, uint64_t *seq)
{
    *seq = journal_durable(ledger->journal);
    enum co_eventcount_status status = journal_await(context, ledger->journal, JOURNAL_READ, *seq);
    return status == CO_EVENTCOUNT_REACHED ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

/* ---- the head of the walk ------------------------------------------------------------------ */

struct look {
    const struct account *account;
    struct past_head head;
};

static void look_at_head(void *arg)
{
    struct look *look = arg;
    look->head.opened = look->account->opened;
    look->head.moved = look->account->moved;
}

enum ledger_status past_head(struct co_context *context, struct ledger *ledger,
    struct account *account, struct past_head *head, uint64_t *seq)
{
    struct look look = {.account = account};
    money balance;
    /* Both of one moment: in a section no entry comes between them. */
    strategy_run(ledger->strategy, &account, 1, look_at_head, &look);
    *head = look.head;
    enum co_eventcount_status waited = CO_EVENTCOUNT_CLOSED;
    enum ledger_state state = journal_state(ledger->journal);
    if (state == LEDGER_RUNNING || state == LEDGER_FOLLOWING ||
        journal_durable(ledger->journal) >= head->moved)
        waited = journal_await(context, ledger->journal, JOURNAL_READ, head->moved);
    *seq = journal_durable(ledger->journal);
    if (waited == CO_EVENTCOUNT_REACHED)
        return LEDGER_OK;
    /* Memory is ahead of the database, and may be for long: what counts is what that has. */
    if (waited == CO_EVENTCOUNT_CANCELLED)
        return LEDGER_UNAVAILABLE;
    enum ledger_status status =
        query_status(query_balance(context, ledger->store, account, &balance, &head->moved));
    if (status != LEDGER_OK)
        return status;
    bool ours = journal_await(context, ledger->journal, JOURNAL_READ, 0) == CO_EVENTCOUNT_REACHED;
    return ours ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

/* ---- reading ------------------------------------------------------------------------------- */

enum ledger_status past_read(struct co_context *context, struct ledger *ledger,
    struct account *account, uint64_t at, struct ledger_account *copy)
{
    struct past_head head;
    struct query_past past;
    uint64_t seq;
    enum ledger_status status = past_head(context, ledger, account, &head, &seq);
    if (status != LEDGER_OK)
        return status;
    if (head.opened == 0 || head.opened > at)
        return LEDGER_ACCOUNT_NOT_FOUND;

    /* What never changes comes from memory, the rest from rows up to `at`. */
    status = query_status(query_past(context, ledger->store, account, head.moved, at, &past));
    if (status != LEDGER_OK)
        return status;
    *copy = (struct ledger_account){.has_floor = account->has_floor,
        .frozen = past.frozen,
        .floor = account->floor,
        .balance = past.balance,
        .held = past.held,
        .available = account_available_with(account, past.balance, past.held),
        .metadata = account->metadata,
        .number = account->number,
        .seq = past.seq > head.opened ? past.seq : head.opened};
    strcpy(copy->id, account->id);
    strcpy(copy->asset, account->asset);
    return LEDGER_OK;
}

/* ---- moments ------------------------------------------------------------------------------- */

/* End the moment, and wait until all entries up to it are durable. What is ahead by no more than
 * clocks differ is waited for. */
static enum ledger_status end_moment(
    struct co_context *context, struct ledger *ledger, int64_t at_us, uint64_t *upto)
{
    enum { SOON_US = 1000000 };
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    int64_t ahead_us;
    while ((ahead_us = journal_end_moment(ledger->journal, at_us, upto)) > 0)
        if (ahead_us > SOON_US ||
            co_select_timeout(&end, 1, ahead_us * (CO_CLOCK_MS / 1000)) != CO_SELECT_NONE)
            return LEDGER_POSITION_AHEAD;
    bool known =
        journal_await(context, ledger->journal, JOURNAL_READ, *upto) == CO_EVENTCOUNT_REACHED;
    /* What will never be durable is before no moment. */
    if (!known && journal_state(ledger->journal) == LEDGER_STOPPED)
        known = co_context_err(context) == CO_CONTEXT_OK;
    known = known && journal_await_moment(context, ledger->journal, at_us) == CO_EVENTCOUNT_REACHED;
    return known ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

static enum ledger_status find_position(
    struct co_context *context, struct ledger *ledger, int64_t at_us, uint64_t *at_seq)
{
    uint64_t upto;
    /* Of another's ledger only what is over by itself is known. */
    if (journal_state(ledger->journal) == LEDGER_FOLLOWING)
        return journal_has_later(ledger->journal, at_us)
                   ? query_status(query_seq_at(context, ledger->store, at_us, at_seq))
                   : LEDGER_UNAVAILABLE;
    enum ledger_status status = end_moment(context, ledger, at_us, &upto);
    if (status == LEDGER_OK && query_seq_at(context, ledger->store, at_us, at_seq) != PG_OK)
        status = LEDGER_UNAVAILABLE;
    /* A batch that is committed is in the database a little before it is known here. */
    if (status == LEDGER_OK &&
        journal_await(context, ledger->journal, JOURNAL_READ, *at_seq) == CO_EVENTCOUNT_CANCELLED)
        status = LEDGER_UNAVAILABLE;
    return status;
}

enum ledger_status ledger_read_account_at(struct co_context *context, struct ledger *ledger,
    const char *id, const struct ledger_moment *at, struct ledger_account *account, uint64_t *seq)
{
    uint64_t at_seq = at->seq;
    enum ledger_status status = past_turn(context, ledger, seq);
    /* A time becomes a position, which is never moved again. */
    if (status == LEDGER_OK && at_seq == 0)
        status = find_position(context, ledger, at->at_us, &at_seq);
    else if (status == LEDGER_OK && at_seq > *seq)
        status = LEDGER_POSITION_AHEAD;
    if (status != LEDGER_OK)
        return status;
    *seq = at_seq;
    struct account *found = account_find(ledger->accounts, id);
    return found ? past_read(context, ledger, found, at_seq, account) : LEDGER_ACCOUNT_NOT_FOUND;
}
