/* SPDX-License-Identifier: MIT */
/*
 * Drives on the transfers between ledgers that nobody waits for any more: those of a server that
 * died, of clients that gave up, and those that a freeze or a ledger that is away holds up.
 */
#ifndef SERVER_CROSSING_CROSSING_KEEPER_H
#define SERVER_CROSSING_CROSSING_KEEPER_H

#include "coro/ensure.h"

struct banks;
struct crossing_keeper;

/* Of all ledgers of open banks that are open here, until it is stopped. NULL: memory is short. */
CO_MUST_CHECK struct crossing_keeper *crossing_keeper_start(struct banks *banks);

/* Before the banks are closed; parks. NULL is fine. */
void crossing_keeper_stop(struct crossing_keeper **keeper);

#endif
