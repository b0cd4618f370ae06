/* SPDX-License-Identifier: MIT */
/*
 * A journal as the committer sees it: what waits is taken in batches, one at a time, and each is
 * settled. All of it is for the committer alone; none of it parks.
 */
#ifndef LEDGER_JOURNAL_JOURNAL_COMMIT_H
#define LEDGER_JOURNAL_JOURNAL_COMMIT_H

#include "ledger/journal/journal.h"
#include "ledger/journal/transaction.h"

/* Is it to go on? False: the ledger was stopped, or is another server's; or it was to stop long
 * ago, and what is left cannot be written. */
CO_MUST_CHECK bool journal_goes_on(struct journal *journal);

/* Its batch whose outcome is open is not to be sent again: what became of it is not ours to find
 * out, or it was to stop long ago. */
CO_MUST_CHECK bool journal_abandons(struct journal *journal);

/* It was told to stop, and all is written. */
CO_MUST_CHECK bool journal_is_drained(struct journal *journal);

struct journal_load { /* how much a batch has, or may have */
    uint64_t entries, bytes;
};

/* Take what waits, up to about that: the group that an entry falls into is taken whole. False:
 * nothing waits. The load becomes that of the batch. */
CO_MUST_CHECK bool journal_take(
    struct journal *journal, struct journal_load *load, struct batch *batch);

/* Does anything wait, or is it to stop? Then it is to be looked at again. */
bool journal_waits(struct journal *journal);

/* The batch, which was encoded, has been committed. */
void journal_publish(
    struct journal *journal, const struct batch *batch, uint64_t count, int64_t took_ns);

/* It has not, and will not be by this process, or by nobody: see journal_goes_on() from here on.
 * What it has goes back in front of the queue. */
void journal_return(struct journal *journal, const struct batch *batch, enum transaction_fate fate,
    const char *why);

/* The n-th try in a row has failed (0: one went well): what it has is sent again. */
void journal_note_failures(struct journal *journal, int failures, const char *why);

/* Nothing more becomes durable here: whoever still waits is told so. Afterwards it may be freed. */
void journal_end(struct journal *journal);

#endif
