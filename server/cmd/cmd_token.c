/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_database.h"
#include "server/auth/token_cache.h"

static const int64_t limit_ns = 60 * CO_CLOCK_S;

struct command {
    const char *verb, *scope, *name;
    int64_t id;
};

static bool create(
    struct co_context *context, struct pg *pg, const struct command *command, int *exit_code)
{
    struct token token = {.id = 0};
    char text[TOKEN_TEXT];
    snprintf(token.name, sizeof token.name, "%s", command->name);
    snprintf(token.scope, sizeof token.scope, "%s", command->scope);
    token_make(text, token.hash);
    if (!token_add(context, pg, &token))
        return false;
    if (token.id == 0) {
        fprintf(stderr, "teller: there are %d good tokens already: revoke some\n", TOKENS_MAX);
        *exit_code = 1;
        return true;
    }
    /* Alone on standard output, so that a script can take it. */
    printf("%s\n", text);
    fprintf(stderr, "token %" PRId64 " (%s); this is the only time it is shown\n", token.id,
        token.scope);
    return true;
}

static bool list(struct co_context *context, struct pg *pg)
{
    struct token *tokens;
    size_t count;
    if (!token_list(context, pg, false, &tokens, &count))
        return false;
    printf("%-6s %-6s %-28s %-28s %s\n", "ID", "SCOPE", "CREATED", "REVOKED", "NAME");
    for (size_t i = 0; i < count; i++)
        printf("%-6" PRId64 " %-6s %-28s %-28s %s\n", tokens[i].id, tokens[i].scope,
            tokens[i].created_at, tokens[i].revoked_at[0] ? tokens[i].revoked_at : "-",
            tokens[i].name);
    free(tokens);
    return true;
}

static bool revoke(struct co_context *context, struct pg *pg, int64_t id, int *exit_code)
{
    bool found;
    if (!token_revoke(context, pg, id, &found))
        return false;
    if (!found) {
        fprintf(stderr, "teller: there is no valid token %" PRId64 "\n", id);
        *exit_code = 1;
    }
    return true;
}

static int work(struct co_context *context, struct pg *pg, void *arg)
{
    const struct command *command = arg;
    int exit_code = 0;
    bool good = strcmp(command->verb, "create") == 0 ? create(context, pg, command, &exit_code)
                : strcmp(command->verb, "list") == 0 ? list(context, pg)
                                                     : revoke(context, pg, command->id, &exit_code);
    if (!good) {
        fprintf(stderr, "teller: %s\n", pg_message(pg));
        exit_code = 1;
    }
    return exit_code;
}

static bool read_words(struct command *command, const char **words)
{
    const char *verb = words[0] ? words[0] : "";
    char *end;
    command->verb = verb;
    if (strcmp(verb, "create") == 0 && !words[1]) {
        if (command->scope && token_scope_of_name(command->scope) != TOKEN_NONE)
            return true;
        fputs("teller: --scope must be read, write or admin\n", stderr);
        return false;
    }
    if (strcmp(verb, "list") == 0 && !words[1])
        return true;
    /* strtoll() would take "-1", and blanks in front. */
    if (strcmp(verb, "revoke") == 0 && words[1]) {
        errno = 0;
        command->id = strtoll(words[1], &end, 10);
        if (errno == 0 && isdigit((unsigned char)*words[1]) && !*end && command->id > 0)
            return true;
        fputs("teller: an ID is a whole number from 1 on; token list shows them\n", stderr);
    }
    fputs("usage: teller token create --scope read|write|admin [--name N] | list | revoke ID\n",
        stderr);
    return false;
}

int cmd_token(int argc, char **argv)
{
    struct option flags[] = {
        {"scope", "NAME", "create: what it may do: read, write or admin", NULL},
        {"name", "TEXT", "create: what it is for", ""},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller token create --scope S [--name N] | list | revoke ID",
        "Access tokens. Only a hash is stored: a token is shown once, when it is created.\n"
        "In a running service a token is valid immediately, a revocation within a second, and "
        "ends\n"
        "the streams of events that the token began.",
        flags};
    const char *words[3];
    int code = cmd_database_parse(&options, argc, argv, words, 2);
    if (code >= 0)
        return code;
    struct command command = {
        .scope = options_value(&options, "scope"), .name = options_value(&options, "name")};
    if (!read_words(&command, words))
        return 2;
    return cmd_database_run(&(struct cmd_database){
        .options = &options, .limit_ns = limit_ns, .work = work, .arg = &command});
}
