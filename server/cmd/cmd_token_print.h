/* SPDX-License-Identifier: MIT */
/* Tokens, and what was done with them, on standard output: a table, or a line of JSON for each. */
#ifndef SERVER_CMD_CMD_TOKEN_PRINT_H
#define SERVER_CMD_CMD_TOKEN_PRINT_H

#include "server/auth/token.h"

void cmd_token_print(const struct token *tokens, size_t count, bool json);

/* A head, then as many calls as there are pages. */
void cmd_token_print_acts_begin(bool json);
void cmd_token_print_acts(const struct token_act *acts, size_t count, bool json);

#endif
