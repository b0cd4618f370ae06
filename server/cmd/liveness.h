/* SPDX-License-Identifier: MIT */
/*
 * Feeds the supervisor's watchdog (supervisor.h), each time that everything has gone round: each
 * worker has run a call, each ledger's strategy a section, each committer a turn (bank_turn.h).
 * When one of them hangs nothing is said any more, and the supervisor ends the process. Nothing is
 * done where there is no such watchdog. Its functions park.
 */
#ifndef SERVER_CMD_LIVENESS_H
#define SERVER_CMD_LIVENESS_H

#include "coro/context.h"
#include "coro/waitgroup.h"
#include "ledger/bank/banks.h"

struct liveness {
    struct banks *banks;
    struct co_context *life; /* NULL: nobody is fed */
    struct co_waitgroup running;
};

/* The banks are open, and stay until liveness_end(). False: memory is short. */
CO_MUST_CHECK bool liveness_begin(struct liveness *liveness, struct banks *banks);

void liveness_end(struct liveness *liveness);

#endif
