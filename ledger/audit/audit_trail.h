/* SPDX-License-Identifier: MIT */
/*
 * How far along the journal an audit is, and what any audit judges there, whatever it knows of
 * accounts: that batches follow each other in number, position and epoch, and their chain of
 * hashes; that seq has no gap and time rises; that each entry has the rows of its kind and no
 * others; and the keys that are kept for a start (audit_keys.h). So the replay and the walk are
 * handed the same entries, and the same finding has the same words.
 *
 * After a finding it goes on from what the journal says, so that one fault is one finding as far as
 * that can be. For one coroutine.
 */
#ifndef LEDGER_AUDIT_AUDIT_TRAIL_H
#define LEDGER_AUDIT_AUDIT_TRAIL_H

#include "ledger/audit/audit_keys.h"
#include "ledger/audit/audit_report.h"
#include "ledger/audit/audit_stretch.h"

struct audit_trail { /* zeros: before the first entry */
    int ledger;
    struct audit_report *report;
    struct audit_keys *keys;    /* NULL: they are not judged */
    uint64_t seq, batch, epoch; /* of the last ones that were passed */
    int64_t at_us;
    bool chained; /* a batch with a hash was passed: the later ones have one too */
    uint8_t hash[HASH_CHAIN];
    struct audit_stretch stretch; /* what comes next */
};

/* Read the next stretch of batches that end at `upto` at the latest, with the tables up to `last`.
 * If it could not be read the trail is where it was. Parks. */
CO_MUST_CHECK enum pg_status audit_trail_read(struct co_context *context, struct pg *pg,
    struct audit_trail *trail, uint64_t upto, enum audit_table last);

/* Pass on to the next batch of the stretch. False: something is wrong about it, and its rows may be
 * anything; they can be looked at all the same. Never parks. */
bool audit_trail_batch(struct audit_trail *trail, const struct audit_batch *batch);

/* Pass on to the next entry of that batch. It has the rows that its kind needs, or they count as
 * none: `rows` is 0 then. NULL: it was the last; what is left over of the batch was noted. */
struct audit_entry *audit_trail_entry(struct audit_trail *trail, const struct audit_batch *batch);

void audit_trail_free(struct audit_trail *trail);

#endif
