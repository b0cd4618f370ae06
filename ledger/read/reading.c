/* SPDX-License-Identifier: MIT */
/* Reads of the journal: from its end in memory where that reaches, from the database beyond. */
#include "ledger/journal/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/keys.h"
#include "ledger/read/past.h"
#include "ledger/read/query.h"

enum ledger_status ledger_await_position(
    struct co_context *context, struct ledger *ledger, uint64_t seq, int64_t wait_ns)
{
    uint64_t durable = journal_durable(ledger->journal);
    if (seq <= durable)
        return LEDGER_OK;
    /* One that closes waits for its callers, so they do not wait for it. */
    struct co_context *bounded = co_context_with_timeout(ledger->open, wait_ns);
    if (!bounded)
        return LEDGER_OVERLOADED;
    enum co_eventcount_status status = journal_await(bounded, ledger->journal, JOURNAL_READ, seq);
    co_context_release(&bounded);
    if (status == CO_EVENTCOUNT_REACHED)
        return LEDGER_OK;
    if (co_context_err(ledger->open) != CO_CONTEXT_OK)
        return LEDGER_UNAVAILABLE;
    /* That it is not there is said by its owner only. */
    return past_turn(context, ledger, &durable) == LEDGER_OK ? LEDGER_POSITION_AHEAD
                                                             : LEDGER_UNAVAILABLE;
}

enum ledger_status ledger_journal(struct co_context *context, struct ledger *ledger, uint64_t after,
    struct ledger_entry_page *page)
{
    page->count = 0;
    page->next = 0;
    if (past_turn(context, ledger, &page->seq) != LEDGER_OK)
        return LEDGER_UNAVAILABLE;
    if (after > page->seq)
        return LEDGER_POSITION_AHEAD;
    if (journal_recent(ledger->journal, after, page->limit, page->entries, &page->count))
        return LEDGER_OK;
    return query_status(query_journal(context, ledger->store, ledger->accounts, after, page));
}

enum ledger_status ledger_journal_back(struct co_context *context, struct ledger *ledger,
    uint64_t before, struct ledger_entry_page *page)
{
    page->count = 0;
    page->next = 0;
    if (past_turn(context, ledger, &page->seq) != LEDGER_OK)
        return LEDGER_UNAVAILABLE;
    /* What the database has beyond that is not told yet. */
    uint64_t end = before == 0 || before > page->seq ? page->seq + 1 : before;
    return query_status(query_journal_back(context, ledger->store, ledger->accounts, end, page));
}

enum ledger_status ledger_entry(struct co_context *context, struct ledger *ledger, uint64_t at,
    struct entry **entry, uint64_t *seq)
{
    struct ledger_entry_page page = {.entries = entry, .limit = 1};
    enum ledger_status status = LEDGER_OK;
    *entry = NULL;
    if (at >= 1)
        status = ledger_journal(context, ledger, at - 1, &page);
    else
        page.seq = journal_durable(ledger->journal);
    *seq = page.seq;
    bool none = status == LEDGER_POSITION_AHEAD || (status == LEDGER_OK && page.count == 0);
    return none ? LEDGER_TRANSFER_NOT_FOUND : status;
}

/* ---- what became of a key ------------------------------------------------------------------ */

/* TRANSFER_NOT_FOUND: the database does not have it. */
static enum ledger_status ask_database(
    struct co_context *context, struct ledger *ledger, const char *key, struct entry **entry)
{
    enum ledger_status status =
        query_status(query_entry_by_key(context, ledger->store, ledger->accounts, key, entry));
    return status == LEDGER_OK && !*entry ? LEDGER_TRANSFER_NOT_FOUND : status;
}

