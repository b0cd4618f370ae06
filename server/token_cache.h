/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens: "teller_" and 64 hexadecimal digits of 256 random bits. Only their SHA-256 is
 * stored, in the database. Each worker keeps a copy of those that are good, renewed every half
 * second, so a check takes no lock, and a revocation by any process holds within a second.
 */
#ifndef SERVER_TOKEN_CACHE_H
#define SERVER_TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/token.h"

/* What a token may do; each includes those before it. */
enum token_scope { TOKEN_NONE, TOKEN_READ, TOKEN_WRITE, TOKEN_ADMIN };

enum { TOKEN_TEXT = 7 + 64 + 1 };

/* "read", "write", "admin"; TOKEN_NONE if it is none of them. */
enum token_scope token_scope_of_name(const char *name);

/* A fresh token and what is stored of it. */
void token_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH]);

/* What is stored of this one; false: it does not look like a token. */
MUST_CHECK bool token_hash(const char *text, uint8_t hash[TOKEN_HASH]);

struct token_cache;

/* Read the tokens and keep reading them. NULL on failure, with the reason. Parks. */
MUST_CHECK struct token_cache *token_cache_start(
    struct context *context, const char *conninfo, char *error, size_t error_size);
void token_cache_stop(struct token_cache **cache);

/* What the bearer of an Authorization header may do; TOKEN_NONE: it names no good token. The time
 * it takes tells nothing about the tokens. Never parks. */
enum token_scope token_cache_check(struct token_cache *cache, const char *authorization);

#endif
