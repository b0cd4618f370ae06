/* SPDX-License-Identifier: MIT */
/* A few connections for reading, shared by whoever reads: each is made at its first use, and made
 * anew when it was lost. */
#ifndef LEDGER_DB_READERS_H
#define LEDGER_DB_READERS_H

#include "coro/context.h"
#include "ledger/db/pg.h"

struct readers;

enum { READERS_IDLE_SILENCE_S = 5, READERS_LENT_SILENCE_S = 60 };

/* `conninfo` is copied. NULL when memory is short. */
MUST_CHECK struct readers *readers_make(const char *conninfo, size_t connections);
void readers_free(struct readers **readers); /* nobody may be using it; may park */

/*
 * Run a statement on a free connection; one that was lost while idle, or says nothing for
 * READERS_IDLE_SILENCE_S, is replaced and the statement tried once more. PG_LOST as well when the
 * context ends before one is free. May park; any coroutine may call it.
 */
MUST_CHECK enum pg_status readers_run(struct context *context, struct readers *readers,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

/*
 * Lend a connection to one who asks several things in a row, and take it back; at most one is lent
 * at a time, so that the others stay for those who wait for an answer. NULL: the context ended
 * first, or the database is away. It is lost when it says nothing for READERS_LENT_SILENCE_S. One
 * that was lost, or is in doubt, is closed on its return.
 */
MUST_CHECK struct pg *readers_borrow(struct context *context, struct readers *readers);
void readers_return(struct readers *readers, struct pg *reader);

#endif
