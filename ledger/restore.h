/* SPDX-License-Identifier: MIT */
/* What else is so when a ledger opens, besides the balances (fold.h): the holds that are open, and
 * what is frozen. Both park; false with the reason in `error`. */
#ifndef LEDGER_RESTORE_H
#define LEDGER_RESTORE_H

#include <stdatomic.h>

#include "ledger/account.h"
#include "ledger/holds.h"
#include "ledger/store.h"

/* The open holds, and what each account has held: the two must agree. */
MUST_CHECK bool restore_holds(struct context *context, struct store *store,
    struct account_table *accounts, struct holds *holds, char *error, size_t size);

/* The accounts that are frozen; *frozen: the whole ledger is, or not, since the entry *froze (0:
 * it never was). */
MUST_CHECK bool restore_frozen(struct context *context, struct store *store,
    struct account_table *accounts, _Atomic bool *frozen, _Atomic uint64_t *froze, char *error,
    size_t size);

#endif
