/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/lab/suites.h"

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&suite_code, &suite_pairings, &suite_golden,
        &suite_sql_place, &suite_sql, &suite_parallel, NULL};
    if (argc == 4 && strcmp(argv[1], "--child") == 0 && strcmp(argv[2], "planted") == 0)
        return golden_planted(argv[3]);
    if (argc == 3 && strcmp(argv[1], "--child") == 0)
        return strcmp(argv[2], "golden") == 0     ? golden_runs()
               : strcmp(argv[2], "table") == 0    ? golden_table()
               : strcmp(argv[2], "parallel") == 0 ? parallel_child()
                                                  : pairings_child(argv[2]);
    return unit_main("lab", suites, argc, argv);
}
