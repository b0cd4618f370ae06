/* SPDX-License-Identifier: MIT */
#include "server/postgres/database.h"

#include <stdio.h>
#include <sys/stat.h>

#include "server/postgres/cluster.h"

/* A mistyped folder must not become an empty bank. */
static bool has_cluster(const char *data, char *error, size_t error_size)
{
    char path[FOLDER_PATH + 20];
    struct stat status;
    snprintf(path, sizeof path, "%s/postgres", data);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    snprintf(error, error_size, "there is no database in %s; teller serve makes one", data);
    return false;
}

static bool open_folder(
    const struct database_options *options, struct folder *folder, char *error, size_t error_size)
{
    if (!options->serves && !has_cluster(options->data, error, error_size))
        return false;
    if (!folder_open(folder, options->data, error, error_size))
        return false;
    /* Commands work beside a service; two services do not. */
    if (folder->lock_fd >= 0 || !options->serves)
        return true;
    snprintf(error, error_size, "%s is in use by another teller, process %d", folder->path,
        folder_holder(folder));
    return false;
}

bool database_open(struct co_context *context, const struct database_options *options,
    struct database *database, char *error, size_t error_size)
{
    *database = (struct database){.conninfo = options->url, .folder.lock_fd = -1};
    struct folder *folder = &database->folder;
    /* A command on the user's own server leaves nothing on this machine. */
    if (options->url && !options->serves)
        return true;
    if (!open_folder(options, folder, error, error_size))
        return false;
    if (options->url)
        return true;
    const struct cluster_options cluster = {
        .folder = folder->path, .postgres_bin = options->postgres_bin};
    /* Whoever has the lock starts it; others find it running. */
    database->cluster = folder->lock_fd >= 0 ? cluster_start(context, &cluster, error, error_size)
                                             : cluster_attach(folder->path, error, error_size);
    if (!database->cluster) {
        folder_close(folder);
        return false;
    }
    database->conninfo = cluster_conninfo(database->cluster);
    return true;
}

void database_close(struct database *database)
{
    if (database->cluster)
        cluster_stop(&database->cluster);
    folder_close(&database->folder);
}
