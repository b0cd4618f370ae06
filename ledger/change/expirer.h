/* SPDX-License-Identifier: MIT */
/*
 * Ends the holds whose time has come, by the ledger's clock: a coroutine of its own that looks ten
 * times a second, so that no setting of the machine's clock can make it sleep too long.
 */
#ifndef LEDGER_CHANGE_EXPIRER_H
#define LEDGER_CHANGE_EXPIRER_H

#include <stdbool.h>

#include "coro/ensure.h"

struct ledger;

/* The ledger's duty `expirer`, to be stopped before the journal drains. False: memory is short. */
MUST_CHECK bool expirer_start(struct ledger *ledger);

#endif
