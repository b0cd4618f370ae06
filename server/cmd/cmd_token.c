/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "ledger/bank/bank_name.h"
#include "ledger/domain/account.h"
#include "server/auth/token_grant.h"
#include "server/auth/token_text.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_database.h"
#include "server/cmd/cmd_token_print.h"

static const int64_t limit_ns = 60 * CO_CLOCK_S;

enum { LIST_TEXT = 8192, USER = 100, ACTS_PAGE = 1000 };

struct command {
    const char *verb;
    struct token token; /* to be created */
    char ledgers[LIST_TEXT], prefixes[LIST_TEXT];
    int64_t id, life_s, keep_s;
    bool json;
    char user[USER];
    struct token_actor by;
};

/* ---- what is done -------------------------------------------------------------------------- */

/* Alone on standard output, so that a script can take it. */
static void print_secret(const char *text)
{
    printf("%s\n", text);
}

static bool do_create(
    struct co_context *context, struct pg *pg, struct command *command, int *exit_code)
{
    struct token *token = &command->token;
    char text[TOKEN_TEXT];
    token_text_make(text, token->hash);
    if (!token_add(context, pg, &command->by, token, command->life_s))
        return false;
    if (token->id == 0) {
        fprintf(stderr, "teller: there are %d good tokens already: revoke some\n", TOKENS_MAX);
        *exit_code = 1;
        return true;
    }
    print_secret(text);
    fprintf(stderr, "token %" PRId64 " (%s); this is the only time it is shown\n", token->id,
        token->scope);
    return true;
}

static void say_not_found(const struct command *command, int *exit_code)
{
    fprintf(stderr, "teller: there is no valid token %" PRId64 "\n", command->id);
    *exit_code = 1;
}

static bool do_rotate(
    struct co_context *context, struct pg *pg, struct command *command, int *exit_code)
{
    struct token_rotation rotation = {
        .id = command->id, .keep_s = command->keep_s, .life_s = command->life_s};
    char text[TOKEN_TEXT];
    bool found;
    token_text_make(text, rotation.hash);
    if (!token_rotate(context, pg, &command->by, &rotation, &found))
        return false;
    if (!found) {
        say_not_found(command, exit_code);
        return true;
    }
    print_secret(text);
    fprintf(stderr,
        "token %" PRId64 ", its new secret; this is the only time it is shown. The former one %s\n",
        command->id, command->keep_s ? "is good for as long as --keep says" : "is good no more");
    return true;
}

static bool do_revoke(
    struct co_context *context, struct pg *pg, struct command *command, int *exit_code)
{
    bool found;
    if (!token_revoke(context, pg, &command->by, command->id, &found))
        return false;
    if (!found)
        say_not_found(command, exit_code);
    return true;
}

static bool do_list(
    struct co_context *context, struct pg *pg, struct command *command, int *exit_code)
{
    const struct token_query all = {.only_good = false};
    struct token *tokens;
    size_t count;
    (void)exit_code;
    if (!token_list(context, pg, &all, &tokens, &count, NULL))
        return false;
    cmd_token_print(tokens, count, command->json);
    token_list_free(&tokens, count);
    return true;
}

static bool do_log(
    struct co_context *context, struct pg *pg, struct command *command, int *exit_code)
{
    struct token_act_query query = {.token = command->id, .range.limit = ACTS_PAGE};
    struct token_act *acts;
    size_t count;
    (void)exit_code;
    cmd_token_print_acts_begin(command->json);
    /* Page by page: the trail only grows. */
    do {
        if (!token_acts(context, pg, &query, &acts, &count))
            return false;
        cmd_token_print_acts(acts, count, command->json);
        if (count > 0)
            query.range.after = acts[count - 1].no;
        free(acts);
    } while (count == ACTS_PAGE);
    return true;
}

/* ---- words --------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    bool (*work)(
        struct co_context *context, struct pg *pg, struct command *command, int *exit_code);
    bool takes_id, needs_id;
} verbs[] = {
    {"create", do_create, false, false},
    {"list", do_list, false, false},
    {"rotate", do_rotate, true, true},
    {"revoke", do_revoke, true, true},
    {"log", do_log, true, false},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; name && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int work(struct co_context *context, struct pg *pg, void *arg)
{
    struct command *command = arg;
    int exit_code = 0;
    if (!find_verb(command->verb)->work(context, pg, command, &exit_code)) {
        fprintf(stderr, "teller: %s\n", pg_message(pg));
        exit_code = 1;
    }
    return exit_code;
}

static bool read_id(const char *word, int64_t *id)
{
    char *end;
    errno = 0;
    *id = strtoll(word, &end, 10);
    /* strtoll() would take "-1", and blanks in front. */
    if (errno == 0 && isdigit((unsigned char)*word) && !*end && *id > 0)
        return true;
    fputs("teller: an ID is a whole number from 1 on; token list shows them\n", stderr);
    return false;
}

