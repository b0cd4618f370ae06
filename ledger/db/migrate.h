/* SPDX-License-Identifier: MIT */
/*
 * The schema's numbered migrations, sql/NNN_name.sql, carried in the program, and the rights that
 * go with them, sql/grants.sql. Each migration says in a line "-- compatible: NNN" which program,
 * known by its newest migration, still works with a database that has it; without such a line none
 * that does not have it itself (sql/README.md has the rule).
 *
 * The connection must own the schema, or be allowed to create it, wherever something is to be
 * changed. What is refused is PG_ERROR with the reason in `error`; PG_LOST: the connection is.
 * Everything parks.
 */
#ifndef LEDGER_DB_MIGRATE_H
#define LEDGER_DB_MIGRATE_H

#include "ledger/db/pg.h"

/*
 * Before serving. An empty database gets the schema; a schema that this program works with stays as
 * it is; an older one is migrated, once no server lives that has not got what is missing: until
 * then it parks, and says so (notice.h). The role that the service works as then has its rights,
 * and cannot change the journal.
 */
CO_MUST_CHECK enum pg_status migrate(
    struct co_context *context, struct pg *pg, char *error, size_t size);

/*
 * Apply what is missing now, each in a transaction of its own, and grant the rights. Several take
 * turns. Refused while a server lives that does not work with one of them, and when a
 * table stays locked. *from and *to: the schema's number before (0: there was none) and after.
 */
CO_MUST_CHECK enum pg_status migrate_now(
    struct co_context *context, struct pg *pg, int *from, int *to, char *error, size_t size);

/* Before using what is there: PG_OK if this program works with the database's schema. */
CO_MUST_CHECK enum pg_status migrate_check(
    struct co_context *context, struct pg *pg, char *error, size_t size);

/* The number of the newest migration that the program carries: its schema. */
int migrate_newest(void);

#endif
