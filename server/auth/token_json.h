/* SPDX-License-Identifier: MIT */
/* Tokens as JSON, the same by the API and by the command. */
#ifndef SERVER_AUTH_TOKEN_JSON_H
#define SERVER_AUTH_TOKEN_JSON_H

#include "server/auth/token.h"
#include "server/text/json_out.h"

/* "valid", "expired" or "revoked". */
const char *token_json_state(const struct token *token);

/* `secret` is what nobody will see again; NULL: it is not told. */
void token_json_write(struct json_out *out, const struct token *token, const char *secret);

void token_json_write_act(struct json_out *out, const struct token_act *act);

#endif
