/* SPDX-License-Identifier: MIT */
/*
 * One transaction of the database that brings in a batch of each of several ledgers: how it is
 * sent, and what became of it. Of one coroutine at a time; all but the making may park.
 */
#ifndef LEDGER_JOURNAL_TRANSACTION_H
#define LEDGER_JOURNAL_TRANSACTION_H

#include "coro/context.h"
#include "ledger/journal/batch.h"
#include "ledger/lease/lease.h"

enum { TRANSACTION_PARTS = 512 }; /* the most ledgers of one */

enum transaction_fate {
    TRANSACTION_COMMITTED,
    TRANSACTION_RETRY,   /* the outcome is not known, or the database is away: the same again */
    TRANSACTION_SOME,    /* nothing was done, as some parts are in the way: their `fate` says why */
    TRANSACTION_LOCKED,  /* of a part: somebody has locked its ledger's row */
    TRANSACTION_FENCED,  /* of a part: another server has taken the ledger over */
    TRANSACTION_LOST,    /* of a part: the database has lost what was committed before */
    TRANSACTION_STOPPED, /* of a part: writes were stopped, `why` says why */
    TRANSACTION_REFUSED, /* the database found rows wrong: a bug; of several parts, not whose */
};

struct transaction_part {
    struct batch batch;
    enum transaction_fate fate; /* TRANSACTION_RETRY: nothing is known to be in its way */
    char why[LEASE_WHY];
};

struct transaction;

/* Both outlive it. NULL: memory is short. */
CO_MUST_CHECK struct transaction *transaction_make(const char *conninfo, struct lease *lease);
void transaction_free(struct transaction **transaction);

/* Have a session to write in; the former one is ended, so that nothing of it is still on its way.
 * False: transaction_problem() says why. */
CO_MUST_CHECK bool transaction_connect(struct co_context *context, struct transaction *transaction);

/* Is there one, of this server as it entered last, as far as is known? Never parks. */
bool transaction_is_connected(const struct transaction *transaction);

/* Make the rows and hashes of these parts, whose ledgers ascend. False: memory is short, the same
 * may be tried again. */
CO_MUST_CHECK bool transaction_fill(
    struct transaction *transaction, struct transaction_part *const *parts, size_t count);

/* A try ends, and RETRY is answered, when nothing of it has moved for TRANSACTION_SILENCE_S; twice
 * as long for the next one if that was the reason, up to eight times: a disk that stays slow must
 * get it in eventually. */
enum { TRANSACTION_SILENCE_S = 5 };

/* Send what it was filled with. COMMITTED, RETRY, SOME or REFUSED. Of parts that a former try has
 * committed `fate` is COMMITTED when that may be acknowledged. */
CO_MUST_CHECK enum transaction_fate transaction_send(struct co_context *context,
    struct transaction *transaction, struct transaction_part *const *parts, size_t count);

/* Of the last failure, one line. */
const char *transaction_problem(const struct transaction *transaction);

#endif
