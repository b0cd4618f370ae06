/* SPDX-License-Identifier: MIT */
#include "server/auth/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg.h"
#include "server/text/hex.h"
#include "server/text/json_out.h"

#define RFC_3339 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"
#define MICROSECONDS(time) "(extract(epoch FROM " time ") * 1000000)::bigint"

enum { MEMORY = 1024 };

/* ---- changing them ------------------------------------------------------------------------- */

static const struct pg_statement add = {1, "SELECT token_make($1::jsonb)"},
                                 rotate = {1, "SELECT token_rotate($1::jsonb)"},
                                 revoke = {1, "SELECT token_revoke($1::jsonb)"};

/* What a change is told, as JSON: one parameter, whatever there is to say. */
struct said {
    struct arena arena;
    struct json_out out;
    char memory[MEMORY];
};

static void say_number(struct said *said, const char *key, int64_t number)
{
    json_out_key(&said->out, key);
    json_out_number(&said->out, (uint64_t)number);
}

static void say_text(struct said *said, const char *key, const char *text)
{
    json_out_key(&said->out, key);
    json_out_text(&said->out, text);
}

enum { HEX = 2 * TOKEN_HASH + 1 };

static void write_hex(const uint8_t hash[TOKEN_HASH], char hex[HEX])
{
    for (size_t i = 0; i < TOKEN_HASH; i++)
        hex = hex_write(hex, (char)hash[i]);
    *hex = '\0';
}

static void say_hash(struct said *said, const uint8_t hash[TOKEN_HASH])
{
    char hex[HEX];
    write_hex(hash, hex);
    say_text(said, "hash", hex);
}

static void say_lines(struct said *said, const char *key, const char *lines)
{
    json_out_key(&said->out, key);
    json_out_lines(&said->out, lines);
}

static void begin(struct said *said, const struct token_actor *by)
{
    arena_init(&said->arena, said->memory, sizeof said->memory);
    json_out_begin(&said->out, &said->arena);
    json_out_open(&said->out, '{');
    if (by->token)
        say_number(said, "by_token", by->token);
    else
        say_text(said, "by_name", by->name);
}

/* Do it; *answer is the one value that comes back: a number, or 1 for true. */
static bool carry_out(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, struct said *said, int64_t *answer)
{
    struct pg_result *result = NULL;
    json_out_close(&said->out, '}');
    const char *values[] = {arena_copy(&said->arena, said->out.text, said->out.length)};
    bool good = pg_run(context, pg, statement, values, &result) == PG_OK;
    arena_clear(&said->arena);
    if (!good)
        return false;
    const char *text = pg_rows(result) ? pg_text(result, 0, 0) : "";
    *answer = *text == 't' ? 1 : strtoll(text, NULL, 10);
    pg_free(&result);
    return true;
}

bool token_add(struct co_context *context, struct pg *pg, const struct token_actor *by,
    struct token *token, int64_t life_s)
{
    struct said said;
    begin(&said, by);
    say_text(&said, "name", token->name);
    say_text(&said, "scope", token->scope);
    say_hash(&said, token->hash);
    if (life_s)
        say_number(&said, "expires_in", life_s);
    if (token->rate)
        say_number(&said, "rate", token->rate);
    say_lines(&said, "ledgers", token->ledgers);
    say_lines(&said, "prefixes", token->prefixes);
    say_number(&said, "most", TOKENS_MAX);
    return carry_out(context, pg, &add, &said, &token->id);
}

bool token_rotate(struct co_context *context, struct pg *pg, const struct token_actor *by,
    const struct token_rotation *rotation, bool *found)
{
    struct said said;
    int64_t answer = 0;
    begin(&said, by);
    say_number(&said, "id", rotation->id);
    say_number(&said, "keep", rotation->keep_s);
    if (rotation->life_s)
        say_number(&said, "expires_in", rotation->life_s);
    say_hash(&said, rotation->hash);
    bool good = carry_out(context, pg, &rotate, &said, &answer);
    *found = answer != 0;
    return good;
}

bool token_revoke(struct co_context *context, struct pg *pg, const struct token_actor *by,
    int64_t id, bool *found)
{
    struct said said;
    int64_t answer = 0;
    begin(&said, by);
    say_number(&said, "id", id);
    bool good = carry_out(context, pg, &revoke, &said, &answer);
    *found = answer != 0;
    return good;
}

