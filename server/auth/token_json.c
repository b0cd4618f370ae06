/* SPDX-License-Identifier: MIT */
#include "server/auth/token_json.h"

static void key_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

/* "" is null. */
static void key_time(struct json_out *out, const char *key, const char *time)
{
    key_text(out, key, *time ? time : NULL);
}

/* 0 is null. */
static void key_number(struct json_out *out, const char *key, int64_t number)
{
    json_out_key(out, key);
    if (number)
        json_out_number(out, (uint64_t)number);
    else
        json_out_json(out, NULL);
}

static void key_lines(struct json_out *out, const char *key, const char *lines)
{
    json_out_key(out, key);
    json_out_lines(out, lines);
}

const char *token_json_state(const struct token *token)
{
    return token->revoked_at[0] ? "revoked" : token->is_over ? "expired" : "valid";
}

void token_json_write(struct json_out *out, const struct token *token, const char *secret)
{
    json_out_open(out, '{');
    key_number(out, "id", token->id);
    key_text(out, "name", token->name);
    key_text(out, "scope", token->scope);
    key_text(out, "state", token_json_state(token));
    key_lines(out, "ledgers", token->ledgers);
    key_lines(out, "prefixes", token->prefixes);
    key_number(out, "rate", token->rate);
    key_time(out, "created_at", token->created_at);
    key_time(out, "expires_at", token->expires_at);
    key_time(out, "revoked_at", token->revoked_at);
    key_time(out, "former_until", token->former_until);
    if (secret)
        key_text(out, "token", secret);
    json_out_close(out, '}');
}

void token_json_write_act(struct json_out *out, const struct token_act *act)
{
    json_out_open(out, '{');
    key_number(out, "no", act->no);
    key_text(out, "at", act->at);
    key_text(out, "act", act->act);
    key_number(out, "token", act->token);
    key_text(out, "name", act->name);
    key_number(out, "by_token", act->by_token);
    key_text(out, "by_name", act->by_name);
    json_out_close(out, '}');
}
