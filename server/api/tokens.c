/* SPDX-License-Identifier: MIT */
/*
 * A secret is in one answer and nowhere else, so it cannot be told again: who does not get the
 * answer looks in the list for what was created, and revokes it, or rotates it once more.
 */
#include "server/api/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/bank/bank_name.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/paging.h"
#include "server/auth/token_desk.h"
#include "server/auth/token_json.h"
#include "server/auth/token_text.h"

static const struct problem not_found = {404, "token_not_found", "There is no such token."},
                            is_over = {409, "token_ended", "The token is revoked, or has ended."},
                            is_full = {409, "token_limit", "There are too many valid tokens."},
                            unknown = {504, "outcome_unknown",
                                "It is not known whether it was done: look at the tokens."};

/* Who asks: a token, or anybody where none is asked for. */
static struct token_actor actor_of(const struct call *call)
{
    return (struct token_actor){
        .token = call->grant.id, .name = "anybody: the service asks for no tokens"};
}

static void refuse(struct call *call, enum token_desk_status status)
{
    switch (status) {
    case TOKEN_DESK_NOT_FOUND:
        call_refuse_as(call, &not_found, NULL);
        return;
    case TOKEN_DESK_FULL:
        call_refuse_as(call, &is_full, "10,000 are valid already; revoke some.");
        return;
    case TOKEN_DESK_UNKNOWN:
        call_refuse_as(call, &unknown, NULL);
        return;
    case TOKEN_DESK_DONE:
    case TOKEN_DESK_AWAY:
        break;
    }
    call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
}

