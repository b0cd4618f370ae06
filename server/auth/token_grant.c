/* SPDX-License-Identifier: MIT */
#include "server/auth/token_grant.h"

#include <string.h>

enum token_scope token_scope_of_name(const char *name)
{
    return strcmp(name, "read") == 0    ? TOKEN_READ
           : strcmp(name, "write") == 0 ? TOKEN_WRITE
           : strcmp(name, "admin") == 0 ? TOKEN_ADMIN
                                        : TOKEN_NONE;
}

/* The text begins with one of the lines; `whole`: it is one of them. */
static bool has_line(const char *lines, const char *text, bool whole)
{
    for (const char *line = lines;; line++) {
        size_t length = strcspn(line, "\n");
        if (strncmp(text, line, length) == 0 && (!whole || text[length] == '\0'))
            return true;
        line += length;
        if (!*line)
            return false;
    }
}

bool token_grant_has_ledger(const struct token_grant *grant, const char *name)
{
    return !grant->ledgers || has_line(grant->ledgers, name, true);
}

bool token_grant_has_account(const struct token_grant *grant, const char *id)
{
    return !grant->prefixes || has_line(grant->prefixes, id, false);
}

const char *token_grant_only_prefix(const struct token_grant *grant)
{
    return grant->prefixes && !strchr(grant->prefixes, '\n') ? grant->prefixes : NULL;
}
