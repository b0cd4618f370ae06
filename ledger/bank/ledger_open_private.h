/* SPDX-License-Identifier: MIT */
/* The steps of an opening that two ways to an open ledger share: at once, and by following it
 * first. */
#ifndef LEDGER_BANK_LEDGER_OPEN_PRIVATE_H
#define LEDGER_BANK_LEDGER_OPEN_PRIVATE_H

#include "ledger/journal/state.h"
#include "ledger/ledger_private.h"

/* `ledger` has its tables (below). */
void ledger_open_store_options(const struct ledger *ledger, const struct ledger_options *options,
    struct store_options *of_store);

/* What needs no database. False: memory is short. */
CO_MUST_CHECK bool ledger_open_tables(struct ledger *ledger, const struct ledger_options *options);

/* Make memory from the database, on the opener, which is then closed. False, with the reason. */
CO_MUST_CHECK bool ledger_open_state(struct co_context *context, struct ledger *ledger,
    const char *strategy, struct state *state, char *error, size_t size);

/* What works in the background of a ledger that is this server's. False: memory is short. */
CO_MUST_CHECK bool ledger_open_duties(
    struct ledger *ledger, bool audits_soon, uint64_t seq, uint64_t checkpoint);

/* The reason is that the connection was lost, not what came over it. */
bool ledger_open_was_cut_off(const struct ledger *ledger, const char *error);

#endif
