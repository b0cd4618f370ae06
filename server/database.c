/* SPDX-License-Identifier: MIT */
#include "server/database.h"

#include <stdio.h>

#include "server/cluster.h"

bool database_open(struct context *context, const struct database_options *options,
    struct database *database, char *error, size_t error_size)
{
    *database = (struct database){.conninfo = options->url};
    struct folder *folder = &database->folder;
    if (!folder_open(folder, options->data, error, error_size))
        return false;
    if (folder->lock_fd < 0 && options->alone) {
        snprintf(error, error_size, "%s is in use by another teller, process %d", folder->path,
            folder_holder(folder));
        return false;
    }
    if (options->url)
        return true;
    const struct cluster_options cluster = {
        .folder = folder->path, .postgres_bin = options->postgres_bin};
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
