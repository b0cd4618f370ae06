/* SPDX-License-Identifier: MIT */
/* How a ledger is doing: what ledger_read_figures() tells, for readiness and metrics. */
#ifndef LEDGER_LEDGER_FIGURES_H
#define LEDGER_LEDGER_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/domain/hash.h"

enum ledger_state {
    LEDGER_RUNNING,
    LEDGER_RECOVERING, /* the database is away, or does not confirm that the ledger is ours: nothing
                          is told from memory; what was decided is being retried. Or a clock is
                          wrong (awaits_clock) */
    LEDGER_FENCED,     /* another server has it: nothing is told, and it must be closed */
    LEDGER_STOPPED,    /* writes have stopped, reads go on; the database keeps the reason */
    LEDGER_LOST,       /* the database has lost what was acknowledged: nothing is told */
    /* not open here: */
    LEDGER_CLOSED,    /* nobody uses it: the next who asks for it opens it */
    LEDGER_OPENING,   /* it is about to be, or could not be read and is tried again */
    LEDGER_ELSEWHERE, /* another server has it */
    LEDGER_FOLLOWING, /* the same, and it is followed here */
};

enum { LEDGER_REASON = 300 };

/* Why a ledger could not be opened. */
enum ledger_trouble {
    LEDGER_TROUBLE_NONE,
    LEDGER_TROUBLE_AWAY,    /* the database is; or memory is short */
    LEDGER_TROUBLE_TAKEN,   /* another server has it */
    LEDGER_TROUBLE_BEHIND,  /* the database has lost what was acknowledged */
    LEDGER_TROUBLE_DAMAGED, /* what the database has of it is refused */
};

struct ledger_figures {
    enum ledger_state state;
    char reason[LEDGER_REASON]; /* of a state that is not RUNNING, for everybody; otherwise "" */
    bool awaits_clock; /* RECOVERING because this server's clock or the last entry is more than a
                          minute off the database's clock: nothing new is written, no hold expires,
                          reads go on; the reason says which */
    const char *name, *strategy;
    uint64_t epoch, batches, durable_seq, head_seq, accounts;
    uint64_t committed_entries; /* since the start, as are all below */
    uint64_t replays, rejections, unknown_outcomes, retried_batches;
    int64_t followed_ns;      /* FOLLOWING: how old what is known may be; otherwise 0 */
    uint64_t followed_behind; /* FOLLOWING: entries that the database has, and are not here yet */
    uint64_t open_holds;
    bool frozen;                     /* the whole ledger */
    uint64_t pending, pending_bytes; /* entries decided and not durable yet; their size */
    uint64_t last_batch_entries;
    uint64_t commit_count, commit_ns_total; /* batches, and how long they took in all */
    uint8_t
        chain[HASH_CHAIN]; /* the hash of the last durable batch, of which batches are chained */
    uint64_t chain_seq;    /* its last position; 0: there is no batch */
    uint64_t audit_checked_seq; /* the journal was read back up to there and found right */
    uint64_t audit_rounds;      /* how often it was to its end */
    uint64_t audit_mismatches, audit_wrong_seq; /* what it found; where first, 0: nowhere */
    uint64_t last_commit_ns;                    /* how long the last batch took */
    uint64_t batch_le[15];  /* batches of at most 2^i entries; last: all larger ones too */
    uint64_t commit_le[12]; /* batches that took at most 0.25 ms * 2^i; last: all longer too */
};

#endif
