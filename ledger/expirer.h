/* SPDX-License-Identifier: MIT */
/*
 * Ends the holds whose time has come, by the ledger's clock: a coroutine of its own that looks ten
 * times a second, so that no setting of the machine's clock can make it sleep too long.
 */
#ifndef LEDGER_EXPIRER_H
#define LEDGER_EXPIRER_H

#include "coro/ensure.h"

struct ledger;
struct expirer;

MUST_CHECK struct expirer *expirer_start(struct ledger *ledger); /* NULL: memory is short */

/* Before the journal drains. May park; NULL is fine. */
void expirer_stop(struct expirer **expirer);

#endif
