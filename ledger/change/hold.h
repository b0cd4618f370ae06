/* SPDX-License-Identifier: MIT */
/* Holds that end by themselves. What requests do with holds: ledger_moves.h. */
#ifndef LEDGER_CHANGE_HOLD_H
#define LEDGER_CHANGE_HOLD_H

#include <stdbool.h>

#include "coro/ensure.h"

struct ledger;

/* Start the ledger's duty `expirer`, which ends the holds whose time has come; it is to be stopped
 * before the journal drains. False: memory is short. */
CO_MUST_CHECK bool hold_expirer_start(struct ledger *ledger);

#endif