/* "90", "30m", "12h", "30d" as seconds; "": 0. */
static bool read_seconds(
    const struct options *options, const char *name, int64_t most_s, int64_t *seconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const char *text = options_value(options, name);
    char *end;
    *seconds = 0;
    if (!*text)
        return true;
    errno = 0;
    int64_t number = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : -1;
    for (size_t i = 0; number >= 0 && errno == 0 && i < sizeof units / sizeof units[0]; i++)
        if (*end == units[i].letter && (!*end || !end[1]) && number <= most_s / units[i].seconds) {
            *seconds = number * units[i].seconds;
            return true;
        }
    fprintf(stderr,
        "teller: --%s must be seconds, or a number with s, m, h or d, at most %" PRId64 "d\n", name,
        most_s / 86400);
    return false;
}

/* "a,b" as lines; "": NULL. Each is asked of `is_valid`. */
static bool read_list(const struct options *options, const char *name, char text[LIST_TEXT],
    bool (*is_valid)(const char *word), char **lines)
{
    const char *given = options_value(options, name);
    size_t count = 0;
    *lines = NULL;
    if (!*given)
        return true;
    bool good = snprintf(text, LIST_TEXT, "%s", given) < LIST_TEXT;
    for (char *word = text, *next; good && word; word = next) {
        next = strchr(word, ',');
        if (next)
            *next = '\0';
        good = is_valid(word) && ++count <= TOKEN_BINDINGS_MAX;
        if (next)
            *next++ = '\n';
    }
    if (good)
        *lines = text;
    else
        fprintf(stderr, "teller: --%s must be 1 to %d of them, with commas between\n", name,
            TOKEN_BINDINGS_MAX);
    return good;
}

static bool read_create(const struct options *options, struct command *command)
{
    const char *scope = options_value(options, "scope"), *name = options_value(options, "name");
    if (!scope) {
        fputs("teller: --scope must be read, write or admin\n", stderr);
        return false;
    }
    if (!read_list(
            options, "ledgers", command->ledgers, bank_name_is_valid, &command->token.ledgers) ||
        !read_list(
            options, "prefixes", command->prefixes, account_id_is_valid, &command->token.prefixes))
        return false;
    command->token.rate = (uint32_t)options_number(options, "rate");
    snprintf(command->token.scope, sizeof command->token.scope, "%s", scope);
    snprintf(command->token.name, sizeof command->token.name, "%s", name);
    return true;
}

#define USAGE                                                                                      \
    "teller token create --scope S [--name N] | list | rotate ID | revoke ID | log [ID] [flags]"

static bool read_words(const struct options *options, const char **words, struct command *command)
{
    const struct verb *verb = find_verb(words[0]);
    if (!verb || (words[1] ? !verb->takes_id : verb->needs_id)) {
        fputs("usage: " USAGE "\n", stderr);
        return false;
    }
    command->verb = verb->name;
    command->json = options_value(options, "json") != NULL;
    return (!words[1] || read_id(words[1], &command->id)) &&
           read_seconds(options, "expires-in", TOKEN_LIFE_MAX_S, &command->life_s) &&
           read_seconds(options, "keep", TOKEN_KEEP_MAX_S, &command->keep_s) &&
           (verb->work != do_create || read_create(options, command));
}

/* For the trail: which user of this machine it was. */
static void find_user(struct command *command)
{
    const struct passwd *user = getpwuid(geteuid());
    snprintf(command->user, sizeof command->user, "command: %s", user ? user->pw_name : "unknown");
    command->by.name = command->user;
}

int cmd_token(int argc, char **argv)
{
    struct option flags[] = {
        {"scope", "read|write|admin", "create: what it may do", NULL},
        {"name", "TEXT", "create: what it is for", ""},
        {"ledgers", "LIST", "create: bound to these ledgers: main,savings", ""},
        {"prefixes", "LIST", "create: bound to accounts whose ids begin so: shop:,till:", ""},
        {"rate", "N=0..100000", "create: requests a second; 0: any number", "0"},
        {"expires-in", "TIME", "create, rotate: it ends by itself: 90, 30m, 12h or 30d", ""},
        {"keep", "TIME", "rotate: how long the former secret stays good", ""},
        {"json", NULL, "list, log: a line of JSON for each", NULL},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {USAGE,
        "Access tokens. Only a hash is stored: a secret is shown once, when it is made. In a\n"
        "running service a new one is valid immediately; a revocation, a rotation or an end holds\n"
        "within a second, and ends the streams of events that the secret began. `log` tells who\n"
        "created, rotated and revoked which token.",
        flags};
    const char *words[3];
    int code = cmd_database_parse(&options, argc, argv, words, 2);
    if (code >= 0)
        return code;
    static struct command command;
    if (!read_words(&options, words, &command))
        return 2;
    find_user(&command);
    return cmd_database_run(&(struct cmd_database){
        .options = &options, .limit_ns = limit_ns, .work = work, .arg = &command});
}
