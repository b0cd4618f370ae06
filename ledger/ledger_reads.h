/* SPDX-License-Identifier: MIT */
/*
 * The facade's part that reads: accounts, now or as they were, and the journal. What ledger.h says
 * of all its functions holds here: they park until the answer rests on durable entries only; any
 * coroutine may call. Texts and room that are passed in stay the caller's.
 */
#ifndef LEDGER_LEDGER_READS_H
#define LEDGER_LEDGER_READS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/status.h"

struct ledger;

/* The most that a page may ask for. */
enum { LEDGER_PAGE_MAX = 1000 };

/* ---- accounts ----------------------------------------------------------------------------- */

/* An account as it was at one position, copied. */
struct ledger_account {
    char id[ACCOUNT_ID_MAX + 1];
    char asset[ASSET_TEXT];
    bool has_floor, frozen;
    money floor, balance, held, available;
    const char *metadata; /* NULL: none. To be asked for with ledger_metadata() */
    uint64_t seq;         /* the last entry that touched it */
    uint64_t number;
};

/* The metadata of accounts that were read: what is not in memory is read from the database. copy()
 * makes a text that lasts as long as the caller wants it; NULL: memory is short. */
enum ledger_status ledger_metadata(struct co_context *context, struct ledger *ledger,
    struct ledger_account *accounts, size_t count, const char *(*copy)(void *arg, const char *text),
    void *arg);

/* *seq is the position that the answer reflects, also for ACCOUNT_NOT_FOUND. */
enum ledger_status ledger_read_account(struct co_context *context, struct ledger *ledger,
    const char *id, struct ledger_account *account, uint64_t *seq);

/* When: after a position, or at a time. */
struct ledger_moment {
    uint64_t seq;  /* when the journal ended there; 0: the time counts */
    int64_t at_us; /* microseconds since 1970 UTC */
};

/* The account as it was at that moment: now and stays the same. An account that was not open then:
 * ACCOUNT_NOT_FOUND; *seq is the position of the moment. POSITION_AHEAD: it is not durable yet, or
 * the time is more than a second ahead (up to that it is waited for); *seq is the durable one. */
enum ledger_status ledger_read_account_at(struct co_context *context, struct ledger *ledger,
    const char *id, const struct ledger_moment *at, struct ledger_account *account, uint64_t *seq);

/* The asset of an account that is open, or decided to be; false: it is neither. It never changes,
 * so nothing is waited for: only an answer that is decided on a later entry may rest on it. */
bool ledger_asset(struct ledger *ledger, const char *id, char asset[ASSET_TEXT]);

/* Which accounts are listed. NULL and "" mean any. */
struct ledger_account_query {
    const char *prefix; /* with which their ids begin */
    const char *asset;  /* which they hold */
    const char *after;  /* an id: only those behind it */
    const char *before; /* an id: only those ahead of it */
    bool backwards;     /* the last ones first */
};

/* A page of them, in order of id, byte by byte; or in the reverse of that. */
struct ledger_account_page {
    struct ledger_account *accounts; /* the caller's room for `limit` */
    size_t limit;                    /* 1 .. LEDGER_PAGE_MAX */
    size_t count;                    /* how many came */
    bool more;                       /* there are others behind the last one */
    uint64_t seq;                    /* the position that all of it reflects */
};
enum ledger_status ledger_list_accounts(struct co_context *context, struct ledger *ledger,
    const struct ledger_account_query *query, struct ledger_account_page *page);

/* Park until the journal is at that position, so long at most, whatever the context says.
 * POSITION_AHEAD: it is not. UNAVAILABLE: the ledger closes, or its owner cannot say. */
enum ledger_status ledger_await_position(
    struct co_context *context, struct ledger *ledger, uint64_t seq, int64_t wait_ns);

/* ---- the journal -------------------------------------------------------------------------- */

/* A page of durable entries. Fewer than `limit` may come though there are more, as a page has a
 * bound in postings too. */
struct ledger_entry_page {
    struct entry **entries; /* the caller's room for `limit`, who drops each that came */
    size_t limit;           /* 1 .. LEDGER_PAGE_MAX */
    size_t count;           /* how many came; 0 unless OK */
    uint64_t next;          /* of a statement: where the page after it begins; 0: there is none */
    uint64_t seq;           /* the durable position when it was read */
};

/* Entries with seq > after, in order. POSITION_AHEAD: `after` is not durable. */
enum ledger_status ledger_journal(struct co_context *context, struct ledger *ledger, uint64_t after,
    struct ledger_entry_page *page);

/* Entries with seq < before (0: from the newest), newest first. */
enum ledger_status ledger_journal_back(struct co_context *context, struct ledger *ledger,
    uint64_t before, struct ledger_entry_page *page);

/* Entries that moved the account's money with seq < before (0: from the newest), newest first. */
enum ledger_status ledger_statement(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t before, struct ledger_entry_page *page);

/* Those with seq > after, oldest first. POSITION_AHEAD: `after` is not durable. */
enum ledger_status ledger_statement_forward(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t after, struct ledger_entry_page *page);

/* The entry at a position, or the one with that key; TRANSFER_NOT_FOUND if there is none. Of a key:
 * none, and none on its way; KEY_IN_FLIGHT: its request was not done with, or not durable, within
 * the wait, so it may happen yet. */
enum ledger_status ledger_entry(struct co_context *context, struct ledger *ledger, uint64_t at,
    struct entry **entry, uint64_t *seq);
enum ledger_status ledger_entry_by_key(struct co_context *context, struct ledger *ledger,
    const char *key, struct entry **entry, uint64_t *seq);

#endif
