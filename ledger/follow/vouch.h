/* SPDX-License-Identifier: MIT */
/* What of a ledger is in the database itself, whatever a replica of it (replica.h) or an earlier
 * look said. */
#ifndef LEDGER_FOLLOW_VOUCH_H
#define LEDGER_FOLLOW_VOUCH_H

#include <stdbool.h>

#include "coro/context.h"
#include "ledger/db/replica.h"

struct store;

/* *has: the database has that batch of the store's ledger, with that hash. Asked on one of the
 * readers. PG_OK, or it is not known. Parks. */
CO_MUST_CHECK enum pg_status vouch_ask(struct co_context *context, const struct store *store,
    const struct replica_place *place, bool *has);

/* The same of a state that was read of the replica: wait a little, as the replica may have a batch
 * a moment before the database shows it. False, with the reason. Parks. */
CO_MUST_CHECK bool vouch_await(struct co_context *context, const struct store *store,
    const struct replica_place *place, char *error, size_t size);

#endif
