/* SPDX-License-Identifier: MIT */
#include "ledger/past.h"

#include <string.h>

#include "ledger/ledger_parts.h"
#include "ledger/query.h"

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

enum ledger_status past_head(struct context *context, struct ledger *ledger,
    struct account *account, struct past_head *head, uint64_t *seq)
{
    struct look look = {.account = account};
    money balance;
    strategy_run(ledger->strategy, &account, 1, look_at_head, &look);
    *head = look.head;
    enum eventcount_status waited = EVENTCOUNT_CLOSED;
    if (journal_state(ledger->journal) == LEDGER_RUNNING ||
        journal_durable(ledger->journal) >= head->moved)
        waited = journal_await(context, ledger->journal, head->moved);
    *seq = journal_durable(ledger->journal);
    if (waited == EVENTCOUNT_REACHED)
        return LEDGER_OK;
    /* Memory is ahead of the database, and may be for long: what counts is what that has. */
    if (waited == EVENTCOUNT_CANCELLED ||
        query_balance(context, ledger->store, account, &balance, &head->moved) != PG_OK)
        return LEDGER_UNAVAILABLE;
    return LEDGER_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

enum ledger_status past_read(struct context *context, struct ledger *ledger,
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
    if (query_past(context, ledger->store, account, head.moved, at, &past) != PG_OK)
        return LEDGER_UNAVAILABLE;
    *copy = (struct ledger_account){.has_floor = account->has_floor,
        .frozen = past.frozen,
        .floor = account->floor,
        .balance = past.balance,
        .held = past.held,
        .available = account_available_with(account, past.balance, past.held),
        .metadata = account->metadata,
        .seq = past.seq > head.opened ? past.seq : head.opened};
    strcpy(copy->id, account->id);
    strcpy(copy->asset, account->asset);
    return LEDGER_OK;
}

enum ledger_status ledger_read_account_at(struct context *context, struct ledger *ledger,
    const char *id, uint64_t at_seq, int64_t at_us, struct ledger_account *account, uint64_t *seq)
{
    uint64_t durable = journal_durable(ledger->journal);
    struct account *found = account_find(ledger->accounts, id);
    *seq = durable;
    if (at_seq == 0 && query_seq_at(context, ledger->store, at_us, &at_seq) != PG_OK)
        return LEDGER_UNAVAILABLE;
    *seq = at_seq < durable ? at_seq : durable;
    return found ? past_read(context, ledger, found, *seq, account) : LEDGER_ACCOUNT_NOT_FOUND;
}
