/* SPDX-License-Identifier: MIT */
/*
 * Backups of the private cluster, made, checked and taken back by PostgreSQL's own programs: a
 * folder with postgres/ in it, which is a base backup with a manifest of checksums. A backup is
 * never started; what is started is a copy.
 *
 * `bin` is where PostgreSQL's programs are. False: with the reason in `error`, and what the program
 * said on stderr. Everything parks.
 */
#ifndef SERVER_POSTGRES_BACKUP_H
#define SERVER_POSTGRES_BACKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/context.h"

struct cluster;

/* Make the folder `to` (or use an empty one) and take a backup of the running cluster into it. */
CO_MUST_CHECK bool backup_take(struct co_context *context, const struct cluster *cluster,
    const char *bin, const char *to, char *error, size_t error_size);

/* Is every file there, with the bytes that it was written with? */
CO_MUST_CHECK bool backup_check(
    struct co_context *context, const char *bin, const char *from, char *error, size_t error_size);

/* Copy it as DIR/postgres, for whoever runs PostgreSQL there; the caller has DIR locked, and
 * DIR/postgres does not exist. A copy that was broken off is not taken for a whole one. */
CO_MUST_CHECK bool backup_copy(struct co_context *context, const char *from, const char *folder,
    char *error, size_t error_size);

/* Remove a folder and all in it, if there is one. */
void backup_remove(const char *folder);

#endif
