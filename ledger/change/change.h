/* SPDX-License-Identifier: MIT */
/*
 * What every request that changes a ledger has in common: its key, the section that decides, the
 * refusal that is frozen with the key, the wait until the answer rests on durable entries. For the
 * files of the facade only; each function says whether it may park.
 */
#ifndef LEDGER_CHANGE_CHANGE_H
#define LEDGER_CHANGE_CHANGE_H

#include "ledger/ledger_private.h"

struct change {
    struct ledger *ledger;
    struct entry *entry;       /* as asked for; it becomes the journal's entry. Ours to drop */
    bool not_frozen;           /* a refusal leaves no trace, even if there is a key */
    bool clears;               /* it may touch clearing accounts (clearing.h) */
    bool again;                /* it could not be decided: prepare and run it once more */
    enum ledger_status status; /* what was decided */
    uint64_t seq;              /* of the entry; or, without one, what the decision was based on */
    const char *account;       /* the id that a refusal is about (ledger_moves.h); NULL: none */
    money available;
    struct ledger_stages stages;
};

/* Make the entry's key its own; without a key there is nothing to do. False: another entry has the
 * key, and the outcome is known. May park. */
CO_MUST_CHECK bool change_claim(
    struct co_context *context, struct change *change, struct ledger_outcome *outcome);

/* Turn the posting's names into accounts. False: one is missing, or reserved, and the change says
 * so. */
CO_MUST_CHECK bool change_resolve(
    struct change *change, struct posting *posting, const char *from, const char *to, money amount);

/* Run `decide` as a section with the accounts of all postings of these entries; `arg` is its own.
 * When it began and was over is noted in `stages` (NULL: nowhere). False: memory is short, it did
 * not run. May park. */
CO_MUST_CHECK bool change_run(struct ledger *ledger, struct entry *const *entries, size_t count,
    void (*decide)(void *arg), void *arg, struct ledger_stages *stages);

/* Inside a section: refuse for `status`, of which `broken` (NULL: none) is the reason. A business
 * rejection becomes an entry, if the request has a key. */
void change_refuse(struct change *change, enum ledger_status status, const struct account *broken);

/* What was decided rests on the entry at `seq` as well. */
void change_rests_on(struct change *change, uint64_t seq);

/* The entry of a change that was refused says so from now on; it is not in the journal yet. */
void change_become_rejection(struct change *change, const struct account *broken);

/* Inside a section: all accounts of its postings are open. Otherwise it is refused. */
CO_MUST_CHECK bool change_all_open(struct change *change);

/* What came of it, not waiting yet: an entry in the journal is held in the outcome, otherwise its
 * key is free again. */
void change_end(struct change *change, struct ledger_outcome *outcome);

/* Wait until the outcome may be told; if that takes too long, it becomes OUTCOME_UNKNOWN. Parks. */
void change_await(
    struct co_context *context, struct ledger *ledger, struct ledger_outcome *outcome);

/* The same for an answer that rests on *seq, where an entry that was `made` for it is, if any:
 * LEDGER_OK; or OUTCOME_UNKNOWN, or UNAVAILABLE (nothing was done), and *seq is what is durable. */
CO_MUST_CHECK enum ledger_status change_await_seq(
    struct co_context *context, struct ledger *ledger, bool made, uint64_t *seq);

/* All of the above for one entry: claim, prepare(arg) outside of a section (false: refused), decide
 * inside, end, await, drop. `entry` NULL: memory is short. Parks. */
struct change_steps {
    bool (*prepare)(struct co_context *context, void *arg);
    void (*decide)(void *arg);
    void *arg;
};
void change_carry_out(struct co_context *context, struct change *change,
    const struct change_steps *steps, struct ledger_outcome *outcome);

#endif
