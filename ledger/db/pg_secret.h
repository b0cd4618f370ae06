/* SPDX-License-Identifier: MIT */
/* The passwords in a connection string, which no message may quote: libpq's do, when it cannot make
 * sense of the string. */
#ifndef LEDGER_DB_PG_SECRET_H
#define LEDGER_DB_PG_SECRET_H

#include <stddef.h>

/* Put "***" in place of each, wherever `text` has it. `conninfo` need not be well-formed: what may
 * be meant as a password counts as one. Never parks. */
void pg_secret_hide(const char *conninfo, char *text);

/* Which database a well-formed one names, for people: "host=a port=5432 dbname=b user=c", as far as
 * it says. Nothing else of it. Never parks. */
void pg_secret_describe(const char *conninfo, char *text, size_t size);

#endif
