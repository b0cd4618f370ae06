/* SPDX-License-Identifier: MIT */
/*
 * What a payment needs to be asked for again, kept in a file from before it is sent until its
 * outcome is known: so whatever ends this program, the same command made again, or
 * `teller resume`, goes on with the same key, and nothing is paid twice. A file is held by a lock
 * while its program runs. These calls block for a moment, and flush to the disk.
 */
#ifndef SERVER_CLIENT_KEPT_H
#define SERVER_CLIENT_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

enum { KEPT_KEY = 256, KEPT_PATH = 600, KEPT_WHY = 300 };

/* What is asked for. Texts without control characters. */
struct kept_ask {
    const char *url, *path, *body;
    const char *words; /* the same for people: "transfer alice bob 10.05" */
    const char *key;   /* the user's own; NULL: one is made */
};

struct kept {
    char key[KEPT_KEY];
    bool again; /* it was asked for before, and nobody knows what became of that */

    /* private */
    int fd;
    char file[KEPT_PATH];
};

/* The folder for such files: `given`, or $XDG_STATE_HOME/teller, or ~/.local/state/teller. False:
 * there is none to be found. */
CO_MUST_CHECK bool kept_folder(const char *given, char folder[KEPT_PATH]);

/*
 * Take the file of this payment if a program that has ended left one, else write a new one. False:
 * `why` says why nothing can be kept; then nothing may be sent either.
 */
CO_MUST_CHECK bool kept_begin(
    struct kept *kept, const char *folder, const struct kept_ask *ask, char why[KEPT_WHY]);

/* The outcome is known, and was told. */
void kept_done(struct kept *kept);

/* It is not; the file stays. */
void kept_leave(struct kept *kept);

/*
 * Goes through what programs that have ended left: calls `each` with what was asked for, and its
 * file taken, which `each` ends with done or leave. False: `why` says why the folder cannot be
 * read.
 */
CO_MUST_CHECK bool kept_each(const char *folder,
    void (*each)(void *arg, struct kept *kept, const struct kept_ask *ask), void *arg,
    char why[KEPT_WHY]);

#endif
