/* SPDX-License-Identifier: MIT */
/* What only the files of the store share. */
#ifndef LEDGER_JOURNAL_STORE_PRIVATE_H
#define LEDGER_JOURNAL_STORE_PRIVATE_H

#include "ledger/journal/store.h"

/* Make the writer's session. Not OK: the reason is in store->problem. Parks. */
CO_MUST_CHECK enum pg_status store_connect_writer(struct co_context *context, struct store *store);

/* Its last batch, which ends with that position, is committed, and may be acknowledged. */
void store_acknowledge(struct store *store, uint64_t seq);

#endif
