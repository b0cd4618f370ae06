/* SPDX-License-Identifier: MIT */
/*
 * Clearing accounts. Money that goes from one ledger to another leaves the first by an account that
 * stands for the second there, and enters the second by one that stands for the first:
 * "clearing:LEDGER:USD.2", one for each other ledger and asset, without a floor. Only transfers
 * between ledgers move them (`clears` in ledger_moves.h), so that the two of a pair add up to zero
 * while none is on its way. Pure; from any thread.
 */
#ifndef LEDGER_DOMAIN_CLEARING_H
#define LEDGER_DOMAIN_CLEARING_H

#include <stdbool.h>

#include "ledger/domain/asset.h"

enum { CLEARING_LEDGER = 65, CLEARING_TEXT = 9 + CLEARING_LEDGER + ASSET_TEXT };

/* Write the id of the account that stands for the ledger of that name; both must be valid. */
void clearing_id(const char *ledger, const char *asset, char id[CLEARING_TEXT]);

/* Is it the id of a clearing account? No other ids are: "clearing:fees" is anybody's. */
bool clearing_is_id(const char *id);

#endif
