/* SPDX-License-Identifier: MIT */
/*
 * The folder that a private cluster lives in, and the account that its processes run as.
 *
 * The account need not be able to reach the folder by its path (a checkout below a home folder
 * that is closed to others): children get an open descriptor and name it PROCESS_FOLDER.
 */
#ifndef SERVER_POSTGRES_CLUSTER_FOLDER_H
#define SERVER_POSTGRES_CLUSTER_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "coro/context.h"

enum { CLUSTER_ARGUMENTS = 64, CLUSTER_PATH = 600 };

struct cluster_folder {
    char path[CLUSTER_PATH]; /* DIR */
    char bin[CLUSTER_PATH];  /* where initdb and postgres are */
    int fd;                  /* DIR/postgres */
    uid_t uid;
    gid_t gid;
    bool switch_user; /* we are root, it is not */
    char name[64];    /* stands in the command line of each of its processes */
};

/* Open DIR/postgres, after making it with initdb if there is none, and let us (and the account it
 * runs as) in. False with the reason in `error`. Parks. */
CO_MUST_CHECK bool cluster_folder_open(struct co_context *context, struct cluster_folder *folder,
    const char *path, const char *bin, char *error, size_t error_size);

/* Which account its processes run as, or, where there is no folder yet (fd -1), would run as. */
CO_MUST_CHECK bool cluster_folder_account(
    struct cluster_folder *folder, char *error, size_t error_size);

/* Only open what is there. */
CO_MUST_CHECK bool cluster_folder_attach(
    struct cluster_folder *folder, const char *path, char *error, size_t error_size);

void cluster_folder_close(struct cluster_folder *folder);

/* DIR/postgres.log, for appending; the old one goes to postgres.log.1 when it is large. -1: errno.
 */
CO_MUST_CHECK int cluster_folder_log(const struct cluster_folder *folder);

/* A command line, to be completed: argv[count++] = ..., ending with NULL. Must not move. */
struct cluster_command {
    size_t count;
    const char *argv[CLUSTER_ARGUMENTS];
    char program[CLUSTER_PATH + 20], user[32], group[32];
};

/* Begin it: what makes a program of `bin` run as the account, on the folder, and end with us. */
void cluster_folder_command(
    const struct cluster_folder *folder, const char *program, struct cluster_command *command);

#endif
