/* SPDX-License-Identifier: MIT */
/* What --database says, of the commands that take more than one. */
#ifndef SERVER_CMD_CMD_DATABASES_H
#define SERVER_CMD_CMD_DATABASES_H

#include "ledger/bank/database_list.h"
#include "server/cmd/options.h"

/* An empty list: nothing was said. False: it is wrong, and said so. Its texts are there as long as
 * the process. Once in a process. */
CO_MUST_CHECK bool cmd_databases_read(const struct options *options, struct database_list *list);

/* The same of --read-database, which takes the names of those. */
CO_MUST_CHECK bool cmd_databases_read_reads(const struct options *options,
    const struct database_list *databases, struct database_list *list);

#endif
