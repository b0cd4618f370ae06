/* SPDX-License-Identifier: MIT */
/*
 * Reads of a ledger that another server has, answered from what is followed of it here: for whoever
 * says that it may be so (`Prefer: stale`), and for nobody else. The answer is exactly what was so
 * at the position that it names (Ledger-Seq), and says how old it may be (Ledger-Stale). Of one
 * server those positions never go back. What cannot be told of what is followed, and that
 * something is not there, is the owner's to say (elsewhere.h), as without that preference.
 *
 * `If-Ledger-Seq: N`, of the owner's answers too: nothing older than that is told, so a client
 * finds what it was told before, whichever server it asks.
 */
#ifndef SERVER_API_STALE_H
#define SERVER_API_STALE_H

#include <stdbool.h>

#include "coro/ensure.h"

struct call;

/* The ledger of the path is not open here: may, and can, the call be answered all the same? Never
 * parks. */
bool stale_serves(const struct call *call);

/* The same, and it is entered: call->is_stale. Never parks. */
CO_MUST_CHECK bool stale_enter(struct call *call);

/* Park until the ledger is at If-Ledger-Seq, for as long as the client wants to wait, else a
 * second. False: refused. */
CO_MUST_CHECK bool stale_await(struct call *call);

/* It was refused for what is not known here, and the owner may know: the refusal is taken back, and
 * the ledger is left. Never parks. */
CO_MUST_CHECK bool stale_gives_up(struct call *call);

/* The header that says how old the answer may be. */
void stale_write(struct call *call);

#endif
