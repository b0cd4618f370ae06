/* SPDX-License-Identifier: MIT */
/* The environment variables TELLER_...: which there are, and what to say of one that is none. */
#ifndef SERVER_CMD_ENVIRONMENT_H
#define SERVER_CMD_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

enum { ENVIRONMENT_NAME = 80 };

/* "max-requests": "TELLER_MAX_REQUESTS". */
void environment_name_of(const char *flag, char name[ENVIRONMENT_NAME]);

/* `each` calls `flag` with the name of each flag of all commands, for one environment can serve
 * several of them. */
void environment_commands(void (*each)(void (*flag)(const char *name, void *arg), void *arg));

/*
 * Is each variable TELLER_... one that some command has, or one that another program sets for its
 * own ends (a Kubernetes service that is called teller)? False: said on stderr, with the name that
 * was probably meant. Empty ones count as not set. `flags`: the names of this command's own flags,
 * with a NULL behind them.
 */
CO_MUST_CHECK bool environment_is_known(const char *const *flags);

/* Does any command have a flag of exactly that name? If not, `meant` becomes the one that was
 * probably meant, or "". `flags` as above. */
CO_MUST_CHECK bool environment_has_flag(
    const char *const *flags, const char *name, char meant[ENVIRONMENT_NAME]);

#endif
