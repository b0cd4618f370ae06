/* SPDX-License-Identifier: MIT */
/* What the banks of a service are made of: for their files only. */
#ifndef LEDGER_BANK_BANKS_PRIVATE_H
#define LEDGER_BANK_BANKS_PRIVATE_H

#include <stdatomic.h>

#include "coro/lock.h"
#include "coro/waitgroup.h"
#include "ledger/bank/banks.h"

/*
 * Invariants
 * - A branch's `bank` is set once, when it is open (the first's: when it is made), and stays until
 *   banks_close(): whoever finds it there may use it without a lock.
 * - The first's bank and `running` outlive the banks of all others, whose attendants use both.
 * - Before, `opening` is its opener's, who takes it away under the lock before it closes it.
 *
 * Lock order: a branch's lock -> those that bank_is_open() takes.
 */

struct branch { /* of the service, on a database */
    struct banks *banks;
    const char *name, *conninfo;
    const char *read_conninfo; /* NULL: what is followed is read there as well */
    char *witness;             /* NULL: none is kept */
    struct banks_names {       /* of ledgers; its bank's attendant's own */
        char (*names)[LEASE_NAME];
        size_t count;
    } ours, others;           /* by the word of the first: ours as of the start, in order */
    struct banks_names ceded; /* which its own database says to be elsewhere, as of the start */
    bool has_asked;           /* of ours and ceded */
    _Atomic int64_t
        unsure_ns; /* when the first could not be asked whose a ledger here is; 0: never */
    _Atomic(struct bank *) bank; /* NULL: it is not open yet */
    _Atomic bool is_open;
    _Atomic bool has_refused; /* at its last try, and a start waits no longer */
    struct co_lock lock;      /* guards what follows */
    struct bank *opening;     /* NULL: between two tries, or open */
    char why[LEDGER_REASON];  /* it is not open, between two tries */
};

struct banks {
    struct bank_options each;
    struct co_context *running; /* ends when they are to be closed */
    struct co_waitgroup openers;
    size_t count;
    struct branch branches[DATABASE_LIST_MAX];
};

/* Open the others than the first, in the background. False: memory is short. */
CO_MUST_CHECK bool banks_begin_others(struct banks *banks);

/* Wait for those, as banks_open() says. Parks. */
void banks_await_others(struct co_context *context, struct banks *banks);

/* Is the ledger of that name in the branch's database by the word of the first, or could it be from
 * now on? For struct bank_options; `arg` is the branch. Parks. */
enum bank_admission banks_admits(void *arg, const char *name);

/* In which database is that name, by the word of the first? Nobody's becomes that of the one given.
 * *index: its index; banks->count: of one that this service does not have. False: the first could
 * not be asked. Parks. */
CO_MUST_CHECK bool banks_reserve(
    struct co_context *context, struct banks *banks, const char *name, size_t *index);

/* A bank for a branch, which is not open; NULL: see `error`. */
CO_MUST_CHECK struct bank *banks_make_branch(struct branch *branch, char *error, size_t size);

#endif
