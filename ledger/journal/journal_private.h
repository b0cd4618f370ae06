/* SPDX-License-Identifier: MIT */
/* What a journal is made of: for the files of the journal only. */
#ifndef LEDGER_JOURNAL_JOURNAL_PRIVATE_H
#define LEDGER_JOURNAL_JOURNAL_PRIVATE_H

#include <stdatomic.h>

#include "coro/lock.h"
#include "coro/waitgroup.h"
#include "ledger/journal/gathering.h"
#include "ledger/journal/journal.h"

/*
 * Invariants
 * - Positions are given in order, without a gap, and each is in exactly one of: the queue, the
 *   batch that the committer has in hand, or what is durable. They follow each other in this order.
 * - durable <= head. `durable` is raised only after COMMIT, and after the entries are in `recent`.
 * - recent[seq % recent_room] is the durable entry of that position, from recent_from to the last
 *   that this process has committed: at most recent_room of them, and of RECENT_BYTES in all (or
 *   one). There is room for few at first, and for twice as many when that is full, up to RECENT.
 * - at_us rises strictly with seq, whatever the clock does, and is never more than DBTIME_APART_S
 *   away from the database's clock (dbtime.h), but for that.
 * - What is in memory is told only while the lease on the ledger is good (lease.h): that it is
 *   durable is not enough, as another server may have added to it.
 *
 * - Its place in the gathering is announced whenever the queue ceases to be empty, and when the
 *   standing of the claim gets worse; the committer announces it again if it leaves anything there.
 *
 * Lock order: a strategy's mutexes -> lock -> nothing.
 */

/* Durable entries in memory for readers and replayed keys: the most of them, and of their bytes. */
enum { JOURNAL_RECENT_FIRST = 64, JOURNAL_RECENT = 16384, JOURNAL_RECENT_BYTES = 16 << 20 };

struct journal {
    struct store *store;
    struct keys *keys;
    struct dbtime *dbtime;       /* the lease's */
    struct gathering *gathering; /* where the committer looks */
    struct gathering_place place;
    struct co_waitgroup committer; /* until it does not look here any more */
    struct co_eventcount durable;  /* closed when nothing more becomes durable here */
    _Atomic bool recovering;       /* batches do not get through */
    _Atomic int64_t stopping_ns;   /* when it was told to stop; 0: it was not */

    struct co_lock lock; /* guards what follows */
    uint64_t head;
    _Atomic int64_t last_us;    /* no entry to come has this time or an earlier one */
    int64_t durable_us;         /* of the last entry that is known to be committed */
    struct entry *first, *last; /* the queue */
    uint64_t queued, queued_bytes;
    struct entry **recent;
    uint64_t recent_room; /* a power of two */
    uint64_t recent_from; /* the oldest position that `recent` has */
    uint64_t recent_bytes;
    struct ledger_figures figures;
};

#endif
