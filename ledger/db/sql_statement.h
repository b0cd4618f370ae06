/* SPDX-License-Identifier: MIT */
/* A text of several statements, one by one. */
#ifndef LEDGER_DB_SQL_STATEMENT_H
#define LEDGER_DB_SQL_STATEMENT_H

#include <stddef.h>

/* The length of the first statement of a text, with the comments before it, and the semicolon and
 * the white space behind it; 0: the text is empty. It knows comments, quotes and dollar quotes, but
 * no E'' with \' in it. What has comments behind its last statement has one more. Pure. */
size_t sql_statement_length(const char *text);

#endif
