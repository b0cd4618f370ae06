/* SPDX-License-Identifier: MIT */
/* The running program, tested from outside: over HTTP, by signals, and by its files. */
#include <stddef.h>
#include <string.h>

#include "coro/runtime.h"
#include "tests/service/beside.h"
#include "tests/service/service.h"
#include "tests/service/suites.h"
#include "tests/service/witness.h"

static const struct unit_suite *const suites[] = {
    &frame_suite,
    &accounts_suite,
    &names_suite,
    &transfers_suite,
    &batches_suite,
    &pages_suite,
    &holds_suite,
    &ledgers_suite,
    &crossings_suite,
    &crossing_kills_suite,
    &crossings_apart_suite,
    &export_suite,
    &export_range_suite,
    &widest_suite,
    &metadata_suite,
    &version_suite,
    &commands_suite,
    &desk_suite,
    &experiments_suite,
    &environment_suite,
    &operation_suite,
    &config_suite,
    &supervisor_suite,
    &handover_suite,
    &upgrade_suite,
    &stop_suite,
    &backup_suite,
    &tokens_suite,
    &token_life_suite,
    &rates_suite,
    &audits_suite,
    &lab_suite,
    &keys_suite,
    &access_suite,
    &timing_suite,
    &request_ids_suite,
    &logs_suite,
    &machinery_suite,
    &origin_suite,
    &cors_suite,
    &methods_suite,
    &precedence_suite,
    &statuses_suite,
    &refusals_suite,
    &rejections_suite,
    &grammar_suite,
    &smuggling_suite,
    &sizes_suite,
    &hostile_suite,
    &endings_suite,
    &flood_suite,
    &resources_suite,
    &crowds_suite,
    &company_suite,
    &idle_suite,
    &tls_suite,
    &handshakes_suite,
    &events_suite,
    &races_suite,
    &verdicts_suite,
    &connections_suite,
    &checker_suite,
    &stalls_suite,
    &pooler_suite,
    &bounds_suite,
    &lost_suite,
    &sessions_suite,
    &takeover_suite,
    &places_suite,
    &leaving_suite,
    &spread_suite,
    &resting_kills_suite,
    &resting_stops_suite,
    &servers_suite,
    &control_suite,
    &stale_suite,
    &read_database_suite,
    &databases_suite,
    &forward_suite,
    &forward_cuts_suite,
    &forward_ends_suite,
    &forward_secret_suite,
    &token_servers_suite,
    &hearsay_suite,
    &crashes_suite,
    NULL,
};

static void clean_up(void *arg)
{
    (void)arg;
    service_remove_all();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], BESIDE_WORD) == 0)
        return beside_main(argc, argv);
    witness_begin();
    int code = unit_main("service", suites, argc, argv);
    co_runtime_run(NULL, clean_up, NULL);
    return witness_end() ? code : 1;
}