/* ---- reading them -------------------------------------------------------------------------- */

/* A former secret is one as long as it is good. */
static const struct pg_statement list = {6,
    "SELECT id, name, scope, encode(hash, 'hex'), to_char(created_at, " RFC_3339
    "), to_char(revoked_at, " RFC_3339 "), to_char(expires_at, " RFC_3339 "), " MICROSECONDS(
        "expires_at") ", rate,"
                      " array_to_string(ledgers, chr(10)), array_to_string(prefixes, chr(10)),"
                      " CASE WHEN former_until > now() AND revoked_at IS NULL THEN "
                      "encode(former_hash, 'hex') END,"
                      " CASE WHEN former_until > now() AND revoked_at IS NULL THEN "
                      "to_char(former_until, " RFC_3339 ") END,"
                      " CASE WHEN former_until > now() AND revoked_at IS NULL THEN " MICROSECONDS(
                          "former_until") " END,"
                                          " (expires_at <= now()) IS TRUE, " MICROSECONDS(
                                              "now()") " FROM token WHERE (NOT $1::boolean OR "
                                                       "revoked_at IS NULL AND (expires_at > "
                                                       "now()) IS NOT FALSE)"
                                                       " AND ($2::bigint = 0 OR id = $2::bigint) "
                                                       "AND id > $3::bigint AND ($5::bigint = 0 OR "
                                                       "id < $5::bigint) ORDER BY CASE WHEN "
                                                       "$6::boolean THEN -id ELSE id END"
                                                       " LIMIT nullif($4::int, 0)"};

/* The columns of that. */
enum column {
    ID,
    NAME,
    SCOPE,
    HASH,
    CREATED,
    REVOKED,
    EXPIRES,
    EXPIRES_US,
    RATE,
    LEDGERS,
    PREFIXES,
    FORMER,
    FORMER_UNTIL,
    FORMER_US,
    IS_OVER,
    NOW_US
};

static const struct pg_statement mark_of_all = {
    .sql = "SELECT concat_ws(' ', count(*), max(id), count(revoked_at),"
           " sum(id) FILTER (WHERE revoked_at IS NULL), sum(rotations),"
           " count(*) FILTER (WHERE expires_at <= now()),"
           " count(*) FILTER (WHERE former_until <= now())) FROM token"};

static void copy(char *to, size_t size, const struct pg_result *result, size_t row, int column)
{
    snprintf(to, size, "%s", pg_text(result, row, column));
}

static void read_hash(const struct pg_result *result, size_t row, int column, uint8_t *hash)
{
    const char *hex = pg_text(result, row, column);
    for (size_t i = 0; i < TOKEN_HASH && *hex; i++, hex += 2)
        hash[i] = (uint8_t)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
}

/* NULL: null. False: memory is short. */
static bool read_lines(const struct pg_result *result, size_t row, int column, char **lines)
{
    *lines = pg_is_null(result, row, column) ? NULL : strdup(pg_text(result, row, column));
    return *lines || pg_is_null(result, row, column);
}

static bool read_row(const struct pg_result *result, size_t row, struct token *token)
{
    token->id = pg_number(result, row, ID);
    copy(token->name, sizeof token->name, result, row, NAME);
    copy(token->scope, sizeof token->scope, result, row, SCOPE);
    read_hash(result, row, HASH, token->hash);
    copy(token->created_at, sizeof token->created_at, result, row, CREATED);
    copy(token->revoked_at, sizeof token->revoked_at, result, row, REVOKED);
    copy(token->expires_at, sizeof token->expires_at, result, row, EXPIRES);
    token->expires_us = pg_number(result, row, EXPIRES_US);
    token->rate = (uint32_t)pg_number(result, row, RATE);
    read_hash(result, row, FORMER, token->former);
    copy(token->former_until, sizeof token->former_until, result, row, FORMER_UNTIL);
    token->former_us = pg_number(result, row, FORMER_US);
    token->is_over = *pg_text(result, row, IS_OVER) == 't';
    return read_lines(result, row, LEDGERS, &token->ledgers) &&
           read_lines(result, row, PREFIXES, &token->prefixes);
}

