/* SPDX-License-Identifier: MIT */
/*
 * Access tokens as the database keeps them: their hash, never themselves. The schema must be up to
 * date (migrate.h). Everything parks; false: the database did not answer, see pg_message().
 */
#ifndef SERVER_AUTH_TOKEN_H
#define SERVER_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"

struct pg;

enum { TOKEN_HASH = 32, TOKEN_NAME = 201, TOKEN_SCOPE = 8, TOKEN_TIME = 28, TOKENS_MAX = 10000 };

struct token {
    int64_t id;
    char name[TOKEN_NAME];
    char scope[TOKEN_SCOPE];     /* "read", "write", "admin" */
    uint8_t hash[TOKEN_HASH];    /* SHA-256 of its text */
    char created_at[TOKEN_TIME]; /* RFC 3339 */
    char revoked_at[TOKEN_TIME]; /* "": it is good */
};

/* Store one; its id is set, to 0 if there are TOKENS_MAX good ones already: it is not stored. */
CO_MUST_CHECK bool token_add(struct co_context *context, struct pg *pg, struct token *token);

/* All of them, or the good ones only, in order of id. The caller frees *tokens. */
CO_MUST_CHECK bool token_list(struct co_context *context, struct pg *pg, bool only_good,
    struct token **tokens, size_t *count);

/* A mark that changes whenever a token is added or revoked: whoever has seen it need not list them.
 */
enum { TOKEN_MARK = 64 };
CO_MUST_CHECK bool token_mark(struct co_context *context, struct pg *pg, char mark[TOKEN_MARK]);

/* *found: there was a good one of that id. */
CO_MUST_CHECK bool token_revoke(struct co_context *context, struct pg *pg, int64_t id, bool *found);

#endif
