/* SPDX-License-Identifier: MIT */
#include "server/cmd/serve_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/clock.h"
#include "server/postgres/cluster.h"

enum { ERROR_TEXT = 500, PATH_TEXT = 1000 };

static bool wrong(const char *path, const char *what)
{
    fprintf(stderr, "teller: %s: %s\n", path, what);
    return false;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Good at the moment; a start takes one that has expired, and says so. */
static bool check_tls(const struct tls_files *files)
{
    char error[ERROR_TEXT];
    if (!files->certificate)
        return true;
    struct tls_identity *identity = tls_identity_read(files, error, sizeof error);
    if (!identity) {
        fprintf(stderr, "teller: %s\n", error);
        return false;
    }
    bool current = tls_identity_ends_s(identity) > co_clock_wall_us() / 1000000;
    tls_identity_release(&identity);
    return current || wrong(files->certificate, "the certificate has expired");
}

/* It is there and ours to write in, or its parent is, in which a start makes it. */
static bool check_folder(const char *path)
{
    char parent[PATH_TEXT];
    if (access(path, F_OK) == 0) {
        if (!is_folder(path))
            return wrong(path, "the data folder is not a folder");
        return access(path, R_OK | W_OK | X_OK) == 0 || wrong(path, strerror(errno));
    }
    /* What stands before the last slash, but for slashes at the end. */
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    int written = snprintf(parent, sizeof parent, "%.*s", (int)length, length ? path : "");
    if (written == 0)
        snprintf(parent, sizeof parent, ".");
    if (!is_folder(parent))
        return wrong(path, "neither it nor the folder that it would be made in is there");
    return access(parent, W_OK | X_OK) == 0 || wrong(parent, strerror(errno));
}

static bool check_programs(const char *folder)
{
    static const char *const names[] = {"initdb", "postgres"};
    char path[PATH_TEXT];
    bool good = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (access(path, X_OK) != 0)
            good = wrong(path, strerror(errno));
    }
    return good;
}

/* Can libpq make sense of them? */
static bool check_places(const struct database_list *list, const char *option)
{
    char error[ERROR_TEXT];
    bool good = true;
    for (size_t i = 0; i < list->count; i++)
        if (!pg_conninfo_check(list->rows[i].conninfo, error, sizeof error))
            good = wrong(list->count > 1 ? list->rows[i].name : option, error);
    return good;
}

static bool check_database(const struct serve_options *serve)
{
    const struct database_options *database = &serve->database;
    if (!database->url)
        return check_programs(database->postgres_bin ? database->postgres_bin : CLUSTER_DEBIAN_BIN);
    bool good = check_places(&serve->databases, "database");
    return check_places(&serve->reads, "read-database") && good;
}

int serve_check(const struct serve_options *serve)
{
    bool good = check_tls(&serve->tls);
    good = check_folder(serve->database.data) && good;
    good = check_database(serve) && good;
    if (good)
        puts("teller: it could start with this configuration");
    return good && fflush(stdout) == 0 ? 0 : 1;
}
