/* SPDX-License-Identifier: MIT */
/* The ledgers of other servers that are followed here: for the keepers (bank_keep.c) and for those
 * who look for one. Of a slot these are called by its keeper alone, but for bank_follow_enter(). */
#ifndef LEDGER_BANK_BANK_FOLLOW_H
#define LEDGER_BANK_BANK_FOLLOW_H

#include "ledger/bank/bank_private.h"

/* Begin to follow it, unless that has begun, or it is not to be followed. Never parks. */
void bank_follow_begin(struct bank_slot *slot);

/* Nobody has it any more: take it, and open what was followed. *ledger NULL: it was not, or could
 * not be kept, and is to be opened as any other; or, and that is false, it could not be taken, or
 * opened: the reason, and options->trouble. Parks. */
CO_MUST_CHECK bool bank_follow_take(struct bank_slot *slot, const struct ledger_options *options,
    struct ledger **ledger, char why[LEDGER_REASON]);

/* Follow it no more: it is closed. Parks. */
void bank_follow_end(struct bank_slot *slot);

/* Enter it as it is followed, for the caller to leave; NULL: it is not. Never parks. */
struct ledger *bank_follow_enter(struct bank_slot *slot);

#endif
