/* SPDX-License-Identifier: MIT */
/* The running program while everything it stands on fails: at named places of its own, between it
 * and the database, inside its libraries, by kill. */
#include <stdio.h>

#include "coro/runtime.h"
#include "tests/faults/disk.h"
#include "tests/faults/suites.h"
#include "tests/faults/trial.h"

static void clean_up(void *arg)
{
    (void)arg;
    disk_suite_clean_up();
    service_remove_all();
}

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&model_suite, &points_suite, &wire_suite,
        &failover_suite, &partition_suite, &reads_suite, &calls_suite, &clocks_suite, &disk_suite,
        &gone_suite, &overload_suite, &kills_suite, &starts_suite, NULL};
    service_tests_folder(); /* while this is still the mount namespace that we were started in */
    disk_set_up();
    int code = unit_main("faults", suites, argc, argv);
    co_runtime_run(NULL, clean_up, NULL);
    printf("%lu kills, %lu cuts, %lu failpoints, %lu failed calls, %lu full disks, %lu clients "
           "gone, %lu operations "
           "checked: "
           "%lu violations\n",
        trial_tally.kills, trial_tally.cuts, trial_tally.points, trial_tally.failed_calls,
        trial_tally.full_disks, trial_tally.departures, trial_tally.operations,
        trial_tally.violations);
    return code;
}
