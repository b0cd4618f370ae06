/* SPDX-License-Identifier: MIT */
/* What a ledger is made of: for the folders of ledger/ that work on all of it. Each file includes
 * the headers of those parts that it uses. */
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include <stdatomic.h>

#include "coro/rota.h"
#include "coro/waitgroup.h"
#include "ledger/ledger.h"

struct account_table;
struct auditor;
struct checkpointer;
struct committer;
struct duties;
struct follower;
struct hold_table;
struct journal;
struct keys;
struct recall;
struct reversal_table;
struct store;
struct strategy;

struct ledger {
    char *name;
    uint64_t serial;           /* of this process: no other ledger that it opens has it */
    struct co_waitgroup users; /* callers that have entered */
    _Atomic bool closing;
    struct co_context *open; /* ends when it closes */
    struct account_table *accounts;
    struct keys *keys;
    struct store *store;
    struct committer *own_committer;    /* NULL: its committer is others' as well */
    struct duties *duties, *own_duties; /* own: the same */
    struct journal *journal;
    uint64_t item_keys_upto; /* up to there items of a batch may have its key in theirs; 0: none */
    struct strategy *strategy;
    struct checkpointer *checkpointer;
    struct auditor *auditor;
    struct recall *recall;
    struct hold_table *holds;
    struct reversal_table *reversals;
    struct co_rota_place expirer;
    _Atomic bool
        frozen; /* all of it; changes in a section of all accounts, read in every section */
    _Atomic uint64_t freeze_seq; /* the last entry that froze or unfroze all of it */
    struct follower *follower;   /* NULL: it was opened as this server's own */
    _Atomic bool following;      /* it is another server's still: what works in the background, and
                                  what is only for writing, is not there */
    _Atomic uint64_t replays, rejections, unknown_outcomes;
};

#endif
