/* SPDX-License-Identifier: MIT */
/*
 * What a service does with its tokens besides checking them: to read, create, rotate and revoke
 * them, and to read the trail of that. It has one connection to the database, made when it is first
 * needed, and used by one at a time: such acts are rare. What has changed holds here when an act
 * returns, and on other servers of the database within a second (token_cache.h). Everything parks.
 */
#ifndef SERVER_AUTH_TOKEN_DESK_H
#define SERVER_AUTH_TOKEN_DESK_H

#include "server/auth/token.h"

struct token_cache;
struct token_desk;

/* `cache` NULL: no token is asked for here. Never parks; NULL: memory is short. */
CO_MUST_CHECK struct token_desk *token_desk_make(const char *conninfo, struct token_cache *cache);
void token_desk_free(struct token_desk **desk);

enum token_desk_status {
    TOKEN_DESK_DONE,
    TOKEN_DESK_NOT_FOUND, /* or it is good no more */
    TOKEN_DESK_FULL,      /* TOKENS_MAX are good already */
    TOKEN_DESK_AWAY,      /* the database did not answer, and nothing was done */
    TOKEN_DESK_UNKNOWN,   /* the connection was lost: it may have been done */
};

/* Of create and rotate `text` is the new secret, which nobody will see again. */
enum token_desk_status token_desk_create(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token *token, int64_t life_s, char *text);
enum token_desk_status token_desk_rotate(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token_rotation *rotation, char *text);
enum token_desk_status token_desk_revoke(
    struct co_context *context, struct token_desk *desk, const struct token_actor *by, int64_t id);

/* As token_list() and token_acts(): DONE or AWAY. */
enum token_desk_status token_desk_list(struct co_context *context, struct token_desk *desk,
    const struct token_query *query, struct token **tokens, size_t *count);
enum token_desk_status token_desk_acts(struct co_context *context, struct token_desk *desk,
    const struct token_act_query *query, struct token_act **acts, size_t *count);

#endif
