/* SPDX-License-Identifier: MIT */
/*
 * Does a server live on a database? Seen from its tables and locks alone, whatever the version of
 * that server is: one from before there were leases holds an advisory lock, a later one has a row
 * in `server` with a beat that moves.
 */
#ifndef LEDGER_DB_LIVING_H
#define LEDGER_DB_LIVING_H

#include "ledger/db/pg.h"

/* PG_OK: then *lives is the answer. To see that a beat stands still takes four seconds; if there is
 * none the answer is immediate. Parks. */
CO_MUST_CHECK enum pg_status living_look(struct co_context *context, struct pg *pg, bool *lives);

#endif
