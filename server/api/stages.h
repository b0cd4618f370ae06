/* SPDX-License-Identifier: MIT */
/*
 * The stages of a call, for Server-Timing: parse until the ledger is asked; then what the ledger
 * says of a change (queue, decide, commit), or one stage for all else (read, ledger). What is left
 * is the answer. A boundary is one look at the clock, and most are looks that are taken anyway.
 */
#ifndef SERVER_API_STAGES_H
#define SERVER_API_STAGES_H

#include <stdint.h>

#include "ledger/ledger_moves.h"
#include "server/http/response.h"

struct stages {         /* all on co_clock_now_ns(); 0: it did not come so far */
    int64_t started_ns; /* all of the request was here */
    int64_t asked_ns;   /* the ledger was, or the server that has it */
    int64_t passed_ns;  /* that server has answered, or will not */
    struct ledger_stages ledger;
};

/* Into the response; `is_refused`: what was parsed was refused, unless the ledger was asked.
 * `is_read`: what the ledger was asked is no change. */
void stages_write(
    const struct stages *stages, bool is_refused, bool is_read, struct response *response);

#endif
