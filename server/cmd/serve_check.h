/* SPDX-License-Identifier: MIT */
/* `teller serve --check-config`: could it start with what it was told? */
#ifndef SERVER_CMD_SERVE_CHECK_H
#define SERVER_CMD_SERVE_CHECK_H

#include "server/cmd/serve_options.h"

/*
 * The options are good by themselves; look at what they name: certificate, key and authorities, as
 * a start would read them; the data folder; PostgreSQL's programs, if a private one is to run; the
 * form of the database's URL. The database is not asked and no port is opened: a start waits for
 * the one, and while the service runs the other is its own. All that is wrong is said on stderr.
 * Returns the exit code: 0, or 1 as a start would end with. Nothing is made or changed. May block.
 */
CO_MUST_CHECK int serve_check(const struct serve_options *serve);

#endif
