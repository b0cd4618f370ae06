/* SPDX-License-Identifier: MIT */
/* What was so at a position that is durable, asked of the database. All of these may park. */
#ifndef LEDGER_READ_PAST_H
#define LEDGER_READ_PAST_H

#include "ledger/ledger.h"

/* The durable position, once the ledger is known to be ours still; otherwise UNAVAILABLE. */
CO_MUST_CHECK enum ledger_status past_turn(
    struct co_context *context, struct ledger *ledger, uint64_t *seq);

struct past_head {
    uint64_t opened; /* the entry that opened it; 0: it is not open */
    uint64_t moved;  /* the last durable one that moved its money; that one if none has */
};

/* Where the walk along an account's movements begins. *seq: the durable position it is read at. */
CO_MUST_CHECK enum ledger_status past_head(struct co_context *context, struct ledger *ledger,
    struct account *account, struct past_head *head, uint64_t *seq);

/* The account as it was at a durable position; ACCOUNT_NOT_FOUND: it was not open then. */
CO_MUST_CHECK enum ledger_status past_read(struct co_context *context, struct ledger *ledger,
    struct account *account, uint64_t at, struct ledger_account *copy);

#endif
