/* SPDX-License-Identifier: MIT */
#include "server/auth/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg.h"
#include "server/text/hex.h"

#define RFC_3339 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"

static const struct pg_statement add = {4,
    "INSERT INTO token (name, scope, hash) SELECT $1, $2, decode($3, 'hex')"
    " WHERE (SELECT count(*) FROM token WHERE revoked_at IS NULL) < $4::int RETURNING id"};
static const struct pg_statement list = {1,
    "SELECT id, name, scope, encode(hash, 'hex'), to_char(created_at, " RFC_3339
    "), to_char(revoked_at, " RFC_3339 ") FROM token"
    " WHERE revoked_at IS NULL OR NOT $1::boolean ORDER BY id"};
static const struct pg_statement revoke = {
    1, "UPDATE token SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id"};

static const struct pg_statement mark_of_all = {
    .sql = "SELECT concat_ws(' ', count(*), max(id), count(revoked_at),"
           " sum(id) FILTER (WHERE revoked_at IS NULL)) FROM token"};

bool token_add(struct co_context *context, struct pg *pg, struct token *token)
{
    char hex[2 * TOKEN_HASH + 1], *to = hex, many[12];
    for (size_t i = 0; i < TOKEN_HASH; i++)
        to = hex_write(to, (char)token->hash[i]);
    *to = '\0';
    /* Counted in the same statement, so that two commands cannot both take the last place. */
    snprintf(many, sizeof many, "%d", TOKENS_MAX);
    const char *values[] = {token->name, token->scope, hex, many};
    struct pg_result *result = NULL;
    if (pg_run(context, pg, &add, values, &result) != PG_OK)
        return false;
    token->id = pg_rows(result) ? pg_number(result, 0, 0) : 0;
    pg_free(&result);
    return true;
}

static void copy(char *to, size_t size, const struct pg_result *result, size_t row, int column)
{
    snprintf(to, size, "%s", pg_text(result, row, column));
}

static void read_row(const struct pg_result *result, size_t row, struct token *token)
{
    const char *hex = pg_text(result, row, 3);
    token->id = pg_number(result, row, 0);
    copy(token->name, sizeof token->name, result, row, 1);
    copy(token->scope, sizeof token->scope, result, row, 2);
    for (size_t i = 0; i < TOKEN_HASH; i++, hex += 2)
        token->hash[i] = (uint8_t)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
    copy(token->created_at, sizeof token->created_at, result, row, 4);
    copy(token->revoked_at, sizeof token->revoked_at, result, row, 5);
}

bool token_list(
    struct co_context *context, struct pg *pg, bool only_good, struct token **tokens, size_t *count)
{
    const char *values[] = {only_good ? "true" : "false"};
    struct pg_result *result = NULL;
    if (pg_run(context, pg, &list, values, &result) != PG_OK)
        return false;
    *count = pg_rows(result);
    /* One more, so that an empty list is not NULL. */
    *tokens = calloc(*count + 1, sizeof **tokens);
    co_ensure(*tokens);
    for (size_t i = 0; i < *count; i++)
        read_row(result, i, &(*tokens)[i]);
    pg_free(&result);
    return true;
}

bool token_mark(struct co_context *context, struct pg *pg, char mark[TOKEN_MARK])
{
    struct pg_result *result = NULL;
    if (pg_run(context, pg, &mark_of_all, NULL, &result) != PG_OK)
        return false;
    snprintf(mark, TOKEN_MARK, "%s", pg_text(result, 0, 0));
    pg_free(&result);
    return true;
}

bool token_revoke(struct co_context *context, struct pg *pg, int64_t id, bool *found)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)id);
    const char *values[] = {text};
    struct pg_result *result = NULL;
    if (pg_run(context, pg, &revoke, values, &result) != PG_OK)
        return false;
    *found = pg_rows(result) > 0;
    pg_free(&result);
    return true;
}
