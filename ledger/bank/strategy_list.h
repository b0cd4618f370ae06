/* SPDX-License-Identifier: MIT */
/*
 * A text that says how ledgers are kept: STRATEGY[,LEDGER=STRATEGY]..., as "owner,savings=sharded".
 * The first word is of the ledger "main", and the default of those made later; a strategy is
 * "owner" or "sharded". Nothing here parks; all is thread-safe.
 */
#ifndef LEDGER_BANK_STRATEGY_LIST_H
#define LEDGER_BANK_STRATEGY_LIST_H

#include <stdbool.h>
#include <stddef.h>

bool strategy_list_is_valid(const char *text);

/* What a valid text says of a ledger; NULL: nothing. */
const char *strategy_list_find(const char *text, const char *ledger);
const char *strategy_list_default(const char *text);

/* The strategy that these `length` bytes name, as a text that stays; NULL: there is none. */
const char *strategy_list_known(const char *name, size_t length);

#endif
