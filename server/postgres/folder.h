/* SPDX-License-Identifier: MIT */
/* The data folder DIR: one process serves from it at a time. */
#ifndef SERVER_POSTGRES_FOLDER_H
#define SERVER_POSTGRES_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

enum { FOLDER_PATH = 500, FOLDER_PLACE = 100 };

struct folder {
    char path[FOLDER_PATH]; /* absolute */
    int lock_fd;            /* -1: another process has it */
};

/* Make DIR if there is none (its parent must exist) and try to lock it. False with the reason in
 * `error`; a lock that another process holds is not a failure, but is seen in lock_fd. */
CO_MUST_CHECK bool folder_open(
    struct folder *folder, const char *path, char *error, size_t error_size);

void folder_close(struct folder *folder);

/* Which process has it, for messages; 0: not known. */
int folder_holder(const struct folder *folder);

/* The folder that this process has, in a text that no other folder has, on no other machine, as
 * long as this machine is up; "": not to be found out. */
void folder_place(const struct folder *folder, char place[FOLDER_PLACE]);

#endif