/* Of another's ledger: only what is in the journal is known, as far as that was followed. */
static enum ledger_status followed_by_key(struct co_context *context, struct ledger *ledger,
    const char *key, struct entry **entry, uint64_t *seq)
{
    uint64_t durable = journal_durable(ledger->journal);
    enum ledger_status status = ask_database(context, ledger, key, entry);
    bool known = status == LEDGER_OK && journal_await(context, ledger->journal, JOURNAL_READ,
                                            (*entry)->seq) == CO_EVENTCOUNT_REACHED;
    /* What a replica says beyond what was vouched for is only a hint: now it is. */
    if (known && (*entry)->seq > durable) {
        entry_drop(entry);
        known = ask_database(context, ledger, key, entry) == LEDGER_OK;
    }
    *seq = journal_durable(ledger->journal);
    if (!known)
        entry_drop(entry);
    return known ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

/* The key is that of `first`, which may be undecided yet, or not durable. TRANSFER_NOT_FOUND: it
 * was given up. */
static enum ledger_status follow_key(
    struct co_context *context, struct ledger *ledger, struct entry *first, struct entry **entry)
{
    if (co_eventcount_await(context, &first->decided, 1) != CO_EVENTCOUNT_REACHED)
        return LEDGER_KEY_IN_FLIGHT;
    if (first->seq == 0)
        return LEDGER_TRANSFER_NOT_FOUND;
    switch (journal_await(context, ledger->journal, JOURNAL_READ, first->seq)) {
    case CO_EVENTCOUNT_REACHED:
        *entry = entry_hold(first);
        return LEDGER_OK;
    case CO_EVENTCOUNT_CANCELLED:
        return LEDGER_KEY_IN_FLIGHT;
    case CO_EVENTCOUNT_CLOSED:
        break;
    }
    /* The journal has ended with the entry in hand: its batch may have got in all the same. */
    enum ledger_status status = ask_database(context, ledger, first->key, entry);
    return status == LEDGER_TRANSFER_NOT_FOUND ? LEDGER_KEY_IN_FLIGHT : status;
}

enum ledger_status ledger_entry_by_key(struct co_context *context, struct ledger *ledger,
    const char *key, struct entry **entry, uint64_t *seq)
{
    enum ledger_status status = LEDGER_TRANSFER_NOT_FOUND;
    *entry = NULL;
    if (journal_state(ledger->journal) == LEDGER_FOLLOWING)
        return followed_by_key(context, ledger, key, entry, seq);
    struct entry *first = keys_find(ledger->keys, key);
    while (status == LEDGER_TRANSFER_NOT_FOUND) {
        status = first ? follow_key(context, ledger, first, entry)
                       : ask_database(context, ledger, key, entry);
        entry_drop(&first);
        /* Not there: unless a request has claimed it meanwhile, it is not in flight either. */
        if (status == LEDGER_TRANSFER_NOT_FOUND && !(first = keys_find(ledger->keys, key)))
            break;
    }
    *seq = journal_durable(ledger->journal);
    /* Only the server that has the ledger may say "none"; what is in the journal stays there. */
    bool known = status == LEDGER_KEY_IN_FLIGHT ||
                 (status != LEDGER_UNAVAILABLE && past_turn(context, ledger, seq) == LEDGER_OK);
    if (!known)
        entry_drop(entry);
    return known ? status : LEDGER_UNAVAILABLE;
}

/* ---- statements ---------------------------------------------------------------------------- */

/* Where the walk of a page begins: at the newest durable movement of the account, or below
 * `before`. */
static enum ledger_status statement_start(struct co_context *context, struct ledger *ledger,
    const struct account *account, uint64_t head, uint64_t before, uint64_t *from)
{
    *from = head;
    if (before == 0 || before > head)
        return LEDGER_OK;
    return query_status(query_statement_start(context, ledger->store, account, head, before, from));
}

/* The entry that moved the account before this one. */
static uint64_t previous_of(const struct entry *entry, const struct account *account)
{
    uint64_t previous = 0;
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        if (posting->from == account || posting->to == account)
            previous = posting->from == account ? posting->from_prev : posting->to_prev;
    }
    return previous;
}

/* The account of a statement, and what bounds it; *account NULL: it has an empty one. */
static enum ledger_status statement_of(struct co_context *context, struct ledger *ledger,
    const char *id, struct account **account, struct past_head *head,
    struct ledger_entry_page *page)
{
    char asset[ASSET_TEXT];
    page->count = 0;
    page->next = 0;
    *head = (struct past_head){0};
    *account = account_find(ledger->accounts, id);
    page->seq = journal_durable(ledger->journal);
    enum ledger_status status = LEDGER_OK;
    if (*account)
        status = past_head(context, ledger, *account, head, &page->seq);
    if (status != LEDGER_OK || head->opened > 0)
        return status;
    *account = NULL; /* a world account that nothing has touched has an empty statement */
    return asset_of_world_id(id, asset) ? LEDGER_OK : LEDGER_ACCOUNT_NOT_FOUND;
}

enum ledger_status ledger_statement(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t before, struct ledger_entry_page *page)
{
    struct account *account;
    struct past_head head;
    uint64_t from;
    enum ledger_status status = statement_of(context, ledger, id, &account, &head, page);
    if (status != LEDGER_OK || !account)
        return status;
    status = statement_start(context, ledger, account, head.moved, before, &from);
    if (status == LEDGER_OK)
        status = query_status(
            query_statement(context, ledger->store, ledger->accounts, account, from, page));

    /* There is a page after this one if something moved the account before its last entry. */
    const struct entry *last = page->count > 0 ? page->entries[page->count - 1] : NULL;
    if (last && previous_of(last, account) > head.opened)
        page->next = last->seq;
    return status;
}

enum ledger_status ledger_statement_forward(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t after, struct ledger_entry_page *page)
{
    struct account *account;
    struct past_head head;
    enum ledger_status status = statement_of(context, ledger, id, &account, &head, page);
    if (status == LEDGER_OK && after > page->seq)
        status = LEDGER_POSITION_AHEAD;
    /* Nothing has moved it since it was opened, or since then. */
    if (status != LEDGER_OK || !account || head.moved == head.opened || head.moved <= after)
        return status;
    const struct query_stretch stretch = {after, head.moved};
    status = query_status(
        query_statement_forward(context, ledger->store, ledger->accounts, account, &stretch, page));
    if (page->count > 0 && page->entries[page->count - 1]->seq < head.moved)
        page->next = page->entries[page->count - 1]->seq;
    return status;
}
