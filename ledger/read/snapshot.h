/* SPDX-License-Identifier: MIT */
/*
 * A whole ledger as it was at one moment, out of the database and in constant memory, whatever a
 * service does to it meanwhile: its entries in order, then the balances that they lead to, which
 * come from the checkpoint and so from another way of adding.
 *
 * Every function parks, for as long as it takes, and is for one coroutine. What hands things over
 * one by one ends when take() returns false. False from any of them: take() said so, or
 * snapshot->error tells why; after that only snapshot_end() is left.
 */
#ifndef LEDGER_READ_SNAPSHOT_H
#define LEDGER_READ_SNAPSHOT_H

#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/db/pg.h"

enum { SNAPSHOT_ERROR = 300 };

struct snapshot {
    uint64_t seq;               /* the last position; 0: there is none */
    uint64_t after;             /* the entries begin behind this one */
    char error[SNAPSHOT_ERROR]; /* "": nothing went wrong */
    struct co_context *context;
    struct pg *pg;
    int ledger;
};

/* Begin with the ledger of that number; the connection is the snapshot's until snapshot_end(). */
CO_MUST_CHECK bool snapshot_begin(
    struct snapshot *snapshot, struct co_context *context, struct pg *pg, int ledger);
void snapshot_end(struct snapshot *snapshot);

/* Narrow it to the entries of from_us <= at < to_us (microseconds since 1970 UTC; 0, INT64_MAX: no
 * bound), right after it has begun. */
CO_MUST_CHECK bool snapshot_narrow(struct snapshot *snapshot, int64_t from_us, int64_t to_us);

/* Each asset that there are accounts of, in order. */
CO_MUST_CHECK bool snapshot_assets(
    struct snapshot *snapshot, bool (*take)(const char *asset, void *arg), void *arg);

/* The largest amount or balance, without its sign, that any posting has. Reads all of them. */
CO_MUST_CHECK bool snapshot_largest(struct snapshot *snapshot, money *largest);

/* Each entry behind `after` up to `seq`, as query_journal() gives it; an account has nothing but
 * what never changes. A journal that misses something is an error. The entry is valid during
 * the call. */
CO_MUST_CHECK bool snapshot_entries(
    struct snapshot *snapshot, bool (*take)(const struct entry *entry, void *arg), void *arg);

/* Each account that there is at that position, with its balance right after it, ordered by the
 * parts of its id: what begins with "a:" comes right after "a". */
struct snapshot_balance {
    char id[ACCOUNT_ID_MAX + 1], asset[ASSET_TEXT];
    money balance;
};
CO_MUST_CHECK bool snapshot_balances(struct snapshot *snapshot, uint64_t at,
    bool (*take)(const struct snapshot_balance *balance, void *arg), void *arg);

#endif
