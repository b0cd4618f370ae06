/* SPDX-License-Identifier: MIT */
/* What a connection is made of: for the files of pg only. */
#ifndef LEDGER_DB_PG_PRIVATE_H
#define LEDGER_DB_PG_PRIVATE_H

#include <libpq-fe.h>

#include "ledger/db/pg.h"

enum { PG_PREPARED = 64 }; /* statements that a connection keeps prepared; more are sent whole */

/*
 * Invariants
 * - prepared[0 .. prepared_count) are the texts of the statements that the server has under the
 *   names s0, s1 ... of this connection: a statement is found by its text, so that two statements
 *   never meet under one name.
 * - Once `lost` nothing more is sent. A connection that works under a role is lost as soon as its
 *   cluster was seen on a newer timeline: it leads to a former primary.
 */
struct pg {
    PGconn *conn;
    bool lost;
    bool silent;              /* and that because it did not answer in time */
    bool warned;              /* the server has sent a WARNING since the last call began */
    int64_t silence_ns;       /* how long it may wait without progress; 0: as its context may */
    int64_t moved_ns;         /* when there was progress last */
    int64_t sending_ns;       /* how long the last call took to get all of it out of this machine */
    int64_t began_ns;         /* when the last call began */
    int queued;               /* bytes that the kernel had still to send when last looked at */
    bool standby;             /* it was one when it was connected to */
    bool reads;               /* it is for reading alone: that is fine then */
    uint32_t timeline;        /* that it wrote on then; 0: it does not tell */
    uint64_t system;          /* which cluster it is of; 0: it does not tell */
    _Atomic uint32_t *newest; /* timeline of that cluster that this process has seen, or NULL */
    char *pins;               /* a pooler stands between: said in each transaction; else NULL */
    size_t prepared_count;
    char *prepared[PG_PREPARED];
    char sqlstate[6];
    char message[300];
};

/* The first line of a message of libpq or the server; NULL or "": there is none. */
void pg_note(struct pg *pg, const char *message);

/* The connection is gone: note why, unless that is known. Always PG_LOST. */
enum pg_status pg_lose(struct pg *pg);

/* A call begins, which may send and wait. False: the connection is lost already. */
CO_MUST_CHECK bool pg_begin(struct pg *pg);

/* Park until the socket is ready for that; now and then also before. False: the context ended, or
 * nothing has moved for too long, and the connection is lost. */
CO_MUST_CHECK bool pg_wait(struct co_context *context, struct pg *pg, unsigned events);

/* Send all that libpq has buffered; what the server says meanwhile is taken in. */
CO_MUST_CHECK bool pg_flush(struct co_context *context, struct pg *pg);

/* The next result; NULL when there are no more. False: the connection is lost. */
CO_MUST_CHECK bool pg_next(struct co_context *context, struct pg *pg, PGresult **result);

/* What the server refused, noted: PG_ERROR, or PG_LOST if it was not the server. */
enum pg_status pg_note_error(struct pg *pg, const PGresult *result);

/* Send a text of statements; behind a pooler with the pins in it, if it begins a transaction or is
 * one. False: it is lost. */
CO_MUST_CHECK bool pg_send_text(struct pg *pg, const char *sql);

/*
 * Behind a pooler a statement that stands in no transaction gets one of its own: true, and if
 * *status is PG_OK the statement can be run. Then pg_close_frame() with what became of it tells
 * what became of both.
 */
CO_MUST_CHECK bool pg_open_frame(struct co_context *context, struct pg *pg, enum pg_status *status);
CO_MUST_CHECK enum pg_status pg_close_frame(
    struct co_context *context, struct pg *pg, enum pg_status status);

/* A WARNING came while something was written: PG_LOST, as it is not known what became of it. */
enum pg_status pg_doubt(struct pg *pg);

/* A connection that begins, by libpq's names of options; expand: dbname may be a whole URL. NULL
 * when memory is short. May park. */
CO_MUST_CHECK struct pg *pg_start(const char *const *names, const char *const *values, bool expand);

/* Bring it up and pin its session. False: the reason is in `error`. */
CO_MUST_CHECK bool pg_finish(struct co_context *context, struct pg *pg, const char *role,
    int64_t timeout_ns, char *error, size_t error_size);

/* Of a fresh connection: make the session what all of ours are. False: it is lost, or refused for
 * the reason in its message. */
CO_MUST_CHECK bool pg_pin(struct co_context *context, struct pg *pg, const char *role);

#endif