static bool read_id(struct call *call, int64_t *id)
{
    const char *text = call->path.id;
    money number = 0;
    bool good =
        money_parse(text, strlen(text), false, &number) && number >= 1 && number <= INT64_MAX;
    *id = good ? (int64_t)number : 0;
    /* No token has such an id. */
    if (!good)
        call_refuse_as(call, &not_found, NULL);
    return good;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The token of that id, as the database has it; `secret` NULL: it is not told. */
static bool answer_token(struct call *call, int64_t id, const char *secret)
{
    const struct token_query query = {.id = id};
    struct token *tokens = NULL;
    struct json_out out;
    size_t count = 0;
    enum token_desk_status status =
        token_desk_list(call_context(call), call->api->desk, &query, &tokens, &count);
    /* Its secret is known here alone: if it cannot be told with the rest, it is lost. */
    if (status != TOKEN_DESK_DONE && secret)
        status = TOKEN_DESK_UNKNOWN;
    else if (status == TOKEN_DESK_DONE && count == 0)
        status = TOKEN_DESK_NOT_FOUND;
    if (status == TOKEN_DESK_DONE) {
        json_out_begin(&out, call->arena);
        token_json_write(&out, &tokens[0], secret);
        call_ok_anywhere(call, &out);
    } else {
        refuse(call, status);
    }
    token_list_free(&tokens, count);
    return status == TOKEN_DESK_DONE;
}

static const char *path_of(struct call *call, int64_t id)
{
    struct json_out path;
    json_out_begin(&path, call->arena);
    json_out_raw(&path, "/v1/tokens/", 11);
    json_out_number(&path, (uint64_t)id);
    json_out_raw(&path, "", 1);
    return path.text;
}

static void answer_items(struct call *call, struct json_out *out, int64_t next)
{
    paging_close(out, (uint64_t)next);
    call_ok_anywhere(call, out);
}

/* ---- reading bodies ------------------------------------------------------------------------ */

/* A whole number from 1 on, not a text; 0: it was not given. */
static bool read_number(struct call *call, const struct body *body, enum body_member member,
    int64_t most, const char *rule, int64_t *number)
{
    const struct json_in *given = body_given(body, member);
    money value = 0;
    *number = 0;
    if (!given)
        return true;
    if (json_in_text(given) || !json_in_money(given, false, &value) || value < 1 || value > most) {
        body_refuse(call, body, member, rule);
        return false;
    }
    *number = (int64_t)value;
    return true;
}

/* An array of texts, as lines; NULL: it was not given. */
static bool read_lines(struct call *call, const struct body *body, enum body_member member,
    bool (*is_valid)(const char *text), const char *rule, char **lines)
{
    const struct json_in *given = body_given(body, member);
    size_t count = given && json_in_is_array(given) ? json_in_count(given) : 0;
    struct json_out out;
    *lines = NULL;
    if (!given)
        return true;
    json_out_begin(&out, call->arena);
    bool good = count >= 1 && count <= TOKEN_BINDINGS_MAX;
    for (size_t i = 0; good && i < count; i++) {
        const char *text = json_in_text(json_in_at(given, i));
        good = text && is_valid(text);
        if (good)
            json_out_raw(&out, text, strlen(text));
        json_out_raw(&out, i + 1 < count ? "\n" : "", 1);
    }
    if (good)
        *lines = out.text;
    else
        body_refuse(call, body, member, rule);
    return good;
}

/* A name is of up to 200 characters, without those that would break a line or a terminal. */
static bool name_is_valid(const char *name)
{
    size_t count = 0;
    for (; *name; name++) {
        if ((unsigned char)*name < ' ' || *name == 0x7f)
            return false;
        count += (*name & 0xc0) != 0x80; /* the first byte of each */
    }
    return count <= TOKEN_NAME_MAX;
}

#define LIFE_RULE "must be a whole number of seconds from 1 to 316224000"

static bool read_token(struct call *call, struct token *token, int64_t *life_s)
{
    const uint64_t known = BODY_HAS_NAME | BODY_HAS_SCOPE | BODY_HAS_LEDGERS | BODY_HAS_PREFIXES |
                           BODY_HAS_RATE | BODY_HAS_EXPIRES_IN;
    struct body body;
    int64_t rate = 0;
    if (!body_read(call, known, &body))
        return false;
    const struct json_in *given = body_given(&body, BODY_NAME);
    const char *name = given ? json_in_text(given) : "",
               *scope = json_in_text(body.members[BODY_SCOPE]);
    if (!name || !name_is_valid(name)) {
        body_refuse(
            call, &body, BODY_NAME, "must be at most 200 characters, without control characters");
        return false;
    }
    if (!scope || token_scope_of_name(scope) == TOKEN_NONE) {
        body_refuse(call, &body, BODY_SCOPE, "must be read, write or admin");
        return false;
    }
    /* Both fit: they were checked. */
    memcpy(token->name, name, strlen(name) + 1);
    memcpy(token->scope, scope, strlen(scope) + 1);
    bool good = read_lines(call, &body, BODY_LEDGERS, bank_name_is_valid,
                    "must be an array of 1 to 16 names of ledgers", &token->ledgers) &&
                read_lines(call, &body, BODY_PREFIXES, account_id_is_valid,
                    "must be an array of 1 to 16 beginnings of account ids", &token->prefixes) &&
                read_number(call, &body, BODY_RATE, TOKEN_RATE_MAX,
                    "must be a whole number of requests a second from 1 to 100000", &rate) &&
                read_number(call, &body, BODY_EXPIRES_IN, TOKEN_LIFE_MAX_S, LIFE_RULE, life_s);
    token->rate = (uint32_t)rate;
    return good;
}

/* ---- handlers ------------------------------------------------------------------------------ */

void tokens_post(struct call *call)
{
    const struct token_actor by = actor_of(call);
    struct token token = {.id = 0};
    char text[TOKEN_TEXT];
    int64_t life_s = 0;
    if (!read_token(call, &token, &life_s))
        return;
    enum token_desk_status status =
        token_desk_create(call_context(call), call->api->desk, &by, &token, life_s, text);
    if (status != TOKEN_DESK_DONE)
        refuse(call, status);
    else if (answer_token(call, token.id, text)) {
        call->response->status = 201;
        call->location = path_of(call, token.id);
    }
}

void tokens_rotate(struct call *call)
{
    const struct token_actor by = actor_of(call);
    struct token_rotation rotation = {.id = 0};
    struct body body;
    char text[TOKEN_TEXT];
    if (!read_id(call, &rotation.id) ||
        !body_read(call, BODY_HAS_KEEP | BODY_HAS_EXPIRES_IN, &body) ||
        !read_number(call, &body, BODY_KEEP, TOKEN_KEEP_MAX_S,
            "must be a whole number of seconds from 1 to 2592000", &rotation.keep_s) ||
        !read_number(call, &body, BODY_EXPIRES_IN, TOKEN_LIFE_MAX_S, LIFE_RULE, &rotation.life_s))
        return;
    enum token_desk_status status =
        token_desk_rotate(call_context(call), call->api->desk, &by, &rotation, text);
    if (status == TOKEN_DESK_DONE)
        (void)answer_token(call, rotation.id, text);
    /* It is not there, or it is there and has ended. */
    else if (status != TOKEN_DESK_NOT_FOUND)
        refuse(call, status);
    else if (answer_token(call, rotation.id, NULL))
        call_refuse_as(call, &is_over, NULL);
}

void tokens_delete(struct call *call)
{
    const struct token_actor by = actor_of(call);
    int64_t id;
    if (!read_id(call, &id))
        return;
    enum token_desk_status status = token_desk_revoke(call_context(call), call->api->desk, &by, id);
    /* Revoking it again is no mistake, if there is such a token. */
    if (status == TOKEN_DESK_DONE || status == TOKEN_DESK_NOT_FOUND)
        (void)answer_token(call, id, NULL);
    else
        refuse(call, status);
}

void tokens_get(struct call *call)
{
    int64_t id;
    if (read_id(call, &id))
        (void)answer_token(call, id, NULL);
}

/* Where a page begins and ends, and how long it is. */
static bool read_page(struct call *call, struct token_range *range)
{
    struct paging paging = {.descends = false};
    if (!paging_read(call, &paging))
        return false;
    *range = (struct token_range){.after = (int64_t)paging.after,
        .before = paging.before == UINT64_MAX ? INT64_MAX : (int64_t)paging.before,
        .backwards = paging.descends,
        .limit = (int)paging.limit};
    return true;
}

void tokens_list(struct call *call)
{
    struct token_query query = {.only_good = false};
    struct token *tokens = NULL;
    struct json_out out;
    size_t count = 0;
    if (!read_page(call, &query.range))
        return;
    enum token_desk_status status =
        token_desk_list(call_context(call), call->api->desk, &query, &tokens, &count);
    if (status != TOKEN_DESK_DONE) {
        refuse(call, status);
        return;
    }
    paging_open(&out, call);
    for (size_t i = 0; i < count; i++)
        token_json_write(&out, &tokens[i], NULL);
    answer_items(call, &out, count == (size_t)query.range.limit ? tokens[count - 1].id : 0);
    token_list_free(&tokens, count);
}

void tokens_acts(struct call *call)
{
    struct token_act_query query = {.token = 0};
    struct token_act *acts = NULL;
    struct json_out out;
    uint64_t token = 0;
    size_t count = 0;
    if (!call_query_number(call, "token", 1, INT64_MAX, &token) || !read_page(call, &query.range))
        return;
    query.token = (int64_t)token;
    enum token_desk_status status =
        token_desk_acts(call_context(call), call->api->desk, &query, &acts, &count);
    if (status != TOKEN_DESK_DONE) {
        refuse(call, status);
        return;
    }
    paging_open(&out, call);
    for (size_t i = 0; i < count; i++)
        token_json_write_act(&out, &acts[i]);
    answer_items(call, &out, count == (size_t)query.range.limit ? acts[count - 1].no : 0);
    free(acts);
}
