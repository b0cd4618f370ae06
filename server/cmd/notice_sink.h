/* SPDX-License-Identifier: MIT */
/* Where a command lets the ledger's notices go (notice.h). Said before threads are started. */
#ifndef SERVER_CMD_NOTICE_SINK_H
#define SERVER_CMD_NOTICE_SINK_H

#include <stdbool.h>

/* To whoever called the command: lines on stderr, "teller: TEXT". */
void notice_sink_terminal(void);

/* Into the log of the service (log.h), as info or as error; what is well also to its supervisor,
 * while it is starting: how far a long fold has come. `is_starting` stays. */
void notice_sink_log(_Atomic bool *is_starting);

#endif
