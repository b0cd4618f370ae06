/* SPDX-License-Identifier: MIT */
/*
 * What is read from the database once the ledger runs: entries that are no longer near the
 * journal's end, statements, lists. All of it is durable by nature. Every function may park;
 * entries are the caller's to drop. PG_OK with nothing found gives a count of 0 (or a NULL entry).
 */
#ifndef LEDGER_READ_QUERY_H
#define LEDGER_READ_QUERY_H

#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_reads.h"

struct account_table;

/* What a failure of these means: UNAVAILABLE, or DAMAGED; OK if it is not a failure. */
enum ledger_status query_status(enum pg_status status);

/* The journal after a position up to page->seq, in order. Of the page its entries and count are
 * filled in, as ledger_reads.h has it: so it is with the statement below. */
CO_MUST_CHECK enum pg_status query_journal(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t after, struct ledger_entry_page *page);

/* Before a position, the newest first. */
CO_MUST_CHECK enum pg_status query_journal_back(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t before, struct ledger_entry_page *page);

CO_MUST_CHECK enum pg_status query_entry_by_key(struct co_context *context, struct store *store,
    struct account_table *accounts, const char *key, struct entry **entry);

/* The entries up to `upto` with the keys "KEY/0" to "KEY/(count - 1)", in order: *found is the
 * caller's to free. */
struct query_items {
    const char *key;
    size_t count;
    uint64_t upto;
};
struct query_item {
    size_t index;
    uint64_t seq;
};
CO_MUST_CHECK enum pg_status query_items(struct co_context *context, struct store *store,
    const struct query_items *items, struct query_item **found, size_t *count);

/* The last position that may have entries with such keys: fixed, as `end`, by the first that asks
 * for the ledger. */
CO_MUST_CHECK enum pg_status query_item_keys(
    struct co_context *context, struct store *store, uint64_t end, uint64_t *upto);

/* The entry that settled a hold, or that reversed a transfer; NULL: none. */
CO_MUST_CHECK enum pg_status query_settlement(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t hold, struct entry **entry);
CO_MUST_CHECK enum pg_status query_reversal(struct co_context *context, struct store *store,
    struct account_table *accounts, uint64_t transfer, struct entry **entry);

/*
 * The entries that moved an account's money, newest first, by walking from entry to entry along the
 * postings' from_prev and to_prev: the cost is that of the page, wherever it lies. The walk starts
 * at `from`, the seq of an entry that moved it.
 */
CO_MUST_CHECK enum pg_status query_statement(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct account *account, uint64_t from,
    struct ledger_entry_page *page);

/* Those of after < seq <= head, oldest first; `head` moved it. The walk comes from the waypoint
 * (account.h) beyond the page, so this costs no more. */
struct query_stretch {
    uint64_t after, head;
};
CO_MUST_CHECK enum pg_status query_statement_forward(struct co_context *context,
    struct store *store, struct account_table *accounts, const struct account *account,
    const struct query_stretch *stretch, struct ledger_entry_page *page);

/* The last entry before `before` that moved the account's money, walking from the first waypoint
 * (account.h) after it, or from `head`; 0: none. */
CO_MUST_CHECK enum pg_status query_statement_start(struct co_context *context, struct store *store,
    const struct account *account, uint64_t head, uint64_t before, uint64_t *from);

/* How an account stood when the journal ended at `at`, between its opening and `head`'s being
 * durable; `head` is the last durable entry that moved its money. */
struct query_past {
    money balance, held;
    bool frozen;
    uint64_t seq; /* the last entry that touched it; 0: none since it was opened */
};
CO_MUST_CHECK enum pg_status query_past(struct co_context *context, struct store *store,
    const struct account *account, uint64_t head, uint64_t at, struct query_past *past);

/* The last position at or before a time; 0: none. */
CO_MUST_CHECK enum pg_status query_seq_at(
    struct co_context *context, struct store *store, int64_t at_us, uint64_t *seq);

/* Accounts in order of their ids, at most `limit`. */
struct query_accounts {
    struct account **accounts; /* the caller's room */
    size_t limit, count;       /* for how many; how many came */
    uint64_t upto;             /* only those that were opened up to there */
};
CO_MUST_CHECK enum pg_status query_accounts(struct co_context *context, struct store *store,
    struct account_table *accounts, const struct ledger_account_query *query,
    struct query_accounts *list);

/* The metadata of accounts, of which `numbers` is a list: "{4,2}". take() is given each with its
 * place in the list (NULL: it has none); false: memory is short. */
CO_MUST_CHECK enum pg_status query_metadata(struct co_context *context, struct store *store,
    const char *numbers, bool (*take)(void *arg, size_t index, const char *metadata), void *arg);

/* A balance from the view `balances`, for when memory is ahead of a database that took no more. */
CO_MUST_CHECK enum pg_status query_balance(struct co_context *context, struct store *store,
    const struct account *account, money *balance, uint64_t *seq);

#endif
