/* SPDX-License-Identifier: MIT */
/*
 * What a token is good for: its scope, and what it is bound to. A token that is bound to ledgers
 * may do what its scope allows in these, and nothing that is about all of them. One that is bound
 * to account prefixes may touch accounts whose ids begin with one of them, and nothing that tells
 * of others. Pure: nothing here parks.
 */
#ifndef SERVER_AUTH_TOKEN_GRANT_H
#define SERVER_AUTH_TOKEN_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

/* What a token may do; each includes those before it. */
enum token_scope { TOKEN_NONE, TOKEN_READ, TOKEN_WRITE, TOKEN_ADMIN };

/* The same for the same token, whatever its secret, and for no other. */
enum { TOKEN_WHO = 16 };

struct token_grant {
    enum token_scope scope; /* TOKEN_NONE: the token is not good */
    int64_t id;
    uint32_t rate;        /* requests a second; 0: any number */
    const char *ledgers;  /* their names, a line each; NULL: all */
    const char *prefixes; /* the same */
    uint8_t who[TOKEN_WHO];
};

/* "read", "write", "admin"; TOKEN_NONE if it is none of them. */
enum token_scope token_scope_of_name(const char *name);

static inline bool token_grant_is_bound(const struct token_grant *grant)
{
    return grant->ledgers || grant->prefixes;
}

bool token_grant_has_ledger(const struct token_grant *grant, const char *name);

/* May it touch all accounts whose ids begin so? Of a whole id: may it touch that account? */
bool token_grant_has_account(const struct token_grant *grant, const char *id);

/* The prefix, if it is bound to exactly one; else NULL. */
const char *token_grant_only_prefix(const struct token_grant *grant);

#endif
