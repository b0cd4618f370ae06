/* SPDX-License-Identifier: MIT */
/* A few connections for reading, shared by whoever reads: each is made at its first use, and made
 * again when it was lost. */
#ifndef LEDGER_DB_READERS_H
#define LEDGER_DB_READERS_H

#include "coro/context.h"
#include "ledger/db/pg.h"

struct readers;

enum {
    /* An answer is waited for that long on a connection that was there before, then it is
     * considered dead; and that long for a new one, which is made to its end for others all the
     * same. Together less than the lease. But where a statement, or the last connection, took long
     * lately, twice as long as that. */
    READERS_SILENCE_MS = 800,
    READERS_SILENCE_MAX_MS = 10000,
    READERS_CONNECT_MS = 600,
    READERS_LENT_SILENCE_S = 60,
};

/* `conninfo` is copied. NULL when memory is short. */
CO_MUST_CHECK struct readers *readers_make(
    const char *conninfo, enum pg_use use, size_t connections);
void readers_free(struct readers **readers); /* nobody may be using it; may park */

/*
 * Run a statement on a free connection. One that is lost, or dead (above), is replaced by a new one
 * and the statement tried once more; there it may take as long as the context lasts. PG_LOST as
 * well when no new one was to be had in time, or the context ends. May park; any coroutine may call
 * it.
 */
CO_MUST_CHECK enum pg_status readers_run(struct co_context *context, struct readers *readers,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

/* The same where the condition, asked of the same connection before, has a row; PG_ERROR: it has
 * none, or failed. NULL: there is none. */
struct readers_condition {
    const struct pg_statement *statement;
    const char *const *values;
};
CO_MUST_CHECK enum pg_status readers_run_where(struct co_context *context, struct readers *readers,
    const struct readers_condition *where, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result);

/*
 * Lend a connection to a caller that asks several things in a row, and take it back; at most one is
 * lent at a time, so that the others stay free for clients that wait for an answer. NULL: the
 * context ended first, or the database is away. It is lost when it says nothing for
 * READERS_LENT_SILENCE_S. One that was lost, or is in doubt, is closed on its return.
 */
CO_MUST_CHECK struct pg *readers_borrow(struct co_context *context, struct readers *readers);
void readers_return(struct readers *readers, struct pg *reader);

#endif
