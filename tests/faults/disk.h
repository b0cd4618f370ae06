/* SPDX-License-Identifier: MIT */
/*
 * A small disk of its own under a folder, to be filled. It is a tmpfs in a mount namespace of this
 * program and its children: nobody else sees it, and it ends with them, whatever happens.
 */
#ifndef TESTS_FAULTS_DISK_H
#define TESTS_FAULTS_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

struct disk {
    char path[256];    /* where it is mounted; "" if it is not */
    char ballast[280]; /* the file that fills it */
};

/* Enter that namespace; before any thread is started. Later disk_is_possible() tells whether that
 * was allowed. */
void disk_set_up(void);
bool disk_is_possible(void);

/* Move what is in the folder onto a fresh disk of `mib`, mounted in its place. Nobody may be using
 * it. Parks. False: it is said why. */
CO_MUST_CHECK bool disk_make(struct disk *disk, const char *folder, unsigned mib);

/* Fill it but for `rest` bytes; false if it has no more than that. And empty it again. */
CO_MUST_CHECK bool disk_fill(struct disk *disk, size_t rest);
void disk_relieve(struct disk *disk);

/* Unmount it, even if somebody is using it still. Harmless if it is not mounted. */
void disk_end(struct disk *disk);

#endif
