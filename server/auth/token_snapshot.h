/* SPDX-License-Identifier: MIT */
/*
 * The secrets that are good at a moment, in one block that never changes, and is searched by hash.
 * It can be copied byte by byte (`size`). Nothing here parks.
 */
#ifndef SERVER_AUTH_TOKEN_SNAPSHOT_H
#define SERVER_AUTH_TOKEN_SNAPSHOT_H

#include "server/auth/token.h"
#include "server/auth/token_grant.h"

/* A secret. A token that was rotated has two for a while. */
struct token_secret {
    uint8_t hash[TOKEN_HASH];
    int64_t id, until_us; /* of the database's clock; INT64_MAX: it does not end */
    uint32_t rate, scope;
    uint32_t ledgers, prefixes; /* where their texts are in the snapshot; 0: NULL */
};

struct token_snapshot {
    int64_t ahead_us;              /* the database's clock, before ours (co_clock_now_ns()) */
    size_t size, count;            /* what follows is compared with what was known before */
    struct token_secret secrets[]; /* by hash; behind them the texts */
};

/* Of tokens that the database gave when its clock said read_us. To be freed with free(). NULL:
 * memory is short. */
CO_MUST_CHECK struct token_snapshot *token_snapshot_make(
    const struct token *tokens, size_t count, int64_t read_us);

/* Does it say the same? `a` NULL: it does not. */
bool token_snapshot_is_same(const struct token_snapshot *a, const struct token_snapshot *b);

/* NULL: it is not known. The time that it takes tells nothing about the tokens. */
const struct token_secret *token_snapshot_find(
    const struct token_snapshot *snapshot, const uint8_t hash[TOKEN_HASH]);

/* It has ended by itself, by the database's clock. */
bool token_snapshot_is_over(
    const struct token_snapshot *snapshot, const struct token_secret *secret);

/* When the next one will; INT64_MAX: none does. And is that moment over? */
int64_t token_snapshot_next_end_us(const struct token_snapshot *snapshot);
bool token_snapshot_is_past(const struct token_snapshot *snapshot, int64_t moment_us);

/* What the secret with that hash may do now. */
enum token_scope token_snapshot_scope(
    const struct token_snapshot *snapshot, const uint8_t hash[TOKEN_HASH]);

/* What a secret is good for; its texts are the snapshot's. */
void token_snapshot_grant(const struct token_snapshot *snapshot, const struct token_secret *secret,
    struct token_grant *grant);

#endif
