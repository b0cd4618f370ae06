/* SPDX-License-Identifier: MIT */
/*
 * A private PostgreSQL cluster in a folder of its own: made at the first start, reachable only
 * through a Unix socket inside that folder, and run as a child that does not outlive us. When it
 * dies it is started again; what a killed predecessor left behind is cleared away first.
 *
 * Nothing here needs HTTP or a ledger. Everything may park.
 */
#ifndef SERVER_POSTGRES_CLUSTER_H
#define SERVER_POSTGRES_CLUSTER_H

#include <stddef.h>
#include <sys/types.h>

#include "coro/context.h"
#include "server/process/process.h"

struct cluster;

#define CLUSTER_DEBIAN_BIN "/usr/lib/postgresql/15/bin" /* if nothing else is said */

struct cluster_options {
    const char *folder;       /* exists; gets postgres/ and postgres.log. One owner at a time */
    const char *postgres_bin; /* the folder of initdb and postgres; NULL: Debian's of version 15 */
};

/*
 * Make the cluster if there is none, start it and wait until it takes connections. As root it runs
 * as the owner of the folder postgres/ (for a new one: the account "postgres"), else as ourselves.
 * NULL on failure, with the reason in `error`.
 */
CO_MUST_CHECK struct cluster *cluster_start(struct co_context *context,
    const struct cluster_options *options, char *error, size_t error_size);

/* The cluster that another process of ours runs in the folder: to connect to, not to stop. */
CO_MUST_CHECK struct cluster *cluster_attach(const char *folder, char *error, size_t error_size);

/* For libpq; good until cluster_stop(), across restarts of the cluster, and in this process only.
 */
const char *cluster_conninfo(const struct cluster *cluster);

/* The same for a child that is given the folder as its fourth descriptor: see process.h. */
#define CLUSTER_CHILD_CONNINFO "host=" PROCESS_FOLDER " user=postgres dbname=postgres"
int cluster_descriptor(const struct cluster *cluster);

/* The process id of the postmaster now, 0 while there is none. */
pid_t cluster_pid(const struct cluster *cluster);

/* The descriptor of its folder, where its socket is; the cluster's own. */
int cluster_folder_of(const struct cluster *cluster);

/* Stop it cleanly, wait until it has ended, and null the caller's pointer. */
void cluster_stop(struct cluster **cluster);

#endif
