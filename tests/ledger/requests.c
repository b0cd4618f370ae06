/* SPDX-License-Identifier: MIT */
#include "tests/ledger/requests.h"

static enum ledger_status take(struct ledger_outcome *outcome, uint64_t *seq)
{
    if (seq)
        *seq = outcome->entry ? outcome->entry->seq : 0;
    if (outcome->entry)
        CU_ASSERT_EQUAL(outcome->seq, outcome->entry->seq);
    entry_drop(&outcome->entry);
    return outcome->status;
}

enum ledger_status request_hold_as(
    struct ledger *ledger, const struct ledger_hold *hold, uint64_t *seq)
{
    struct ledger_outcome outcome;
    ledger_hold(co_context_background(), ledger, hold, &outcome);
    return take(&outcome, seq);
}

enum ledger_status request_hold(struct ledger *ledger, const char *key, const char *from,
    const char *to, money amount, uint64_t *seq)
{
    const struct ledger_hold hold = {.key = key, .from = from, .to = to, .amount = amount};
    return request_hold_as(ledger, &hold, seq);
}

enum ledger_status request_capture(
    struct ledger *ledger, const char *key, uint64_t hold, money amount, uint64_t *seq)
{
    const struct ledger_settlement settlement = {
        .key = key, .hold = hold, .capture = true, .amount = amount};
    struct ledger_outcome outcome;
    ledger_settle(co_context_background(), ledger, &settlement, &outcome);
    return take(&outcome, seq);
}

enum ledger_status request_release(struct ledger *ledger, const char *key, uint64_t hold)
{
    const struct ledger_settlement settlement = {.key = key, .hold = hold};
    struct ledger_outcome outcome;
    ledger_settle(co_context_background(), ledger, &settlement, &outcome);
    return take(&outcome, NULL);
}

enum ledger_status request_reverse(
    struct ledger *ledger, const char *key, uint64_t transfer, uint64_t *seq)
{
    const struct ledger_reversal reversal = {.key = key, .transfer = transfer};
    struct ledger_outcome outcome;
    ledger_reverse(co_context_background(), ledger, &reversal, &outcome);
    return take(&outcome, seq);
}

enum ledger_status request_transfer(struct ledger *ledger, const char *key, const char *from,
    const char *to, money amount, uint64_t *seq)
{
    const struct ledger_leg leg = {from, to, amount};
    const struct ledger_transfer transfer = {.key = key, .legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    return take(&outcome, seq);
}

enum ledger_status request_freeze(struct ledger *ledger, const char *id, bool frozen, uint64_t *seq)
{
    struct ledger_account account = {0};
    uint64_t at;
    enum ledger_status status =
        ledger_freeze(co_context_background(), ledger, id, frozen, &account, &at);
    if (id && status == LEDGER_OK)
        CU_ASSERT_EQUAL(account.frozen, frozen);
    if (seq)
        *seq = at;
    return status;
}

struct ledger_account request_account(struct ledger *ledger, const char *id)
{
    struct ledger_account account = {0};
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_read_account(co_context_background(), ledger, id, &account, &seq), LEDGER_OK);
    return account;
}

void request_expect(
    struct ledger *ledger, const char *id, money balance, money held, money available)
{
    struct ledger_account account = request_account(ledger, id);
    CU_ASSERT(account.balance == balance);
    CU_ASSERT(account.held == held);
    CU_ASSERT(account.available == available);
}

int request_settled(struct ledger *ledger, uint64_t hold)
{
    struct entry *entry = NULL, *settled = NULL;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_read_hold(co_context_background(), ledger, hold, &entry, &settled, &seq), LEDGER_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_EQUAL(entry->kind, ENTRY_HOLD);
    CU_ASSERT_EQUAL(entry->seq, hold);
    int kind = settled ? (int)settled->kind : 0;
    if (settled)
        CU_ASSERT_EQUAL(settled->ref, hold);
    entry_drop(&entry);
    entry_drop(&settled);
    return kind;
}

size_t request_count(struct ledger *ledger, uint64_t after, uint64_t ref)
{
    enum { PAGE = 200 };
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    size_t found = 0;
    do {
        enum ledger_status status = ledger_journal(co_context_background(), ledger, after, &page);
        co_ensure(status == LEDGER_OK);
        for (size_t i = 0; i < page.count; i++) {
            bool moves = entry_moves_money(entries[i]) || entries[i]->kind == ENTRY_HOLD;
            found += ref ? entries[i]->ref == ref && entries[i]->kind != ENTRY_REJECTED : moves;
            after = entries[i]->seq;
            entry_drop(&entries[i]);
        }
    } while (page.count == PAGE);
    return found;
}

struct ledger *request_restart(struct ledger *ledger, const char *conninfo, const char *strategy)
{
    ledger_close(&ledger);
    return fixture_open(conninfo, strategy);
}
