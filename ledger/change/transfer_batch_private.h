/* SPDX-License-Identifier: MIT */
/* A batch that is decided in one section: for transfer_batch.c and transfer_batch_keyed.c. */
#ifndef LEDGER_CHANGE_TRANSFER_BATCH_PRIVATE_H
#define LEDGER_CHANGE_TRANSFER_BATCH_PRIVATE_H

#include "ledger/change/transfer.h"

enum item_state {
    ITEM_FRESH,   /* nothing is known of it yet */
    ITEM_CLAIMED, /* its key is ours (or it has none); its change tells the rest */
    ITEM_KNOWN,   /* another request had its key: the outcome is there */
    ITEM_SAME,    /* it has the key of an item before it, and is the same transfer */
};

struct transfer_batch_item {
    struct transfer transfer;
    enum item_state state;
    size_t same; /* the first item with its key */
    struct ledger_outcome *outcome;
};

struct transfer_batch {
    struct ledger *ledger;
    size_t count, run_count;
    bool each; /* a refused item does not keep the others from being done */
    bool failed;
    struct transfer_batch_item *items;
    size_t *order;      /* the items by key */
    struct entry **run; /* of the claimed ones, in order; with room for one more */
};

/* False: memory is short. Either way transfer_batch_discard() is due. */
CO_MUST_CHECK bool transfer_batch_collect(struct transfer_batch *g, struct ledger *ledger,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes);
void transfer_batch_discard(struct transfer_batch *g);

/* Claim the keys of the fresh items in the order of their text, up to the first that makes the
 * batch fail. Parks. */
void transfer_batch_claim_keys(struct co_context *context, struct transfer_batch *g);

/* The outcome of an item about which nothing can be said now. */
bool transfer_batch_is_passing(enum ledger_status status);

/* Give the items that have another's key its outcome. */
void transfer_batch_follow(struct transfer_batch *g);

#endif
