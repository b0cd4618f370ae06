/* SPDX-License-Identifier: MIT */
/* The first token: DIR/admin.token, readable by its owner only. */
#ifndef SERVER_AUTH_ADMIN_TOKEN_H
#define SERVER_AUTH_ADMIN_TOKEN_H

#include "ledger/db/pg.h"
#include "server/auth/token_cache.h"

/*
 * Make the admin token when the database has none at all, or when the file's token is one that the
 * database has never seen (the database was made again). `text` is the file's token, or "" when
 * there is no file or its token was revoked. PG_LOST: the database is away, and it may be called
 * again; PG_ERROR: it was refused. The reason is in `error` then. Parks.
 */
CO_MUST_CHECK enum pg_status admin_token_open(struct co_context *context, const char *conninfo,
    const char *folder, char text[TOKEN_TEXT], char *error, size_t error_size);

#endif
