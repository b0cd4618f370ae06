/* SPDX-License-Identifier: MIT */
/* The server's tests, simple ones first. */
#include "ledger/domain/hash.h"
#include "server/cmd/notice_sink.h"
#include "tests/server/suites.h"

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&time_text_suite, &arena_suite,
        &json_out_suite, &json_in_suite, &json_kept_suite, &gzip_text_suite, &request_suite,
        &options_suite, &token_text_suite, &tls_tickets_suite, &hogs_suite, &rate_suite,
        &listen_suite, &route_suite, &described_suite, &export_suite, &lab_runs_suite, &log_suite,
        &echo_suite, &head_suite, &http_suite, &share_suite, &stream_suite, &timing_suite,
        &cluster_suite, &token_suite, &reach_suite, &method_walk_suite, &ladder_suite, &money_suite,
        &crossing_suite, &arrivals_suite, &unavailable_suite, &lab_suite, &forwarded_suite,
        &owner_suite, &passing_suite, &waiting_suite, NULL};
    hash_init();
    notice_sink_terminal();
    return unit_main("server", suites, argc, argv);
}
