/* SPDX-License-Identifier: MIT */
/* The schema's numbered migrations, sql/NNN_name.sql, carried in the program. */
#ifndef LEDGER_MIGRATE_H
#define LEDGER_MIGRATE_H

#include "ledger/pg.h"

/*
 * Apply, each in its own transaction, those that the database does not have yet. Processes that
 * start at once take turns. PG_ERROR with a message as well when the database is newer than the
 * program. The connection must own the schema, or be allowed to create it. May park.
 */
MUST_CHECK enum pg_status migrate(struct context *context, struct pg *pg, char *error, size_t size);

#endif
