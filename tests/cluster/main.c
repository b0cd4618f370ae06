/* SPDX-License-Identifier: MIT */
/* Tellers on a database of several machines, while machines, programs and links of it fail. */
#include <stdio.h>
#include <string.h>

#include "coro/runtime.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/suites.h"
#include "tests/cluster/tally.h"
#include "tests/service/standby.h"

static void clean_up(void *arg)
{
    (void)arg;
    service_remove_all();
}

/* --table NOTES...: the table of runs that have kept theirs in files. */
static int print_table(char **paths)
{
    int code = 0;
    for (; *paths; paths++)
        code |= !tally_read(*paths);
    tally_print();
    return code;
}

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&failover_suite, &sync_suite,
        &gone_back_suite, &takeover_suite, &warm_suite, &places_suite, &forward_suite,
        &forward_cuts_suite, &cut_suite, &deploy_suite, NULL};
    if (argc > 1 && strcmp(argv[1], "--table") == 0)
        return print_table(argv + 2);
    standby_lend = cluster_make_database; /* of the suites that tests/service has as well */
    int code = unit_main("cluster", suites, argc, argv);
    co_runtime_run(NULL, clean_up, NULL);
    tally_print();
    return code;
}
