/* SPDX-License-Identifier: MIT */
/*
 * One connection to PostgreSQL, over libpq without blocking: while the server works the coroutine
 * is parked. A connection is used by one coroutine at a time. Every call may park; when its context
 * ends first the connection is broken, and may only be closed (pg_close()).
 */
#ifndef LEDGER_DB_PG_H
#define LEDGER_DB_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"

struct pg;
struct pg_result;

#define PG_APP_ROLE "teller_app" /* what may add to the journal, and no more (sql/) */
struct row;

/*
 * Connect, within PG_CONNECT_S (or the connect_timeout of `conninfo`), and pin the whole session:
 * whatever the server, the database, the role and the environment say of encodings, formats of
 * values, timeouts, isolation and durability, each session of ours has the same (pg_connect.c).
 * `role`: work as this role if it exists; NULL: stay who we are. With a role the database must be
 * one that keeps what it has committed (pg_demand()), and no former primary: once a newer timeline
 * of its cluster was seen, an older one is refused, and sessions there are lost. Of several hosts
 * the one that takes writes on the newest timeline is the database. NULL on failure, with the
 * reason, which names no password.
 */
enum { PG_CONNECT_S = 5 };
CO_MUST_CHECK struct pg *pg_connect(struct co_context *context, const char *conninfo,
    const char *role, char *error, size_t error_size);

/* The same to read alone, as PG_APP_ROLE if that may be: a standby is fine too, and of several
 * hosts the first that is one, else the first that answers. What it has need not be what the
 * database has. */
CO_MUST_CHECK struct pg *pg_connect_reading(
    struct co_context *context, const char *conninfo, char *error, size_t error_size);

/* For whom a session is that others make: pg_connect() as PG_APP_ROLE, or pg_connect_reading(). */
enum pg_use { PG_SERVES, PG_READS };
CO_MUST_CHECK struct pg *pg_connect_for(struct co_context *context, const char *conninfo,
    enum pg_use use, char *error, size_t error_size);
void pg_close(struct pg **pg);

/* Can libpq make sense of it? False with the reason, which names no password. Never parks; it asks
 * nobody. */
CO_MUST_CHECK bool pg_conninfo_check(const char *conninfo, char *error, size_t error_size);

/* Is it a word of libpq's "host=... dbname=..."? Never parks. */
bool pg_conninfo_has_word(const char *word);

/*
 * What is demanded of a database that is worked with under a role; of the process, and to be said
 * before its first connection. At first: fsync, full_page_writes and synchronous_commit are on.
 */
struct pg_demands {
    bool accept_unsafe; /* they may be off: a throw-away database */
    bool require_sync;  /* nothing is written while there is no synchronous standby */
};
void pg_demand(const struct pg_demands *demands);
bool pg_demands_sync(void);

/*
 * Take out of the environment what libpq would read there. A private database has nothing to learn
 * from it; one that the user names with an URL only who we are and whom we trust: PGUSER,
 * PGPASSWORD, PGPASSFILE, PGSERVICEFILE, PGSYSCONFDIR, PGREQUIREPEER, PGCHANNELBINDING, PGSSL*,
 * PGGSS*, PGKRB*. Where the database is, and how a session works, never comes from it. Before other
 * threads run.
 */
void pg_clear_environment(bool is_private);

/* Consider the connection lost when a call on it has waited that long without progress: nothing
 * more was sent and nothing came. After a slow send the answer may take longer by as much as that
 * took. 0: a call may wait as long as its context. */
void pg_bound(struct pg *pg, int64_t silence_ns);
bool pg_is_silent(const struct pg *pg); /* it was lost by that */

enum pg_status {
    PG_OK,
    PG_ERROR,   /* the server refused it: pg_sqlstate(), pg_message(); the connection is good */
    PG_LOST,    /* the connection is gone, the context ended, or what was written came with a
                   WARNING (a wait for a standby was cut short): the outcome is not known */
    PG_DAMAGED, /* of query.h: what came could not have been written, or names no account of ours */
};

const char *pg_sqlstate(const struct pg *pg); /* of the last PG_ERROR: five characters */
const char *pg_message(const struct pg *pg);  /* of the last failure: one line */
bool pg_is_lost(const struct pg *pg);
bool pg_is_at_rest(const struct pg *pg); /* it is not lost, nor in a transaction */

/* The server's process behind the connection, as pg_locks and the like name it; 0: a pooler stands
 * between, and there is another one in each transaction. */
int pg_process(const struct pg *pg);

/* A statement with $1, $2 … as texts. It is prepared at its first use on a connection, where it is
 * known by its text. Its rows come as texts too; with PG_BINARY they come binary, for pg_row(). */
enum { PG_PARAMETERS = 8, PG_BINARY = 16 };
struct pg_statement {
    unsigned parameters; /* how many there are; | PG_BINARY */
    const char *sql;
};

/* Run it; *result is the caller's to free, and holds rows on PG_OK only. NULL: none are wanted. */
CO_MUST_CHECK enum pg_status pg_run(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

/* Run a text of one or more statements without parameters; rows are dropped. */
CO_MUST_CHECK enum pg_status pg_script(struct co_context *context, struct pg *pg, const char *sql);

/* Run COPY (...) TO STDOUT (FORMAT binary) and hand over its rows (row.h) one by one, in constant
 * memory; `take` returns false to stop (PG_LOST then). A row is valid during the call. */
CO_MUST_CHECK enum pg_status pg_unload(struct co_context *context, struct pg *pg, const char *sql,
    bool (*take)(const struct row *row, void *arg), void *arg);

/* The same of a text of `count` such statements, in one round trip: the rows of the n-th go to the
 * n-th taker. */
struct pg_taker {
    bool (*take)(const struct row *row, void *arg);
    void *arg;
};
CO_MUST_CHECK enum pg_status pg_unload_each(struct co_context *context, struct pg *pg,
    const char *sql, const struct pg_taker *takers, size_t count);

/* A text of statements with COPY ... FROM STDIN (FORMAT binary) among them: the n-th COPY is fed
 * data[n]. *committed: the text ended in COMMIT and the server said COMMIT. */
struct pg_data {
    const char *bytes;
    size_t size;
};
CO_MUST_CHECK enum pg_status pg_load(struct co_context *context, struct pg *pg, const char *sql,
    const struct pg_data *data, size_t count, bool *committed);

/* Rows: text of a value ("" for null), its length, its number (0 if null). */
size_t pg_rows(const struct pg_result *result);
bool pg_is_null(const struct pg_result *result, size_t row, int column);
const char *pg_text(const struct pg_result *result, size_t row, int column);
size_t pg_length(const struct pg_result *result, size_t row, int column);
int64_t pg_number(const struct pg_result *result, size_t row, int column);

/* A row of a binary result (row.h), valid as long as that. *wrong is set when a requested value is
 * wrong. */
void pg_row(const struct pg_result *result, size_t index, bool *wrong, struct row *row);
void pg_free(struct pg_result **result);

#endif
