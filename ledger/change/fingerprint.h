/* SPDX-License-Identifier: MIT */
/*
 * What a key stands for: the fingerprint of each kind of request, which its entry keeps. Two
 * requests with one key are the same if their fingerprints are. They are stored, so what is in
 * them, and in which order, never changes. None of these parks.
 */
#ifndef LEDGER_CHANGE_FINGERPRINT_H
#define LEDGER_CHANGE_FINGERPRINT_H

#include "ledger/domain/hash.h"
#include "ledger/ledger_moves.h"

/* Which movements, and with which metadata; the route does not matter. */
void fingerprint_transfer(struct entry *entry, const struct ledger_transfer *asked);
void fingerprint_hold(struct entry *entry, const struct ledger_hold *asked);
void fingerprint_settlement(struct entry *entry, const struct ledger_settlement *asked);
void fingerprint_reversal(struct entry *entry, const struct ledger_reversal *asked);

/* Of a batch: whether its items are linked, then each item in order, with its own key; the item's
 * entry is given the fingerprint that it would have alone. */
struct fingerprint_batch {
    struct hash hash;
};
void fingerprint_batch_begin(struct fingerprint_batch *batch, bool atomic);
void fingerprint_batch_add(
    struct fingerprint_batch *batch, struct entry *item, const struct ledger_transfer *asked);
void fingerprint_batch_end(struct fingerprint_batch *batch, struct entry *whole);

#endif
