/* SPDX-License-Identifier: MIT */
#include "server/auth/token_desk.h"

#include <stdlib.h>
#include <string.h>

#include "coro/semaphore.h"
#include "ledger/db/pg.h"
#include "server/auth/token_cache.h"
#include "server/text/log.h"

struct token_desk {
    char *conninfo;
    struct token_cache *cache;
    struct co_semaphore turn; /* whose it is may use the connection */
    struct pg *pg;            /* NULL: to be connected */
};

struct token_desk *token_desk_make(const char *conninfo, struct token_cache *cache)
{
    struct token_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return NULL;
    desk->cache = cache;
    desk->turn.free = 1;
    desk->conninfo = strdup(conninfo);
    if (!desk->conninfo)
        token_desk_free(&desk);
    return desk;
}

void token_desk_free(struct token_desk **desk_at)
{
    struct token_desk *desk = *desk_at;
    *desk_at = NULL;
    if (!desk)
        return;
    if (desk->pg)
        pg_close(&desk->pg);
    free(desk->conninfo);
    free(desk);
}

/* ---- turns --------------------------------------------------------------------------------- */

/* Wait for the connection. False: there is none, and nothing was begun. */
static bool begin(struct co_context *context, struct token_desk *desk)
{
    char error[200];
    if (!co_semaphore_acquire(context, &desk->turn, 1))
        return false;
    if (!desk->pg)
        desk->pg = pg_connect(context, desk->conninfo, PG_APP_ROLE, error, sizeof error);
    if (!desk->pg)
        co_semaphore_release(&desk->turn, 1);
    return desk->pg != NULL;
}

/* What came of what was asked: a connection that broke may have carried a change. */
static enum token_desk_status end(struct token_desk *desk, bool is_answered, bool is_change)
{
    enum token_desk_status status = is_answered                         ? TOKEN_DESK_DONE
                                    : is_change && pg_is_lost(desk->pg) ? TOKEN_DESK_UNKNOWN
                                                                        : TOKEN_DESK_AWAY;
    if (!is_answered) {
        log_error("tokens: %s", pg_message(desk->pg));
        pg_close(&desk->pg);
    }
    co_semaphore_release(&desk->turn, 1);
    /* Whoever is told that it is done may rely on it here; if not now, then when the database
     * answers again. */
    if (is_change && is_answered && desk->cache)
        (void)!token_cache_renew(desk->cache);
    return status;
}

/* ---- acts ---------------------------------------------------------------------------------- */

enum token_desk_status token_desk_create(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token *token, int64_t life_s, char *text)
{
    if (!begin(context, desk))
        return TOKEN_DESK_AWAY;
    token_text_make(text, token->hash);
    bool answered = token_add(context, desk->pg, by, token, life_s);
    enum token_desk_status status = end(desk, answered, true);
    return status == TOKEN_DESK_DONE && token->id == 0 ? TOKEN_DESK_FULL : status;
}

enum token_desk_status token_desk_rotate(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token_rotation *rotation, char *text)
{
    bool found = false;
    if (!begin(context, desk))
        return TOKEN_DESK_AWAY;
    token_text_make(text, rotation->hash);
    bool answered = token_rotate(context, desk->pg, by, rotation, &found);
    enum token_desk_status status = end(desk, answered, true);
    return status == TOKEN_DESK_DONE && !found ? TOKEN_DESK_NOT_FOUND : status;
}

enum token_desk_status token_desk_revoke(
    struct co_context *context, struct token_desk *desk, const struct token_actor *by, int64_t id)
{
    bool found = false;
    if (!begin(context, desk))
        return TOKEN_DESK_AWAY;
    bool answered = token_revoke(context, desk->pg, by, id, &found);
    enum token_desk_status status = end(desk, answered, true);
    return status == TOKEN_DESK_DONE && !found ? TOKEN_DESK_NOT_FOUND : status;
}

enum token_desk_status token_desk_list(struct co_context *context, struct token_desk *desk,
    const struct token_query *query, struct token **tokens, size_t *count)
{
    if (!begin(context, desk))
        return TOKEN_DESK_AWAY;
    return end(desk, token_list(context, desk->pg, query, tokens, count, NULL), false);
}

enum token_desk_status token_desk_acts(struct co_context *context, struct token_desk *desk,
    const struct token_act_query *query, struct token_act **acts, size_t *count)
{
    if (!begin(context, desk))
        return TOKEN_DESK_AWAY;
    return end(desk, token_acts(context, desk->pg, query, acts, count), false);
}
