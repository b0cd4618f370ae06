/* SPDX-License-Identifier: MIT */
/*
 * The database that a command works with: one that the user names, or the private cluster of the
 * data folder, which is started, or, when a service is running on it, shared.
 */
#ifndef SERVER_POSTGRES_DATABASE_H
#define SERVER_POSTGRES_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/context.h"
#include "server/postgres/folder.h"

struct database_options {
    const char *data;         /* the data folder */
    const char *url;          /* NULL: the private cluster */
    const char *postgres_bin; /* NULL: Debian's */
    bool serves;              /* make what is missing; nobody else may have the data folder */
};

struct database {
    struct folder folder;    /* path "": none is needed */
    struct cluster *cluster; /* NULL: the user's server */
    const char *conninfo;
};

/* A command that does not serve makes neither a folder nor a cluster, and needs no folder for the
 * user's server. False with the reason in `error`. Parks. */
CO_MUST_CHECK bool database_open(struct co_context *context, const struct database_options *options,
    struct database *database, char *error, size_t error_size);

/* Stop what was started. Parks. */
void database_close(struct database *database);

#endif
