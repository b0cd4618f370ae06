/* SPDX-License-Identifier: MIT */
/*
 * The journal: the one gapless sequence that a ledger is. Sections append to it in memory, which
 * gives the position; the committer (committer.h) takes all that has gathered, writes it to the
 * database as one batch, and only then lets the position count as durable.
 *
 * Memory never rolls back: a batch is retried until it is committed, or until another process has
 * taken the ledger over. Then, or if the database finds a batch in the wrong, the journal closes:
 * whoever waits for what is not durable is told that it will never be known here.
 */
#ifndef LEDGER_JOURNAL_JOURNAL_H
#define LEDGER_JOURNAL_JOURNAL_H

#include "ledger/domain/status.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_figures.h"
#include "ledger/memory/keys.h"

struct gathering;
struct journal;

/* The journal, whose last entry is that one, as one of those that are gathered there (committer.h).
 * All of these outlive it. NULL: memory is short. */
CO_MUST_CHECK struct journal *journal_start(struct gathering *gathering, struct store *store,
    struct keys *keys, uint64_t seq, int64_t at_us);

/*
 * The same in two steps. Until the second it is the journal of a ledger that is followed (store.h):
 * what is read counts as durable as far as it was passed, and nothing is appended. BROKEN: what
 * waits is told CLOSED, and nothing is told any more.
 */
CO_MUST_CHECK struct journal *journal_follow(struct gathering *gathering, struct store *store,
    struct keys *keys, uint64_t seq, int64_t at_us);
void journal_pass(struct journal *journal, uint64_t seq, int64_t at_us);
void journal_break(struct journal *journal);
void journal_begin(struct journal *journal); /* its store has been taken, and all was passed */

/* No more appends: wait until all is durable, or never will be. May park. */
void journal_drain(struct journal *journal);

/* After that: free it. */
void journal_stop(struct journal **journal);

/*
 * Give the entry the next position and time, and queue it for the committer, which takes a
 * reference of its own; what a hold lasts is counted from that time. Inside a section, so that the
 * order of positions is that of the sections; never parks.
 */
uint64_t journal_append(struct journal *journal, struct entry *entry);

/* The same, unless its time would be `before_us` or later: then 0, and nothing was done. */
CO_MUST_CHECK uint64_t journal_append_before(
    struct journal *journal, struct entry *entry, int64_t before_us);

/* Several entries in a row, in one batch: they become durable together or not at all. place() is
 * called for each once it has its position, before anything else can see it; it must not park. */
void journal_append_group(struct journal *journal, struct entry *const *entries, size_t count,
    void (*place)(struct entry *entry));

/* The time of the ledger: that of the clock, but later than that of every entry so far. */
int64_t journal_now_us(struct journal *journal);

/*
 * End a moment: every entry from now on gets a later time, whatever the clock does. Returns by how
 * many microseconds it is ahead of the ledger's time: above 0 nothing was done. Otherwise, once
 * *upto is durable, all entries up to that moment are.
 */
CO_MUST_CHECK int64_t journal_end_moment(struct journal *journal, int64_t at_us, uint64_t *upto);

/* Is there a durable entry of a later time? Then all entries up to that moment are there, for ever.
 * Never parks. */
bool journal_has_later(struct journal *journal, int64_t at_us);

/* Park until a moment that was ended stays so, whichever server has the ledger next (lease_beat.c):
 * then it may be told. CANCELLED: the context ended, or no beat has noted it within the time of a
 * lease; CLOSED: the ledger is not this server's any more. */
CO_MUST_CHECK enum co_eventcount_status journal_await_moment(
    struct co_context *context, struct journal *journal, int64_t at_us);

/* Is new work taken? LEDGER_OK; UNAVAILABLE: the ledger is not running; OVERLOADED: too much waits
 * to be committed. *seq becomes the last durable position, on which the answer to whatever came
 * before this call may rest. Never parks. */
CO_MUST_CHECK enum ledger_status journal_admits(struct journal *journal, uint64_t *seq);

/* What an answer rests on: it says for what there is to wait. */
enum journal_basis {
    /* An entry that was made for this answer: a commit of ours proves it, and nothing else need. */
    JOURNAL_ENTRY,
    /* An entry that was made for an earlier answer: the same, but that the database may have lost
     * it since (CLOSED). */
    JOURNAL_REPLAY,
    /* Memory, which refused a change: what it knew has to be durable, and the lease good. */
    JOURNAL_REFUSAL,
    /* Memory, or at position 0 the database, for a read: the same, and once the lease is over
     * nothing is waited for any more. */
    JOURNAL_READ,
};

/* Park until the answer may be told: `seq` is the last position that it rests on. CANCELLED: the
 * context ended first, or the lease is over. CLOSED: it never will be durable; of a ledger that has
 * STOPPED the database may be asked. */
CO_MUST_CHECK enum co_eventcount_status journal_await(
    struct co_context *context, struct journal *journal, enum journal_basis basis, uint64_t seq);

/* Write nothing more, because what is written is in doubt: the state is STOPPED, and `why` is the
 * reason; up to its first colon everybody may read it, the rest is for the log and the database. A
 * batch that is being sent may still get in; a caller that waits for what is not durable then is
 * told CLOSED within a second. Never parks, nor does any below. */
void journal_halt(struct journal *journal, const char *why);

uint64_t journal_durable(struct journal *journal);

/* Of all ledgers that this server writes: how many there are, and how many entries it has committed
 * since its start. */
struct journal_company {
    uint64_t ledgers, written;
};
struct journal_company journal_company(struct journal *journal);

enum ledger_state journal_state(struct journal *journal);
bool journal_is_served(struct journal *journal); /* RUNNING or RECOVERING */

/*
 * Durable entries after `after`, at most `limit`, held for the caller, if the journal's end still
 * has them all from there on; false: the database must be asked.
 */
CO_MUST_CHECK bool journal_recent(
    struct journal *journal, uint64_t after, size_t limit, struct entry **entries, size_t *count);

void journal_read_figures(struct journal *journal, struct ledger_figures *figures);

#endif
