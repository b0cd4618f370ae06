/* SPDX-License-Identifier: MIT */
/*
 * The facade's part that moves, reserves and moves back. What ledger.h says of all its functions
 * holds here: they park until the answer rests on durable entries only; any coroutine may call.
 */
#ifndef LEDGER_LEDGER_MOVES_H
#define LEDGER_LEDGER_MOVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/status.h"

struct ledger;
struct ledger_account;

/* ---- moving money ------------------------------------------------------------------------- */

struct ledger_leg {
    const char *from, *to; /* valid account ids */
    money amount;          /* 1 .. money_max() */
};

struct ledger_transfer {
    const char *key;      /* 1-255 characters, or NULL */
    const char *metadata; /* a JSON object in compact form, or NULL */
    struct entry_meaning meaning;
    const struct ledger_leg *legs;
    size_t leg_count; /* 1 .. ENTRY_POSTINGS_MAX */
    bool clears;      /* part of a transfer between ledgers; clearing accounts (clearing.h) are
                       ACCOUNT_RESERVED for all else, here and below */
};

/* When a request was where: co_clock_now_ns() at the ends of its stages; 0: it did not come so far.
 * Of an item of a batch they are the batch's. */
struct ledger_stages {
    int64_t begun_ns;   /* its section began: until then it waited for the owner, or the locks */
    int64_t decided_ns; /* its section was over; of items one by one, those of all */
    int64_t durable_ns; /* what the answer rests on was durable */
};

/* Which of a request's accounts an answer speaks of, and the figures behind it. */
struct ledger_outcome {
    enum ledger_status status; /* LEDGER_OK, or the rule that was broken */
    uint64_t seq;              /* the position that the answer reflects */
    bool replayed;             /* the key had been used: this is the first answer again */
    struct entry *entry;       /* its journal entry, held for the caller; NULL: none was written */
    const char *account;       /* the id that the rejection is about: the request's own text, or the
                            ledger's; NULL: none */
    money available;           /* what that account could have given (INSUFFICIENT_FUNDS) */
    struct ledger_stages stages;
};

/* Decide and carry out a transfer, all of its legs or none. The caller drops outcome->entry, here
 * and below. */
void ledger_transfer(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome);

/*
 * Many transfers in order, at most LEDGER_BATCH_MAX, with an outcome each. `atomic`: all of them or
 * none; then the refused one says why and the others NOT_EXECUTED, and no refusal is frozen. A key
 * that comes twice stands for one transfer.
 */
enum { LEDGER_BATCH_MAX = 10000 };
void ledger_transfer_batch(struct co_context *context, struct ledger *ledger, bool atomic,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes);

/*
 * The same with a key that stands for the batch as a whole, in one entry of its own kind; items
 * without a key get none. What became of the items is decided in one section, becomes durable in
 * one step, and stays the answer to the key. *whole LEDGER_OK: each item has its outcome, as it
 * was the first time; whole->seq is the batch's own position, which refused items without an entry
 * have too. Otherwise *whole is the answer to all of it, and nothing was done: KEY_REUSED,
 * KEY_IN_FLIGHT (of the batch or of an item), or the service's; after OUTCOME_UNKNOWN the same
 * request tells.
 */
struct ledger_batch {
    const char *key; /* 1-255 characters */
    bool atomic;
    const struct ledger_transfer *transfers;
    size_t count; /* 1 .. LEDGER_BATCH_MAX */
};
void ledger_keyed_batch(struct co_context *context, struct ledger *ledger,
    const struct ledger_batch *batch, struct ledger_outcome *outcomes,
    struct ledger_outcome *whole);

/* Move back what the entry at a position moved. TRANSFER_NOT_FOUND: it moved nothing. Once:
 * ALREADY_REVERSED. */
struct ledger_reversal {
    const char *key, *metadata; /* as those of a transfer, as is the meaning */
    struct entry_meaning meaning;
    uint64_t transfer;
};
void ledger_reverse(struct co_context *context, struct ledger *ledger,
    const struct ledger_reversal *reversal, struct ledger_outcome *outcome);

/* ---- holds: reserve now, move later ------------------------------------------------------- */

struct ledger_hold {
    const char *key, *metadata;
    struct entry_meaning meaning;
    const char *from, *to;
    money amount;
    int64_t expires_in_s; /* 1 .. LEDGER_HOLD_MAX_S; 0: it never expires by itself */
    bool clears;
};
enum { LEDGER_HOLD_MAX_S = 10 * 366 * 86400 };
void ledger_hold(struct co_context *context, struct ledger *ledger, const struct ledger_hold *hold,
    struct ledger_outcome *outcome);

/* Capture it (amount 0: all; what is not captured is free again), or release it. Once, however it
 * races with others and with its expiry: ALREADY_SETTLED. More than is held: CAPTURE_EXCEEDS_HOLD.
 */
struct ledger_settlement {
    const char *key, *metadata;
    struct entry_meaning meaning;
    uint64_t hold; /* the position of the hold */
    bool capture;
    money amount; /* 0 .. money_max() */
    bool clears;
};
void ledger_settle(struct co_context *context, struct ledger *ledger,
    const struct ledger_settlement *settlement, struct ledger_outcome *outcome);

/* A hold's entry, and the one that settled it (NULL: it is open). The caller drops both. */
enum ledger_status ledger_read_hold(struct co_context *context, struct ledger *ledger,
    uint64_t hold, struct entry **entry, struct entry **settled, uint64_t *seq);

/* The positions of open holds for clearing accounts, decided if not durable, the youngest first: at
 * most `room`, behind the first `skip`; returns how many came. Never parks. */
size_t ledger_clearing_holds(struct ledger *ledger, size_t skip, uint64_t *seqs, size_t room);

/* ---- freezing ----------------------------------------------------------------------------- */

/* Freeze or unfreeze an account, or (id NULL) the whole ledger: no money of it moves, and nothing
 * new is held, after *seq. What is so already stays so. `account` may be NULL when id is. */
enum ledger_status ledger_freeze(struct co_context *context, struct ledger *ledger, const char *id,
    bool frozen, struct ledger_account *account, uint64_t *seq);

#endif
