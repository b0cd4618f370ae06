/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens, checked without asking the database each time. Each worker keeps a copy of those
 * that are good, so a check takes no lock. It is renewed whenever the database has others, which is
 * looked at five times a second: a revocation or rotation by any process holds by then, and ends
 * the streams that the token began. A token, or a former secret, ends by the database's clock, also
 * while the database is away. One that is not in the copy is looked for immediately: it may be new.
 *
 * A request that was let in is carried out as it would have been, whatever becomes of its token
 * meanwhile: what it may take is bounded.
 */
#ifndef SERVER_AUTH_TOKEN_CACHE_H
#define SERVER_AUTH_TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/db/pg.h"
#include "server/auth/token_grant.h"
#include "server/auth/token_text.h"

struct token_cache;

/* Read the tokens and keep reading them. PG_LOST: the database is away, and it may be called again;
 * PG_ERROR: it was refused, or memory is short. The reason is in `error` then. Parks. */
CO_MUST_CHECK enum pg_status token_cache_start(struct co_context *context, const char *conninfo,
    struct token_cache **cache, char *error, size_t error_size);
void token_cache_stop(struct token_cache **cache);

/* What the bearer of an Authorization header may do; scope TOKEN_NONE: it names no good token, and
 * `who` is the same for the same text. The texts of a grant last until the caller parks. The time
 * it takes tells nothing about the tokens. Never parks. */
void token_cache_check(
    struct token_cache *cache, const char *authorization, struct token_grant *grant);

/* It looks like a token, so if the copy does not have it, it may be a new one: to be asked for. */
bool token_cache_may_be_new(const char *authorization);

/*
 * The same after the tokens were read once more, for one that the copy does not have. However many
 * ask, and with whatever they ask, the database is asked at most fifty times a second for all of
 * them; what does not look like a token is not asked for. False: the database did not answer within
 * a second, so nobody knows. Parks.
 */
CO_MUST_CHECK bool token_cache_ask(
    struct token_cache *cache, const char *authorization, struct token_grant *grant);

/* Have what the database has now hold here, as soon as this returns. False: it did not answer
 * within a second; then it will hold as soon as it does. Parks. */
CO_MUST_CHECK bool token_cache_renew(struct token_cache *cache);

/* A stream that a token began: its context is cancelled once its secret may do less than `needed`.
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
