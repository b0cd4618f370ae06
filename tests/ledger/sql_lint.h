/* SPDX-License-Identifier: MIT */
/*
 * What a PostgreSQL whose tables are distributed over nodes, by their column `ledger`, asks of SQL
 * beyond its grammar (sql/README.md). Statements are taken apart by PostgreSQL's own parser.
 *
 * The parser needs more room than a coroutine's stack has: call it from a thread (sql_lint_run()).
 */
#ifndef TESTS_LEDGER_SQL_LINT_H
#define TESTS_LEDGER_SQL_LINT_H

#include <stdbool.h>
#include <stddef.h>

enum { SQL_LINT_TEXT = 400 };

/* Run it on a thread with a stack of the usual size, and wait. */
void sql_lint_run(void (*work)(void *arg), void *arg);

/* Does each table in it that has the column say in the place where it stands which ledger it means:
 * by comparing that column with a parameter or a number? `tables` are the names of those tables,
 * with a space behind each and before the first. False: `finding` says which does not. A text that
 * is not SQL passes, and so does what names the schema: that is a test's own. What a view is made
 * of is not looked at: views are for reports, of all ledgers. Nor is what a function is made of. */
bool sql_lint_ledgers(const char *text, const char *tables, char finding[SQL_LINT_TEXT]);

/* The same of each statement that a function is made of, which may compare with the function's
 * arguments, too: a CREATE FUNCTION of SQL or PL/pgSQL, and the names of its arguments as those of
 * the tables. What it puts together while it runs (EXECUTE) is not looked at. */
bool sql_lint_function(
    const char *text, const char *arguments, const char *tables, char finding[SQL_LINT_TEXT]);

/* Can a migration be applied to distributed tables? An ALTER TABLE does one thing, and what it
 * constrains has a name. */
bool sql_lint_migration(const char *text, char finding[SQL_LINT_TEXT]);

/* How many statements are in it; 0 also if it is not SQL. */
size_t sql_lint_count(const char *text);

#endif
