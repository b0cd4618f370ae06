/* SPDX-License-Identifier: MIT */
/*
 * A transfer begins with an account's id, everything else with a word that says what it is. Texts
 * go in with their ends, so that "ab", "c" and "a", "bc" differ.
 */
#include "ledger/change/fingerprint.h"

#include <string.h>

static void start(struct hash *hash, const char *word)
{
    hash_start(hash, HASH_REQUEST);
    hash_add_text(hash, word);
}

void fingerprint_transfer(struct entry *entry, const struct ledger_transfer *asked)
{
    struct hash hash;
    hash_start(&hash, HASH_REQUEST);
    for (size_t i = 0; i < asked->leg_count; i++) {
        hash_add_text(&hash, asked->legs[i].from);
        hash_add_text(&hash, asked->legs[i].to);
        hash_add(&hash, &asked->legs[i].amount, sizeof asked->legs[i].amount);
    }
    entry_fingerprint(entry, &hash, &asked->meaning);
}

void fingerprint_hold(struct entry *entry, const struct ledger_hold *asked)
{
    struct hash hash;
    start(&hash, "hold");
    hash_add_text(&hash, asked->from);
    hash_add_text(&hash, asked->to);
    hash_add(&hash, &asked->amount, sizeof asked->amount);
    hash_add(&hash, &asked->expires_in_s, sizeof asked->expires_in_s);
    entry_fingerprint(entry, &hash, &asked->meaning);
}

void fingerprint_settlement(struct entry *entry, const struct ledger_settlement *asked)
{
    struct hash hash;
    start(&hash, asked->capture ? "capture" : "release");
    hash_add(&hash, &asked->hold, sizeof asked->hold);
    /* As it was asked for: no amount, and all of it by number, are two requests. */
    hash_add(&hash, &asked->amount, sizeof asked->amount);
    entry_fingerprint(entry, &hash, &asked->meaning);
}

void fingerprint_reversal(struct entry *entry, const struct ledger_reversal *asked)
{
    struct hash hash;
    start(&hash, "reverse");
    hash_add(&hash, &asked->transfer, sizeof asked->transfer);
    entry_fingerprint(entry, &hash, &asked->meaning);
}

void fingerprint_batch_begin(struct fingerprint_batch *batch, bool atomic)
{
    start(&batch->hash, "batch");
    hash_add(&batch->hash, &atomic, sizeof atomic);
}

void fingerprint_batch_add(
    struct fingerprint_batch *batch, struct entry *item, const struct ledger_transfer *asked)
{
    fingerprint_transfer(item, asked);
    hash_add(&batch->hash, item->fingerprint, sizeof item->fingerprint);
    /* The same items with other keys are another batch. */
    hash_add_text(&batch->hash, item->key);
}

/* The metadata of a batch is that of its items, so there is one fingerprint, not two. */
void fingerprint_batch_end(struct fingerprint_batch *batch, struct entry *whole)
{
    hash_finish(&batch->hash, whole->fingerprint);
    memcpy(whole->fingerprint_before, whole->fingerprint, sizeof whole->fingerprint);
}
