/* SPDX-License-Identifier: MIT */
/*
 * Which journals have something to be written: each announces itself when its queue is not empty
 * any more, and the committer takes them in that order. One that has more than fits is put behind
 * the others, so that none has to wait for more than a turn of each.
 */
#ifndef LEDGER_JOURNAL_GATHERING_H
#define LEDGER_JOURNAL_GATHERING_H

#include <stdatomic.h>

#include "coro/context.h"
#include "coro/eventcount.h"
#include "coro/lock.h"

struct journal;

struct gathering_place { /* of a journal, in its memory; all zero before */
    struct journal *journal;
    struct gathering_place *next;
    bool listed;  /* it is among those that were announced */
    bool in_hand; /* the committer has a batch of it that is not settled yet */
    bool left;    /* it is not listed any more */
};

/*
 * Invariants, under the lock
 * - first .. last are those with `listed`, each once, and none of those that have left.
 * - A place that has left is not looked at again: its journal may be freed.
 *
 * Lock order: that of a lease -> lock -> the locks of an eventcount or a context -> nothing.
 */
struct gathering {
    struct co_lock lock;
    struct gathering_place *first, *last;
    size_t listed;
    size_t members;
    uint64_t announced;
    struct co_context *trying;     /* what the committer tries now; ends to have it broken off */
    struct co_eventcount work;     /* of announcements, and of the end */
    _Atomic uint64_t members_now;  /* of `members`, for whoever has no lock */
    _Atomic uint64_t written;      /* entries that were committed, of all journals */
    _Atomic uint64_t queued_bytes; /* in the queues and in hand, of all journals */
};

void gathering_enter(struct gathering *gathering, struct gathering_place *place);

/* Something has changed there: the committer is to look. None of these parks. */
void gathering_announce(struct gathering *gathering, struct gathering_place *place);

/* The committer is to look, though nothing has changed. */
void gathering_nudge(struct gathering *gathering);

/* Nothing of it is to be waited for any more: if the committer has a batch of it in hand, its try
 * is broken off; what else it carries is sent again. */
void gathering_break_off(struct gathering *gathering, struct gathering_place *place);

/* Of the committer: how many are listed; the first one of them, taken off the list, or NULL; what
 * is in hand; what is tried; and a journal that has ended. */
size_t gathering_count(struct gathering *gathering);
struct gathering_place *gathering_next(struct gathering *gathering);
void gathering_set_in_hand(
    struct gathering *gathering, struct gathering_place *place, bool in_hand);
void gathering_set_trying(struct gathering *gathering, struct co_context *trying);
void gathering_leave(struct gathering *gathering, struct gathering_place *place);

#endif
