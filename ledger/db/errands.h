/* SPDX-License-Identifier: MIT */
/*
 * Sessions for what takes long or comes rarely: opening a ledger, checkpoints, bringing back keys.
 * There are a few at most, however many have an errand; the others wait. One is made when it is
 * needed, goes on to whoever has the next errand, and is closed when there is none for a while: a
 * new session costs PostgreSQL more than most errands. Errands in the background leave some for
 * those that somebody waits for.
 */
#ifndef LEDGER_DB_ERRANDS_H
#define LEDGER_DB_ERRANDS_H

#include "coro/context.h"
#include "ledger/db/pg.h"

struct errands;

enum {
    ERRANDS = 4,
    ERRANDS_BACKGROUND = 2,  /* of them */
    ERRANDS_REST_MS = 1000,  /* without an errand, until it is closed, and at most so long again */
    ERRANDS_SILENCE_S = 300, /* a session is lost when it says nothing for that long */
};

enum errand { ERRAND_AWAITED, ERRAND_IN_BACKGROUND };

/* `conninfo` is copied. NULL when memory is short. Never parks. */
CO_MUST_CHECK struct errands *errands_make(const char *conninfo, enum pg_use use);
void errands_free(struct errands **errands); /* nobody may be using it; parks */

/* Have a session, alone. NULL, with the reason: the database is away, or the context ended first.
 * Nobody begins one while it has another. Parks. */
CO_MUST_CHECK struct pg *errands_begin(struct co_context *context, struct errands *errands,
    enum errand kind, char *error, size_t size);

/* Give it back, whatever has become of it; NULL is fine. Never parks. */
void errands_end(struct errands *errands, enum errand kind, struct pg **pg);

#endif
