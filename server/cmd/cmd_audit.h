/* SPDX-License-Identifier: MIT */
#ifndef SERVER_CMD_CMD_AUDIT_H
#define SERVER_CMD_CMD_AUDIT_H

#include "coro/context.h"
#include "ledger/db/pg.h"

/* Audit that ledger and print what was found, as `teller audit` does: 0, or 1 if it is not sound or
 * could not be read. Parks. */
CO_MUST_CHECK int cmd_audit_ledger(struct co_context *context, struct pg *pg, const char *ledger);

#endif
