/* SPDX-License-Identifier: MIT */
/*
 * Access tokens as the database keeps them: their hash, never themselves; and the trail of what was
 * done with them. The schema must be up to date (migrate.h). Everything parks; false: the database
 * did not answer, see pg_message(), or memory is short.
 */
#ifndef SERVER_AUTH_TOKEN_H
#define SERVER_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"

struct pg;

enum { TOKEN_HASH = 32, TOKEN_NAME = 801, TOKEN_SCOPE = 8, TOKEN_TIME = 28, TOKENS_MAX = 10000 };

/* Bounds of what one may be made with; a name is of that many characters. */
enum {
    TOKEN_NAME_MAX = 200,
    TOKEN_BINDINGS_MAX = 16,
    TOKEN_RATE_MAX = 100000,
    TOKEN_LIFE_MAX_S = 316224000, /* ten years */
    TOKEN_KEEP_MAX_S = 2592000,   /* thirty days */
};

struct token {
    int64_t id;
    char name[TOKEN_NAME];
    char scope[TOKEN_SCOPE];       /* "read", "write", "admin" */
    uint8_t hash[TOKEN_HASH];      /* SHA-256 of its text */
    char created_at[TOKEN_TIME];   /* RFC 3339 */
    char revoked_at[TOKEN_TIME];   /* "": it is not revoked */
    char expires_at[TOKEN_TIME];   /* "": never */
    int64_t expires_us;            /* the same since 1970 UTC; 0: never */
    char former_until[TOKEN_TIME]; /* until when its former secret is good; "": none is */
    int64_t former_us;
    uint8_t former[TOKEN_HASH]; /* of that, if there is one */
    bool is_over;               /* it has ended by itself */
    uint32_t rate;              /* requests a second; 0: any number */
    char *ledgers, *prefixes;   /* a line each; NULL: it is not bound to any */
};

/* Who does it: a token, or somebody who has a name. */
struct token_actor {
    int64_t token; /* 0: none */
    const char *name;
};

/* Store one, good for so many seconds (0: without an end); its id is set, to 0 if there are
 * TOKENS_MAX good ones already: it is not stored. */
CO_MUST_CHECK bool token_add(struct co_context *context, struct pg *pg,
    const struct token_actor *by, struct token *token, int64_t life_s);

/* Which are read: all of them, or those that are good now. */
/* Which of those in a row: all zero is all of them. */
struct token_range {
    int64_t after, before; /* only those between them; before 0: no bound */
    bool backwards;        /* the last ones first */
    int limit;             /* 0: all */
};

struct token_query {
    bool only_good;
    int64_t id; /* that one; 0: any */
    struct token_range range;
};

/* In order of id. The caller gives them back with token_list_free(). *now_us (may be NULL): the
 * database's time. */
CO_MUST_CHECK bool token_list(struct co_context *context, struct pg *pg,
    const struct token_query *query, struct token **tokens, size_t *count, int64_t *now_us);
void token_list_free(struct token **tokens, size_t count);

/* A mark that changes whenever a token is added, rotated or revoked, or ends: whoever has seen it
 * need not list them. */
enum { TOKEN_MARK = 120 };
CO_MUST_CHECK bool token_mark(struct co_context *context, struct pg *pg, char mark[TOKEN_MARK]);

/* Give it another secret; the one that it has stays good for `keep_s`. life_s: it ends so long from
 * now; 0: as before. *found: there was a good one of that id. */
struct token_rotation {
    int64_t id, keep_s, life_s;
    uint8_t hash[TOKEN_HASH];
};
CO_MUST_CHECK bool token_rotate(struct co_context *context, struct pg *pg,
    const struct token_actor *by, const struct token_rotation *rotation, bool *found);

/* *found: there was one of that id that was not revoked. */
CO_MUST_CHECK bool token_revoke(struct co_context *context, struct pg *pg,
    const struct token_actor *by, int64_t id, bool *found);

/* *was: this was the secret of a token that was rotated since. */
CO_MUST_CHECK bool token_was_rotated(
    struct co_context *context, struct pg *pg, const uint8_t hash[TOKEN_HASH], bool *was);

/* What was done, in its order. */
struct token_act {
    int64_t no, token, by_token; /* by_token 0: not with a token */
    char act[8], at[TOKEN_TIME], by_name[TOKEN_NAME], name[TOKEN_NAME];
};
struct token_act_query {
    int64_t token; /* to that one; 0: any */
    struct token_range range;
};
CO_MUST_CHECK bool token_acts(struct co_context *context, struct pg *pg,
    const struct token_act_query *query, struct token_act **acts, size_t *count);

#endif
