/* SPDX-License-Identifier: MIT */
/*
 * Drives on the transfers between ledgers that nobody waits for any more: those of a server that
 * died, of clients that gave up, and those that a freeze or a ledger that is away holds up.
 */
#ifndef SERVER_CROSSING_CROSSING_KEEPER_H
#define SERVER_CROSSING_CROSSING_KEEPER_H

#include <stdint.h>

#include "coro/ensure.h"

struct banks;
struct crossing_keeper;
struct forward;

/* Of all ledgers of open banks that are open here, until it is stopped; what goes to ledgers of
 * other servers over `forward`, NULL: nothing does. NULL: memory is short. */
CO_MUST_CHECK struct crossing_keeper *crossing_keeper_start(
    struct banks *banks, struct forward *forward);

/* Of the last look: transfers that it has not brought to their end, and when the first of them
 * began, in microseconds since 1970; 0: there is none. NULL: no keeper. Never parks. */
struct crossing_keeper_figures {
    uint64_t open;
    int64_t oldest_us;
};
void crossing_keeper_read(struct crossing_keeper *keeper, struct crossing_keeper_figures *figures);

/* Before the banks are closed; parks. NULL is fine. */
void crossing_keeper_stop(struct crossing_keeper **keeper);

#endif