void token_list_free(struct token **tokens, size_t count)
{
    for (size_t i = 0; *tokens && i < count; i++) {
        free((*tokens)[i].ledgers);
        free((*tokens)[i].prefixes);
    }
    free(*tokens);
    *tokens = NULL;
}

/* A range as the statements take it. */
struct range_texts {
    char after[24], before[24], limit[24];
};

static void write_range(const struct token_range *range, struct range_texts *texts)
{
    snprintf(texts->after, sizeof texts->after, "%lld", (long long)range->after);
    snprintf(texts->before, sizeof texts->before, "%lld", (long long)range->before);
    snprintf(texts->limit, sizeof texts->limit, "%d", range->limit);
}

bool token_list(struct co_context *context, struct pg *pg, const struct token_query *query,
    struct token **tokens, size_t *count, int64_t *now_us)
{
    char id[24];
    struct range_texts range;
    snprintf(id, sizeof id, "%lld", (long long)query->id);
    write_range(&query->range, &range);
    const char *values[] = {query->only_good ? "true" : "false", id, range.after, range.limit,
        range.before, query->range.backwards ? "true" : "false"};
    struct pg_result *result = NULL;
    if (pg_run(context, pg, &list, values, &result) != PG_OK)
        return false;
    *count = pg_rows(result);
    /* One more, so that an empty list is not NULL. */
    *tokens = calloc(*count + 1, sizeof **tokens);
    bool good = *tokens != NULL;
    for (size_t i = 0; good && i < *count; i++)
        good = read_row(result, i, &(*tokens)[i]);
    if (now_us)
        *now_us = *count ? pg_number(result, 0, NOW_US) : 0;
    pg_free(&result);
    if (!good)
        token_list_free(tokens, *count);
    return good;
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

/* ---- the trail ----------------------------------------------------------------------------- */

#define TRAIL(bounds_and_order)                                                                    \
    "SELECT a.no, a.token, a.by_token, a.act, to_char(a.at, " RFC_3339 "), a.by_name, t.name"      \
    " FROM token_act a JOIN token t ON t.id = a.token"                                             \
    " WHERE ($1::bigint = 0 OR a.token = $1::bigint) AND " bounds_and_order                        \
    " LIMIT nullif($3::int, 0)"
#define BEYOND "a.no > $2::bigint AND a.no < coalesce(nullif($4::bigint, 0), 9223372036854775807)"

/* Two of them, so that each is read along the index. */
static const struct pg_statement trail = {4, TRAIL(BEYOND " ORDER BY a.no")},
                                 trail_back = {4, TRAIL(BEYOND " ORDER BY a.no DESC")};

bool token_was_rotated(
    struct co_context *context, struct pg *pg, const uint8_t hash[TOKEN_HASH], bool *was)
{
    static const struct pg_statement look = {
        1, "SELECT 1 FROM token_act WHERE former_hash = decode($1, 'hex') LIMIT 1"};
    char hex[HEX];
    const char *values[] = {hex};
    struct pg_result *result = NULL;
    write_hex(hash, hex);
    if (pg_run(context, pg, &look, values, &result) != PG_OK)
        return false;
    *was = pg_rows(result) > 0;
    pg_free(&result);
    return true;
}

bool token_acts(struct co_context *context, struct pg *pg, const struct token_act_query *query,
    struct token_act **acts, size_t *count)
{
    char token[24];
    struct range_texts range;
    snprintf(token, sizeof token, "%lld", (long long)query->token);
    write_range(&query->range, &range);
    const char *values[] = {token, range.after, range.limit, range.before};
    struct pg_result *result = NULL;
    if (pg_run(context, pg, query->range.backwards ? &trail_back : &trail, values, &result) !=
        PG_OK)
        return false;
    *count = pg_rows(result);
    *acts = calloc(*count + 1, sizeof **acts);
    bool good = *acts != NULL;
    for (size_t i = 0; good && i < *count; i++) {
        struct token_act *act = &(*acts)[i];
        act->no = pg_number(result, i, 0);
        act->token = pg_number(result, i, 1);
        act->by_token = pg_number(result, i, 2);
        copy(act->act, sizeof act->act, result, i, 3);
        copy(act->at, sizeof act->at, result, i, 4);
        copy(act->by_name, sizeof act->by_name, result, i, 5);
        copy(act->name, sizeof act->name, result, i, 6);
    }
    pg_free(&result);
    return good;
}
