/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens: "teller_" and 64 hexadecimal digits of 256 random bits. Only their SHA-256 is
 * stored, in the database. Each worker keeps a copy of those that are good, so a check takes no
 * lock. It is renewed whenever the database has others, which is looked at five times a second: a
 * revocation by any process holds by then, and ends the streams that the token began. One that is
 * not in the copy is looked for immediately: it may be new.
 */
#ifndef SERVER_AUTH_TOKEN_CACHE_H
#define SERVER_AUTH_TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "server/auth/token.h"

/* What a token may do; each includes those before it. */
enum token_scope { TOKEN_NONE, TOKEN_READ, TOKEN_WRITE, TOKEN_ADMIN };

enum { TOKEN_TEXT = 7 + 64 + 1 };

/* "read", "write", "admin"; TOKEN_NONE if it is none of them. */
enum token_scope token_scope_of_name(const char *name);

/* A fresh token and what is stored of it. */
void token_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH]);

/* What is stored of this one; false: it does not look like a token. */
CO_MUST_CHECK bool token_hash(const char *text, uint8_t hash[TOKEN_HASH]);

struct token_cache;

/* Read the tokens and keep reading them. NULL on failure, with the reason. Parks. */
CO_MUST_CHECK struct token_cache *token_cache_start(
    struct co_context *context, const char *conninfo, char *error, size_t error_size);
void token_cache_stop(struct token_cache **cache);

/* What the bearer of an Authorization header may do; TOKEN_NONE: it names no good token. `who` (may
 * be NULL) is the same for the same token, and for no other. The time it takes tells nothing about
 * the tokens. Never parks. */
enum { TOKEN_WHO = 16 };
enum token_scope token_cache_check(
    struct token_cache *cache, const char *authorization, uint8_t who[TOKEN_WHO]);

/* It looks like a token, so if the copy does not have it, it may be a new one: to be asked for. */
bool token_cache_may_be_new(const char *authorization);

/*
 * The same after the tokens were read once more, for one that the copy does not have. However many
 * ask, and with whatever they ask, the database is asked at most fifty times a second for all of
 * them; what does not look like a token is not asked for. False: the database did not answer within
 * a second, so nobody knows. Parks.
 */
CO_MUST_CHECK bool token_cache_ask(
    struct token_cache *cache, const char *authorization, enum token_scope *scope);

/* A stream that a token began: its context is cancelled once the token may do less than `needed`.
 * Both are called on the stream's worker; never park. */
struct token_watch {
    struct token_watch *next, **at;
    uint8_t hash[TOKEN_HASH];
    enum token_scope needed;
    struct co_context *context;
};
void token_cache_watch(struct token_cache *cache, const char *authorization,
    enum token_scope needed, struct co_context *context, struct token_watch *watch);
void token_cache_unwatch(struct token_watch *watch);

#endif
