/* SPDX-License-Identifier: MIT */
/*
 * The file is written before the database is told: a crash in between leaves a token that the
 * database has never seen, and the next start makes another.
 */
#include "server/auth/admin_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/postgres/folder.h"
#include "server/text/log.h"

enum { PATH_SIZE = FOLDER_PATH + 20 };

static void read_file(const char *path, char text[TOKEN_TEXT])
{
    text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    ssize_t length = read(fd, text, TOKEN_TEXT - 1);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0'; /* a token of now is shorter than those of before */
    close(fd);
}

static bool write_file(const char *folder, const char *text)
{
    char path[PATH_SIZE], fresh[PATH_SIZE];
    snprintf(path, sizeof path, "%s/admin.token", folder);
    snprintf(fresh, sizeof fresh, "%s/admin.token.new", folder);
    /* A start that was killed may have left one behind. */
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    /* Renamed only when it is whole and on disk. */
    bool good = dprintf(fd, "%s\n", text) == (int)strlen(text) + 1 && fsync(fd) == 0;
    close(fd);
    return good && rename(fresh, path) == 0;
}

enum standing { STANDING_GOOD, STANDING_ENDED, STANDING_UNKNOWN };

/* Of the file's token. False: the database did not answer. */
static bool find_standing(struct co_context *context, struct pg *pg, const char *text,
    enum standing *standing, bool *has_tokens)
{
    const struct token_query query = {.only_good = false};
    struct token *tokens = NULL;
    uint8_t hash[TOKEN_HASH];
    size_t count = 0;
    bool was_rotated = false;
    /* What is not a token at all was never known. */
    bool is_one = token_text_hash(text, hash);
    if ((is_one && !token_was_rotated(context, pg, hash, &was_rotated)) ||
        !token_list(context, pg, &query, &tokens, &count, NULL))
        return false;
    *has_tokens = count > 0;
    *standing = was_rotated ? STANDING_ENDED : STANDING_UNKNOWN;
    for (size_t i = 0; is_one && i < count; i++)
        if (memcmp(tokens[i].hash, hash, TOKEN_HASH) == 0)
            *standing =
                tokens[i].revoked_at[0] || tokens[i].is_over ? STANDING_ENDED : STANDING_GOOD;
    token_list_free(&tokens, count);
    return true;
}

static bool make(struct co_context *context, struct pg *pg, const char *folder,
    char text[TOKEN_TEXT], char *error, size_t error_size)
{
    struct token token = {.name = "admin.token", .scope = "admin"};
    token_text_make(text, token.hash);
    /* File first: see the head of this file. */
    if (!write_file(folder, text)) {
        snprintf(error, error_size, "cannot write %s/admin.token: %s", folder, strerror(errno));
        return false;
    }
    const struct token_actor by = {.name = "serve"};
    if (!token_add(context, pg, &by, &token, 0)) {
        snprintf(error, error_size, "cannot store the admin token: %s", pg_message(pg));
        return false;
    }
    if (token.id == 0) {
        snprintf(error, error_size,
            "cannot store the admin token: there are %d good tokens already", TOKENS_MAX);
        return false;
    }
    log_info("the admin token is in %s/admin.token", folder);
    return true;
}

enum pg_status admin_token_open(struct co_context *context, const char *conninfo,
    const char *folder, char text[TOKEN_TEXT], char *error, size_t error_size)
{
    char path[PATH_SIZE];
    enum standing standing = STANDING_UNKNOWN;
    bool has_tokens = false;
    struct pg *pg = pg_connect(context, conninfo, "teller_app", error, error_size);
    if (!pg)
        return PG_LOST;
    snprintf(path, sizeof path, "%s/admin.token", folder);
    read_file(path, text);
    bool good = find_standing(context, pg, text, &standing, &has_tokens);
    if (!good)
        snprintf(error, error_size, "cannot read the tokens: %s", pg_message(pg));
    bool has_file = text[0] != '\0';
    /* Ended on purpose: no other one is made behind the administrator's back. */
    if (good && standing == STANDING_ENDED)
        text[0] = '\0';
    else if (good && standing == STANDING_UNKNOWN && (has_file || !has_tokens))
        good = make(context, pg, folder, text, error, error_size);
    enum pg_status status = good ? PG_OK : pg_is_lost(pg) ? PG_LOST : PG_ERROR;
    pg_close(&pg);
    return status;
}
