/* SPDX-License-Identifier: MIT */
/*
 * A child of the service that runs an experiment is the same program, called as
 *     teller lab-child PARENT SECONDS memory|socket|database lab …
 * It gives up what it does not need (server/lab/lab_confine.h) before it reads a flag, and goes on
 * as "teller lab …". For the service alone, so no help tells of it.
 */
#ifndef SERVER_CMD_CONFINED_H
#define SERVER_CMD_CONFINED_H

#include "coro/ensure.h"

/* Called first, while there is one thread. If this is such a child: confine it, and have the words
 * that are for the command in argc and argv. 0: go on; else the exit code, and why is said. */
CO_MUST_CHECK int confined_begin(int *argc, char ***argv);

#endif
