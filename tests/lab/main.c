/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/lab/suites.h"

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {
        &suite_code, &suite_pairings, &suite_sql_place, &suite_sql, NULL};
    if (argc == 3 && strcmp(argv[1], "--child") == 0)
        return pairings_child(argv[2]);
    return unit_main("lab", suites, argc, argv);
}
