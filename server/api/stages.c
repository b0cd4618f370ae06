/* SPDX-License-Identifier: MIT */
#include "server/api/stages.h"

#include "coro/clock.h"

/* The ledger was asked, and has told. */
static void write_ledger(const struct stages *stages, bool is_read, struct response *response)
{
    const struct ledger_stages *ledger = &stages->ledger;
    /* Handlers note it where they begin to render; if one has not, rendering took no time. */
    int64_t durable_ns = ledger->durable_ns ? ledger->durable_ns : co_clock_now_ns();
    response_stage(response, "parse", stages->asked_ns);
    if (ledger->decided_ns) {
        response_stage(response, "queue", ledger->begun_ns);
        response_stage(response, "decide", ledger->decided_ns);
        response_stage(response, "commit", durable_ns);
    } else {
        response_stage(response, is_read ? "read" : "ledger", durable_ns);
    }
}

void stages_write(
    const struct stages *stages, bool is_refused, bool is_read, struct response *response)
{
    response->stage_count = 0;
    if (stages->passed_ns) {
        response_stage(response, "parse", stages->asked_ns);
        response_stage(response, "forward", stages->passed_ns);
    } else if (stages->asked_ns)
        write_ledger(stages, is_read, response);
    else
        response_stage(response, "parse",
            is_refused || !stages->started_ns ? co_clock_now_ns() : stages->started_ns);
}
