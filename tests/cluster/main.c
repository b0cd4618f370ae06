/* SPDX-License-Identifier: MIT */
/* Tellers on a database of several machines, while machines, programs and links of it fail. */
#include <stdio.h>

#include "coro/runtime.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/suites.h"

static void clean_up(void *arg)
{
    (void)arg;
    service_remove_all();
}

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&deploy_suite, &failover_suite, &sync_suite,
        &gone_back_suite, &takeover_suite, &cut_suite, NULL};
    int code = unit_main("cluster", suites, argc, argv);
    co_runtime_run(NULL, clean_up, NULL);
    printf("%lu failovers, %lu tellers killed, %lu suspended, %lu links cut, %lu operations "
           "checked: %lu violations\n",
        drill_tally.failovers, drill_tally.kills, drill_tally.freezes, drill_tally.partitions,
        drill_tally.operations, drill_tally.violations);
    return code;
}
