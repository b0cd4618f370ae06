/* SPDX-License-Identifier: MIT */
/*
 * Server-Timing (W3C): where the time of an answer went, stage by stage. The application says which
 * stages there were and when each ended (response.h); what is left until the answer is sent is the
 * stage `answer`. An answer without any is one long `parse`: HTTP alone refused it.
 *
 * The stages follow each other without a gap, so their sum is the time from the request's head to
 * its answer.
 */
#ifndef SERVER_HTTP_SERVER_TIMING_H
#define SERVER_HTTP_SERVER_TIMING_H

#include <stddef.h>
#include <stdint.h>

#include "server/http/response.h"

enum { SERVER_TIMING_TEXT = (RESPONSE_STAGES + 1) * (RESPONSE_STAGE_NAME + 28) };

/* "parse;dur=0.012345, answer;dur=0.003210": milliseconds, exact to the nanosecond. `now_ns` is
 * when the answer is sent, on co_clock_now_ns(). Returns `text`. */
const char *server_timing_write(
    const struct response *response, int64_t now_ns, char text[SERVER_TIMING_TEXT]);

#endif
