/* SPDX-License-Identifier: MIT */
/* Holds that end by themselves. What requests do with holds: ledger_moves.h. */
#ifndef LEDGER_CHANGE_HOLD_H
#define LEDGER_CHANGE_HOLD_H

#include <stdbool.h>

#include "coro/ensure.h"

struct co_rota;
struct ledger;

/* Put the ledger on the rota of those whose holds end when their time has come (its `expirer`);
 * it is to leave before the journal drains. False: memory is short. Never parks. */
CO_MUST_CHECK bool hold_expirer_start(struct co_rota *rota, struct ledger *ledger);

#endif
