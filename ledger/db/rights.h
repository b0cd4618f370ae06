/* SPDX-License-Identifier: MIT */
/*
 * What the role that a service works as may do in the database: what sql/grants.sql says, and no
 * more. It must not be able to change or delete what the journal has.
 */
#ifndef LEDGER_DB_RIGHTS_H
#define LEDGER_DB_RIGHTS_H

#include "ledger/db/pg.h"

/* The advisory lock of transactions that change the schema or the rights: any number that no other
 * program uses will do. */
#define RIGHTS_LOCK "7310295881"

/* Run sql/grants.sql, as the owner of the schema; running it again is harmless. Parks. */
CO_MUST_CHECK enum pg_status rights_grant(
    struct co_context *context, struct pg *pg, char *error, size_t size);

/* *reason: what is too much or, if `all` of the rights are known to this program, missing, and what
 * to do about it; "": all is as it should be. The role is PG_APP_ROLE if the user of this
 * connection may work as it, else that user. Parks. */
enum { RIGHTS_REASON = 1000 };
CO_MUST_CHECK enum pg_status rights_check(
    struct co_context *context, struct pg *pg, bool all, char reason[RIGHTS_REASON]);

#endif
