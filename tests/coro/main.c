/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tests/coro/suites.h"

int main(int argc, char **argv)
{
    const struct unit_suite *const suites[] = {
        &suite_co,
        &suite_worker,
        &suite_timer,
        &suite_chan,
        &suite_select,
        &suite_mutex,
        &suite_waitgroup,
        &suite_context,
        &suite_eventcount,
        &suite_rota,
        &suite_poller,
        &suite_blocking,
        &suite_sync,
        &suite_flow,
        &suite_typed,
        &suite_short,
        &suite_file,
        &suite_net,
        &suite_tls,
        &suite_tls_sessions,
        &suite_http_head,
        &suite_http,
        &suite_census,
        &suite_stuck,
        &suite_processors,
        &suite_memory,
        &suite_start,
        &suite_report,
        getenv("CORO_MOVE") ? &suite_moving : &suite_moves,
        &suite_watchdog,
        NULL,
    };
    if (argc == 3 && strcmp(argv[1], "--child") == 0)
        return strncmp(argv[2], "watchdog-", 9) == 0 ? watchdog_child(argv[2])
                                                     : report_child(argv[2]);
    return unit_main("coro", suites, argc, argv);
}
